"""Every feature once more, bar by bar in plain Python from its definition, far slower than the real ones."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from quantmill.core.bars import BarArrays

NAN = math.nan
Oracle = Callable[[int], float]


def slow_oracles(bars: BarArrays) -> dict[str, Oracle]:
    """Functions from a bar's index to the feature's value, NaN where it is undefined, by feature name."""
    world = World(bars)
    oracles: dict[str, Oracle] = {}
    for n in (20, 50, 200):
        oracles[f"sma_{n}"] = lambda i, n=n: world.sma(i, n)
        oracles[f"sma_{n}_dist"] = lambda i, n=n: world.c[i] / world.sma(i, n) - 1
    for n in (9, 12, 21, 26):
        oracles[f"ema_{n}"] = lambda i, n=n: world.ema(n)[i]
        oracles[f"ema_{n}_dist"] = lambda i, n=n: world.c[i] / world.ema(n)[i] - 1
    for n in (1, 5, 15, 30, 60):
        oracles[f"roc_{n}"] = lambda i, n=n: world.roc(i, n)
        oracles[f"lag_return_{n}"] = lambda i, n=n: world.r(i - n)
    return oracles | {
        "macd": lambda i: world.macd()[i],
        "macd_signal": lambda i: world.macd_signal()[i],
        "macd_hist": lambda i: world.macd()[i] - world.macd_signal()[i],
        "macd_pct": lambda i: world.macd()[i] / world.c[i],
        "macd_signal_pct": lambda i: world.macd_signal()[i] / world.c[i],
        "macd_hist_pct": lambda i: (world.macd()[i] - world.macd_signal()[i]) / world.c[i],
        "efficiency_ratio": world.efficiency_ratio,
        "rsi_14": lambda i: world.rsi()[i],
        "stoch_k": world.stoch_k,
        "stoch_d": lambda i: sum(world.stoch_k(j) for j in (i - 2, i - 1, i)) / 3,
        "vol_adj_mom_20": world.momentum,
        "log_return_1m": world.r,
        "overnight_gap": world.overnight_gap,
        "atr_14": lambda i: world.atr()[i],
        "atr_14_pct": lambda i: world.atr()[i] / world.c[i],
        "atr_ratio_15": lambda i: world.over(world.tr(i), mean(world.tr(j) for j in last(i, 15))),
        "bb_mid": lambda i: world.band(i, 0),
        "bb_upper": lambda i: world.band(i, 2),
        "bb_lower": lambda i: world.band(i, -2),
        "bb_width": lambda i: (world.band(i, 2) - world.band(i, -2)) / world.band(i, 0),
        "bb_pct": world.band_position,
        "parkinson_vol": world.parkinson,
        "return_z_score_20": world.return_z,
        "volume_change": world.volume_change,
        "vol_ratio_60": world.volume_ratio,
        "obv": lambda i: world.obv()[i],
        "obv_z_60": world.obv_z,
        "intraday_intensity": world.intensity,
        "amihud_illiquidity": world.amihud,
        "regime_sma_dist": lambda i: world.c[i] / world.sma(i, 200) - 1,
        "regime_sma": lambda i: float(world.c[i] >= world.sma(i, 200)),
        "ibs": lambda i: world.over(world.c[i] - world.l[i], world.h[i] - world.l[i]),
        "dist_vwap": world.dist_vwap,
        "time_sin": lambda i: math.sin(math.tau * world.clock(i) / 1440),
        "time_cos": lambda i: math.cos(math.tau * world.clock(i) / 1440),
        "day_of_week_sin": lambda i: math.sin(math.tau * world.local(i).weekday() / 7),
        "day_of_week_cos": lambda i: math.cos(math.tau * world.local(i).weekday() / 7),
        "minutes_since_open": lambda i: world.clock(i) - 570.0,
        "minutes_to_close": lambda i: world.closing_clock(i) - world.clock(i) - 1.0,
        "is_opening_hour": lambda i: float(570 <= world.clock(i) < 630),
        "is_lunch": lambda i: float(720 <= world.clock(i) < 810),
        "is_power_hour": lambda i: float(world.closing_clock(i) - 60 <= world.clock(i)),
    }


def last(i: int, n: int) -> range:
    return range(i - n + 1, i + 1)


def mean(values) -> float:
    kept = list(values)
    return math.fsum(kept) / len(kept) if kept else NAN


def known(values) -> list[float]:
    return [value for value in values if math.isfinite(value)]


class World:
    """One symbol's bars as lists; index -1 and below do not exist and give NaN."""

    def __init__(self, bars: BarArrays) -> None:
        columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
        self.o, self.h, self.l, self.c, self.v = (list(map(float, column)) for column in columns)
        self.w = [NAN] * len(self.c) if bars.vwap is None else list(map(float, bars.vwap))
        self.ts_us = [int(us) for us in bars.ts_us]
        self.day = [self.local(i).date() for i in range(len(self.c))]
        self._memo: dict[object, list[float]] = {}

    def local(self, i: int) -> datetime:
        return datetime.fromtimestamp(self.ts_us[i] / 1e6, UTC).astimezone(ZoneInfo("America/New_York"))

    def clock(self, i: int) -> int:
        return self.local(i).hour * 60 + self.local(i).minute

    def closing_clock(self, i: int) -> int:
        # The sample's only half day is the one after Thanksgiving 2023, which closes at 13:00.
        return 780 if str(self.day[i]) == "2023-11-24" else 960

    def opens(self, i: int) -> bool:
        return i == 0 or self.day[i] != self.day[i - 1]

    @staticmethod
    def over(numerator: float, denominator: float) -> float:
        return numerator / denominator if denominator != 0 else NAN

    def r(self, i: int) -> float:
        return NAN if i < 1 or self.opens(i) else math.log(self.c[i] / self.c[i - 1])

    def sma(self, i: int, n: int) -> float:
        return NAN if i < n - 1 else mean(self.c[j] for j in last(i, n))

    def memo(self, key: object, make: Callable[[], list[float]]) -> list[float]:
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]

    def smoothed(self, values: list[float], n: int, weight: float, start: int) -> list[float]:
        """Exponential mean seeded with the mean of values[start : start + n]."""
        out = [NAN] * len(values)
        out[start + n - 1] = mean(values[start : start + n])
        for i in range(start + n, len(values)):
            out[i] = weight * values[i] + (1 - weight) * out[i - 1]
        return out

    def ema(self, n: int, start: int = 0) -> list[float]:
        return self.memo(("ema", n, start), lambda: self.smoothed(self.c, n, 2 / (n + 1), start))

    def macd(self) -> list[float]:
        return self.memo("macd", lambda: [a - b for a, b in zip(self.ema(12, 14), self.ema(26), strict=True)])

    def macd_signal(self) -> list[float]:
        return self.memo("signal", lambda: self.smoothed(self.macd(), 9, 0.2, 25))

    def roc(self, i: int, n: int) -> float:
        if i < n or (n == 1 and self.opens(i)):
            return NAN
        return (self.c[i] - self.c[i - n]) / self.c[i - n] * 100

    def efficiency_ratio(self, i: int) -> float:
        walked = math.fsum(abs(self.c[j] - self.c[j - 1]) for j in last(i, 10))
        return self.over(abs(self.c[i] - self.c[i - 10]), walked)

    def rsi(self) -> list[float]:
        def make() -> list[float]:
            change = [NAN] + [b - a for a, b in zip(self.c, self.c[1:], strict=False)]
            up = self.smoothed([max(x, 0.0) for x in change], 14, 1 / 14, 1)
            down = self.smoothed([max(-x, 0.0) for x in change], 14, 1 / 14, 1)
            return [
                100 - 100 / (1 + u / d) if d > 0 else self.over(100 * u, u)
                for u, d in zip(up, down, strict=True)
            ]

        return self.memo("rsi", make)

    def stoch_k(self, i: int) -> float:
        if i < 13:
            return NAN
        high = max(self.h[j] for j in last(i, 14))
        low = min(self.l[j] for j in last(i, 14))
        return self.over(100 * (self.c[i] - low), high - low)

    def returns(self, i: int, n: int) -> list[float]:
        return known(self.r(j) for j in last(i, n))

    def momentum(self, i: int) -> float:
        found = self.returns(i, 20)
        if len(set(found)) == 1:
            return NAN
        return mean(found) / float(np.std(found, ddof=1)) * math.sqrt(20)

    def return_z(self, i: int) -> float:
        found = self.returns(i, 20)
        if len(set(found)) == 1:
            return NAN
        return (self.r(i) - mean(found)) / float(np.std(found, ddof=1))

    def overnight_gap(self, i: int) -> float:
        first = next(j for j in range(i, -1, -1) if self.opens(j))
        return NAN if first == 0 else math.log(self.o[first]) - math.log(self.c[first - 1])

    def tr(self, i: int) -> float:
        before = self.c[i - 1]
        return max(self.h[i] - self.l[i], abs(self.h[i] - before), abs(self.l[i] - before))

    def atr(self) -> list[float]:
        def make() -> list[float]:
            ranges = [NAN] + [self.tr(i) for i in range(1, len(self.c))]
            return self.smoothed(ranges, 14, 1 / 14, 1)

        return self.memo("atr", make)

    def band(self, i: int, deviations: float) -> float:
        window = [self.c[j] for j in last(i, 20)]
        return mean(window) + deviations * float(np.std(window))

    def band_position(self, i: int) -> float:
        if len({self.c[j] for j in last(i, 20)}) == 1:
            return NAN
        lower, upper = self.band(i, -2), self.band(i, 2)
        return (self.c[i] - lower) / (upper - lower)

    def parkinson(self, i: int) -> float:
        return math.sqrt(mean(math.log(self.h[j] / self.l[j]) ** 2 for j in last(i, 20)) / (4 * math.log(2)))

    def volume_change(self, i: int) -> float:
        if self.opens(i):
            return NAN
        return self.over(self.v[i] - self.v[i - 1], self.v[i - 1])

    def volume_ratio(self, i: int) -> float:
        return self.over(self.v[i], mean(known(self.v[j] for j in last(i, 60))))

    def obv(self) -> list[float]:
        def make() -> list[float]:
            out, total = [NAN] * len(self.c), 0.0
            for i, volume in enumerate(self.v):
                if math.isnan(volume):
                    continue
                if i == 0 or self.c[i] > self.c[i - 1]:
                    total += volume
                elif self.c[i] < self.c[i - 1]:
                    total -= volume
                out[i] = total
            return out

        return self.memo("obv", make)

    def obv_z(self, i: int) -> float:
        window = known(self.obv()[j] for j in last(i, 60))
        return (self.obv()[i] - mean(window)) / float(np.std(window))

    def intensity(self, i: int) -> float:
        kept = [j for j in last(i, 21) if self.h[j] > self.l[j] and math.isfinite(self.v[j])]
        places = [((self.c[j] - self.l[j]) - (self.h[j] - self.c[j])) / (self.h[j] - self.l[j]) for j in kept]
        weighted = math.fsum(place * self.v[j] for place, j in zip(places, kept, strict=True))
        return self.over(weighted, math.fsum(self.v[j] for j in kept))

    def amihud(self, i: int) -> float:
        kept = [
            j for j in last(i, 20) if math.isfinite(self.r(j)) and math.isfinite(self.v[j]) and self.v[j] > 0
        ]
        return mean(abs(self.r(j)) / (self.c[j] * self.v[j] / 1e6) for j in kept)

    def dist_vwap(self, i: int) -> float:
        money = volume = 0.0
        for j in range(i, -1, -1):
            price = self.w[j] if math.isfinite(self.w[j]) else (self.h[j] + self.l[j] + self.c[j]) / 3
            if math.isfinite(self.v[j]):
                money += price * self.v[j]
                volume += self.v[j]
            if self.opens(j):
                break
        return self.c[i] * volume / money - 1 if money else NAN

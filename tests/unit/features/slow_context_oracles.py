"""Every feature with context once more, bar by bar in plain Python from its definition."""

import math
from bisect import bisect_right
from collections.abc import Callable
from statistics import median

import numpy as np

from quantmill.core.bars import BarArrays
from quantmill.features.market import Market
from tests.unit.features.slow_oracles import NAN, Oracle, World, known, last, mean

MAX_AGE_MINUTES = 5


def slow_context_oracles(bars: BarArrays, market: Market) -> dict[str, Oracle]:
    """Functions from a bar's index to the feature's value, NaN where it is undefined, by feature name."""
    assert market.benchmark is not None
    assert market.volatility is not None
    own, qqq, vix = World(bars), World(market.benchmark), World(market.volatility)
    sees_qqq, sees_vix = Seen(own, qqq), Seen(own, vix)
    return {
        "qqq_return": lambda i: sees_qqq.fresh(i, qqq.r),
        "qqq_beta_60": lambda i: beta(own, sees_qqq, i),
        "qqq_relative_strength_60": lambda i: (
            math.log(own.c[i] / own.c[i - 60]) - math.log(sees_qqq.price(i) / sees_qqq.price(i - 60))
        ),
        "qqq_age_minutes": sees_qqq.age,
        "vix_log_ret": lambda i: sees_vix.fresh(i, vix.r),
        "vix_z_score": lambda i: sees_vix.fresh(i, lambda j: z_score(vix, j)),
        "vix_rel_vol": lambda i: sees_vix.fresh(i, vix.volume_ratio),
        "vix_atr_ratio": lambda i: sees_vix.fresh(
            i, lambda j: vix.over(vix.tr(j), mean(vix.tr(k) for k in last(j, 15)))
        ),
        "vix_age_minutes": sees_vix.age,
        "regime_vix": lambda i: sees_qqq.fresh(i, lambda j: quadrant(qqq, vix, j)),
    }


class Seen:
    """The newest bar of another symbol at each bar of one's own."""

    def __init__(self, own: World, other: World) -> None:
        self.own, self.other = own, other

    def at(self, i: int) -> int:
        return bisect_right(self.other.ts_us, self.own.ts_us[i]) - 1

    def age(self, i: int) -> float:
        j = self.at(i)
        return NAN if j < 0 else (self.own.ts_us[i] - self.other.ts_us[j]) / 60e6

    def fresh(self, i: int, value: Callable[[int], float]) -> float:
        return value(self.at(i)) if self.age(i) <= MAX_AGE_MINUTES else NAN

    def price(self, i: int) -> float:
        return self.fresh(i, lambda j: self.other.c[j])


def beta(own: World, seen: Seen, i: int) -> float:
    pairs: list[tuple[float, float]] = []
    for j in last(i, 60):
        if not own.opens(j):
            x = math.log(seen.price(j) / seen.price(j - 1))
            if math.isfinite(x):
                pairs.append((x, own.r(j)))
    if len(pairs) < 30 or not math.isfinite(seen.price(i)):
        return NAN
    xs, ys = zip(*pairs, strict=True)
    away = [x - mean(xs) for x in xs]
    joint = math.fsum(dx * (y - mean(ys)) for dx, y in zip(away, ys, strict=True))
    return joint / math.fsum(dx * dx for dx in away)


def z_score(world: World, j: int) -> float:
    if j < 59:
        return NAN
    window = known(world.c[k] for k in last(j, 60))
    return (world.c[j] - mean(window)) / float(np.std(window, ddof=1))


def session_closes(world: World) -> dict[object, float]:
    return dict(zip(world.day, world.c, strict=True))


def quadrant(qqq: World, vix: World, j: int) -> float:
    seen = Seen(qqq, vix)
    day = qqq.day[j]
    closes, levels = (
        [close for session, close in session_closes(world).items() if session < day] for world in (qqq, vix)
    )
    if len(closes) < 20 or len(levels) < 20 or math.isnan(seen.price(j)):
        return NAN
    is_bull = qqq.c[j] >= mean(closes[-20:])
    is_quiet = seen.price(j) < median(levels[-20:])
    return 2.0 * is_bull + is_quiet

"""What all synthetic symbols share: volatility by day, and two factors by minute."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.calendar import FIRST_DATE, LAST_DATE
from quantmill.core.instants import day_of_date
from quantmill.core.seeds import derive_seed
from quantmill.providers.sim.kernels import clustered_returns, daily_volatility

__all__ = [
    "GARCH_MEMORY",
    "GARCH_SHOCK",
    "LEVERAGE",
    "FactorSession",
    "Factors",
    "intraday_shape",
    "random_of",
]

# From open to close of a session at normal volatility, and overnight, as fractions.
_MARKET_DAY, _MARKET_NIGHT = 0.0068, 0.0042
_GROWTH_DAY, _GROWTH_NIGHT = 0.0045, 0.0026
_FULL_SESSION_MINUTES: Final = 390
GARCH_SHOCK: Final = 0.05
GARCH_MEMORY: Final = 0.93
# Calm, normal, turbulent: volatility and chance per calendar day to leave.
_REGIME_LEVELS = np.array([0.65, 1.0, 1.9])
_REGIME_EXITS = np.array([0.012, 0.014, 0.030])
_VOLATILITY_PERSISTENCE: Final = 0.95
_VOLATILITY_SHOCK: Final = 0.06
# Market's overnight log return per unit of unexpected change of log volatility.
LEVERAGE: Final = -0.012


@dataclass(frozen=True, slots=True)
class FactorSession:
    """Returns of the two factors in one session, with their conditional variances per minute.

    `shape` is each minute's part of a full session's variance, `volatility` the day's in parts of a normal day's,
    `fear` by how much log volatility rose beyond expectation since the session before (mean 0 given the past);
    nights are log returns before the open.
    """

    market: Floats
    market_variance: Floats
    growth: Floats
    growth_variance: Floats
    shape: Floats
    volatility: float
    fear: float
    fear_variance: float
    market_night: float
    growth_night: float
    market_night_variance: float
    growth_night_variance: float


class Factors:
    """The shared part of the market of one seed; sessions are made when asked for and kept."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        first, last = day_of_date(FIRST_DATE), day_of_date(LAST_DATE)
        random = random_of(seed, "sim-volatility", "all days")
        shocks, draws = random.standard_normal(last - first + 1), random.random(last - first + 1)
        self._first_day = first
        self._volatility, self._regime, surprise = daily_volatility(
            shocks, draws, _VOLATILITY_PERSISTENCE, _VOLATILITY_SHOCK, _REGIME_LEVELS, _REGIME_EXITS
        )
        self._fear = np.cumsum(surprise)
        self._fear_variance = float(surprise.var())
        self.session = lru_cache(maxsize=2048)(self._make)

    def volatility(self, days: Ints) -> Floats:
        """Volatility of each day in parts of a normal day's."""
        return self._volatility[days - self._first_day]

    def regime(self, days: Ints) -> Ints:
        """Regime of each day: 0 calm, 1 normal, 2 turbulent."""
        return self._regime[days - self._first_day]

    def _make(self, day: int, day_before: int, n_minutes: int) -> FactorSession:
        random = random_of(self.seed, "sim", "factors", day)
        noise = random.standard_normal((2, n_minutes))
        night = random.standard_normal(2)
        now = float(self._volatility[day - self._first_day])
        fear = float(self._fear[day - self._first_day] - self._fear[day_before - self._first_day])
        shape = intraday_shape(n_minutes)
        market, market_variance = clustered_returns(
            noise[0], shape * (_MARKET_DAY * now) ** 2, GARCH_SHOCK, GARCH_MEMORY
        )
        growth, growth_variance = clustered_returns(
            noise[1], shape * (_GROWTH_DAY * now) ** 2, GARCH_SHOCK, GARCH_MEMORY
        )
        return FactorSession(
            market=market,
            market_variance=market_variance,
            growth=growth,
            growth_variance=growth_variance,
            shape=shape,
            volatility=now,
            fear=fear,
            fear_variance=self._fear_variance * (day - day_before),
            market_night=_MARKET_NIGHT * now * float(night[0]) + LEVERAGE * fear,
            growth_night=_GROWTH_NIGHT * now * float(night[1]),
            market_night_variance=(_MARKET_NIGHT * now) ** 2,
            growth_night_variance=(_GROWTH_NIGHT * now) ** 2,
        )


def random_of(seed: int, purpose: str, *key: object) -> np.random.Generator:
    """Random numbers of one consumer, the same in whatever order consumers ask."""
    return np.random.Generator(np.random.PCG64(derive_seed(seed, purpose, *key)))


@lru_cache(maxsize=8)
def intraday_shape(n_minutes: int) -> Floats:
    """Part of a full session's variance that falls on each minute: high at the open, low at noon, higher at the close.

    A full session's sum to 1; a half day has the same curve over fewer minutes, so less variance in all.
    """
    place = (np.arange(n_minutes) + 0.5) / n_minutes
    curve = 0.6 + 2.2 * np.exp(-place / 0.06) + 0.9 * place**6
    return curve / curve.mean() / _FULL_SESSION_MINUTES

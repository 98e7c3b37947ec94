"""One session of one synthetic symbol: its bars relative to the first price, and what they add up to."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.providers.sim.factors import (
    GARCH_MEMORY,
    GARCH_SHOCK,
    LEVERAGE,
    FactorSession,
    intraday_shape,
    random_of,
)
from quantmill.providers.sim.kernels import clustered_returns, minute_path
from quantmill.providers.sim.planted import PlantedSignal
from quantmill.providers.sim.symbols import SymbolModel

__all__ = ["SymbolSession", "fear_index_session", "simulate_session"]

# Part of a minute between the last trade of one bar and the first of the next.
_OPEN_SHARE: Final = 0.03
# A symbol's own noise moves less than in proportion with the market's volatility.
_OWN_RESPONSE: Final = 0.7
_OWN_NIGHT: Final = 0.6
# Level of the fear index at normal volatility, in percent per year; its minutes' response to the market.
_FEAR_LEVEL: Final = 16.0
_FEAR_RESPONSE: Final = -4.5


@dataclass(frozen=True, slots=True)
class SymbolSession:
    """Log prices relative to the session's first price (open, high, low, close), volume, and the night before."""

    log_bars: Floats
    volume: Floats
    trade_count: Floats
    night: float

    @property
    def day(self) -> float:
        """Log return from the first price to the last."""
        return float(self.log_bars[3, -1])


def simulate_session(
    seed: int, symbol: str, day: int, model: SymbolModel, factors: FactorSession, planted: PlantedSignal
) -> SymbolSession:
    """All that (seed, symbol, session) decides.

    Without a planted signal the price is a martingale: every return's expectation given all that
    came before is zero (overnight, where volatility surprises add, to second order).

    Args:
        seed: The market's seed.
        symbol: Canonical symbol.
        day: The session as days since 1970.
        model: The symbol's loadings and sizes.
        factors: What the session brings to all symbols.
        planted: The signal, pull 0 for none.
    """
    random = random_of(seed, "sim", symbol, day)
    n_minutes = factors.shape.size
    normals = random.standard_normal((3, n_minutes))
    # random() is in [0, 1); the logarithm needs (0, 1].
    draws = 1.0 - random.random((2, n_minutes))
    night_noise, day_noise = random.standard_normal(2)

    own_day = model.own_volatility * factors.volatility**_OWN_RESPONSE
    own, own_variance = clustered_returns(normals[0], factors.shape * own_day**2, GARCH_SHOCK, GARCH_MEMORY)
    innovation = planted.calm * (model.market * factors.market + model.growth * factors.growth + own)
    variance = planted.calm**2 * (
        model.market**2 * factors.market_variance + model.growth**2 * factors.growth_variance + own_variance
    )
    bars = minute_path(
        innovation, variance, normals[1], draws[0], draws[1], planted.decay, planted.pull, _OPEN_SHARE
    )
    volume = _volume(model, variance, np.diff(bars[3], prepend=0.0), normals[2], day_noise)
    return SymbolSession(
        log_bars=bars,
        volume=volume,
        trade_count=np.maximum(np.rint(volume / 95.0), 1.0),
        night=_night(model, factors, own_day * _OWN_NIGHT, float(night_noise), planted.calm),
    )


def fear_index_session(seed: int, day: int, factors: FactorSession) -> Floats:
    """Prices of the volatility index `I:VIX`, shape (4, n_minutes): the day's volatility, moved by the market.

    An index is not traded: its level follows volatility and comes back to it, so it may be foreseen in part.
    """
    random = random_of(seed, "sim", "I:VIX", day)
    n_minutes = factors.shape.size
    start = _FEAR_LEVEL * factors.volatility * float(np.exp(0.03 * random.standard_normal()))
    own = 0.0008 * random.standard_normal(n_minutes)
    close = np.log(start) + np.cumsum(_FEAR_RESPONSE * factors.market + own)
    first = np.concatenate(([np.log(start)], close[:-1]))
    reach = 0.0005 * random.exponential(size=(2, n_minutes))
    bars = np.stack([first, np.maximum(first, close) + reach[0], np.minimum(first, close) - reach[1], close])
    return np.exp(bars)


def _night(model: SymbolModel, factors: FactorSession, own_night: float, noise: float, calm: float) -> float:
    fear = model.market * LEVERAGE + model.fear
    variance = (
        model.market**2 * factors.market_night_variance
        + model.growth**2 * factors.growth_night_variance
        + own_night**2
        + fear**2 * factors.fear_variance
    )
    moves = (
        model.market * factors.market_night
        + model.growth * factors.growth_night
        + model.fear * factors.fear
        + own_night * noise
    )
    return calm * moves - 0.5 * calm**2 * variance


def _volume(model: SymbolModel, variance: Floats, moves: Floats, noise: Floats, day_noise: float) -> Floats:
    """Shares per minute: a U over the session, more on days and in minutes that move."""
    place = (np.arange(moves.size) + 0.5) / moves.size
    curve = 0.55 + 1.9 * np.exp(-place / 0.05) + 1.6 * place**8
    activity = np.minimum(np.abs(moves) / np.sqrt(variance), 6.0)
    expected = variance.mean() / intraday_shape(moves.size).mean()
    busy = (expected / (model.market**2 * 0.0068**2 + model.own_volatility**2)) ** 0.25
    volume = (
        model.shares_per_minute
        * curve
        * busy
        * (0.6 + 0.5 * activity)
        * np.exp(0.35 * noise + 0.2 * day_noise)
    )
    return np.maximum(np.rint(volume), 1.0)

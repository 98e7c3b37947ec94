"""Where a stop, a trailing stop or a target closes a position inside one bar: the worse one first, compiled."""

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.compiled import compiled
from quantmill.simulation.positions import OF_STOP, OF_TARGET, OF_TRAILING, STILL_OPEN

__all__ = ["known_half_spread", "stopped_at"]


@compiled
def stopped_at(
    is_long: bool,
    entry: float,
    best: float,
    stop_loss_frac: float,
    take_profit_frac: float,
    trailing_stop_frac: float,
    first: float,
    high: float,
    low: float,
    target_acts: bool,
) -> tuple[float, int]:
    """The price, before spread, at which a bar closes a position, and why.

    A stop that the bar's first price is already at or beyond fills at that price, else at its level when the bar
    reaches it; then the target likewise. Of stop and trailing stop the nearer one counts.

    Args:
        is_long: Side of the position.
        entry: Its entry price, spread included.
        best: Best price of the bars completed since the entry, the entry price at first.
        stop_loss_frac: Distance from `entry`, infinite when off.
        take_profit_frac: Distance from `entry`, infinite when off.
        trailing_stop_frac: Distance from `best`, infinite when off.
        first: First price of the bar at which the position was there: the open, or the fill of its own entry where
            the bar had that price.
        high: Highest price of the bar.
        low: Lowest price of the bar.
        target_acts: False in a bar whose best price may have come before the entry.

    Returns:
        Price and reason; NaN and `STILL_OPEN` when nothing is reached.
    """
    if is_long:
        stop, reason = entry * (1.0 - stop_loss_frac), OF_STOP
        trailing = best * (1.0 - trailing_stop_frac)
        if trailing > stop:
            stop, reason = trailing, OF_TRAILING
        target = entry * (1.0 + take_profit_frac)
        if first <= stop or low <= stop:
            return min(first, stop), reason
        if target_acts and (first >= target or high >= target):
            return max(first, target), OF_TARGET
    else:
        stop, reason = entry * (1.0 + stop_loss_frac), OF_STOP
        trailing = best * (1.0 + trailing_stop_frac)
        if trailing < stop:
            stop, reason = trailing, OF_TRAILING
        target = entry * (1.0 - take_profit_frac)
        if first >= stop or high >= stop:
            return max(first, stop), reason
        if target_acts and (first <= target or low <= target):
            return min(first, target), OF_TARGET
    return np.nan, STILL_OPEN


@compiled
def known_half_spread(half_spread: Floats, bar: int, level: float) -> float:
    """The half spread of an order that is no signal's: the bar's, else the last known, at most the price.

    Args:
        half_spread: Per bar, shape (n_bars,), USD; NaN in bars where signals find no price.
        bar: The bar of the fill.
        level: Price of the fill before spread.
    """
    at = bar
    while at > 0 and np.isnan(half_spread[at]):
        at -= 1
    known = half_spread[at]
    return 0.0 if np.isnan(known) else min(known, level)

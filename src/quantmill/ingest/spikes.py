"""Prices that jump away and are back at once: bad prints."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Bools, Floats
from quantmill.errors import UsageError

__all__ = ["SpikeLimits", "find_spikes"]

_NEIGHBORS: Final = 3
_HALF_AN_HOUR: Final = 30


@dataclass(frozen=True, slots=True)
class SpikeLimits:
    """How far a bar may reach beyond its neighbors, as a log return.

    The limit is the larger of `min_frac` and `ranges` times the usual move of a minute around the bar, so that a
    price that moves by percents each minute, always or on this evening, is not judged like SPY at noon. On the real
    sets at hand the largest true excursion is 3.03 % (SPY in the closing minute of 2014-12-18, on 7.7 million
    shares), the smallest bad print beyond it 3.7 %.
    """

    min_frac: float = 0.035
    ranges: float = 20.0

    def __post_init__(self) -> None:
        """Refuse limits that would hit every bar."""
        if self.min_frac <= 0 or self.ranges < 0:
            raise UsageError(f"spike limits are {self.min_frac} and {self.ranges}, needed above zero")


def find_spikes(bars: pl.DataFrame, limits: SpikeLimits) -> Bools:
    """Bars with a price far outside what came right before and right after.

    With `before` the median of the last three closes and `after` the median of the next three
    opens, a bar is a spike when log(high / max(before, after)) or log(min(before, after) / low) is
    above the limit. A jump that stays (news, an open after a gap, a split) moves `after` too and is none.
    The usual move is the median true range of the 61 bars around, log(max(high, close before) / min(low, close before)).
    The first and the last bar have one side only and are not judged.

    Args:
        bars: One symbol's valid bars with prices above zero, sorted by `ts`, splits taken out where they are known.
        limits: See `SpikeLimits`.

    Returns:
        True at spikes, shape (n_bars,). Looks at later bars: this judges data, it is no feature.
    """
    n_bars = bars.height
    spiking = np.zeros(n_bars, dtype=np.bool_)
    if n_bars < _NEIGHBORS:
        return spiking
    high, low = _floats(bars["high"]), _floats(bars["low"])
    inside = slice(1, n_bars - 1)
    before = _medians_before(_floats(bars["close"]))[inside]
    after = _medians_before(_floats(bars["open"])[::-1])[::-1][inside]
    up = high[inside] / np.maximum(before, after)
    down = np.minimum(before, after) / low[inside]
    reach = np.log(np.maximum(up, down))
    # The usual moves take most of the time and can only raise the limit.
    if np.any(reach > limits.min_frac):
        limit = np.maximum(limits.min_frac, limits.ranges * _usual_moves(bars))
        spiking[inside] = reach > limit[inside]
    return spiking


def _medians_before(prices: Floats) -> Floats:
    """The median of the three prices before each one, of fewer at the second and third; NaN at the first."""
    medians = np.empty_like(prices)
    medians[0], medians[1], medians[2] = np.nan, prices[0], (prices[0] + prices[1]) / 2
    one, two, three = prices[:-3], prices[1:-2], prices[2:-1]
    medians[3:] = np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three))
    return medians


def _usual_moves(bars: pl.DataFrame) -> Floats:
    before = pl.col("close").shift(1)
    true_range = (pl.max_horizontal("high", before) / pl.min_horizontal("low", before)).log()
    moves = true_range.rolling_median(2 * _HALF_AN_HOUR + 1, center=True, min_samples=1)
    return _floats(bars.select(moves.alias("move"))["move"])


def _floats(column: pl.Series) -> Floats:
    return column.cast(pl.Float64).to_numpy()

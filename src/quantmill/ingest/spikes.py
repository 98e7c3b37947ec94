"""Prices that jump away and are back at once: bad prints."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Bools, Floats
from quantmill.errors import UsageError

__all__ = ["SpikeLimits", "find_spikes"]

_NEIGHBORS: Final = 3


@dataclass(frozen=True, slots=True)
class SpikeLimits:
    """How far a bar may reach beyond its neighbors, as a log return.

    The limit is the larger of `min_frac` and `ranges` times the symbol's median bar range, so that a symbol whose
    minutes span percents is not judged like SPY. On the real sets at hand the largest true
    excursion is 5.1 % (a closing price reported late), and bad prints of SPY reach 6 % to 30 %.
    """

    min_frac: float = 0.06
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
    The first and the last bar have one side only and are not judged.

    Args:
        bars: One symbol's valid bars with prices above zero, sorted by `ts`.
        limits: See `SpikeLimits`.

    Returns:
        True at spikes, shape (n_bars,). Looks at later bars: this judges data, it is no feature.
    """
    n_bars = bars.height
    spiking = np.zeros(n_bars, dtype=np.bool_)
    if n_bars < _NEIGHBORS:
        return spiking
    high, low = _floats(bars["high"]), _floats(bars["low"])
    limit = max(limits.min_frac, limits.ranges * float(np.median(np.log(high / low))))
    before = bars["close"].rolling_median(_NEIGHBORS, min_samples=1).shift(1)
    after = bars["open"].reverse().rolling_median(_NEIGHBORS, min_samples=1).shift(1).reverse()
    inside = slice(1, n_bars - 1)
    before_, after_ = _floats(before)[inside], _floats(after)[inside]
    up = np.log(high[inside] / np.maximum(before_, after_))
    down = np.log(np.minimum(before_, after_) / low[inside])
    spiking[inside] = np.maximum(up, down) > limit
    return spiking


def _floats(column: pl.Series) -> Floats:
    return column.cast(pl.Float64).to_numpy()

"""Which bars a hit rate counts, and on how many of them the sign was right, for one threshold or for many."""

from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats
from quantmill.simulation.measure import measure_hits
from quantmill.simulation.signal import Stream
from quantmill.simulation.thresholds import Threshold, segment_thresholds

__all__ = ["hit_column", "hit_figures"]

# Sorting the strengths of a stream once costs as much as counting them for so many thresholds.
_WORTH_SORTING: Final = 500


def hit_figures(stream: Stream, thresholds: Floats) -> Floats:
    """Hit rate and counted bars of each trial, shape (n_trials, 2), NaN where no bar counts.

    Args:
        stream: The signal.
        thresholds: Of each trial's segments, shape (n_trials, n_segments).
    """
    if thresholds.shape[0] < _WORTH_SORTING:
        figures = [measure_hits(stream.counted, stream.hit, stream.segment_end, row) for row in thresholds]
        return np.array(figures, dtype=np.float64).reshape(-1, 2)
    n_counted = _above(stream, stream.counted, thresholds)
    n_hits = _above(stream, stream.hit, thresholds)
    with np.errstate(invalid="ignore"):
        return np.column_stack([n_hits / n_counted, n_counted])


def _above(stream: Stream, values: Floats, thresholds: Floats) -> Floats:
    """How many values lie above the thresholds of their segments, per trial."""
    count = np.zeros(thresholds.shape[0])
    for at, segment in enumerate(np.split(values, stream.segment_end[:-1])):
        known = np.sort(segment[~np.isnan(segment)])
        above = known.size - np.searchsorted(known, thresholds[:, at], side="right")
        # No value is above a threshold that is unknown.
        count += np.where(np.isnan(thresholds[:, at]), 0, above)
    return count


def hit_column(stream: Stream, threshold: Threshold) -> pl.Series:
    """Whether the sign of each bar's strength was that of the return over the horizon, as the column `is_hit`.

    Args:
        stream: The signal.
        threshold: How strong a signal must be to count.

    Returns:
        Shape (n_bars,); null where |e| is not above the threshold of the bar's refit, or no return was realized.
        Its mean is the metric `hit_rate_frac`, its count `n_hit_bars`. A value looks ahead over the horizon: it is
        for judging a run, never for trading.

    Raises:
        UsageError: If the threshold cannot be used with this stream.
    """
    n_bars = np.diff(stream.segment_end, prepend=0)
    least = np.repeat(segment_thresholds(stream, threshold), n_bars)
    values = pl.DataFrame({"is_counted": stream.counted > least, "is_hit": stream.hit > least})
    return values.select(pl.when("is_counted").then("is_hit").alias("is_hit")).to_series()

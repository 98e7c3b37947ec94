"""Which bars a hit rate counts, and on which of them the sign was right."""

import numpy as np
import polars as pl

from quantmill.simulation.signal import Stream
from quantmill.simulation.thresholds import Threshold, segment_thresholds

__all__ = ["hit_column"]


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

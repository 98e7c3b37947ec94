"""The hit rate over the last bars that count, as it went."""

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats
from quantmill.core.panels import Trace

__all__ = ["WINDOW_BARS", "rolling_hit_rate"]

WINDOW_BARS = 100


def rolling_hit_rate(is_hit: pl.Series, *, window: int = WINDOW_BARS) -> Trace:
    """Share of hits among the last `window` bars that count, at each bar that counts.

    Args:
        is_hit: Per bar, shape (n_bars,), null where a bar does not count; see `quantmill.simulation.hits`.
        window: Counted bars per value, at least 1.

    Returns:
        Places of the bars and fractions; empty with fewer counted bars than `window`.
    """
    places = is_hit.is_not_null().arg_true().to_numpy().astype(np.float64)
    hits = is_hit.drop_nulls().to_numpy().astype(np.float64)
    if hits.size < window:
        return Trace(np.empty(0), np.empty(0))
    total: Floats = np.concatenate(([0.0], np.cumsum(hits)))
    return Trace(places[window - 1 :], (total[window:] - total[:-window]) / window)

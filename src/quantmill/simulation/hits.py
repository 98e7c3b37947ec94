"""How often the sign of a signal was right, for one threshold or for many."""

from typing import Final

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.simulation.measure import measure_hits
from quantmill.simulation.signal import Stream

__all__ = ["hit_figures"]

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

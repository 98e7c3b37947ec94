"""The most frequent label of the last minutes."""

import math

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled
from quantmill.core.instants import MINUTE_US

__all__ = ["trailing_mode"]


def trailing_mode(labels: Floats, ts_us: Ints, *, minutes: int, n_labels: int) -> Floats:
    """The label seen most often in the last `minutes` minutes, the newest one of those seen equally often.

    Args:
        labels: Whole numbers from 0 to `n_labels - 1`, shape (n_bars,); NaN is left out.
        ts_us: Bar starts, same shape, ascending.
        minutes: Length of the window that ends with the bar, at least 1.
        n_labels: How many labels there are.

    Returns:
        Shape (n_bars,). Value `i` uses the bars that start less than `minutes` before bar `i`, its own included;
        NaN where the bar itself has no label.
    """
    return _mode_kernel(labels, ts_us, minutes * MINUTE_US, n_labels)


@compiled
def _mode_kernel(labels: Floats, ts_us: Ints, reach_us: int, n_labels: int) -> Floats:
    modes = np.full(labels.size, np.nan)
    counts = np.zeros(n_labels, np.int64)
    newest = np.full(n_labels, -1, np.int64)
    oldest = 0
    for bar in range(labels.size):
        while ts_us[bar] - ts_us[oldest] >= reach_us:
            if math.isfinite(labels[oldest]):
                counts[int(labels[oldest])] -= 1
            oldest += 1
        if not math.isfinite(labels[bar]):
            continue
        counts[int(labels[bar])] += 1
        newest[int(labels[bar])] = bar
        best = 0
        for label in range(1, n_labels):
            if counts[label] > counts[best] or (
                counts[label] == counts[best] and newest[label] > newest[best]
            ):
                best = label
        modes[bar] = best
    return modes

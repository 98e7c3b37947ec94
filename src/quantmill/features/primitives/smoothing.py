"""Exponential averages, which remember the whole history."""

import math

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.compiled import compiled

__all__ = ["exponential_mean", "wilder_mean"]


def exponential_mean(values: Floats, *, window: int, first_bar: int = 0) -> Floats:
    """Exponential moving average with weight 2 ÷ (window + 1), seeded with a simple mean.

    Args:
        values: Shape (n_bars,). At a missing value (NaN or infinite) the average is NaN and its memory stays.
        window: Bars of the seed, at least 1.
        first_bar: Where the seed's bars begin.

    Returns:
        Shape (n_bars,). Value `i` uses all bars `first_bar .. i`; NaN until `window` values are seen.

    Source:
        TA-Lib, function EMA (seed and weight).
    """
    return _exponential_kernel(values, window, 2.0 / (window + 1.0), first_bar)


def wilder_mean(values: Floats, *, window: int) -> Floats:
    """Wilder's smoothed mean: weight 1 ÷ window, seeded with a simple mean.

    Args:
        values: Shape (n_bars,). At a missing value the mean is NaN and its memory stays.
        window: Bars of the seed, at least 1.

    Returns:
        Shape (n_bars,). Value `i` uses all bars `0 .. i`; NaN until `window` values are seen.

    Source:
        Wilder (1978), "New Concepts in Technical Trading Systems".
    """
    return _exponential_kernel(values, window, 1.0 / window, 0)


@compiled
def _exponential_kernel(values: Floats, window: int, weight: float, first_bar: int) -> Floats:
    smoothed = np.full(values.size, np.nan)
    mean = 0.0
    count = 0
    for bar in range(first_bar, values.size):
        if not math.isfinite(values[bar]):
            continue
        count += 1
        if count <= window:
            mean += values[bar]
            if count == window:
                mean /= window
        else:
            mean += weight * (values[bar] - mean)
        if count >= window:
            smoothed[bar] = mean
    return smoothed

"""Sums, moments and extremes over the last `window` bars.

A missing value (NaN or infinite) inside a window is left out; a window with fewer than `least` values
gives NaN, and the next full window is a number again: one gap never spoils the rest of a series.
"""

import math

import numpy as np

from quantmill.core.arrays import Bools, Floats
from quantmill.core.compiled import compiled

__all__ = ["rolling_highest", "rolling_lowest", "rolling_mean", "rolling_moments", "rolling_sum"]

# A value this many times larger than what remains of the sum has left its rounding error behind.
_OUTLIER = 1e6


def rolling_sum(values: Floats, opens_session: Bools, *, window: int, least: int | None = None) -> Floats:
    """Sum of the last `window` values.

    The sum is taken afresh at the first bar of each session and slid from there, so a value depends on the
    bars of its window and the session's start alone, however long ago the series began.

    Args:
        values: Shape (n_bars,); NaN and infinities are left out.
        opens_session: True at the first bar of each session, same shape.
        window: Bars per sum, at least 1.
        least: How many values a window must hold [`window`].

    Returns:
        Shape (n_bars,). Value `i` uses bars `i-window+1 .. i`; the first `window-1` values are NaN.
    """
    return _sum_kernel(values, opens_session, _checked(window), window if least is None else least)


def rolling_mean(values: Floats, opens_session: Bools, *, window: int, least: int | None = None) -> Floats:
    """Mean of the last `window` values, from the sums of `rolling_sum`; a missing value counts in neither part.

    Args:
        values: Shape (n_bars,); NaN and infinities are left out.
        opens_session: True at the first bar of each session, same shape.
        window: Bars per mean, at least 1.
        least: How many values a window must hold [`window`].

    Returns:
        Shape (n_bars,). Value `i` uses bars `i-window+1 .. i`; the first `window-1` values are NaN.
    """
    total = rolling_sum(values, opens_session, window=window, least=least)
    present = np.isfinite(values)
    if present.all():
        return total / window
    n_present = rolling_sum(present.astype(np.float64), opens_session, window=window)
    return np.divide(total, n_present, out=np.full(values.size, np.nan), where=n_present > 0)


def rolling_moments(
    values: Floats, *, window: int, ddof: int = 0, least: int | None = None
) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the last `window` values, in two passes over each window.

    A window whose values are all equal has a deviation of exactly 0.

    Args:
        values: Shape (n_bars,); NaN and infinities are left out.
        window: Bars per value, at least 2.
        ddof: 0 divides by the count, 1 by the count less one.
        least: How many values a window must hold [`window`].

    Returns:
        Mean and deviation, each of shape (n_bars,). Value `i` uses bars `i-window+1 .. i` alone;
        the first `window-1` values are NaN.
    """
    least = max(window if least is None else least, ddof + 1)
    return _moments_kernel(values, _checked(window), least, ddof)


def rolling_highest(values: Floats, *, window: int) -> Floats:
    """Largest of the last `window` values.

    Returns:
        Shape (n_bars,). Value `i` uses bars `i-window+1 .. i`, NaN unless all are there.
    """
    return _highest_kernel(values, _checked(window))


def rolling_lowest(values: Floats, *, window: int) -> Floats:
    """Smallest of the last `window` values.

    Returns:
        Shape (n_bars,). Value `i` uses bars `i-window+1 .. i`, NaN unless all are there.
    """
    return -_highest_kernel(-values, _checked(window))


def _checked(window: int) -> int:
    if window < 1:
        raise ValueError(f"window must be at least 1 bar, got {window}")
    return window


@compiled
def _sum_kernel(values: Floats, opens_session: Bools, window: int, least: int) -> Floats:
    sums = np.full(values.size, np.nan)
    total = 0.0
    count = 0
    for bar in range(values.size):
        is_stale = opens_session[bar]
        if not is_stale:
            if math.isfinite(values[bar]):
                total += values[bar]
                count += 1
            if bar >= window and math.isfinite(values[bar - window]):
                leaving = values[bar - window]
                total -= leaving
                count -= 1
                is_stale = abs(leaving) > _OUTLIER * abs(total)
        if is_stale:
            total = 0.0
            count = 0
            for inside in range(max(0, bar - window + 1), bar + 1):
                if math.isfinite(values[inside]):
                    total += values[inside]
                    count += 1
        if bar >= window - 1 and count >= least:
            sums[bar] = total
    return sums


@compiled
def _moments_kernel(values: Floats, window: int, least: int, ddof: int) -> tuple[Floats, Floats]:
    means = np.full(values.size, np.nan)
    deviations = np.full(values.size, np.nan)
    for bar in range(window - 1, values.size):
        total = 0.0
        count = 0
        low = np.inf
        high = -np.inf
        for inside in range(bar - window + 1, bar + 1):
            if math.isfinite(values[inside]):
                total += values[inside]
                count += 1
                low = min(low, values[inside])
                high = max(high, values[inside])
        if count < least:
            continue
        if low == high:
            # The rounded mean of equal values may differ from them, and a z-score would magnify that.
            means[bar] = low
            deviations[bar] = 0.0
            continue
        mean = total / count
        squares = 0.0
        for inside in range(bar - window + 1, bar + 1):
            if math.isfinite(values[inside]):
                away = values[inside] - mean
                squares += away * away
        means[bar] = mean
        deviations[bar] = math.sqrt(squares / (count - ddof))
    return means, deviations


@compiled
def _highest_kernel(values: Floats, window: int) -> Floats:
    highest = np.full(values.size, np.nan)
    for bar in range(window - 1, values.size):
        best = -np.inf
        for inside in range(bar - window + 1, bar + 1):
            if math.isnan(values[inside]):
                best = np.nan
                break
            best = max(best, values[inside])
        highest[bar] = best
    return highest

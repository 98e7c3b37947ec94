"""How one series moves with another over the last `window` bars."""

import math

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.compiled import compiled

__all__ = ["rolling_slope"]


def rolling_slope(y: Floats, x: Floats, *, window: int, least: int) -> Floats:
    """Slope of the least-squares line of `y` on `x` over the last `window` bars.

    Args:
        y: Shape (n_bars,); a bar where either value is missing is left out.
        x: Same shape.
        window: Bars per value, at least 2.
        least: How many pairs a window must hold, at least 2.

    Returns:
        Shape (n_bars,): covariance ÷ variance of `x`. Value `i` uses bars `i-window+1 .. i` alone, in two passes;
        NaN in the first `window-1` and where `x` does not move.
    """
    if window < 2 or least < 2:
        raise ValueError(f"a slope needs at least 2 bars, got window {window}, least {least}")
    return _slope_kernel(y, x, window, least)


@compiled
def _slope_kernel(y: Floats, x: Floats, window: int, least: int) -> Floats:
    slopes = np.full(y.size, np.nan)
    for bar in range(window - 1, y.size):
        first = bar - window + 1
        count = 0
        total_x = 0.0
        total_y = 0.0
        for inside in range(first, bar + 1):
            if math.isfinite(x[inside]) and math.isfinite(y[inside]):
                count += 1
                total_x += x[inside]
                total_y += y[inside]
        if count < least:
            continue
        mean_x = total_x / count
        mean_y = total_y / count
        joint = 0.0
        squares = 0.0
        for inside in range(first, bar + 1):
            if math.isfinite(x[inside]) and math.isfinite(y[inside]):
                away = x[inside] - mean_x
                joint += away * (y[inside] - mean_y)
                squares += away * away
        if squares > 0.0:
            slopes[bar] = joint / squares
    return slopes

"""Lags, ratios and changes from bar to bar."""

import math

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import BarArrays
from quantmill.core.compiled import compiled

__all__ = ["bars_into_session", "lagged", "log_ratio", "one_bar_return", "ratio", "true_range"]


def lagged(values: Floats, bars: int) -> Floats:
    """Each value `bars` bars later: value `i` is the input's `i-bars`; the first `bars` are NaN."""
    if bars < 1:
        raise ValueError(f"a lag must be at least 1 bar, got {bars}")
    later = np.full(values.size, np.nan)
    later[bars:] = values[:-bars]
    return later


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Quotient per bar, NaN where the denominator is zero or missing."""
    return np.divide(numerator, denominator, out=np.full(numerator.size, np.nan), where=denominator != 0)


def log_ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Natural logarithm of the quotient per bar, NaN where it is not positive."""
    return _log_ratio_kernel(numerator, denominator)


def one_bar_return(bars: BarArrays) -> Floats:
    """Log return of the close since the bar before in the same session.

    Returns:
        Shape (n_bars,). Value `i` uses bars `i-1` and `i`; NaN at the first bar of each session.
    """
    returns = log_ratio(bars.close, lagged(bars.close, 1))
    returns[bars.opens_session] = np.nan
    return returns


def true_range(bars: BarArrays) -> Floats:
    """Range of a bar together with the close before it, which may be the session before's.

    Returns:
        Shape (n_bars,), quote currency. Value `i` uses bars `i-1` and `i`; the first is NaN.

    Source:
        Wilder (1978), "New Concepts in Technical Trading Systems".
    """
    before = lagged(bars.close, 1)
    return np.maximum(bars.high, before) - np.minimum(bars.low, before)


def bars_into_session(bars: BarArrays) -> Ints:
    """How many bars of the same session the arrays hold before each bar."""
    position = np.arange(bars.n_bars)
    return position - np.maximum.accumulate(np.where(bars.opens_session, position, 0))


@compiled
def _log_ratio_kernel(numerator: Floats, denominator: Floats) -> Floats:
    # The scalar logarithm: vectorized ones may differ in the last bit with the length of the array.
    logs = np.full(numerator.size, np.nan)
    for bar in range(numerator.size):
        quotient = numerator[bar] / denominator[bar]
        if quotient > 0.0 and denominator[bar] > 0.0 and math.isfinite(quotient):
            logs[bar] = math.log(quotient)
    return logs

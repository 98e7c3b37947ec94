"""Percentiles of signal strength in a training part: the thresholds that `auto` stands for."""

from typing import Final

import numpy as np

from quantmill.core.arrays import Floats

__all__ = ["NEUTRAL_PROBABILITY", "QUANTILE_PERCENTS", "strength_quantiles"]

QUANTILE_PERCENTS: Final = (50, 80, 90, 97)
NEUTRAL_PROBABILITY: Final = 0.5


def strength_quantiles(
    predicted: Floats, volatility_ratio: Floats, *, is_probability: bool = False
) -> dict[str, list[float] | None]:
    """The 50th, 80th, 90th and 97th percentile of |e|, plain and volatility-normalized.

    e is the expected log return, or with a classifier the probability of a rise less 0.5, which volatility does
    not scale: its normalized percentiles are the plain ones. Each is a strength that occurred: the smallest with
    at least that share of the rows at or below it. Interpolation could put the threshold of a constant
    prediction a rounding below the prediction itself.

    Args:
        predicted: Predictions for the training part of one refit, shape (n_rows,).
        volatility_ratio: Usual over present volatility at the same rows; NaN rows are left out.
        is_probability: Whether the predictions are a classifier's.

    Returns:
        `plain` and `vol_normalized`; None when no row has a value.
    """
    if is_probability:
        plain = _percentiles(predicted - NEUTRAL_PROBABILITY)
        return {"plain": plain, "vol_normalized": plain}
    return {"plain": _percentiles(predicted), "vol_normalized": _percentiles(predicted * volatility_ratio)}


def _percentiles(strength: Floats) -> list[float] | None:
    known = np.abs(strength[~np.isnan(strength)])
    if known.size == 0:
        return None
    return [float(value) for value in np.percentile(known, QUANTILE_PERCENTS, method="inverted_cdf")]

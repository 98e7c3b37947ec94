"""The standard normal distribution over arrays."""

# pyright: basic
# scipy.special ships no complete types; this is the one module of the package that touches it.

import numpy as np
from scipy.special import ndtr, ndtri

from quantmill.core.arrays import Floats

__all__ = ["normal_cdf", "normal_quantile"]


def normal_cdf(x: Floats) -> Floats:
    """Probability of a value up to `x`, any shape; NaN stays NaN."""
    return np.asarray(ndtr(x), dtype=np.float64)


def normal_quantile(probability: Floats) -> Floats:
    """The value that `probability` of all values do not exceed, any shape; -inf at 0, inf at 1."""
    return np.asarray(ndtri(probability), dtype=np.float64)

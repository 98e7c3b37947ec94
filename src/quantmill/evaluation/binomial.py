"""The binomial distribution of fair coins over arrays."""

# pyright: basic
# scipy.special ships no complete types; besides `normal` this is the one module of the package that touches it.

import numpy as np
from scipy.special import bdtr, bdtrc

from quantmill.core.arrays import Floats

__all__ = ["coin_probability_above", "coin_probability_up_to"]


def coin_probability_above(n_heads: Floats, n_coins: Floats) -> Floats:
    """Probability of more than `n_heads` heads among `n_coins` fair coins; NaN where a count is not known."""
    return _of(bdtrc, n_heads, n_coins)


def coin_probability_up_to(n_heads: Floats, n_coins: Floats) -> Floats:
    """Probability of at most `n_heads` heads among `n_coins` fair coins; NaN where a count is not known."""
    return _of(bdtr, n_heads, n_coins)


def _of(distribution: np.ufunc, n_heads: Floats, n_coins: Floats) -> Floats:
    is_known = np.isfinite(n_heads) & np.isfinite(n_coins) & (n_coins >= 1)
    heads = np.where(is_known, n_heads, 0.0)
    coins = np.where(is_known, n_coins, 1.0).astype(np.int64)
    # Outside 0 … n the library answers NaN where the probability is certain.
    inside = np.clip(heads, 0.0, coins)
    probability = np.asarray(distribution(inside, coins, 0.5), dtype=np.float64)
    if distribution is bdtrc:
        probability = np.where(heads < 0.0, 1.0, probability)
    else:
        probability = np.where(heads < 0.0, 0.0, probability)
    return np.where(is_known, probability, np.nan)

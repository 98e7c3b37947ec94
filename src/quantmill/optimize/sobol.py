"""Scrambled Sobol points, which fill a cube more evenly than random ones."""
# scipy.stats ships no complete types; this is the one module that touches its samplers, loaded when they are needed.
# pyright: basic

from collections.abc import Callable

import numpy as np
from scipy.stats import qmc

from quantmill.core.arrays import Floats

__all__ = ["sobol_points"]


def sobol_points(n_dimensions: int, seed: int) -> Callable[[int], Floats]:
    """A function that gives the next points of one sequence, shape (n, n_dimensions), in [0, 1).

    Args:
        n_dimensions: At least 1.
        seed: Decides the scrambling; 64 bits.

    Source:
        Owen (1998), "Scrambling Sobol' and Niederreiter-Xing Points", Journal of Complexity 14(4); as in scipy.
    """
    sequence = qmc.Sobol(n_dimensions, scramble=True, rng=np.random.default_rng(seed))
    return sequence.random

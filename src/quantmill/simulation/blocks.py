"""Extremes of a series over blocks of bars, by which a search skips whole blocks."""

import math

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.compiled import compiled

__all__ = ["BLOCK_BARS", "HIGHEST", "LOWEST", "block_extremes"]

BLOCK_BARS = 32
# Columns of `block_extremes`.
LOWEST, HIGHEST = 0, 1


@compiled
def block_extremes(values: Floats) -> Floats:
    """Lowest and highest value of each block of `BLOCK_BARS`, shape (n_blocks, 2); inf and -inf where it holds none.

    Args:
        values: Shape (n_bars,); NaN is no value.
    """
    n_blocks = (values.size + BLOCK_BARS - 1) // BLOCK_BARS
    extremes = np.empty((n_blocks, 2))
    for block in range(n_blocks):
        low, high = math.inf, -math.inf
        for value in values[block * BLOCK_BARS : (block + 1) * BLOCK_BARS]:
            low = value if value < low else low
            high = value if value > high else high
        extremes[block, LOWEST] = low
        extremes[block, HIGHEST] = high
    return extremes

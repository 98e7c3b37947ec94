"""Fewer points for the same drawn line: the lowest and highest value of every bucket stay."""

import numpy as np

from quantmill.core.arrays import Floats, Ints

__all__ = ["N_BUCKETS", "kept_places"]

# About one per pixel of a page's width.
N_BUCKETS = 900


def kept_places(values: Floats, *, n_buckets: int = N_BUCKETS) -> Ints:
    """Places of the values that a line must go through to look like the line through all of them.

    Args:
        values: Finite, shape (n_points,).
        n_buckets: Parts of equal length, at least 1; two points of each stay.

    Returns:
        Ascending places: all when they are at most `2 * n_buckets`, else the first, the last, and of each bucket the
        lowest and the highest. No peak and no trough of the whole is lost.

    Raises:
        ValueError: If `n_buckets` is below 1.
    """
    if n_buckets < 1:
        raise ValueError(f"n_buckets must be at least 1, got {n_buckets}")
    if values.size <= 2 * n_buckets:
        return np.arange(values.size, dtype=np.int64)
    edges = np.linspace(0, values.size, n_buckets + 1).astype(np.int64)
    places = [0, values.size - 1]
    for first, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        bucket = values[first:stop]
        places += [first + int(bucket.argmin()), first + int(bucket.argmax())]
    return np.unique(np.array(places, dtype=np.int64))

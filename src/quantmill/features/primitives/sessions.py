"""Running totals since the session's first bar."""

import math

import numpy as np

from quantmill.core.arrays import Bools, Floats
from quantmill.core.compiled import compiled

__all__ = ["session_total"]


def session_total(values: Floats, opens_session: Bools) -> Floats:
    """Sum of a session's values so far.

    Args:
        values: Shape (n_bars,); NaN and infinities are left out.
        opens_session: True at the first bar of each session, same shape.

    Returns:
        Shape (n_bars,). Value `i` uses the bars of its session up to `i`.
    """
    return _session_total_kernel(values, opens_session)


@compiled
def _session_total_kernel(values: Floats, opens_session: Bools) -> Floats:
    totals = np.empty(values.size)
    total = 0.0
    for bar in range(values.size):
        if opens_session[bar]:
            total = 0.0
        if math.isfinite(values[bar]):
            total += values[bar]
        totals[bar] = total
    return totals

"""Which predictions lie far outside what the model said in the sessions before."""

import math
from typing import Final

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled

__all__ = ["MAX_ABS_Z", "MIN_SESSIONS", "N_SESSIONS", "trailing_z_scores"]

MAX_ABS_Z: Final = 3.0
N_SESSIONS: Final = 20
MIN_SESSIONS: Final = 5


def trailing_z_scores(prediction: Floats, session_end: Ints) -> Floats:
    """Distance of each prediction from the mean of those in the 20 sessions before its own, in deviations.

    Args:
        prediction: One value per bar, shape (n_bars,), NaN where there is none.
        session_end: Exclusive last bar of each session, shape (n_sessions,).

    Returns:
        Shape (n_bars,). A value sees the predictions of completed sessions alone, its own session left out;
        sessions without a prediction do not count among the 20. NaN without a prediction, and while fewer
        than 5 such sessions have passed or their predictions do not vary and this one equals them;
        ±inf when they do not vary and this one differs.

    Source:
        Ours, after contract 22: (p - mean) / standard deviation (ddof 1).
    """
    z = np.empty(prediction.size)
    _fill_z_scores(prediction, session_end, N_SESSIONS, MIN_SESSIONS, np.empty((session_end.size, 3)), z)
    return z


@compiled
def _fill_z_scores(
    prediction: Floats, session_end: Ints, n_sessions: int, min_sessions: int, moments: Floats, z_out: Floats
) -> None:
    # Rows of `moments`: count, mean, sum of squared distances of one session that has predictions. Welford within
    # a session and Chan's merge between them leave a constant series with a deviation of exactly zero.
    n_known = 0
    first = 0
    for session in range(session_end.size):
        count = 0.0
        mean = 0.0
        squares = 0.0
        for known in range(max(n_known - n_sessions, 0), n_known):
            added = moments[known, 0]
            distance = moments[known, 1] - mean
            total = count + added
            mean += distance * (added / total)
            squares += moments[known, 2] + distance * distance * (count * added / total)
            count = total
        is_judged = n_known >= min_sessions and count > 1.0
        deviation = math.sqrt(squares / (count - 1.0)) if is_judged else math.nan
        own_count = 0.0
        own_mean = 0.0
        own_squares = 0.0
        for bar in range(first, session_end[session]):
            value = prediction[bar]
            z_out[bar] = (value - mean) / deviation
            if not math.isnan(value):
                own_count += 1.0
                distance = value - own_mean
                own_mean += distance / own_count
                own_squares += distance * (value - own_mean)
        if own_count > 0.0:
            moments[n_known, 0] = own_count
            moments[n_known, 1] = own_mean
            moments[n_known, 2] = own_squares
            n_known += 1
        first = session_end[session]

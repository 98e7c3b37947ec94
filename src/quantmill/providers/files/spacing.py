"""The interval of the bars that a file holds."""

import numpy as np

from quantmill.core.arrays import Ints
from quantmill.core.instants import DAY_US, MINUTE_US, SECOND_US

__all__ = ["interval_name", "spacing_us"]

_REGULAR_SHARE = 0.9


def spacing_us(ts_us: Ints) -> int:
    """The interval of bars in microseconds, told from the distances between their starts.

    It is the most common distance, unless that is more than a minute and many distances are no
    multiple of it: then minutes without a trade are absent and the interval is one minute.

    Args:
        ts_us: Starts in any order, shape (n_bars,).

    Returns:
        The interval, one minute when there are fewer than three bars to tell it from.
    """
    distances = np.diff(np.unique(ts_us))
    if distances.size < 2:
        return MINUTE_US
    values, counts = np.unique(distances, return_counts=True)
    common = int(values[np.argmax(counts)])
    if common <= MINUTE_US:
        return common
    # Daylight saving moves a daily bar by an hour, a session's end a longer one by minutes.
    step = MINUTE_US if common < 1380 * MINUTE_US else 60 * MINUTE_US
    slack = distances % common
    near = np.minimum(slack, common - slack) <= (0 if step == MINUTE_US else step)
    return common if near.mean() >= _REGULAR_SHARE else MINUTE_US


def interval_name(us: int) -> str:
    """An interval as people say it: `5-minute`, `daily`, `30-second`."""
    if us % DAY_US == 0:
        return "daily" if us == DAY_US else f"{us // DAY_US}-day"
    if us % MINUTE_US == 0:
        return f"{us // MINUTE_US}-minute"
    return f"{us / SECOND_US:g}-second"

"""The interval told from bars' starts."""

import numpy as np
import pytest

from quantmill.core.instants import MINUTE_US
from quantmill.providers.files.spacing import interval_name, spacing_us

DAY = 1440


@pytest.mark.parametrize(
    ("minutes", "interval"),
    [
        ([0, 1, 2, 3], 1),
        ([3, 0, 2, 1, 1], 1),
        ([0, 5, 10, 15, 1000, 1005], 5),
        ([0, 7, 9, 14, 16, 18, 21], 1),
        ([0, DAY, 2 * DAY, 5 * DAY, 6 * DAY - 60, 7 * DAY - 60], DAY),
        ([0, 5], 1),
        ([], 1),
    ],
    ids=[
        "minutes",
        "unsorted and double",
        "5 minutes",
        "sparse minutes",
        "days over a clock change",
        "too few",
        "none",
    ],
)
def test_spacing(minutes: list[int], interval: int) -> None:
    assert spacing_us(np.array(minutes, dtype=np.int64) * MINUTE_US) == interval * MINUTE_US


def test_names_of_intervals() -> None:
    names = [interval_name(us) for us in (5 * MINUTE_US, 60 * MINUTE_US, DAY * MINUTE_US, MINUTE_US // 2)]

    assert names == ["5-minute", "60-minute", "daily", "30-second"]

"""When a session is final, in UTC by hand."""

from datetime import UTC, date, datetime

import pytest

from quantmill.core.calendar import calendar_for
from quantmill.core.instants import from_us
from quantmill.ingest.planning import final_from_us


@pytest.mark.parametrize(
    ("calendar", "session", "expected"),
    [
        # 20:00 in New York is 01:00 UTC in winter and 00:00 in summer; a quarter of an hour more.
        ("XNYS", date(2024, 1, 10), datetime(2024, 1, 11, 1, 15, tzinfo=UTC)),
        ("XNYS", date(2024, 7, 10), datetime(2024, 7, 11, 0, 15, tzinfo=UTC)),
        # A half day is final at the same hour: nobody knows which venues trade on.
        ("XNYS", date(2024, 7, 3), datetime(2024, 7, 4, 0, 15, tzinfo=UTC)),
        ("24/7", date(2024, 7, 3), datetime(2024, 7, 4, 0, 15, tzinfo=UTC)),
    ],
)
def test_final(calendar: str, session: date, expected: datetime) -> None:
    assert from_us(final_from_us(calendar_for(calendar), session, 15)) == expected

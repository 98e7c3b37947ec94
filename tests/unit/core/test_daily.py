"""From when a daily row is known."""

from datetime import UTC, date, datetime

import pytest

from quantmill.core.calendar import calendar_for
from quantmill.core.daily import known_from_us
from quantmill.core.instants import to_us
from quantmill.core.symbols import describe_symbol


# New York is 5 hours behind UTC in winter and 4 in summer. On 2024-11-29 the exchange closed at 13:00; on 2022-05-30,
# Memorial Day, it was closed, and the VIX was published all the same.
@pytest.mark.parametrize(
    ("symbol", "session", "lag_minutes", "known"),
    [
        ("I:VIX", date(2024, 1, 16), 0, datetime(2024, 1, 16, 21, 15, tzinfo=UTC)),
        ("I:VIX", date(2026, 7, 23), 0, datetime(2026, 7, 23, 20, 15, tzinfo=UTC)),
        ("I:VIX", date(2024, 11, 29), 0, datetime(2024, 11, 29, 18, 15, tzinfo=UTC)),
        ("I:VIX", date(2022, 5, 30), 0, datetime(2022, 5, 30, 20, 15, tzinfo=UTC)),
        ("SPY", date(2024, 11, 29), 0, datetime(2024, 11, 29, 18, 0, tzinfo=UTC)),
        ("SPY", date(2024, 1, 16), 90, datetime(2024, 1, 16, 22, 30, tzinfo=UTC)),
        ("X:BTC-USD", date(2024, 1, 13), 0, datetime(2024, 1, 14, tzinfo=UTC)),
    ],
)
def test_a_day_is_known_at_its_close_and_an_index_a_quarter_of_an_hour_later(
    symbol: str, session: date, lag_minutes: int, known: datetime
) -> None:
    info = describe_symbol(symbol)

    us = known_from_us(info, calendar_for(info.calendar), [session], lag_minutes=lag_minutes)

    assert us.tolist() == [to_us(known)]

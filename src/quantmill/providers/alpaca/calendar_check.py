"""Alpaca's calendar of the exchange beside ours."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from quantmill.core.calendar import calendar_for
from quantmill.providers.access import Access
from quantmill.providers.alpaca.server import trading_server

__all__ = ["CalendarDifference", "compare_calendar"]

_PATH: Final = "/v2/calendar"
_CALENDAR: Final = "XNYS"


class _Day(msgspec.Struct):
    date: date
    open: str
    close: str


_DAYS: Final = msgspec.json.Decoder(list[_Day])


@dataclass(frozen=True, slots=True)
class CalendarDifference:
    """A date on which the calendars differ: hours as `09:30-16:00` in New York, `closed` where there is no session."""

    day: date
    ours: str
    alpaca: str


def compare_calendar(access: Access, start: date, end: date) -> list[CalendarDifference]:
    """Dates from `start` up to, not including, `end` on which Alpaca opens or closes at another time than XNYS here.

    Raises:
        UsageError: If a date lies outside the calendar.
        ProviderError: If Alpaca cannot be asked.
    """
    calendar = calendar_for(_CALENDAR)
    ours: dict[date, str] = {}
    for day in calendar.sessions(start, end):
        span = calendar.session_span(day)
        ours[day] = _hours(span.start.astimezone(calendar.timezone), span.end.astimezone(calendar.timezone))
    # Alpaca includes the end.
    query = {"start": start.isoformat(), "end": (end - timedelta(days=1)).isoformat()}
    theirs = {day.date: f"{day.open}-{day.close}" for day in trading_server(access).get(_PATH, _DAYS, query)}
    return [
        CalendarDifference(day, ours.get(day, "closed"), theirs.get(day, "closed"))
        for day in sorted(ours.keys() | theirs.keys())
        if ours.get(day) != theirs.get(day)
    ]


def _hours(opens: datetime, closes: datetime) -> str:
    return f"{opens:%H:%M}-{closes:%H:%M}"

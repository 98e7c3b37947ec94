"""Sessions: which days an exchange trades, and from when to when."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from quantmill.core.arrays import Bools, Ints
from quantmill.core.instants import DAY_US, MINUTE_US, date_of_day, day_of_date, from_us
from quantmill.core.schedules import FIRST_DATE, LAST_DATE, Schedule, local_midnights, schedule_of
from quantmill.core.span import Span
from quantmill.errors import UsageError

__all__ = ["FIRST_DATE", "LAST_DATE", "BarLabels", "SessionCalendar", "calendar_for"]


@dataclass(frozen=True, slots=True)
class BarLabels:
    """Where each bar lies in its exchange's day; every array has shape (n_bars,).

    `session` is the calendar date in exchange time as days since 1970, also where that date
    is no session; `minute` counts from the session's open (negative before it, 0 without a session);
    `n_minutes` is the session's length (0 without a session); `minute_of_day` is the wall clock of the
    exchange, minutes since its midnight.
    """

    session: Ints
    is_session: Bools
    is_regular: Bools
    minute: Ints
    n_minutes: Ints
    minute_of_day: Ints


class SessionCalendar:
    """The sessions of one exchange from 1990 to 2035, as arrays; build it with `calendar_for`."""

    def __init__(self, name: str, schedule: Schedule) -> None:
        days, open_us, close_us = schedule.days, schedule.open_us, schedule.close_us
        self.name = name
        self.timezone = schedule.timezone
        self.days = days
        self.open_us = open_us
        self.close_us = close_us
        self._midnights = local_midnights(schedule.timezone)
        # By date: its session's open and length, both 0 where there is none.
        self._open_at = np.zeros_like(self._midnights)
        self._open_at[days - day_of_date(FIRST_DATE)] = open_us
        self._minutes_at = np.zeros_like(self._midnights)
        self._minutes_at[days - day_of_date(FIRST_DATE)] = (close_us - open_us) // MINUTE_US

    def sessions(self, start: date, end: date) -> list[date]:
        """Sessions from `start` up to, not including, `end`.

        Raises:
            UsageError: If a date lies outside 1990-2035 or `start` is not before `end`.
        """
        if start >= end:
            raise UsageError(
                f"start {start} is not before end {end}", hint="`end` is excluded: give a later date"
            )
        if start < FIRST_DATE or end > LAST_DATE:
            raise UsageError(f"{start} to {end} is outside {FIRST_DATE} to {LAST_DATE}")
        first, last = np.searchsorted(self.days, [day_of_date(start), day_of_date(end)])
        return [date_of_day(day) for day in self.days[first:last]]

    def is_session(self, day: date) -> bool:
        """Whether the exchange trades on `day`."""
        return self._place(day) is not None

    def session_span(self, session: date) -> Span:
        """Regular hours [open, close) of one session.

        Raises:
            UsageError: If `session` is not a session.
        """
        at = self._index(session)
        return Span(from_us(int(self.open_us[at])), from_us(int(self.close_us[at])))

    def day_span(self, start: date, end: date) -> Span:
        """Everything from local midnight of `start` to local midnight of `end`, extended hours included."""
        if start >= end:
            raise UsageError(
                f"start {start} is not before end {end}", hint="`end` is excluded: give a later date"
            )
        first_us, last_us = (int(self._midnights[self._midnight_index(day)]) for day in (start, end))
        return Span(from_us(first_us), from_us(last_us))

    def next_sessions(self, start: date, count: int) -> list[date]:
        """The first `count` sessions on or after `start`."""
        first = int(np.searchsorted(self.days, day_of_date(start)))
        return [date_of_day(day) for day in self.days[first : first + count]]

    def session_minutes(self, session: date) -> int:
        """How many regular minutes a session has: 390, 210 on a half day."""
        at = self._index(session)
        return int(self.close_us[at] - self.open_us[at]) // MINUTE_US

    def label(self, ts_us: Ints) -> BarLabels:
        """Label bars by their start, in any order.

        Args:
            ts_us: Starts in microseconds since 1970 UTC, shape (n_bars,).
        """
        date_at = self._dates_of(ts_us)
        n_minutes = self._minutes_at[date_at]
        is_session = n_minutes > 0
        # In place: new arrays of a year of minutes cost more than what is computed in them.
        minute = ts_us - self._open_at[date_at]
        minute //= MINUTE_US
        minute[~is_session] = 0
        is_regular = (minute >= 0) & (minute < n_minutes)
        minute_of_day = ts_us - self._midnights[date_at]
        minute_of_day //= MINUTE_US
        session = date_at + day_of_date(FIRST_DATE)
        return BarLabels(session, is_session, is_regular, minute, n_minutes, minute_of_day)

    def sessions_of(self, ts_us: Ints) -> Ints:
        """The `session` of `label` alone, in a fraction of its time.

        Args:
            ts_us: Starts in microseconds since 1970 UTC, shape (n_bars,).
        """
        return self._dates_of(ts_us) + day_of_date(FIRST_DATE)

    def count(self, ts_us: Ints) -> tuple[Ints, Ints, Ints]:
        """Bars by date, as `label` would tell, in a fraction of its time.

        Args:
            ts_us: Starts in microseconds since 1970 UTC, shape (n_bars,), in any order.

        Returns:
            Dates that have bars as days since 1970, how many each has, and how many of them are regular.
        """
        # Bars lie in order nearly always, which this kind of sort sees at once.
        ordered = np.sort(ts_us, kind="stable")
        dates, starts = self._stretches(ordered)
        ends = np.append(starts[1:], ordered.size)
        opens = self._open_at[dates]
        closes = opens + self._minutes_at[dates] * MINUTE_US
        first, last = (np.clip(np.searchsorted(ordered, us), starts, ends) for us in (opens, closes))
        days, n_bars, n_regular = dates + day_of_date(FIRST_DATE), ends - starts, last - first
        has_bars = n_bars > 0
        return days[has_bars], n_bars[has_bars], n_regular[has_bars]

    def regular_minutes(self, session: date) -> Ints:
        """Starts of all regular minutes of a session in microseconds since 1970 UTC."""
        at = self._index(session)
        return np.arange(self.open_us[at], self.close_us[at], MINUTE_US, dtype=np.int64)

    def midnights(self, days: Ints) -> Ints:
        """The exchange's midnight at which dates begin, in microseconds since 1970 UTC.

        Args:
            days: Dates from FIRST_DATE to LAST_DATE + 1 as days since 1970, any shape.
        """
        return self._midnights[days - day_of_date(FIRST_DATE)]

    def _dates_of(self, ts_us: Ints) -> Ints:
        """Places of the exchange's dates in `_midnights`; -1 before the first one."""
        if (ts_us[1:] >= ts_us[:-1]).all():
            # In order, as bars lie nearly always, each date is one stretch of them.
            dates, starts = self._stretches(ts_us)
            return np.repeat(dates, np.diff(starts, append=ts_us.size))
        # A date begins less than a day before or after its midnight in UTC; looking there is faster than searching.
        near = np.clip(ts_us // DAY_US - day_of_date(FIRST_DATE), 0, self._midnights.size - 2)
        return near - (ts_us < self._midnights[near]) + (ts_us >= self._midnights[near + 1])

    def _stretches(self, ordered_us: Ints) -> tuple[Ints, Ints]:
        """Places in `_midnights` from the first bar's date to the last one's, and where the bars of each begin."""
        if ordered_us.size == 0:
            return ordered_us, ordered_us
        first, last = np.searchsorted(self._midnights, ordered_us[[0, -1]], side="right") - 1
        starts = np.searchsorted(ordered_us, self._midnights[first + 1 : last + 1])
        return np.arange(int(first), int(last) + 1), np.append(0, starts)

    def _index(self, session: date) -> int:
        at = self._place(session)
        if at is None:
            raise UsageError(f"{session} is not a session of {self.name}")
        return at

    def _place(self, day: date) -> int | None:
        number = day_of_date(day)
        at = int(self.days.searchsorted(number))
        return at if at < self.days.size and self.days[at] == number else None

    def _midnight_index(self, day: date) -> int:
        if not FIRST_DATE <= day <= LAST_DATE:
            raise UsageError(f"{day} is outside {FIRST_DATE} to {LAST_DATE}")
        return day_of_date(day) - day_of_date(FIRST_DATE)


@lru_cache(maxsize=8)
def calendar_for(name: str) -> SessionCalendar:
    """The calendar of an exchange by its code: `XNYS`, or `24/7` for markets that never close.

    Raises:
        UsageError: If no exchange has this code.
    """
    if name == "24/7":
        days = np.arange(day_of_date(FIRST_DATE), day_of_date(LAST_DATE) + 1, dtype=np.int64)
        return SessionCalendar(name, Schedule(ZoneInfo("UTC"), days, days * DAY_US, (days + 1) * DAY_US))
    return SessionCalendar(name, schedule_of(name))

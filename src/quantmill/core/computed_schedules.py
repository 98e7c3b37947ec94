"""Schedules as exchange_calendars computes them, and how the program keeps them."""

# pyright: basic
# exchange_calendars ships no types; this is the one module that touches it.

import json
from collections import defaultdict
from typing import Any
from zoneinfo import ZoneInfo

import exchange_calendars
import numpy as np
from exchange_calendars.errors import InvalidCalendarName

from quantmill.core.instants import date_of_day, from_us
from quantmill.core.schedules import FIRST_DATE, LAST_DATE, Schedule, weekdays
from quantmill.errors import UsageError

__all__ = ["computed_schedule", "schedules_text"]


def computed_schedule(name: str) -> Schedule:
    """The schedule of an exchange as exchange_calendars computes it.

    Raises:
        UsageError: If no exchange has this code.
    """
    try:
        source = exchange_calendars.get_calendar(name, start=str(FIRST_DATE), end=str(LAST_DATE))
    except InvalidCalendarName as error:
        raise UsageError(f"no exchange calendar named {name!r}", hint="use XNYS or 24/7") from error
    days = source.schedule.index.to_numpy().astype("datetime64[D]").astype(np.int64)
    open_us, close_us = (
        source.schedule[column].dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
        for column in ("open", "close")
    )
    return Schedule(ZoneInfo(str(source.tz)), days, open_us, close_us)


def schedules_text(*names: str) -> str:
    """What `schedules.json` holds of these exchanges by the version that is installed: the dates that are unlike most.

    Only for exchanges whose sessions are weekdays, on which the clock does not change.
    """
    kept = {
        "about": "Sessions and regular hours by exchange. Written by `python tools/schedules.py`.",
        "exchange_calendars": exchange_calendars.__version__,
        "schedules": {name: _spelled(computed_schedule(name)) for name in names},
    }
    return json.dumps(kept, indent=1) + "\n"


def _spelled(schedule: Schedule) -> dict[str, Any]:
    by_hours: dict[str, list[str]] = defaultdict(list)
    for day, *hours_us in zip(schedule.days, schedule.open_us, schedule.close_us, strict=True):
        clocks = (from_us(int(us)).astimezone(schedule.timezone) for us in hours_us)
        by_hours["-".join(f"{clock:%H:%M}" for clock in clocks)].append(str(date_of_day(int(day))))
    regular = max(by_hours, key=lambda hours: len(by_hours[hours]))
    closed = np.setdiff1d(weekdays(), schedule.days)
    return {
        "timezone": schedule.timezone.key,
        "hours": regular,
        "other_hours": {hours: dates for hours, dates in sorted(by_hours.items()) if hours != regular},
        "closed_weekdays": [str(date_of_day(int(day))) for day in closed],
    }

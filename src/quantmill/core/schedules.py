"""Sessions of an exchange and their regular hours, 1990 to 2035: kept with the program, or else computed.

To import exchange_calendars and have it compute takes half a second, which every command would spend. The file
`schedules.json` holds what its version named there says; with any other version installed it is asked itself.
"""

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from quantmill.core.arrays import Ints
from quantmill.core.instants import DAY_US, MINUTE_US, day_of_date, from_us

__all__ = [
    "FIRST_DATE",
    "KEPT",
    "LAST_DATE",
    "Schedule",
    "local_midnights",
    "schedule_of",
    "weekdays",
]

FIRST_DATE: Final = date(1990, 1, 1)
LAST_DATE: Final = date(2035, 12, 31)
KEPT: Final = Path(__file__).with_name("schedules.json")
_WEEK: Final = 7
_MINUTES_PER_HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class Schedule:
    """Sessions in ascending order, as days since 1970, with open and close in microseconds since 1970 UTC.

    All three arrays have shape (n_sessions,).
    """

    timezone: ZoneInfo
    days: Ints
    open_us: Ints
    close_us: Ints


def schedule_of(name: str) -> Schedule:
    """The schedule of an exchange by its code, `XNYS`.

    Raises:
        UsageError: If no exchange has this code.
    """
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    if name in kept["schedules"] and kept["exchange_calendars"] == version("exchange_calendars"):
        return _read(kept["schedules"][name])
    return importlib.import_module("quantmill.core.computed_schedules").computed_schedule(name)


@cache
def local_midnights(timezone: ZoneInfo) -> Ints:
    """Local midnight of every date from FIRST_DATE to LAST_DATE + 1, in microseconds since 1970 UTC."""
    days = np.arange(day_of_date(FIRST_DATE), day_of_date(LAST_DATE) + 2, dtype=np.int64)
    offsets = np.empty(days.size, dtype=np.int64)
    # No exchange changes its clock twice within a week: where both ends agree, the days between do.
    ends = [*range(0, days.size - 1, _WEEK), days.size - 1]
    offsets[ends] = [_offset_us(timezone, int(days[at])) for at in ends]
    for first, last in pairwise(ends):
        between = range(first + 1, last)
        offsets[first + 1 : last] = (
            offsets[first]
            if offsets[first] == offsets[last]
            else [_offset_us(timezone, int(days[at])) for at in between]
        )
    return days * DAY_US - offsets


def weekdays() -> Ints:
    """Mondays to Fridays from FIRST_DATE to LAST_DATE as days since 1970."""
    days = np.arange(np.datetime64(FIRST_DATE), np.datetime64(LAST_DATE) + 1)
    return days[np.is_busday(days)].astype(np.int64)


def _read(kept: Mapping[str, Any]) -> Schedule:
    days = np.setdiff1d(weekdays(), _days(kept["closed_weekdays"]))
    hours = np.tile(_minutes(kept["hours"]), (days.size, 1))
    for text, dates in kept["other_hours"].items():
        hours[np.searchsorted(days, _days(dates))] = _minutes(text)
    timezone = ZoneInfo(kept["timezone"])
    midnights = local_midnights(timezone)[days - day_of_date(FIRST_DATE)]
    open_us, close_us = (midnights + minutes * MINUTE_US for minutes in hours.T)
    return Schedule(timezone, days, open_us, close_us)


def _days(dates: list[str]) -> Ints:
    return np.array(dates, dtype="datetime64[D]").astype(np.int64)


def _offset_us(timezone: ZoneInfo, day: int) -> int:
    offset = from_us(day * DAY_US).replace(tzinfo=timezone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() * 1e6)


def _minutes(hours: str) -> Ints:
    """Minutes since midnight of an opening and a closing, of `09:30-16:00`."""
    clocks = (clock.split(":") for clock in hours.split("-"))
    return np.array([int(hour) * _MINUTES_PER_HOUR + int(minute) for hour, minute in clocks], dtype=np.int64)

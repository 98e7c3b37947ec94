"""An axis of bars, session joined to session, and where its labels stand."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from quantmill.core.arrays import Ints
from quantmill.core.calendar import SessionCalendar
from quantmill.core.instants import date_of_day
from quantmill.core.months import MONTHS
from quantmill.core.panels import Along

__all__ = ["bar_axis", "zone_words"]

_MAX_TICKS: Final = 9
# Labels closer than this part of the axis would touch.
_LEAST_APART: Final = 0.07


def zone_words(calendar: SessionCalendar) -> str:
    """The exchange's time zone as a person says it: `New York time`."""
    key = calendar.timezone.key
    return "UTC" if key == "UTC" else f"{key.rpartition('/')[2].replace('_', ' ')} time"


def bar_axis(ts_us: Ints, calendar: SessionCalendar, *, first: int = 0) -> Along:
    """The axis of some bars of a run; a place is the number of a bar, so nights and missing bars take no room.

    Args:
        ts_us: Starts of the bars in microseconds since 1970 UTC, ascending, shape (n_bars,), n_bars at least 1.
        calendar: Of the exchange; its clock labels the axis.
        first: Number of the first of them in the run.
    """
    labels = calendar.label(ts_us)
    clock = labels.minute_of_day
    months = labels.session.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    candidates = list(_candidates(labels.session, months, clock))
    fitting = (begins for begins in candidates if len(begins) <= _MAX_TICKS)
    begins = _apart(next(fitting, candidates[-1]), least=_LEAST_APART * ts_us.size)
    ticks = {
        float(first + at): _label(unit, int(labels.session[at]), int(clock[at]))
        for at, unit in begins.items()
    }
    end = first + ts_us.size - 1
    margin = 0.01 * ts_us.size
    name = f"session joined to session, {zone_words(calendar)}"
    return Along(name, (first - margin, end + margin), ticks)


def _candidates(session: Ints, months: Ints, clock: Ints) -> Iterator[dict[int, str]]:
    """Bars that begin a period, from the shortest kind of period to the longest."""
    hour = session * 24 + clock // 60
    for unit, period, steps in (
        ("hour", hour, (1, 2)),
        ("session", session, (1, 2, 5)),
        ("month", months, (1,)),
        ("quarter", months // 3, (1,)),
        ("year", months // 12, (1, 2, 5, 10)),
    ):
        begins = np.flatnonzero(np.diff(period, prepend=period[0] - 1))
        for step in steps:
            yield dict.fromkeys(begins[::step].tolist(), unit)


def _apart(begins: dict[int, str], *, least: float) -> dict[int, str]:
    """Without bars too close to one before; the part of a period at the beginning gives way to the first whole one."""
    places = list(begins)
    if len(places) > 1 and places[1] - places[0] < least:
        del places[0]
    kept = places[:1]
    for place in places[1:]:
        if place - kept[-1] >= least:
            kept.append(place)
    return {place: begins[place] for place in kept}


def _label(unit: str, session: int, minute: int) -> str:
    day = date_of_day(session)
    match unit:
        case "hour":
            return f"{minute // 60:02d}:{minute % 60:02d}\n{day.day} {MONTHS[day.month - 1]}"
        case "session":
            return f"{day.day} {MONTHS[day.month - 1]}\n{day.year}"
        case "year":
            return str(day.year)
        case _:
            return f"{MONTHS[day.month - 1]}\n{day.year}"

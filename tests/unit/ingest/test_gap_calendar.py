"""Calendars of gaps: each session in its cell, the same in text and picture."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from quantmill.core.calendar import calendar_for
from quantmill.core.pictures import PictureKind, draw
from quantmill.ingest.gap_calendar import calendar_lines, gap_calendar, unit_for
from quantmill.ingest.gap_picture import gap_picture

XNYS = calendar_for("XNYS")


def sessions_of(start: date, end: date, found: dict[date, int] | None = None) -> pl.DataFrame:
    """Whole sessions but for those in `found`."""
    days = XNYS.sessions(start, end)
    minutes = [XNYS.session_minutes(day) for day in days]
    stored = [(found or {}).get(day, expected) for day, expected in zip(days, minutes, strict=True)]
    return pl.DataFrame(
        {
            "session": days,
            "expected_bars": minutes,
            "found_bars": stored,
            "is_half": [expected < 390 for expected in minutes],
            "is_confirmed": [day == date(2024, 12, 31) for day in days],
        }
    )


DECEMBER = sessions_of(
    date(2024, 12, 1),
    date(2025, 1, 1),
    {date(2024, 12, 2): 0, date(2024, 12, 3): 380, date(2024, 12, 4): 300, date(2024, 12, 31): 0}
    | {date(2024, 12, 5): 7, date(2024, 12, 6): 389},
)


def test_a_month_in_text() -> None:
    # Sessions of December 2024: the 2nd is a Monday; the 24th was a half day, the 25th a holiday.
    assert calendar_lines(gap_calendar("SPY", DECEMBER, "session")) == [
        "SPY",
        "         1   5    10   15   20   25   30",
        "2024-12   ×▓▒░█  █████  █████  █▄ ██  █c",
    ]


def test_weeks_hold_the_minutes_of_their_sessions() -> None:
    weeks = gap_calendar("SPY", DECEMBER, "week")

    # Week 49: 0 + 380 + 300 + 7 + 389 of 1,950 minutes. The 30th and 31st lie in the first week of 2025.
    assert weeks.rows == ("2024", "2025")
    assert weeks.share[0, 48] == pytest.approx(1076 / 1950)
    assert weeks.share[1, 0] == pytest.approx(390 / 780)
    assert np.argwhere(weeks.is_missing).tolist() == [[0, 48]]
    assert np.argwhere(weeks.is_confirmed).tolist() == [[1, 0]]


def test_thin_names_are_measured_by_what_is_usual() -> None:
    days = XNYS.next_sessions(date(2024, 1, 2), 20)
    thin = sessions_of(days[0], days[-1] + timedelta(days=1), dict.fromkeys(days, 130) | {days[3]: 65})

    cells = gap_calendar("PPLT", thin, "session", usual=1 / 3).share

    assert sorted(set(cells[~np.isnan(cells)].round(6).tolist())) == [0.5, 1.0]


def test_each_session_has_its_cell() -> None:
    sessions = sessions_of(date(2020, 1, 1), date(2025, 1, 1))

    cells = gap_calendar("SPY", sessions, "session").share

    assert cells.shape == (60, 31)
    assert int((~np.isnan(cells)).sum()) == sessions.height == 1258


@pytest.mark.parametrize(("n_symbols", "unit"), [(1, "session"), (2, "week")])
def test_cells_are_weeks_where_sessions_would_be_too_many(n_symbols: int, unit: str) -> None:
    one = sessions_of(date(2020, 1, 1), date(2025, 1, 1))
    every = pl.concat([one.with_columns(symbol=pl.lit(f"S{at}")) for at in range(n_symbols)])

    assert unit_for(every) == unit


@pytest.mark.parametrize("kind", ["svg", "png"])
@pytest.mark.parametrize("n_symbols", [1, 3])
def test_pictures_are_drawn_alike_each_time(n_symbols: int, kind: PictureKind) -> None:
    calendars = [gap_calendar(f"S{at}", DECEMBER, "session") for at in range(n_symbols)]
    picture = gap_picture(calendars, [calendar.symbol for calendar in calendars])

    assert draw(picture, kind) == draw(picture, kind)
    assert len(picture.rows) == (n_symbols + 1) // 2


def test_no_session_is_a_picture_that_says_so() -> None:
    assert b"<svg" in draw(gap_picture([], []), "svg")

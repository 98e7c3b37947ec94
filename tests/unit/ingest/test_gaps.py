"""Missing and short sessions, and holes, on bars made by hand."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from quantmill.core.calendar import calendar_for
from quantmill.core.instants import MINUTE_US, to_us
from quantmill.errors import NotFoundError, UsageError
from quantmill.ingest.gaps import find_gaps
from quantmill.lake import Lake
from quantmill.testing.lakes import make_bars


def whole_session(day: date, *, without: range = range(0)) -> pl.DataFrame:
    """A bar per regular minute of a session, some left out by their number."""
    span = calendar_for("XNYS").session_span(day)
    n_minutes = (to_us(span.end) - to_us(span.start)) // MINUTE_US
    kept = [at for at in range(n_minutes) if at not in without]
    return make_bars("SPY", n_minutes, start=span.start)[kept]


def test_missing_session_is_found_and_holidays_are_not(lake: Lake) -> None:
    # Thursday 3 July 2024 was a half day, the 4th a holiday; the 5th is left out here.
    for day in (date(2024, 7, 2), date(2024, 7, 3), date(2024, 7, 8)):
        lake.write("bars", whole_session(day))

    gaps = find_gaps(lake, ["SPY"])

    assert gaps.select("symbol", "session", "kind", "expected_bars", "found_bars").rows() == [
        ("SPY", date(2024, 7, 5), "missing", 390, 0)
    ]


def test_short_session_counts_against_its_own_length(lake: Lake) -> None:
    # 189 of 210 minutes are just 90 %; 350 of 390 are 89.7 %.
    lake.write("bars", whole_session(date(2024, 7, 3), without=range(100, 121)))
    lake.write("bars", whole_session(date(2024, 7, 5), without=range(100, 140)))

    gaps = find_gaps(lake)

    assert gaps.select("session", "kind", "expected_bars", "found_bars").rows() == [
        (date(2024, 7, 5), "short", 390, 350)
    ]


def test_bars_outside_regular_hours_fill_no_gap(lake: Lake) -> None:
    lake.write("bars", whole_session(date(2024, 7, 2)))
    lake.write("bars", make_bars("SPY", 60, start=datetime(2024, 7, 3, 17, 0, tzinfo=UTC)))  # after 13:00

    assert find_gaps(lake).select("session", "kind").rows() == [(date(2024, 7, 3), "missing")]


def test_holes_at_the_open_inside_and_at_the_close(lake: Lake) -> None:
    day = date(2024, 7, 2)  # 13:30 to 20:00 UTC
    bars = whole_session(day)
    left_out = [*range(6), *range(60, 65), *range(100, 110), *range(380, 390)]
    lake.write("bars", bars[[at for at in range(390) if at not in left_out]])

    holes = find_gaps(lake, min_share=0.5, hole_minutes=5)

    # The five minutes from 14:30 are not more than five.
    assert holes.select(
        "kind", "expected_bars", pl.col("first_ts", "last_ts").dt.strftime("%H:%M")
    ).rows() == [
        ("hole", 6, "13:30", "13:35"),
        ("hole", 10, "15:10", "15:19"),
        ("hole", 10, "19:50", "19:59"),
    ]


def test_span_can_be_widened(lake: Lake) -> None:
    lake.write("bars", whole_session(date(2024, 7, 2)))

    gaps = find_gaps(lake, ["SPY"], start=date(2024, 7, 1), end=date(2024, 7, 4))

    assert gaps["session"].to_list() == [date(2024, 7, 1), date(2024, 7, 3)]


def test_unknown_symbol_and_limits(lake: Lake) -> None:
    with pytest.raises(NotFoundError, match="no bars are stored for QQQ"):
        find_gaps(lake, ["QQQ"])
    with pytest.raises(UsageError, match="needed 0 to 1"):
        find_gaps(lake, min_share=2)
    with pytest.raises(UsageError, match="needed at least 1"):
        find_gaps(lake, hole_minutes=0)

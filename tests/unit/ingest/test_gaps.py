"""Missing and short sessions, holes, and minutes missing here and there, on bars made by hand."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantmill.core.calendar import calendar_for
from quantmill.core.clock import FixedClock
from quantmill.core.instants import MINUTE_US, to_us
from quantmill.errors import NotFoundError, UsageError
from quantmill.ingest.gaps import CONFIRMED_SCHEMA, find_gaps, hole_limit
from quantmill.lake import Lake
from quantmill.testing.lakes import make_bars, open_lake


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
    left_out = {*range(6), *range(60, 65), *range(100, 104), 200, *range(380, 390)}
    lake.write("bars", whole_session(day)[[at for at in range(390) if at not in left_out]])

    gaps = find_gaps(lake, min_share=0.5, hole_minutes=5)

    # The five minutes from 14:30 are a hole; the four from 15:10 and the one at 16:50 are not.
    assert gaps.select(
        "grade", "kind", "expected_bars", "found_bars", pl.col("first_ts", "last_ts").dt.strftime("%H:%M")
    ).rows() == [
        ("isolated", "isolated", 5, 0, None, None),
        ("run", "hole", 6, 0, "13:30", "13:35"),
        ("run", "hole", 5, 0, "14:30", "14:34"),
        ("run", "hole", 10, 0, "19:50", "19:59"),
    ]


def thin_sessions(lake: Lake, share: float, *, n_sessions: int, seed: int = 0) -> list[date]:
    """Sessions of SPY in which each minute has a bar with a probability, and the first one is without its afternoon."""
    days = calendar_for("XNYS").next_sessions(date(2024, 1, 2), n_sessions)
    chance = np.random.default_rng(seed)
    for at, day in enumerate(days):
        kept = chance.random(390) < share
        kept[195:] &= at > 0
        lake.write("bars", whole_session(day).filter(pl.Series(kept)))
    return days


def test_absent_minutes_of_a_thin_name_are_no_gaps(lake: Lake) -> None:
    days = thin_sessions(lake, 0.3, n_sessions=12)

    gaps = find_gaps(lake, hole_minutes=5).filter(pl.col("grade") != "isolated")

    # Only the afternoon of the first session is missing; what lies on either side of it by chance belongs to it.
    assert gaps.select("session", "kind").rows() == [(days[0], "short"), (days[0], "hole")]
    assert gaps["expected_bars"][1] >= 195


def test_what_is_usual_is_told_by_all_that_is_stored(lake: Lake) -> None:
    days = thin_sessions(lake, 0.3, n_sessions=12)

    assert find_gaps(lake, start=days[5], end=days[6], hole_minutes=5)["grade"].to_list() == ["isolated"]


def test_hole_limit_by_hand() -> None:
    # 39,000 q^k < 1 for q = 0.7: k > ln 39000 / -ln 0.7 = 10.571 / 0.3567 = 29.6; for q = 0.1: 4.59, below 5.
    assert [hole_limit(usual, 5) for usual in (1.0, 0.9, 0.3)] == [5, 5, 30]
    assert hole_limit(0.3, 60) == 60


def test_few_sessions_say_nothing_of_what_is_usual(lake: Lake) -> None:
    thin_sessions(lake, 0.3, n_sessions=4)

    assert find_gaps(lake)["kind"].to_list() == ["short"] * 4


def test_confirmed_sessions_say_by_whom(lake: Lake) -> None:
    lake.write("bars", whole_session(date(2024, 7, 2)))
    lake.write("bars", whole_session(date(2024, 7, 8), without=range(100, 200)))
    said = [
        ("SPY", date(2024, 7, 3), "empty", "yahoo"),
        ("SPY", date(2024, 7, 3), "empty", "alpaca"),
        ("SPY", date(2024, 7, 5), "bars", "alpaca"),
        ("SPY", date(2024, 7, 8), "short", "alpaca"),
        ("QQQ", date(2024, 7, 5), "empty", "alpaca"),
    ]
    confirmed = pl.DataFrame(said, schema=CONFIRMED_SCHEMA, orient="row")

    gaps = find_gaps(lake, hole_minutes=5, confirmed=confirmed)

    assert gaps.select(pl.col("session").dt.day(), "kind", "confirmed").rows() == [
        (3, "missing", "alpaca, yahoo"),
        (5, "missing", None),
        (8, "short", "alpaca"),
        (8, "hole", "alpaca"),
    ]


def test_session_under_way_is_no_gap(tmp_path: Path) -> None:
    noon = datetime(2024, 7, 2, 16, 0, tzinfo=UTC)
    lake = open_lake(tmp_path / "live", clock=FixedClock(noon))
    lake.write("bars", whole_session(date(2024, 7, 1)))
    lake.write("bars", whole_session(date(2024, 7, 2))[:150])

    assert find_gaps(lake, hole_minutes=5).height == 0
    lake.state.close()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    left_out=st.sets(st.integers(0, 209), max_size=150),
    limit=st.integers(1, 12),
)
def test_gaps_within_a_session_are_the_minutes_without_a_bar(
    tmp_path_factory: pytest.TempPathFactory, left_out: set[int], limit: int
) -> None:
    lake = open_lake(tmp_path_factory.mktemp("gaps") / "home")
    day = date(2024, 7, 3)  # a half day: 13:30 to 17:00 UTC
    lake.write("bars", whole_session(day)[[at for at in range(210) if at not in left_out]])

    gaps = find_gaps(lake, min_share=0.0, hole_minutes=limit)

    # The same by a walk over the minutes.
    runs, length = list[int](), 0
    for at in range(211):
        if at in left_out:
            length += 1
        elif length:
            runs.append(length)
            length = 0
    assert gaps.filter(kind="hole")["expected_bars"].to_list() == [run for run in runs if run >= limit]
    isolated = sum(run for run in runs if run < limit)
    assert gaps.filter(kind="isolated")["expected_bars"].to_list() == ([isolated] if isolated else [])
    lake.state.close()


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

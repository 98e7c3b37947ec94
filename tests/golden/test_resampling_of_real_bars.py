"""Longer bars and gaps of real minutes: against a loop over minutes, daily bars of another source, known half days."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmill.core.calendar import calendar_for
from quantmill.core.interval import Interval
from quantmill.ingest.gaps import find_gaps
from quantmill.ingest.importing import import_files
from quantmill.lake import Lake
from quantmill.lake.reading import Hours
from quantmill.testing.lakes import open_lake
from tests.resampling_oracle import MINUTES, resampled_by_hand

HALF_DAYS = [date(2014, 11, 28), date(2014, 12, 24)]
NEW_YORK = calendar_for("XNYS")


def lake_of(folder: Path, path: Path) -> Iterator[Lake]:
    opened = open_lake(folder / "home")
    import_files(opened, [path])
    yield opened
    opened.state.close()


@pytest.fixture(scope="module")
def em2015(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Iterator[Lake]:
    yield from lake_of(tmp_path_factory.mktemp("em2015"), real_data / "bars" / "em2015_1m.parquet")


@pytest.fixture(scope="module")
def sukiboo(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Iterator[Lake]:
    yield from lake_of(tmp_path_factory.mktemp("sukiboo"), real_data / "bars" / "sukiboo_1m.parquet")


@pytest.fixture(scope="module")
def yahoo2026(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Iterator[Lake]:
    yield from lake_of(tmp_path_factory.mktemp("yahoo2026"), real_data / "bars" / "yahoo2026_1m.parquet")


@pytest.mark.parametrize("hours", ["regular", "extended"])
@pytest.mark.parametrize("interval", MINUTES)
def test_around_half_days_bars_equal_those_of_the_loop(em2015: Lake, interval: str, hours: Hours) -> None:
    for symbol, first, end in (
        ("SPY", date(2014, 11, 26), date(2014, 12, 2)),
        ("I:VIX", date(2015, 2, 2), date(2015, 2, 4)),
    ):
        assert_equal_to_loop(em2015, symbol, interval, hours, first, end)


@pytest.mark.parametrize("interval", MINUTES)
def test_with_extended_hours_vwap_and_trades_bars_equal_those_of_the_loop(
    sukiboo: Lake, interval: str
) -> None:
    # The clock of New York changes on 10 March 2024.
    assert_equal_to_loop(sukiboo, "AAPL", interval, "extended", date(2024, 3, 7), date(2024, 3, 13))


@pytest.mark.parametrize("interval", MINUTES)
def test_round_the_clock_bars_equal_those_of_the_loop(yahoo2026: Lake, interval: str) -> None:
    assert_equal_to_loop(yahoo2026, "X:BTC-USD", interval, "regular", date(2026, 3, 26), date(2026, 3, 31))


@pytest.mark.parametrize("interval", MINUTES)
def test_sql_gives_the_same_rows_for_all_symbols(
    em2015: Lake, sukiboo: Lake, yahoo2026: Lake, interval: str
) -> None:
    for lake in (em2015, sukiboo, yahoo2026):
        rows = lake.sql(f"FROM bars_{interval} ORDER BY symbol, ts")

        of_polars = [
            lake.resampled_bars(symbol, Interval.parse(interval), adjust="none")
            for symbol in lake.keys("bars")
        ]
        assert_frame_equal(rows, pl.concat(of_polars), check_exact=True)


def test_days_of_spy_are_those_of_a_daily_source(em2015: Lake, real_data: Path) -> None:
    """SOURCE: daily bars of LEAN, made of another feed: extremes differ by a cent here and there."""
    daily = pl.read_parquet(real_data / "bars" / "lean_daily.parquet").filter(symbol="SPY")
    ours = em2015.resampled_bars("SPY", Interval.parse("1d"), adjust="none")

    both = ours.select(pl.col("ts").dt.date(), "high", "low").join(
        daily.select(pl.col("ts").dt.date(), "high", "low"), on="ts", suffix="_daily"
    )

    assert both.height == ours.height == 153
    for name in ("high", "low"):
        difference = (both[name] - both[f"{name}_daily"]).abs()
        assert (difference < 0.005).sum() >= 120
        assert (difference < 0.035).sum() >= 152


def test_missing_sessions_and_half_days_come_out_in_gaps(em2015: Lake) -> None:
    gaps = find_gaps(em2015, ["SPY", "IWM", "DIA"], min_share=1.0, hole_minutes=5)

    missing = gaps.filter(kind="missing").select("symbol", "session", "expected_bars").rows()
    assert missing == [
        (symbol, session, 390)
        for symbol in ("DIA", "IWM", "SPY")
        for session in (date(2014, 12, 15), date(2014, 12, 31))
    ]
    # A half day is whole with 210 minutes; what the file holds after 13:00 fills nothing.
    stored = em2015.sessions("SPY").filter(pl.col("session").is_in(HALF_DAYS))
    assert stored.select("session", "n_regular").rows() == [(day, 210) for day in HALF_DAYS]
    # Counted in the file by DuckDB: bars from 18:00 UTC on.
    assert stored["n_extended"].to_list() == [138, 85]
    assert not set(HALF_DAYS) & set(gaps.filter(symbol="SPY")["session"])


def test_a_half_day_that_lacks_minutes_is_graded_by_its_210(em2015: Lake, tmp_path: Path) -> None:
    bars = em2015.read_bars(
        "SPY", NEW_YORK.day_span(date(2014, 11, 28), date(2014, 11, 29)), hours="extended"
    )
    opened = open_lake(tmp_path / "cut")
    late = (datetime.combine(HALF_DAYS[0], time(hour), UTC) for hour in (15, 16))
    opened.write("bars", bars.filter(~pl.col("ts").is_between(*late, closed="left")).drop("ingested_at"))

    gaps = find_gaps(opened, ["SPY"], hole_minutes=5)

    assert gaps.select("kind", "expected_bars", "found_bars").rows() == [("short", 210, 150), ("hole", 60, 0)]
    opened.state.close()


def assert_equal_to_loop(
    lake: Lake, symbol: str, interval: str, hours: Hours, first: date, end: date
) -> None:
    calendar = calendar_for("24/7" if symbol.startswith("X:") else "XNYS")
    span = calendar.day_span(first, end)
    minutes = lake.read_bars(symbol, span, hours="extended", adjust="none")
    assert minutes.height > 100

    resampled = lake.resampled_bars(symbol, Interval.parse(interval), span, hours=hours, adjust="none")

    assert_frame_equal(resampled, resampled_by_hand(minutes, interval, hours=hours), check_exact=True)

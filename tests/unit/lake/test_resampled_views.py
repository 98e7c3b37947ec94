"""The SQL views of bars: the rows of `resample_bars`, in `quantmill sql` and in a plain DuckDB."""

from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmill.core.bars import BAR_SCHEMA
from quantmill.core.interval import Interval
from quantmill.core.symbols import describe_symbol
from quantmill.errors import QueryError
from quantmill.lake import Lake
from quantmill.lake.phases import with_phase
from quantmill.lake.resampled_views import BAR_VIEWS, bar_views, sessions_table
from quantmill.lake.resampling import resample_bars
from quantmill.testing.lakes import make_bars
from tests.minutes import random_minutes
from tests.resampling_oracle import MINUTES

DAYS = [date(2024, 7, 2), date(2024, 7, 3), date(2024, 7, 4), date(2024, 11, 1), date(2024, 11, 2)]
SYMBOLS = ["SPY", "X:BTC-USD", "I:VIX", "O:SPY250304C00601000", "BRK.B"]


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    """On the 4th and 2nd New York is closed: bars there belong to no session."""
    return random_minutes(7, SYMBOLS, DAYS, share=0.3)


def test_there_is_a_view_per_interval() -> None:
    assert sorted(BAR_VIEWS) == sorted([*(f"bars_{name}" for name in MINUTES), "bars_with_phase"])
    assert sorted(bar_views()) == sorted(BAR_VIEWS)


@pytest.mark.parametrize("interval", MINUTES)
def test_rows_are_those_of_the_polars_function(lake: Lake, bars: pl.DataFrame, interval: str) -> None:
    lake.write("bars", bars)

    rows = lake.sql(f"SELECT * FROM bars_{interval} ORDER BY symbol, ts")

    assert_frame_equal(rows, resample_bars(bars, Interval.parse(interval)), check_exact=True)


def test_phases_are_those_of_the_polars_function(lake: Lake, bars: pl.DataFrame) -> None:
    lake.write("bars", bars)

    rows = lake.sql("SELECT * FROM bars_with_phase ORDER BY symbol, ts")

    expected = with_phase(bars).drop_nulls("phase").sort("symbol", "ts")
    assert_frame_equal(rows.select(*BAR_SCHEMA, "phase"), expected.select(*BAR_SCHEMA, "phase"))
    # 19:59 in New York on the 3rd is already the 4th in UTC.
    evening = rows.filter(pl.col("ts") == datetime(2024, 7, 3, 23, 59, tzinfo=UTC), symbol="SPY")
    assert set(evening["session"]) <= {date(2024, 7, 3)}
    midnight = rows.filter(
        pl.col("ts").dt.hour() < 4, pl.col("ts").dt.date() == date(2024, 7, 4), symbol="SPY"
    )
    assert set(midnight["session"]) == {date(2024, 7, 3)}


def test_views_work_in_a_plain_duckdb_of_another_time_zone(bars: pl.DataFrame) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        connection.register("minutes", bars)
        connection.register("days", sessions_table())
        for name, select in bar_views(bars="minutes", sessions="days").items():
            connection.execute(f"CREATE VIEW {name} AS {select}")
        query = "SELECT symbol, epoch_us(ts), n_bars, vwap FROM bars_4h ORDER BY ALL"
        rows = connection.execute(query).fetchall()

    expected = resample_bars(bars, Interval.parse("4h")).select(
        "symbol", pl.col("ts").to_physical(), "n_bars", "vwap"
    )
    assert rows == expected.rows()


def test_sessions_are_a_table_with_half_days_and_dates_of_the_exchange(lake: Lake) -> None:
    rows = lake.sql("SELECT * FROM sessions WHERE session = DATE '2024-07-03' ORDER BY calendar").rows()

    def at(day: int, hour: int, minute: int = 0) -> datetime:
        return datetime(2024, 7, day, hour, minute, tzinfo=UTC)

    assert rows == [
        ("24/7", date(2024, 7, 3), at(3, 0), at(4, 0), at(3, 0), at(4, 0)),
        ("XNYS", date(2024, 7, 3), at(3, 13, 30), at(3, 17), at(3, 4), at(4, 4)),
    ]


def test_every_symbol_has_a_calendar_with_sessions() -> None:
    calendars = set(sessions_table()["calendar"])

    assert {describe_symbol(symbol).calendar for symbol in SYMBOLS} == calendars


def test_views_of_an_empty_lake_are_empty_and_listed(lake: Lake) -> None:
    assert lake.sql("SELECT count(*) AS n FROM bars_5m, bars_1d, bars_with_phase").rows() == [(0,)]
    assert set(lake.sql("SHOW TABLES")["name"]) >= {*BAR_VIEWS, "sessions"}


def test_names_of_views_are_found_in_any_case_and_unknown_ones_say_what_there_is(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 10))

    assert lake.sql("WITH a AS (FROM Bars_5M) SELECT sum(n_bars)::INT AS n FROM a").rows() == [(10,)]
    with pytest.raises(QueryError, match="bars_7m does not exist") as caught:
        lake.sql("FROM bars_7m")
    assert "bars_5m" in caught.value.hint

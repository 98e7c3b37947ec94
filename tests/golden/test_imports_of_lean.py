"""LEAN's sample data gives the bars that another program converted, and moves in from databases and trees alike.

SOURCE: QuantConnect's sample data in ../shared/data/originals, bars/lean_1m.parquet converted from it.
"""

import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from quantmill.ingest.importing import import_files
from quantmill.lake import Lake
from quantmill.testing.lakes import open_lake

COLUMNS = ["symbol", "ts", "open", "high", "low", "close", "volume"]


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = open_lake(tmp_path / "home")
    yield opened
    opened.state.close()


@pytest.fixture
def expected(real_data: Path) -> pl.DataFrame:
    """Bars of all equities; LEAN's indices have Chicago's time and are not read."""
    frame = pl.read_parquet(real_data / "bars" / "lean_1m.parquet").select(COLUMNS)
    return frame.filter(~pl.col("symbol").str.starts_with("$")).sort("symbol", "ts")


def stored(lake: Lake) -> pl.DataFrame:
    symbols = lake.symbols()["symbol"].sort()
    return pl.concat(
        lake.read_bars(symbol, hours="extended", adjust="none").select(COLUMNS) for symbol in symbols
    )


def test_lean_folder(lake: Lake, real_data: Path, tmp_path: Path, expected: pl.DataFrame) -> None:
    with tarfile.open(real_data / "originals" / "lean-data-subset.tar.xz") as archive:
        archive.extractall(tmp_path / "lean", filter="data")

    report = import_files(lake, [tmp_path / "lean"])

    assert (report.rows_read, report.rows_stored, report.rows_quarantined) == (21_258, 21_258, 0)
    assert {file.status for file in report.files} == {"read", "skipped"}
    assert stored(lake).equals(expected)

    spy = lake.read_bars("SPY", hours="extended").filter(pl.col("ts").dt.date() == date(2013, 10, 7))
    first = datetime(2013, 10, 7, 8, 0, tzinfo=UTC)  # 04:00 in New York
    assert spy.select("ts", "open", "close").row(0) == (first, 167.41, 167.27)
    assert spy.height == 828

    # The exchange closed at 13:00 in New York, 18:00 UTC; 15 bars came later.
    half_day = pl.col("ts").dt.date() == date(2015, 12, 24)
    regular = lake.read_bars("GOOG").filter(half_day)
    extended = lake.read_bars("GOOG", hours="extended").filter(half_day)
    assert regular["ts"].max() == datetime(2015, 12, 24, 17, 59, tzinfo=UTC)
    assert extended.filter(pl.col("ts") >= datetime(2015, 12, 24, 18, tzinfo=UTC)).height == 15


@pytest.mark.parametrize("kind", ["duckdb", "sqlite", "tree"])
def test_other_stores_give_the_same(lake: Lake, tmp_path: Path, expected: pl.DataFrame, kind: str) -> None:
    place = tmp_path / f"prices.{kind}"
    if kind == "duckdb":
        with closing(duckdb.connect(str(place))) as connection:
            connection.register("offered", expected)
            connection.execute("CREATE TABLE bars AS SELECT * FROM offered")
    elif kind == "sqlite":
        with closing(sqlite3.connect(place)) as connection:
            connection.execute(f"CREATE TABLE bars ({', '.join(COLUMNS)})")
            epochs = expected.with_columns(pl.col("ts").dt.epoch("s"))
            connection.executemany("INSERT INTO bars VALUES (?, ?, ?, ?, ?, ?, ?)", epochs.iter_rows())
            connection.commit()
    else:
        days = expected.with_columns(
            pl.col("ts").dt.convert_time_zone("America/New_York").dt.date().alias("dt")
        )
        for (symbol, day), rows in days.group_by("symbol", "dt"):
            folder = place / str(symbol) / f"dt={day}"
            folder.mkdir(parents=True)
            rows.drop("symbol", "dt").write_parquet(folder / "bars.parquet")

    report = import_files(lake, [place])

    assert (report.rows_read, report.rows_quarantined) == (21_258, 0)
    assert stored(lake).equals(expected)

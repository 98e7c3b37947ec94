"""Names and types of a file's columns without its rows, and the source that the file belongs to."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from quantmill.providers.files.options import FileOptions
from quantmill.providers.files.source_columns import read_source_columns

DECLARED = "symbol VARCHAR, ts TIMESTAMP, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume BIGINT"


def columns_of(path: Path, options: FileOptions | None = None) -> dict[str, str]:
    found = read_source_columns(path, options or FileOptions(), named=[path], source=None)
    assert found is not None
    return dict(found.columns)


def test_parquet_types_are_those_of_the_footer(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    instant = datetime(2024, 3, 12, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "local": pl.Series([instant.replace(tzinfo=None)], dtype=pl.Datetime("ns")),
            "utc": pl.Series([instant], dtype=pl.Datetime("us", "UTC")),
            "day": [date(2024, 3, 12)],
            "price": pl.Series([1.0], dtype=pl.Float32),
            "volume": [1],
            "otc": [None],
            "sizes": [[1]],
        }
    )
    frame.write_parquet(path)

    assert columns_of(path) == {
        "local": "time[ns]",
        "utc": "time[us, UTC]",
        "day": "date",
        "price": "f32",
        "volume": "i64",
        "otc": "null",
        "sizes": "List(Int64)",
    }


def test_csv_columns_are_what_most_values_look_like(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [
        "zoned;local;clock;day;epoch;price;comma;name;nothing",
        "2024-03-12T13:30:00Z;03/12/2024 09:30;09:30;05.15.2015;1710250200;1;1,5;SPY;",
        "2024-03-12 09:31:00-04:00;03/12/2024 09:31;09:31;05.15.2015;1710250260;1.5e3;2,5;QQQ;",
        "2024-03-12 09:31 EDT;what;09:32;05.15.2015;1710250320;n/a;3,5;VIX;",
    ]
    path.write_text("\n".join([*rows, ""]), encoding="utf-8")

    assert columns_of(path) == {
        "zoned": "time with zone",
        "local": "time",
        "clock": "time",
        "day": "time",
        "epoch": "number",
        "price": "number",
        "comma": "number",
        "name": "text",
        "nothing": "null",
    }


def test_tables_of_databases_say_what_they_declare(tmp_path: Path) -> None:
    with closing(duckdb.connect(str(tmp_path / "a.duckdb"))) as connection:
        connection.execute(f"CREATE TABLE bars ({DECLARED})")
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as connection:
        connection.execute("CREATE TABLE prices (ts, open REAL, high REAL, low REAL, close REAL)")

    duck = read_source_columns(tmp_path / "a.duckdb", FileOptions(), named=[tmp_path], source=None)
    lite = read_source_columns(tmp_path / "a.sqlite", FileOptions(), named=[tmp_path], source=None)

    assert duck is not None
    assert lite is not None
    assert (duck.source, dict(duck.columns)["volume"]) == (f"duckdb:{tmp_path.name}/bars", "bigint")
    assert (lite.source, lite.columns["ts"], lite.columns["open"]) == (
        f"sqlite:{tmp_path.name}/prices",
        "untyped",
        "real",
    )


@pytest.mark.parametrize(
    ("path", "named", "source"),
    [
        ("data/SPY/2024-01.csv", "data", "csv:data"),
        ("data/SPY/2024-01.csv", "data/SPY/2024-01.csv", "csv:SPY"),
        ("data/SPY/2024-01.csv", "data/SPY/../../data", "csv:data"),
        ("data/SPY/dt=2024-03-12/bars.parquet", "data", "tree:data"),
        ("data/SPY/dt=2024-03-12/bars.parquet", "data/SPY/dt=2024-03-12/bars.parquet", "tree:SPY"),
    ],
)
def test_the_named_folder_names_the_source(tmp_path: Path, path: str, named: str, source: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    frame = pl.DataFrame({"ts": ["2024-03-12T13:30:00Z"], "close": [1.0]})
    frame.write_csv(file) if file.suffix == ".csv" else frame.write_parquet(file)
    given = tmp_path / named
    inside = given / file.relative_to(given.resolve()) if given.is_dir() else given

    found = read_source_columns(inside, FileOptions(), named=[given], source=None)

    assert found is not None
    assert found.source == source


def test_a_name_that_a_person_gives_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("ts,close\n2024-03-12T13:30:00Z,1\n", encoding="utf-8")

    found = read_source_columns(path, FileOptions(), named=[path], source="polygon")

    assert found is not None
    assert found.source == "polygon"


@pytest.mark.parametrize(
    "name", ["20131007_trade.zip", "broken.parquet", "empty.csv", "broken.duckdb", "x.txt"]
)
def test_files_that_tell_nothing_are_left_to_the_reader(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"" if name == "empty.csv" else b"nonsense")

    assert read_source_columns(path, FileOptions(), named=[path], source=None) is None

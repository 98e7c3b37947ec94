"""DuckDB and SQLite files as bars: tables, batches of symbols, read-only, and files that are none."""

import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from quantmill.errors import BadBarsError, UsageError
from quantmill.providers.files.duckdb_file import DuckdbFile
from quantmill.providers.files.options import FileOptions
from quantmill.providers.files.reading import batches_of, read_bar_file
from quantmill.providers.files.sqlite_file import SqliteFile

OPEN = datetime(2024, 3, 12, 13, 30, tzinfo=UTC)
COLUMNS = "symbol TEXT, ts TEXT, open REAL, high REAL, low REAL, close REAL, volume INTEGER"
ROWS = [(s, f"2024-03-12T13:{m}:00Z", 1, 2, 0.5, 1.5, 7) for s in ("SPY", "QQQ") for m in (30, 31)]


def make(path: Path, *statements: str, table: str = "bars", rows: list[tuple[object, ...]] = ROWS) -> Path:
    connect = duckdb.connect if path.suffix == ".duckdb" else sqlite3.connect
    with closing(connect(str(path))) as connection:
        connection.execute(f"CREATE TABLE {table} ({COLUMNS})")
        connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path


@pytest.fixture(params=["prices.duckdb", "prices.sqlite", "prices.db"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / request.param


def test_the_only_table_that_fits_is_read(database: Path) -> None:
    make(database, "CREATE TABLE notes (id INTEGER, text TEXT)")
    before = database.read_bytes()

    file = read_bar_file(database, FileOptions())

    assert file.bars.select("symbol", "ts", "open", "close", "volume").row(0) == ("SPY", OPEN, 1.0, 1.5, 7.0)
    assert file.bars.height == 4
    assert file.notes == ("table bars",)
    assert database.read_bytes() == before
    assert [path.name for path in database.parent.iterdir()] == [database.name]


def test_several_tables_that_fit_are_named(database: Path) -> None:
    make(database, f"CREATE TABLE SPY ({COLUMNS})")

    with pytest.raises(UsageError, match=r"2 tables fit: (SPY, bars|bars, SPY)") as caught:
        batches_of(database, FileOptions())

    assert "--table" in caught.value.hint
    assert read_bar_file(database, FileOptions(table="BARS")).bars.height == 4
    with pytest.raises(BadBarsError, match="table SPY has no rows"):
        read_bar_file(database, FileOptions(table="SPY"))
    with pytest.raises(BadBarsError, match="no table nope; found"):
        read_bar_file(database, FileOptions(table="nope"))


def test_without_a_table_that_fits_columns_are_named(database: Path) -> None:
    make(database, "ALTER TABLE bars RENAME COLUMN close TO px_last")

    with pytest.raises(BadBarsError, match=r"no table fits; found bars \(symbol, ts.*px_last.*needed.*close"):
        read_bar_file(database, FileOptions())

    mapped = read_bar_file(database, FileOptions(mapping={"px_last": "close"}))
    assert mapped.bars["close"][0] == 1.5


def test_a_view_is_read_only_when_named(database: Path) -> None:
    make(
        database,
        "ALTER TABLE bars RENAME COLUMN close TO x",
        "CREATE VIEW ours AS SELECT symbol, ts, open, high, low, x AS close FROM bars",
    )

    with pytest.raises(BadBarsError, match="no table fits") as caught:
        read_bar_file(database, FileOptions())

    assert "--table ours" in caught.value.hint
    assert read_bar_file(database, FileOptions(table="ours")).bars.height == 4


def test_a_table_is_named_after_its_symbol(database: Path) -> None:
    make(database, "ALTER TABLE QQQ DROP COLUMN symbol", table="QQQ")

    assert read_bar_file(database, FileOptions()).bars["symbol"].unique().to_list() == ["QQQ"]


def test_large_tables_are_read_some_symbols_at_a_time(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(database, rows=[*ROWS, (None, "2024-03-12T13:30:00Z", 1, 1, 1, 1, 1)])
    for kind in (DuckdbFile, SqliteFile):
        monkeypatch.setattr(kind, "rows_at_once", 3)

    batches = batches_of(database, FileOptions())

    parts = [read_bar_file(database, FileOptions(), batch).bars for batch in batches if batch != (None,)]
    assert sorted(part["symbol"].drop_nulls().unique().sort().to_list() for part in parts) == [
        ["QQQ"],
        ["SPY"],
    ]
    assert sum(part.height for part in parts) == 5


def test_a_table_without_symbols_has_not_more_rows_than_minutes(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(database, "ALTER TABLE bars DROP COLUMN symbol")
    monkeypatch.setattr("quantmill.providers.files.database._MAX_ROWS_OF_ONE", 3)
    for kind in (DuckdbFile, SqliteFile):
        monkeypatch.setattr(kind, "rows_at_once", 3)

    with pytest.raises(BadBarsError, match="table bars has 4 rows, one symbol has at most 3"):
        batches_of(database, FileOptions(symbol="SPY"))


def test_duckdb_types(tmp_path: Path) -> None:
    path = tmp_path / "prices.duckdb"
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("CREATE SCHEMA m; CREATE TYPE sym AS ENUM ('SPY')")
        connection.execute(
            "CREATE TABLE m.bars AS SELECT 'SPY'::sym AS ticker, DATE '2024-03-12' AS date, "
            "TIME '09:30' + to_minutes(i) AS time, 1.25::DECIMAL(10, 2) AS o, 2::HUGEINT AS h, 1::FLOAT AS l, 1.5 AS c, "
            "[1] AS nested FROM range(3) t(i)"
        )

    file = read_bar_file(path, FileOptions(tz="America/New_York"))

    assert file.bars.select("symbol", "ts", "open", "high").row(0) == ("SPY", OPEN, 1.25, 2.0)
    assert file.notes[:2] == ("table m.bars", "columns not used: nested")


def test_a_view_cannot_read_other_files(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("ts,open,high,low,close\n1,1,1,1,1\n", encoding="utf-8")
    path = make(
        tmp_path / "prices.duckdb", f"CREATE VIEW spy AS SELECT * FROM read_csv('{tmp_path}/secret.csv')"
    )

    with pytest.raises(BadBarsError, match=r"cannot be read: .*disabled"):
        read_bar_file(path, FileOptions(table="spy", symbol="SPY"))


def test_a_write_ahead_log_is_read_with_its_database(tmp_path: Path) -> None:
    path = make(tmp_path / "prices.sqlite")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("INSERT INTO bars VALUES ('SPY', '2024-03-12T13:32:00Z', 1, 1, 1, 1, 1)")
        connection.commit()
        assert (tmp_path / "prices.sqlite-wal").stat().st_size > 0
        assert read_bar_file(path, FileOptions()).bars.height == 5

    assert read_bar_file(path, FileOptions()).bars.height == 5
    assert [file.name for file in tmp_path.iterdir()] == ["prices.sqlite"]


def test_mixed_columns_of_sqlite_become_text(tmp_path: Path) -> None:
    rows = [("SPY", "2024-03-12T13:30:00Z", 1, 2.5, 1, "n/a", b"\x01"), *ROWS]

    bars = read_bar_file(make(tmp_path / "prices.sqlite", rows=rows), FileOptions()).bars

    assert bars["high"].to_list() == [2.5, 2, 2, 2, 2]
    assert bars["close"].to_list() == [None, 1.5, 1.5, 1.5, 1.5]


def test_days_of_a_spreadsheet_are_no_seconds(tmp_path: Path) -> None:
    path = make(tmp_path / "prices.sqlite", "UPDATE bars SET ts = 45363.5625")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE t AS SELECT symbol, 45363.5625 AS ts, open, high, low, close FROM bars;"
        )

    with pytest.raises(BadBarsError, match=r"holds '45363\.5625', which is no known form of time"):
        read_bar_file(path, FileOptions(table="t"))


def test_files_that_are_no_database(tmp_path: Path) -> None:
    for suffix in ("duckdb", "sqlite"):
        path = tmp_path / f"x.{suffix}"
        path.write_bytes(b"hello " * 2000)
        with pytest.raises(BadBarsError, match="not a database"):
            batches_of(path, FileOptions())
        path.write_bytes(b"")
        with pytest.raises(BadBarsError, match="empty"):
            batches_of(path, FileOptions())
        whole = make(tmp_path / f"whole.{suffix}", rows=ROWS * 20).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BadBarsError, match="cannot be read"):
            read_bar_file(path, FileOptions())


def test_duckdb_of_a_newer_version(tmp_path: Path) -> None:
    path = make(tmp_path / "prices.duckdb")
    content = path.read_bytes()
    header = content[8:12] + struct.pack("<Q", 100_000) + content[20:4096]
    # DuckDB's checksum of a block: each word times a constant, combined by exclusive or.
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", header):
        checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
    path.write_bytes(struct.pack("<Q", checksum) + header + content[4096:])

    with pytest.raises(BadBarsError, match=r"made by a newer version of DuckDB, found here is \d") as caught:
        batches_of(path, FileOptions())

    assert "export" in caught.value.hint


LOCKERS = {
    "duckdb": "import duckdb; c = duckdb.connect({path!r})",
    "sqlite": "import sqlite3; c = sqlite3.connect({path!r}); c.execute('BEGIN EXCLUSIVE')",
}


@pytest.mark.parametrize("suffix", LOCKERS)
def test_a_database_that_is_being_written(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quantmill.providers.files.sqlite_file._WAIT_S", 0.05)
    path = make(tmp_path / f"prices.{suffix}")
    code = LOCKERS[suffix].format(path=str(path)) + "; print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BadBarsError, match="another program") as caught:
            batches_of(path, FileOptions())
        holder.communicate("\n")

    assert "import a copy" in caught.value.hint
    assert batches_of(path, FileOptions()) == [None]

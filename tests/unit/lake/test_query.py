"""SQL for users: what it shows, and that it can do nothing but read."""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from quantmill.core.digest import file_digest
from quantmill.errors import DamagedFileError, QueryError
from quantmill.lake import Lake
from quantmill.testing.lakes import make_bars


@pytest.fixture
def filled(lake: Lake) -> Lake:
    lake.write("bars", pl.concat([make_bars("SPY", 5), make_bars("QQQ", 3)]))
    return lake


def test_a_query_sees_bars_as_stored(filled: Lake) -> None:
    result = filled.sql(
        "SELECT symbol, count(*) AS n, max(close) AS top FROM bars GROUP BY symbol ORDER BY symbol"
    )

    assert result.rows() == [("QQQ", 3, 100.02), ("SPY", 5, 100.04)]
    assert filled.sql("FROM bars", limit=2).height == 2
    assert filled.sql("SELECT ts FROM bars").schema["ts"] == pl.Datetime("us", "UTC")


def test_retired_files_are_not_seen(filled: Lake) -> None:
    filled.write("bars", make_bars("SPY", 7))

    assert filled.sql("SELECT count(*) AS n, count(DISTINCT (symbol, ts)) AS d FROM bars").rows() == [
        (10, 10)
    ]


def test_every_dataset_is_a_table_also_while_it_is_empty(lake: Lake) -> None:
    names = set(lake.sql("SHOW TABLES")["name"])

    assert names >= {
        "bars",
        "quarantine",
        "revisions",
        "features",
        "predictions",
        "trials",
        "equity",
        "trades",
    }
    assert lake.sql("SELECT count(*) AS n FROM trials, bars, features").rows() == [(0,)]
    assert lake.sql("DESCRIBE bars")["column_name"].to_list()[:3] == ["symbol", "ts", "open"]


def test_features_shows_the_newest_core_version_of_each_symbol(filled: Lake) -> None:
    def month(symbol: str, name: str) -> pl.DataFrame:
        return make_bars(symbol, 2).select("symbol", "ts", pl.lit(1.0, pl.Float32).alias(name))

    filled.write("features/core@00000001/1m", pl.concat([month("SPY", "old"), month("QQQ", "old")]))
    filled.write("features/core@00000002/1m", month("SPY", "new"))
    filled.write("features/mine@00000003/1m", month("SPY", "other"))

    rows = filled.sql("SELECT DISTINCT symbol, old, new FROM features ORDER BY symbol").rows()

    assert rows == [("QQQ", 1.0, None), ("SPY", None, 1.0)]


def test_further_tables_and_symbols_can_be_joined(filled: Lake) -> None:
    runs = pl.DataFrame({"run_id": ["r-1"], "symbol": ["SPY"]})

    result = filled.sql(
        "SELECT run_id, calendar FROM runs JOIN symbols USING (symbol)", tables={"runs": runs}
    )

    assert result.rows() == [("r-1", "XNYS")]


WRITES = [
    "COPY bars TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '{live}' (FORMAT parquet, USE_TMP_FILE false)",
    "WITH c AS (COPY (SELECT 1) TO '{live}' (FORMAT parquet, USE_TMP_FILE false)) SELECT * FROM c",
    "SELECT (SELECT max(a) FROM (WITH c AS (COPY (SELECT 1 a) TO '{live}' (USE_TMP_FILE false)) FROM c))",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{live}' (FORMAT parquet, USE_TMP_FILE false)",
    "EXPLAIN ANALYZE WITH c AS (COPY (SELECT 1) TO '{live}' (USE_TMP_FILE false)) SELECT 1",
    "FROM query('WITH c AS (COPY (SELECT 1) TO ''{live}'' (USE_TMP_FILE false)) SELECT 1')",
    "INSERT INTO bars SELECT * FROM bars",
    "DELETE FROM bars",
    "CREATE TABLE x AS SELECT 1",
    "ATTACH '{folder}/x.db'",
    "EXPORT DATABASE '{folder}/export'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "PRAGMA enable_profiling",
    "CALL pragma_version()",
    "SELECT 1; DROP VIEW bars",
    "PREPARE p AS COPY bars TO '{folder}/out.csv'",
]
READS = [
    "FROM read_text('/etc/hostname')",
    "FROM read_parquet('{retired}')",
    "FROM '{retired}'",
    "FROM glob('/*')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM read_csv('/etc/passwd')",
]


@pytest.mark.parametrize("query", WRITES + READS)
def test_a_query_can_neither_write_nor_reach_other_files(filled: Lake, tmp_path: Path, query: str) -> None:
    retired = filled.root / filled.files("bars", keys=["SPY"])[0].path
    filled.write("bars", make_bars("SPY", 7))
    live = filled.root / filled.files("bars", keys=["SPY"])[0].path
    files = {path: file_digest(path) for path in tmp_path.rglob("*.parquet")}

    with pytest.raises(QueryError):
        filled.sql(query.format(live=live, retired=retired, folder=tmp_path))

    assert {path: file_digest(path) for path in tmp_path.rglob("*.parquet")} == files
    assert not list(tmp_path.glob("out.csv")) + list(tmp_path.glob("x.db")) + list(tmp_path.glob("export"))


def test_local_python_frames_are_out_of_reach(filled: Lake) -> None:
    secret = pl.DataFrame({"a": [1]})

    with pytest.raises(QueryError, match="secret does not exist"):
        filled.sql("SELECT * FROM secret")

    assert secret.height == 1


@pytest.mark.parametrize(
    ("query", "message", "hint"),
    [
        ("SELEC 1", "syntax error", "one SELECT"),
        ("SELECT * FROM barz", "barz does not exist", "tables are bars, "),
        ("SELECT nope FROM bars", '"nope" not found', ""),
        ("", "found 0 statements", "one SELECT"),
        ("SELECT 1; SELECT 2", "found 2 statements", "one SELECT"),
        ("PIVOT bars ON symbol", "more than read", "read-only"),
    ],
)
def test_a_wrong_query_gets_one_clear_line(filled: Lake, query: str, message: str, hint: str) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        filled.sql(query)

    assert "\n" not in str(caught.value)
    assert hint in caught.value.hint


def test_a_query_that_takes_too_long_is_given_up(filled: Lake) -> None:
    with pytest.raises(QueryError, match=r"longer than 0\.2 s"):
        filled.sql("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", timeout_s=0.2)


@pytest.mark.parametrize("which", [0, 1])
def test_a_damaged_file_is_reported_as_such(filled: Lake, which: int) -> None:
    (filled.root / filled.files("bars")[which].path).write_bytes(b"no parquet")

    with pytest.raises(DamagedFileError, match=r"\.parquet"):
        filled.sql("SELECT count(*) FROM bars")


def test_the_script_gives_plain_duckdb_the_live_rows(filled: Lake) -> None:
    filled.write("bars", make_bars("SPY", 7))
    script = (filled.root / "_views" / "lake.sql").read_text()

    with duckdb.connect() as connection:
        connection.execute(script)
        counted = connection.execute("SELECT count(*), min(ts)::DATE FROM bars").fetchall()

    assert counted == [(10, date(2024, 3, 12))]


def test_the_script_of_an_empty_lake_makes_an_empty_view(lake: Lake) -> None:
    lake.refresh_views()

    with duckdb.connect() as connection:
        connection.execute((lake.root / "_views" / "lake.sql").read_text())
        assert connection.execute("SELECT count(*) FROM bars").fetchall() == [(0,)]

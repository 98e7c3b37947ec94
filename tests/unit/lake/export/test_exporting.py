"""Exports, read back row for row by the libraries of their formats."""

import csv
import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import unquote

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable
from polars.testing import assert_frame_equal
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import StaticTable

from quantmill.core.progress import NullProgress
from quantmill.errors import ConfigError, NotFoundError, StoreError, UsageError
from quantmill.ingest.importing import import_files
from quantmill.lake import Lake
from quantmill.lake.export.exporting import FORMATS, Exported, ExportFormatName, export_rows
from quantmill.lake.export.rows import rows_of
from quantmill.testing.lakes import make_bars, open_lake

# 19:00 in New York on the last day of 2024: its session is in 2024, its time in UTC in 2025.
EVENING = datetime(2025, 1, 1, 0, 0, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = open_lake(tmp_path / "home")
    lake.write(
        "bars",
        pl.concat(
            [
                make_bars("SPY", 400),
                make_bars("SPY", 3, start=EVENING),
                make_bars("BRK.B", 1),
                make_bars("I:VIX", 5, close=-1.0 / 3.0).with_columns(volume=pl.lit(None, pl.Float64)),
                make_bars("X:BTC-USD", 7, start=EVENING),
            ]
        ),
    )
    return lake


def export(lake: Lake, name: ExportFormatName, place: Path, *, may_overwrite: bool = False) -> Exported:
    return export_rows(name, [rows_of(lake, "bars")], place, may_overwrite=may_overwrite)


def from_delta(place: Path) -> pl.DataFrame:
    table = pl.from_arrow(DeltaTable(place).to_pyarrow_table())
    assert isinstance(table, pl.DataFrame)
    assert (table["year"] == table["ts"].dt.year()).all()
    return table.drop("year")


def from_iceberg(place: Path) -> pl.DataFrame:
    catalogue = SqlCatalog("quantmill", uri=f"sqlite:///{place / 'catalog.db'}")
    table = pl.from_arrow(catalogue.load_table("lake.bars").scan().to_arrow())
    catalogue.close()
    metadata = max((place / "metadata").glob("*.metadata.json"))
    again = pl.from_arrow(StaticTable.from_metadata(str(metadata)).scan().to_arrow())
    assert isinstance(table, pl.DataFrame)
    assert isinstance(again, pl.DataFrame)
    assert_frame_equal(table, again, check_row_order=False)
    assert StaticTable.from_metadata(str(place)).scan(row_filter="symbol == 'I:VIX'").to_arrow().num_rows == 5
    return table


def from_tree(place: Path) -> pl.DataFrame:
    parts = sorted(place.glob("*/dt=*/bars.parquet"))
    assert {unquote(part.parent.parent.name) for part in parts} == {"SPY", "BRK.B", "I:VIX", "X:BTC-USD"}
    days = {part.parent.name for part in (place / "SPY").glob("dt=*/*")}
    assert days == {"dt=2024-03-12", "dt=2024-12-31"}
    return pl.concat([pl.read_parquet(part, hive_partitioning=False, glob=False) for part in parts])


def from_duckdb(place: Path) -> pl.DataFrame:
    with duckdb.connect(str(place), read_only=True) as connection:
        return connection.sql("FROM bars").pl()


def from_csv(place: Path) -> pl.DataFrame:
    rows: list[dict[str, str | None]] = []
    for path in sorted(place.glob("*.csv")):
        with path.open(newline="") as stream:
            found = [{name: text or None for name, text in row.items()} for row in csv.DictReader(stream)]
        assert {row["symbol"] for row in found} == {unquote(path.stem)}
        rows += found
    times = pl.col("ts", "ingested_at").str.to_datetime(time_unit="us", time_zone="UTC")
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(times)


READERS: dict[ExportFormatName, Callable[[Path], pl.DataFrame]] = {
    "delta": from_delta,
    "iceberg": from_iceberg,
    "tree": from_tree,
    "duckdb": from_duckdb,
    "parquet": lambda place: pl.read_parquet(place, glob=False),
    "csv": from_csv,
}
each_format = pytest.mark.parametrize("name", FORMATS)


@each_format
def test_the_export_reads_back_row_for_row(lake: Lake, tmp_path: Path, name: ExportFormatName) -> None:
    stored = lake.scan("bars").collect().sort("symbol", "ts")
    place = tmp_path / "it's [x] a folder" / "out"
    place.parent.mkdir()

    exported = export(lake, name, place)
    found = READERS[name](place).select(stored.columns).cast(dict(stored.schema)).sort("symbol", "ts")

    assert exported.rows == {"bars": stored.height} == {"bars": 416}
    assert exported.bytes > 0
    assert_frame_equal(found, stored, check_exact=True)
    assert [path.name for path in place.parent.iterdir()] == ["out"]


@each_format
def test_an_earlier_export_is_replaced_only_when_asked(
    lake: Lake, tmp_path: Path, name: ExportFormatName
) -> None:
    export(lake, name, tmp_path / "out")
    lake.write("bars", make_bars("SPY", 401))

    with pytest.raises(UsageError, match="exists"):
        export(lake, name, tmp_path / "out")
    again = export(lake, name, tmp_path / "out", may_overwrite=True)

    assert again.rows == {"bars": 417}
    assert READERS[name](tmp_path / "out").height == 417
    # Another format may take its place as well.
    assert (
        export(lake, "csv" if name == "duckdb" else "duckdb", tmp_path / "out", may_overwrite=True).snapshot
        == 2
    )


@each_format
def test_what_is_no_export_is_never_replaced(lake: Lake, tmp_path: Path, name: ExportFormatName) -> None:
    folder, text, parquet = tmp_path / "folder", tmp_path / "notes.txt", tmp_path / "mine.parquet"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    text.write_text("years of work")
    make_bars("SPY", 1).write_parquet(parquet)
    with duckdb.connect(str(tmp_path / "mine.duckdb")) as connection:
        connection.execute("CREATE TABLE t (x INTEGER)")

    for place in (folder, text, parquet, tmp_path / "mine.duckdb", tmp_path / "home"):
        with pytest.raises(UsageError, match="no earlier export"):
            export(lake, name, place, may_overwrite=True)
    with pytest.raises(UsageError, match="in the lake itself"):
        export(lake, name, lake.root / "bars" / "out")
    with pytest.raises(UsageError, match="no folder"):
        export(lake, name, tmp_path / "absent" / "out")

    assert (folder / "thesis.txt").read_text() == text.read_text() == "years of work"


@each_format
def test_a_failure_leaves_nothing_and_keeps_the_earlier_export(
    lake: Lake, tmp_path: Path, name: ExportFormatName
) -> None:
    class Failing(NullProgress):
        def advance(self, steps: int = 1, *, note: str = "") -> None:
            raise KeyboardInterrupt

    export(lake, name, tmp_path / "out")
    rows = rows_of(lake, "bars")

    for place in (tmp_path / "out", tmp_path / "other"):
        with pytest.raises(KeyboardInterrupt):
            export_rows(name, [rows], place, may_overwrite=True, progress=Failing())

    assert READERS[name](tmp_path / "out").height == 416
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "out"]


@each_format
def test_a_read_only_folder_is_a_clear_error(
    lake: Lake, tmp_path: Path, name: ExportFormatName, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(StoreError, match="No space left"):
        export(lake, name, tmp_path / "out")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


def test_the_tree_can_be_imported_again(lake: Lake, tmp_path: Path) -> None:
    # Ten minutes apart alone they would be refused as 10-minute bars.
    sparse = make_bars("FB", 381).gather_every(10)
    lake.write("bars", sparse)
    export(lake, "tree", tmp_path / "out")

    again = open_lake(tmp_path / "again")
    report = import_files(again, [tmp_path / "out"])

    assert report.rows_stored == 416 + sparse.height
    columns = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    assert_frame_equal(
        again.scan("bars", columns=columns).collect().sort("symbol", "ts"),
        lake.scan("bars", columns=columns).collect().sort("symbol", "ts"),
    )


def test_a_snapshot_symbols_and_sessions_can_be_chosen(lake: Lake, tmp_path: Path) -> None:
    lake.write("bars", make_bars("SPY", 1, close=50.0), on_conflict="replace")
    first = rows_of(lake, "bars", symbols=["SPY"], end=date(2024, 12, 31), as_of=1)
    second = rows_of(lake, "bars", symbols=["SPY"], start=date(2024, 12, 31))

    export_rows("parquet", [first], tmp_path / "first.parquet")
    export_rows("tree", [second], tmp_path / "second")

    old = pl.read_parquet(tmp_path / "first.parquet")
    assert old.height == 400
    assert old["close"][0] == 100.0
    assert [path.parent.name for path in (tmp_path / "second").rglob("*.parquet")] == ["dt=2024-12-31"]
    record = json.loads((tmp_path / "second" / "quantmill_export.json").read_text())
    assert (record["snapshot"], record["symbols"], record["start"]) == (2, ["SPY"], "2024-12-31")
    assert (
        json.loads(pl.read_parquet_metadata(tmp_path / "first.parquet")["quantmill_export"])["snapshot"] == 1
    )


def test_splits_and_hours_apply_when_asked(lake: Lake, tmp_path: Path) -> None:
    split = {"symbol": ["SPY"], "ex_date": [date(2024, 6, 3)], "kind": ["split"], "ratio": [2.0]}
    actions = pl.DataFrame(split)
    wanted = lake.scan("corporate_actions").collect_schema()
    missing = [
        pl.lit("test").alias(name)
        for name, kind in wanted.items()
        if name not in split and kind == pl.String()
    ]
    lake.write("corporate_actions", actions.with_columns(missing))

    export_rows(
        "parquet", [rows_of(lake, "bars", symbols=["SPY"], hours="regular", adjust="back")], tmp_path / "p"
    )

    bars = pl.read_parquet(tmp_path / "p")
    # 390 minutes of one regular session; the split after it halves the price.
    assert (bars.height, bars["close"][0]) == (390, 50.0)


@pytest.mark.parametrize("name", ["delta", "iceberg", "duckdb", "parquet", "csv"])
def test_other_datasets_keep_their_values(lake: Lake, tmp_path: Path, name: ExportFormatName) -> None:
    batch = pl.DataFrame(
        {
            "batch_id": ["b-1"] * 3,
            "rank": [1, 2, 3],
            "regime": [None, 0, 1],
            "n": [1, 2, 2**32 - 1],
            "ok": [True] * 3,
        },
        schema_overrides={"regime": pl.Int8(), "n": pl.UInt32()},
    )
    lake.write("trials", batch, key="b-1", period="c0")

    export_rows(name, [rows_of(lake, "trials")], tmp_path / "out")

    readers: dict[str, Callable[[Path], object]] = {
        "delta": lambda place: pl.from_arrow(DeltaTable(place).to_pyarrow_table()),
        "iceberg": lambda place: pl.from_arrow(StaticTable.from_metadata(str(place)).scan().to_arrow()),
        "duckdb": lambda place: duckdb.connect(str(place)).sql("FROM trials").pl(),
        "parquet": pl.read_parquet,
        "csv": lambda place: pl.read_csv(place / "b-1.csv"),
    }
    found = readers[name](tmp_path / "out")
    assert isinstance(found, pl.DataFrame)
    assert_frame_equal(found.select(batch.columns).cast(dict(batch.schema)), batch)


def test_features_are_the_newest_core_version_of_each_symbol(lake: Lake, tmp_path: Path) -> None:
    lake.write("features/core@00000001/1m", make_bars("SPY", 2).select("symbol", "ts", old=pl.lit(1.0)))
    lake.write("features/core@00000001/1m", make_bars("QQQ", 2).select("symbol", "ts", old=pl.lit(1.0)))
    lake.write("features/core@00000002/1m", make_bars("SPY", 3).select("symbol", "ts", new=pl.lit(2.0)))

    export_rows("duckdb", [rows_of(lake, "features"), rows_of(lake, "bars")], tmp_path / "out")

    with duckdb.connect(str(tmp_path / "out")) as connection:
        rows = connection.execute(
            "SELECT symbol, old, new, count(*) FROM features GROUP BY ALL ORDER BY 1"
        ).fetchall()
        assert connection.execute("SELECT count(*) FROM bars").fetchall() == [(416,)]
    assert rows == [("QQQ", 1.0, None, 2), ("SPY", None, 2.0, 3)]


def test_an_older_duckdb_opens_the_file(lake: Lake, tmp_path: Path) -> None:
    program = Path(sysconfig.get_path("scripts")) / "duckdb"
    if not program.exists():
        pytest.skip("the DuckDB command line is not installed: pip install duckdb-cli")
    export(lake, "duckdb", tmp_path / "out.duckdb")

    words = [
        str(program),
        "-readonly",
        "-csv",
        "-noheader",
        str(tmp_path / "out.duckdb"),
        "SELECT count(*) FROM bars",
    ]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip() == "416"


def test_a_missing_library_names_the_extra(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    monkeypatch.delitem(sys.modules, "quantmill.lake.export.delta_table", raising=False)

    with pytest.raises(ConfigError, match="deltalake") as caught:
        export(lake, "delta", tmp_path / "out")

    assert "quantmill[export]" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_options_that_cannot_be_meant_are_refused(lake: Lake, tmp_path: Path) -> None:
    lake.write("trials", pl.DataFrame({"batch_id": ["b-1"]}), key="b-1", period="c0")

    with pytest.raises(NotFoundError, match="QQQ"):
        rows_of(lake, "bars", symbols=["QQQ"])
    with pytest.raises(NotFoundError, match="snapshot 99"):
        rows_of(lake, "bars", as_of=99)
    with pytest.raises(NotFoundError, match="no rows"):
        rows_of(lake, "quarantine")
    with pytest.raises(UsageError, match="not by symbol"):
        rows_of(lake, "trials", symbols=["SPY"])
    with pytest.raises(UsageError, match="no time"):
        rows_of(lake, "trials", start=date(2024, 1, 1))
    with pytest.raises(UsageError, match="those of bars"):
        rows_of(lake, "trials", adjust="back")
    with pytest.raises(UsageError, match="no symbol"):
        export_rows("tree", [rows_of(lake, "trials")], tmp_path / "out")
    with pytest.raises(UsageError, match="one dataset"):
        export_rows("csv", [rows_of(lake, "trials"), rows_of(lake, "bars")], tmp_path / "out")


def test_real_bars_read_back_equal(real_data: Path, tmp_path: Path) -> None:
    lake = open_lake(tmp_path / "real")
    import_files(lake, [real_data / "bars" / "em2015_1m.parquet"])
    stored = lake.scan("bars").collect().sort("symbol", "ts")
    assert stored.height == 467_576

    for name in ("delta", "iceberg"):
        export(lake, name, tmp_path / name)
    delta = pl.from_arrow(DeltaTable(tmp_path / "delta").to_pyarrow_table())
    iceberg = pl.from_arrow(StaticTable.from_metadata(str(tmp_path / "iceberg")).scan().to_arrow())

    for found in (delta, iceberg):
        assert isinstance(found, pl.DataFrame)
        same = found.select(stored.columns).cast(dict(stored.schema)).sort("symbol", "ts")
        assert_frame_equal(same, stored, check_exact=True)
    shutil.rmtree(tmp_path / "real")

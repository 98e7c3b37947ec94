"""A lost catalogue comes back exactly: snapshots, files, counts, symbols, digests."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import select

from quantmill.core.clock import FixedClock
from quantmill.errors import StoreError
from quantmill.lake import Lake
from quantmill.lake.layout import JOURNAL
from quantmill.state.tables.catalogue import (
    DATASET_SCHEMA,
    FILE,
    FILE_KEYS,
    FILE_SESSION,
    LAKE_FLOOR,
    LAKE_HEAD,
    SNAPSHOT,
)
from quantmill.state.tables.symbols import SYMBOL
from quantmill.testing.lakes import make_bars, open_lake
from tests.databases import Databases

OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


def fill(lake: Lake) -> Lake:
    """The lake with corrections, several datasets, hot files, a merged session, retired and cleaned files."""
    clock = lake.clock
    assert isinstance(clock, FixedClock)
    clock.instant = OPEN - timedelta(days=30)
    lake.write(
        "bars", pl.concat([make_bars("SPY", 5), make_bars("QQQ", 3), make_bars("SIM", 3, provider="sim")])
    )
    lake.write(
        "bars", make_bars("SPY", 2, close=105.0), on_conflict="replace", note="a correction", job_id="j-1"
    )
    clock.instant += timedelta(days=10)
    lake.clean()
    lake.write(
        "features/core@0a1b2c3d/1m", make_bars("SPY", 4).select("symbol", "ts", x=pl.lit(1.0, pl.Float32))
    )
    lake.write("trades", pl.DataFrame({"run_id": ["r-1"], "pnl_usd": [1.0]}), key="r-1")
    lake.retire(lake.files("bars", keys=["QQQ"]), note="too old")
    for number in range(-31, 3):
        clock.instant = OPEN + timedelta(minutes=number + 1, seconds=1)
        lake.append_live(
            pl.concat([make_bars(name, 1, start=OPEN + timedelta(minutes=number)) for name in ("SPY", "IWM")])
        )
    clock.instant = OPEN + timedelta(days=1)
    lake.compact()
    friday = OPEN + timedelta(days=3)
    for number in range(3):
        clock.instant = friday + timedelta(minutes=number + 1, seconds=1)
        lake.append_live(make_bars("SPY", 1, start=friday + timedelta(minutes=number)))
    return lake


def catalogue(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the catalogue; files by their paths instead of their ids."""
    with lake.state.read() as connection:
        paths = {row.id: row.path for row in connection.execute(select(FILE.c.id, FILE.c.path))}
        found = {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in (LAKE_HEAD, SNAPSHOT, LAKE_FLOOR)
        }
        columns = [column for column in FILE.c if column.name != "id"]
        found["file"] = [tuple(row) for row in connection.execute(select(*columns))]
        found["schema"] = [
            tuple(row) for row in connection.execute(select(DATASET_SCHEMA.c.id, DATASET_SCHEMA.c.columns))
        ]
        found["symbol"] = [
            tuple(row) for row in connection.execute(select(SYMBOL.c.symbol, SYMBOL.c.is_synthetic))
        ]
        for table in (FILE_SESSION, FILE_KEYS):
            rows = connection.execute(select(table)).mappings()
            found[table.name] = [(paths[row["file_id"]], *list(row.values())[1:]) for row in rows]
    return {name: sorted(rows, key=str) for name, rows in found.items()}


@pytest.fixture
def without_state(databases: Databases) -> Iterator[Callable[[Lake], Lake]]:
    """Function that gives the same lake after its state database was lost."""
    with ExitStack() as opened, databases.dropping():

        def lose(lake: Lake) -> Lake:
            lake.state.close()
            folder = lake.root.parent
            for path in folder.glob("state.db*"):
                path.unlink()
            lost = open_lake(folder, state=databases.fresh(folder), clock=lake.clock)
            opened.callback(lost.state.close)
            return lost

        yield lose


def test_a_rebuilt_catalogue_is_the_lost_one(lake: Lake, without_state: Callable[[Lake], Lake]) -> None:
    fill(lake)
    before, rows = catalogue(lake), lake.scan("bars").collect()
    early = lake.read_bars("SPY", as_of=1)
    lost = without_state(lake)
    assert lost.snapshot() == 0

    report = lost.rebuild_catalog()

    assert catalogue(lost) == before
    assert lost.scan("bars").collect().equals(rows)
    assert lost.read_bars("SPY", as_of=1).equals(early)
    assert (report.files, report.snapshots) == (
        len([f for f in before["file"] if f[-1] is None]),
        lost.snapshot(),
    )
    assert report.unpublished_files == 0
    assert report.cleaned_files > 0
    assert lost.verify().findings == []


def test_writing_goes_on_where_it_ended(lake: Lake, without_state: Callable[[Lake], Lake]) -> None:
    lake = without_state(fill(lake))
    n_rows = lake.rebuild_catalog().rows
    snapshot = lake.snapshot()

    commit = lake.write("bars", make_bars("SPY", 6))

    assert (commit.snapshot, commit.inserted) == (snapshot + 1, 1)
    assert without_state(lake).rebuild_catalog().rows == n_rows + 1


def test_footers_alone_give_the_rows_where_the_journal_is_lost_too(
    lake: Lake, without_state: Callable[[Lake], Lake]
) -> None:
    lake.write("bars", pl.concat([make_bars("SPY", 5), make_bars("QQQ", 3)]))
    lake.write("bars", make_bars("SPY", 2, close=105.0), on_conflict="replace")
    lake.write("bars", make_bars("SPY", 7))
    rows, snapshot = lake.scan("bars").collect(), lake.snapshot()
    shutil.rmtree(lake.root / JOURNAL)
    lost = without_state(lake)

    lost.rebuild_catalog()

    assert lost.scan("bars").collect().equals(rows)
    assert lost.snapshot() == snapshot
    assert lost.scan("bars", as_of=1).collect()["close"].to_list()[-5:] == [
        100.0,
        100.01,
        100.02,
        100.03,
        100.04,
    ]


def test_files_that_no_commit_published_stay_out(lake: Lake, without_state: Callable[[Lake], Lake]) -> None:
    lake.write("bars", make_bars("SPY", 5))
    lake.stage("bars", make_bars("QQQ", 5))
    lost = without_state(lake)

    report = lost.rebuild_catalog()

    assert (report.files, report.unpublished_files) == (1, 1)
    assert lost.keys("bars") == ["SPY"]


def test_a_line_of_a_commit_that_was_rolled_back_does_not_count(
    lake: Lake, without_state: Callable[[Lake], Lake]
) -> None:
    lake.write("bars", make_bars("SPY", 5))
    staged = lake.stage("bars", make_bars("QQQ", 5))
    with lake.state.write() as connection:
        lake.commit([staged], connection=connection)
        connection.rollback()
    lake.discard([staged])
    lost = without_state(lake)

    report = lost.rebuild_catalog()

    assert (report.snapshots, report.dropped_snapshot) == (1, 2)


def test_a_line_that_a_crash_cut_short_does_not_count(
    lake: Lake, without_state: Callable[[Lake], Lake]
) -> None:
    lake.write("bars", make_bars("SPY", 5))
    (log,) = (lake.root / JOURNAL).iterdir()
    whole = log.read_text()
    log.write_text(whole + whole[: len(whole) // 2].replace("1 {", "2 {"))
    lost = without_state(lake)

    assert lost.rebuild_catalog().snapshots == 1
    lost.write("bars", make_bars("SPY", 6))
    assert without_state(lost).rebuild_catalog().snapshots == 2


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.unlink(), "1 live files are missing, first bars/symbol=SPY"),
        (lambda path: path.write_bytes(b"PAR1 no parquet"), "is damaged"),
    ],
)
def test_a_missing_or_damaged_live_file_stops_the_rebuild(
    lake: Lake, without_state: Callable[[Lake], Lake], harm: Callable[[Path], None], message: str
) -> None:
    lake.write("bars", make_bars("SPY", 5))
    harm(lake.root / lake.files("bars")[0].path)
    lake.write("bars", make_bars("QQQ", 5))
    lost = without_state(lake)

    with pytest.raises(StoreError, match=message):
        lost.rebuild_catalog()

    assert lost.snapshot() == 0


def test_synthetic_symbols_stay_so_beside_real_ones_and_of_several_generators(
    lake: Lake, without_state: Callable[[Lake], Lake]
) -> None:
    lake.append_live(
        pl.concat([make_bars("SPY", 1, start=OPEN), make_bars("SIMA", 1, start=OPEN, provider="sim")])
    )
    lake.write("bars", make_bars("SIMB", 1, provider="sim"))
    lake.write("bars", make_bars("SIMB", 1, start=OPEN - timedelta(days=900), provider="sim:noise"))
    seen = lake.symbols()
    lost = without_state(lake)

    lost.rebuild_catalog()

    assert lost.symbols().equals(seen)
    assert seen.select("symbol", "is_synthetic").rows() == [("SIMA", True), ("SIMB", True), ("SPY", False)]


def test_a_catalogue_that_knows_files_is_not_rebuilt(lake: Lake) -> None:
    lake.write("bars", make_bars("SPY", 5))

    with pytest.raises(StoreError, match="knows 1 files"):
        lake.rebuild_catalog()

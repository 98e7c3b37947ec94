"""Decisions on drift: what accepting stores, what refusing drops, and that each happens once."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from quantmill.errors import BadBarsError, ConflictError, DamagedFileError, NotFoundError
from quantmill.ingest.drift_decisions import accept_drift, refuse_drift, set_baselines
from quantmill.ingest.drift_records import find_baselines, find_events
from quantmill.ingest.importing import import_files
from quantmill.ingest.validation import ValidationRules
from quantmill.ingest.waiting import find_waiting
from quantmill.lake import Lake
from quantmill.lake.layout import WAITING
from quantmill.providers.files.options import FileOptions

Csv = Callable[..., Path]
SOURCE = "csv:files"
ROW = "2024-03-12T13:{}:00Z,100,101,99,{},1000"


@pytest.fixture
def bare(tmp_path: Path) -> Callable[..., Path]:
    """Function `(name, *rows)` that writes a CSV without the column of volumes."""

    def write(name: str, *rows: str) -> Path:
        path = tmp_path / "files" / name
        lines = [row.rpartition(",")[0] for row in ("ts,open,high,low,close,volume", *rows)]
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return path

    return write


@pytest.fixture
def drifted(lake: Lake, csv: Csv, bare: Csv) -> Path:
    """A file that waits for a column of volumes, in a lake with one bar."""
    import_files(lake, [csv("SPY_1.csv", ROW.format(30, 100))])
    path = bare("SPY_2.csv", ROW.format(31, 100), ROW.format(32, 100.5))
    import_files(lake, [path])
    return path


def closes(lake: Lake) -> list[float]:
    return lake.read_bars("SPY", hours="extended")["close"].to_list()


def decisions(lake: Lake) -> list[str]:
    with lake.state.read() as connection:
        return [event.decision for event in find_events(connection)]


def kept(lake: Lake) -> list[Path]:
    return list((lake.root / WAITING).iterdir())


def n_waiting(lake: Lake) -> int:
    with lake.state.read() as connection:
        return len(find_waiting(connection))


def test_accepting_stores_what_waited_though_the_file_is_gone(lake: Lake, drifted: Path) -> None:
    drifted.unlink()

    done = accept_drift(lake, SOURCE)

    assert closes(lake) == [100, 100, 100.5]
    assert [report.rows_stored for report in done.reports] == [2]
    assert [file.path for file in done.reports[0].files] == [str(drifted)]
    assert ([event.column_name for event in done.accepted], done.still_open) == (["volume"], [])
    assert (decisions(lake), n_waiting(lake), kept(lake)) == (["accepted"], 0, [])


def test_accepting_again_changes_nothing(lake: Lake, drifted: Path) -> None:
    accept_drift(lake, SOURCE)
    snapshot = lake.snapshot()

    again = accept_drift(lake, SOURCE)

    assert (again.reports, again.accepted, lake.snapshot()) == ([], [], snapshot)


def test_both_forms_are_known_afterwards(lake: Lake, csv: Csv, drifted: Path) -> None:
    accept_drift(lake, SOURCE)

    report = import_files(lake, [csv("SPY_1.csv", ROW.format(30, 100)), drifted])

    assert (report.rows_existing, report.rows_waiting) == (3, 0)
    assert decisions(lake) == ["accepted"]


def test_files_are_stored_as_their_imports_asked_for(lake: Lake, csv: Csv, bare: Csv) -> None:
    import_files(lake, [csv("SPY_1.csv", ROW.format(30, 100))])
    local = bare("x.csv", ROW.format(32, 100.5))
    import_files(lake, [bare("SPY_2.csv", ROW.format(30, 100.25))], on_conflict="replace")
    import_files(lake, [local], options=FileOptions(symbol="SPY", label="end"), rules=ValidationRules(None))

    done = accept_drift(lake, SOURCE)

    assert [report.rows_replaced for report in done.reports] == [1, 0]
    # The end 13:32 is the bar that began at 13:31.
    assert closes(lake) == [100.25, 100.5]


def test_the_options_given_last_hold_for_a_file_that_waits(lake: Lake, csv: Csv, bare: Csv) -> None:
    import_files(lake, [csv("SPY_1.csv", ROW.format(30, 100))])
    path = bare("x.csv", ROW.format(31, 100))
    import_files(lake, [path], options=FileOptions(symbol="QQQ"))
    import_files(lake, [path], options=FileOptions(symbol="SPY"))

    accept_drift(lake, SOURCE)

    assert lake.keys("bars") == ["SPY"]


def test_a_failure_leaves_everything_waiting(lake: Lake, csv: Csv, bare: Csv) -> None:
    import_files(lake, [csv("SPY_1.csv", ROW.format(30, 100))])
    import_files(lake, [bare("SPY_2.csv", ROW.format(30, 100.25))], on_conflict="fail")

    with pytest.raises(ConflictError):
        accept_drift(lake, SOURCE)

    assert (closes(lake), n_waiting(lake), decisions(lake)) == ([100], 1, ["open"])
    assert len(kept(lake)) == 1


def test_a_file_without_a_good_row_goes_on_waiting(lake: Lake, csv: Csv, bare: Csv) -> None:
    import_files(lake, [csv("SPY_1.csv", ROW.format(30, 100))])
    import_files(lake, [bare("SPY_2.csv", ROW.format(31, 999))])

    with pytest.raises(BadBarsError, match="outside_range"):
        accept_drift(lake, SOURCE)

    assert n_waiting(lake) == 1


def test_drift_that_only_unreadable_files_have_stays_open(lake: Lake, csv: Csv, drifted: Path) -> None:
    broken = drifted.with_name("SPY_3.csv")
    broken.write_text("ts,open,high,low,volume\n2024-03-12T13:33:00Z,1,1,1,1\n", encoding="utf-8")
    with pytest.raises(BadBarsError):
        import_files(lake, [broken])

    done = accept_drift(lake, SOURCE)

    assert [event.column_name for event in done.still_open] == ["close"]
    assert refuse_drift(lake, SOURCE).refused == done.still_open
    with pytest.raises(BadBarsError):
        import_files(lake, [broken])
    assert decisions(lake) == ["accepted", "refused"]


def test_a_new_column_that_was_stored_is_accepted_without_a_file(lake: Lake, csv: Csv) -> None:
    import_files(lake, [csv("SPY_1.csv", ROW.format(30, 100))])
    path = csv("SPY_2.csv", ROW.format(31, 100))
    path.write_text(path.read_text().replace("volume", "volume,venue").replace("1000", "1000,NYSE"))
    import_files(lake, [path])

    done = accept_drift(lake, SOURCE)

    assert (len(done.accepted), decisions(lake)) == (1, ["accepted"])


def test_refusing_drops_what_waited_and_keeps_the_baseline(lake: Lake, drifted: Path) -> None:
    done = refuse_drift(lake, SOURCE)
    accepted = accept_drift(lake, SOURCE)

    assert ([file.path for file in done.files], kept(lake)) == ([str(drifted)], [])
    assert (accepted.reports, closes(lake), decisions(lake)) == ([], [100], ["refused"])
    assert drifted.exists()


def test_a_refused_file_that_comes_again_waits_again(lake: Lake, drifted: Path) -> None:
    refuse_drift(lake, SOURCE)

    report = import_files(lake, [drifted])

    assert (report.rows_waiting, decisions(lake)) == (2, ["refused", "open"])


def test_a_lost_copy_is_named(lake: Lake, drifted: Path) -> None:
    kept(lake)[0].unlink()

    with pytest.raises(DamagedFileError, match=r"kept copy of .*SPY_2\.csv is gone"):
        accept_drift(lake, SOURCE)


def test_a_sweep_leaves_waiting_files_alone(lake: Lake, drifted: Path) -> None:
    lake.sweep(min_age_s=0)

    assert len(accept_drift(lake, SOURCE).reports) == 1


def test_an_unknown_source_is_refused_with_the_known_ones(lake: Lake, drifted: Path) -> None:
    for decide in (accept_drift, refuse_drift):
        with pytest.raises(NotFoundError) as caught:
            decide(lake, "csv:other")
        assert SOURCE in caught.value.hint


def test_a_tree_keeps_symbol_and_date_of_its_folders(lake: Lake, tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {"time": ["13:30:00"], "open": [1.0], "high": [1.0], "low": [1.0], "close": [1.0], "volume": [1.0]}
    )
    for day, frame in (("2024-03-12", rows), ("2024-03-13", rows.drop("volume"))):
        path = tmp_path / "tree" / "symbol=SPY" / f"dt={day}" / "bars.parquet"
        path.parent.mkdir(parents=True)
        frame.write_parquet(path)
    import_files(lake, [tmp_path / "tree"], options=FileOptions(tz="UTC"))

    accept_drift(lake, "tree:tree")

    dates = lake.read_bars("SPY", hours="extended")["ts"].dt.date().cast(pl.String).to_list()
    assert dates == ["2024-03-12", "2024-03-13"]


def test_rows_in_the_log_of_a_waiting_database_are_kept(lake: Lake, tmp_path: Path) -> None:
    import_files(lake, [_database(tmp_path / "a" / "db" / "one.sqlite", "volume REAL", 30)])
    path = _database(tmp_path / "b" / "db" / "two.sqlite", "volume TEXT", 31)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO bars VALUES ('SPY', '2024-03-12T13:32:00Z', 1, 1, 1, 1, 5)")
        writer.commit()
        report = import_files(lake, [path])
    path.unlink()

    accept_drift(lake, "sqlite:db/bars")

    assert report.rows_waiting == 2
    assert lake.read_bars("SPY")["ts"].dt.minute().to_list() == [30, 31, 32]
    assert kept(lake) == []


def test_a_baseline_set_from_files_needs_what_they_share(lake: Lake, csv: Csv, drifted: Path) -> None:
    both = [csv("SPY_1.csv", ROW.format(30, 100)), drifted]

    baselines = set_baselines(lake, both, options=FileOptions(), source=None)

    assert {name for name, known in baselines[SOURCE].columns.items() if not known.is_needed} == {"volume"}
    assert (decisions(lake), n_waiting(lake)) == (["accepted"], 1)
    with lake.state.read() as connection:
        assert find_baselines(connection)[SOURCE].baseline == baselines[SOURCE]


def test_replaced_baselines_are_kept_as_history(lake: Lake, drifted: Path) -> None:
    before_us = lake.clock.now_us()
    set_baselines(lake, [drifted], options=FileOptions(), source=SOURCE)

    with lake.state.read() as connection:
        now = find_baselines(connection)[SOURCE]
        then = find_baselines(connection, at_us=before_us + 1)

    assert "volume" not in now.baseline.columns
    # Set and replaced at one instant of the fixed clock: neither held before it.
    assert then == {SOURCE: now}


def _database(path: Path, volume: str, minute: int) -> Path:
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        columns = f"symbol TEXT, ts TEXT, open REAL, high REAL, low REAL, close REAL, {volume}"
        connection.execute(f"CREATE TABLE bars ({columns})")
        connection.execute(f"INSERT INTO bars VALUES ('SPY', '2024-03-12T13:{minute}:00Z', 1, 1, 1, 1, 5)")
        connection.commit()
    return path

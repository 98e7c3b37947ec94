"""Imports under the watch of their source's baseline: what is stored, what waits, what the log keeps."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from quantmill.errors import BadBarsError, CommitConflictError
from quantmill.ingest.drift_records import find_baselines, find_events, store_baseline
from quantmill.ingest.importing import import_files
from quantmill.ingest.source_baseline import SourceBaseline
from quantmill.ingest.source_check import DriftRules
from quantmill.ingest.waiting import find_waiting
from quantmill.lake import Lake
from quantmill.lake.layout import WAITING
from quantmill.providers.files.options import FileOptions

Table = Callable[..., Path]
SOURCE = "csv:files"
BARS = {
    "ts": "2024-03-12T13:30:00Z",
    "open": 100,
    "high": 101,
    "low": 99,
    "close": 100,
    "volume": 1000,
    "vwap": 100.5,
}


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Function `(name, without=…, **columns)` that writes a CSV of one bar, its minute the number in the name."""

    def write(name: str, *, without: str = "", **columns: object) -> Path:
        minute = "".join(letter for letter in name if letter.isdigit())
        values = BARS | {"ts": f"2024-03-12T13:{minute}:00Z"} | columns
        values.pop(without, None)
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (",".join(values), ",".join(str(value) for value in values.values()), "")
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


def n_stored(lake: Lake) -> int:
    return lake.scan("bars").collect().height


def log(lake: Lake) -> list[tuple[str, str, str, str, str]]:
    with lake.state.read() as connection:
        return [
            (event.kind, event.column_name, event.expected, event.found, event.decision)
            for event in find_events(connection)
        ]


def waiting(lake: Lake) -> list[str]:
    with lake.state.read() as connection:
        return [Path(file.path).name for file in find_waiting(connection)]


def baseline(lake: Lake, source: str = SOURCE) -> SourceBaseline:
    with lake.state.read() as connection:
        return find_baselines(connection)[source].baseline


def test_the_first_import_sets_the_baseline(lake: Lake, table: Table) -> None:
    report = import_files(lake, [table("SPY_30.csv")])

    assert (report.rows_stored, report.rows_waiting, log(lake)) == (1, 0, [])
    assert {name: known.types for name, known in baseline(lake).columns.items()} == {
        "ts": ("time with zone",),
        **dict.fromkeys(("open", "high", "low", "close", "volume", "vwap"), ("number",)),
    }


def test_a_new_column_is_reported_and_stored(lake: Lake, table: Table) -> None:
    import_files(lake, [table("SPY_30.csv")])

    report = import_files(lake, [table("SPY_31.csv", exchange="NYSE")])

    assert (report.rows_stored, n_stored(lake)) == (1, 2)
    assert log(lake) == [("new", "exchange", "", "text", "open")]
    assert "SPY_31.csv: drift of source csv:files: column 'exchange' (text) is new" in report.notes


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({"without": "vwap"}, ("missing", "vwap", "number", "", "open")),
        ({"ts": "2024-03-12T09:31:00"}, ("type", "ts", "time with zone", "time", "open")),
    ],
)
def test_a_missing_column_or_changed_type_lets_the_file_wait(
    lake: Lake, table: Table, changes: dict[str, str], event: tuple[str, ...]
) -> None:
    import_files(lake, [table("SPY_30.csv")])

    drifted = table("SPY_31.csv", **changes)
    report = import_files(lake, [drifted], options=FileOptions(tz="America/New_York"))

    assert (report.rows_read, report.rows_stored, report.rows_waiting) == (1, 0, 1)
    assert [file.status for file in report.files] == ["waiting"]
    assert "quantmill schema accept csv:files" in report.files[0].reason
    assert (n_stored(lake), waiting(lake), log(lake)) == (1, ["SPY_31.csv"], [event])


def test_other_files_of_the_import_are_stored(lake: Lake, table: Table) -> None:
    import_files(lake, [table("SPY_30.csv")])

    report = import_files(lake, [table("SPY_31.csv"), table("SPY_32.csv", without="vwap")])

    assert (report.rows_stored, report.rows_waiting) == (1, 1)
    assert report.rows_read == 2


def test_importing_again_logs_and_keeps_nothing_twice(lake: Lake, table: Table) -> None:
    import_files(lake, [table("SPY_30.csv")])
    files = [table("SPY_31.csv", without="vwap"), table("SPY_32.csv", exchange="NYSE")]
    import_files(lake, files)
    before = log(lake), waiting(lake)

    report = import_files(lake, files)

    assert (report.rows_stored, report.rows_existing, report.rows_waiting) == (0, 1, 1)
    assert (log(lake), waiting(lake)) == before
    assert len(list((lake.root / WAITING).iterdir())) == 1


def test_the_columns_that_most_files_of_a_first_import_have_are_the_baseline(
    lake: Lake, table: Table
) -> None:
    odd = table("A_30.csv", without="vwap")

    report = import_files(lake, [odd, table("B_31.csv"), table("C_32.csv")])

    assert (report.rows_stored, waiting(lake)) == (2, ["A_30.csv"])


def test_a_source_that_a_person_names_is_one_of_its_own(lake: Lake, table: Table) -> None:
    import_files(lake, [table("SPY_30.csv")])

    report = import_files(lake, [table("SPY_31.csv", without="vwap")], source="other")

    assert (report.rows_stored, log(lake)) == (1, [])
    assert "vwap" not in baseline(lake, "other").columns


def test_auto_update_takes_new_columns(lake: Lake, table: Table) -> None:
    import_files(lake, [table("SPY_30.csv")])

    report = import_files(lake, [table("SPY_31.csv", exchange="NYSE")], drift=DriftRules(auto_update=True))
    again = import_files(lake, [table("SPY_30.csv"), table("SPY_31.csv", exchange="NYSE")])

    assert (report.rows_stored, again.rows_existing, again.rows_waiting) == (1, 2, 0)
    assert log(lake) == [("new", "exchange", "", "text", "auto")]


def test_auto_update_takes_neither_missing_columns_nor_changed_types(lake: Lake, table: Table) -> None:
    import_files(lake, [table("SPY_30.csv")])

    report = import_files(
        lake,
        [table("SPY_31.csv", without="vwap", exchange="NYSE"), table("SPY_32.csv", volume="many")],
        drift=DriftRules(auto_update=True),
    )

    assert report.rows_waiting == 2
    assert {event[-1] for event in log(lake)} == {"open"}
    assert "exchange" not in baseline(lake).columns


def test_a_new_column_in_place_of_a_known_one_lets_the_file_wait(lake: Lake, table: Table) -> None:
    # `ts` counts before `timestamp`, so a file that brings it would silently be read by other times.
    first = table("SPY_30.csv", without="ts", timestamp="2024-03-12T13:30:00Z")
    import_files(lake, [first])

    report = import_files(
        lake,
        [table("SPY_31.csv", timestamp="2024-03-12T13:31:00Z")],
        drift=DriftRules(auto_update=True),
    )

    assert report.rows_waiting == 1
    assert "column 'ts' (time with zone) is new and would be read in place of 'timestamp'" in (
        report.files[0].reason
    )


def test_a_new_column_of_symbols_in_place_of_the_files_name_waits(lake: Lake, table: Table) -> None:
    import_files(lake, [table("SPY_30.csv")])

    report = import_files(lake, [table("SPY_31.csv", ticker="QQQ")])

    assert report.rows_waiting == 1
    assert 'in place of "the file\'s name"' in report.files[0].reason


def test_alerts_can_be_turned_off_but_the_log_is_kept(
    lake: Lake, table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    import_files(lake, [table("SPY_30.csv")])
    quiet = DriftRules(alerts=frozenset({"missing"}))

    with caplog.at_level(logging.WARNING, logger="quantmill"):
        report = import_files(lake, [table("SPY_31.csv", exchange="NYSE")], drift=quiet)

    assert not any("drift" in note for note in report.notes)
    assert caplog.messages == []
    assert len(log(lake)) == 1


def test_an_alert_is_one_line_of_the_log_per_source(
    lake: Lake, table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    import_files(lake, [table("SPY_30.csv")])

    with caplog.at_level(logging.WARNING, logger="quantmill"):
        import_files(lake, [table("SPY_31.csv", without="vwap", exchange="NYSE")])

    assert caplog.messages == [
        "the columns of source csv:files drifted: column 'vwap' (number) is missing; "
        "column 'exchange' (text) is new"
    ]


def test_drift_of_a_file_that_cannot_be_read_is_logged_and_the_file_fails(lake: Lake, table: Table) -> None:
    import_files(lake, [table("SPY_30.csv")])

    with pytest.raises(BadBarsError, match="no column for close"):
        import_files(lake, [table("SPY_31.csv", without="close")])

    assert (log(lake), waiting(lake)) == ([("missing", "close", "number", "", "open")], [])


def test_a_first_import_that_stores_nothing_sets_no_baseline(lake: Lake, table: Table) -> None:
    with pytest.raises(BadBarsError):
        import_files(lake, [table("SPY_30.csv", without="close")])

    with lake.state.read() as connection:
        assert find_baselines(connection) == {}


def test_a_type_that_was_not_told_yet_is_learned(lake: Lake, table: Table) -> None:
    import_files(lake, [table("SPY_30.csv", otc="")])

    import_files(lake, [table("SPY_31.csv", otc="1")])
    import_files(lake, [table("SPY_32.csv", otc="yes")])

    assert log(lake) == [("type", "otc", "number", "text", "open")]


def test_a_failed_import_leaves_no_trace_of_drift(
    lake: Lake, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_files(lake, [table("SPY_30.csv")])
    monkeypatch.setattr(
        "quantmill.ingest.source_check.insert_waiting",
        lambda *_: (_ for _ in ()).throw(CommitConflictError("the power went")),
    )

    with pytest.raises(CommitConflictError):
        import_files(lake, [table("SPY_31.csv"), table("SPY_32.csv", without="vwap")])

    assert (n_stored(lake), log(lake), waiting(lake)) == (1, [], [])


def test_a_baseline_that_another_import_replaced_first_is_refused(lake: Lake, table: Table) -> None:
    import_files(lake, [table("SPY_30.csv")])
    with lake.state.read() as connection:
        stored = find_baselines(connection)[SOURCE]
    other = SourceBaseline.of({"ts": "text"})
    with lake.state.write() as connection:
        store_baseline(connection, SOURCE, other, replaces=stored.id, reason="set", at_us=1)

    for replaces in (stored.id, None):
        with pytest.raises(CommitConflictError), lake.state.write() as connection:
            store_baseline(connection, SOURCE, other, replaces=replaces, reason="set", at_us=2)

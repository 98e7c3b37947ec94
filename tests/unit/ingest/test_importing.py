"""Imports into a lake: counts, conflicts, quarantine, and that nothing is damaged by bad input."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from quantmill.errors import BadBarsError, ConflictError, SymbolKindError
from quantmill.ingest.importing import import_files
from quantmill.ingest.quarantine import list_quarantine, summarize_quarantine
from quantmill.ingest.spool import Spool
from quantmill.lake import Lake
from quantmill.lake.merging import OnConflict
from quantmill.testing.lakes import make_bars

Csv = Callable[..., Path]
GOOD = "2024-03-12T13:{}:00Z,100,101,99,{},1000"
BAD = "2024-03-12T13:50:00Z,100,99,101,100,7"


def closes(lake: Lake, symbol: str = "SPY") -> list[float]:
    return lake.read_bars(symbol, hours="extended")["close"].to_list()


def test_good_rows_are_stored_and_bad_ones_quarantined(lake: Lake, csv: Csv) -> None:
    path = csv("SPY.csv", GOOD.format(30, 100), BAD, GOOD.format(31, 100.5), GOOD.format(31, 100.5))

    report = import_files(lake, [path])

    assert (report.rows_read, report.rows_stored, report.rows_duplicate) == (4, 2, 1)
    assert report.quarantine_reasons == {"high_below_low": 1}
    assert closes(lake) == [100, 100.5]
    row = list_quarantine(lake).row(0, named=True)
    assert (row["symbol"], row["reason"], row["source"]) == ("SPY", "high_below_low", "SPY.csv")
    assert json.loads(row["raw"])["high"] == "99"
    assert summarize_quarantine(lake).select("symbol", "reason", "n_rows").rows() == [
        ("SPY", "high_below_low", 1)
    ]


def test_importing_again_stores_nothing(lake: Lake, csv: Csv) -> None:
    path = csv("SPY.csv", GOOD.format(30, 100), BAD, GOOD.format(31, 100.5))
    first = import_files(lake, [path])

    second = import_files(lake, [path])

    assert (second.rows_stored, second.rows_existing, second.conflicts) == (0, 2, 0)
    assert second.snapshot == first.snapshot
    assert list_quarantine(lake).height == 1


def test_every_row_is_counted_once(lake: Lake, csv: Csv) -> None:
    import_files(lake, [csv("SPY_1.csv", GOOD.format(30, 100))])

    report = import_files(
        lake,
        [
            csv("SPY_2.csv", GOOD.format(30, 100.25), BAD, GOOD.format(31, 100), GOOD.format(31, 100)),
            csv("SPY_3.csv", GOOD.format(31, 100.75), GOOD.format(32, 100)),
        ],
    )

    counted = (
        report.rows_stored
        + report.rows_replaced
        + report.rows_existing
        + report.rows_quarantined
        + report.rows_duplicate
        + report.rows_overruled
    )
    assert counted == report.rows_read == 6
    # One against the stored bar, one between the two files.
    assert report.conflicts == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_file_whose_last_bar_is_later_wins(lake: Lake, csv: Csv, order: tuple[int, int]) -> None:
    files = [
        csv("SPY_1.csv", GOOD.format(30, 100), GOOD.format(31, 100.75), GOOD.format(32, 100)),
        csv("SPY_2.csv", GOOD.format(30, 100), GOOD.format(31, 100.25)),
    ]

    report = import_files(lake, [files[at] for at in order])

    assert closes(lake) == [100, 100.75, 100]
    assert (report.rows_duplicate, report.rows_overruled, report.conflicts) == (1, 1, 1)


def test_spool_on_disk_gives_the_same(lake: Lake) -> None:
    first, second = make_bars("SPY", 5), make_bars("SPY", 3, close=200.0)
    taken = []
    for max_rows in (1, 1_000_000):
        with Spool(max_rows_in_memory=max_rows) as spool:
            for rows in (first, second):
                spool.add("SPY", rows, rows.head(1).with_columns(volume=7.0))
            taken.append(spool.take("SPY"))

    assert taken[0].rows.equals(taken[1].rows)
    assert taken[0].rows["close"].to_list() == first["close"].to_list()
    assert taken[0].n_overruled == 3
    assert taken[0].overruled.equals(taken[1].overruled)
    assert taken[0].overruled["volume"].to_list() == [1000, 1000, 1000, 7, 7]


def test_stored_rows_are_kept_replaced_or_the_import_fails(lake: Lake, csv: Csv) -> None:
    import_files(lake, [csv("SPY_1.csv", GOOD.format(30, 100))])
    other = csv("SPY_2.csv", GOOD.format(30, 100.5))

    kept = import_files(lake, [other])
    assert (kept.conflicts, closes(lake)) == (1, [100])

    with pytest.raises(ConflictError, match="1 rows differ from stored ones"):
        import_files(lake, [other], on_conflict="fail")

    replaced = import_files(lake, [other], on_conflict="replace")
    assert (replaced.rows_replaced, closes(lake)) == (1, [100.5])
    revisions = lake.scan("revisions").collect()
    assert revisions.select("close", "reason").sort("close").rows() == [(100, "replaced"), (100.5, "offered")]


@pytest.mark.parametrize("on_conflict", ["keep", "replace"])
def test_rows_that_lost_within_an_import_are_revisions_once(
    lake: Lake, csv: Csv, on_conflict: OnConflict
) -> None:
    files = [
        csv("SPY_1.csv", GOOD.format(30, 100.25), GOOD.format(30, 100.5)),
        csv("SPY_2.csv", GOOD.format(30, 100), GOOD.format(31, 100)),
    ]

    reports = [import_files(lake, files, on_conflict=on_conflict) for _ in range(2)]

    assert closes(lake) == [100, 100]
    assert [report.rows_overruled for report in reports] == [2, 2]
    assert [report.snapshot for report in reports] == [1, 1]
    revisions = lake.scan("revisions").select("close", "reason").collect()
    assert sorted(revisions.rows()) == [(100.25, "overruled"), (100.5, "overruled")]


@pytest.mark.parametrize(
    ("on_conflict", "stands", "lost"),
    [("keep", 100.5, (100.0, "offered")), ("replace", 100.0, (100.5, "replaced"))],
)
def test_an_overruled_row_that_was_stored_before_is_kept_once(
    lake: Lake, csv: Csv, on_conflict: OnConflict, stands: float, lost: tuple[float, str]
) -> None:
    files = [
        csv("SPY_1.csv", GOOD.format(30, 100.5)),
        csv("SPY_2.csv", GOOD.format(30, 100), GOOD.format(31, 100)),
    ]
    import_files(lake, files[:1])

    for _ in range(2):
        import_files(lake, files, on_conflict=on_conflict)

    assert closes(lake) == [stands, 100]
    assert lake.scan("revisions").select("close", "reason").collect().rows() == [lost]


def test_one_bad_file_stops_no_other(lake: Lake, csv: Csv) -> None:
    good = csv("SPY.csv", GOOD.format(30, 100))
    csv("QQQ.csv")
    csv("notes.txt")

    report = import_files(lake, [good.parent])

    assert {Path(file.path).name: file.status for file in report.files} == {
        "QQQ.csv": "failed",
        "SPY.csv": "read",
        "notes.txt": "skipped",
    }
    assert "no rows below the header" in report.files[0].reason
    assert report.rows_stored == 1
    assert any("1 files were not imported" in note for note in report.notes)


def test_only_bad_files_are_an_error(lake: Lake, csv: Csv) -> None:
    folder = csv("QQQ.csv").parent
    csv("SPY.csv")

    with pytest.raises(BadBarsError, match=r"none of 2 files can be imported; first: QQQ\.csv"):
        import_files(lake, [folder])

    assert lake.snapshot() == 0


def test_folder_without_bar_files_is_an_error(lake: Lake, csv: Csv) -> None:
    with pytest.raises(BadBarsError, match="no CSV or Parquet file found"):
        import_files(lake, [csv("notes.txt").parent])


def test_only_bad_rows_are_an_error_and_kept_in_quarantine(lake: Lake, csv: Csv) -> None:
    with pytest.raises(BadBarsError, match=r"none of 1 rows can be stored: high_below_low in 1") as caught:
        import_files(lake, [csv("SPY.csv", BAD)])

    assert "quarantine list" in caught.value.hint
    assert list_quarantine(lake).height == 1
    assert lake.keys("bars") == []
    assert lake.verify().ok


def test_unreadable_symbols_are_quarantined(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text(
        "symbol,ts,open,high,low,close\nSPY,2024-03-12T13:30:00Z,1,1,1,1\n?!,2024-03-12T13:30:00Z,1,1,1,1\n",
        encoding="utf-8",
    )

    report = import_files(lake, [path])

    assert report.quarantine_reasons == {"unreadable_symbol": 1}
    assert list_quarantine(lake)["symbol"].to_list() == [None]


def test_real_bars_over_synthetic_ones_are_refused(lake: Lake, csv: Csv) -> None:
    lake.write("bars", make_bars("SPY", 3, provider="sim"))

    with pytest.raises(SymbolKindError, match="SPY, which holds synthetic ones"):
        import_files(lake, [csv("QQQ.csv", GOOD.format(30, 100)), csv("SPY.csv", GOOD.format(30, 100))])

    assert lake.keys("bars") == ["SPY"]


def test_publishing_takes_part_in_the_callers_transaction(lake: Lake, csv: Csv) -> None:
    path = csv("SPY.csv", GOOD.format(30, 100), BAD)

    with pytest.raises(RuntimeError, match="the job was lost"):
        import_files(lake, [path], completing=lambda: _FailingAtTheEnd(lake))
    assert lake.snapshot() == 0

    report = import_files(lake, [path], completing=lake.state.write)
    assert (report.snapshot, report.rows_stored) == (1, 1)


class _FailingAtTheEnd:
    """A transaction that ends in an error, as when another attempt took the job over."""

    def __init__(self, lake: Lake) -> None:
        self._transaction = lake.state.write()

    def __enter__(self) -> object:
        return self._transaction.__enter__()

    def __exit__(self, *_: object) -> None:
        error = RuntimeError("the job was lost")
        try:
            self._transaction.__exit__(RuntimeError, error, None)
        finally:
            raise error

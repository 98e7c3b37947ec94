"""Splits and dividends from files: counts, conflicts, one commit."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from quantmill.errors import ConflictError, DataError, SymbolKindError, UsageError
from quantmill.ingest.actions import import_actions
from quantmill.lake import Lake
from quantmill.testing.lakes import make_bars


def table(folder: Path, name: str, rows: Sequence[str]) -> Path:
    path = folder / name
    path.write_text("\n".join(["ex_date,amount", *rows]) + "\n")
    return path


def amounts(lake: Lake) -> dict[date, float]:
    return dict(lake.scan("corporate_actions").collect().select("ex_date", "amount").iter_rows())


def test_an_import_stores_once_and_says_how_every_row_fared(lake: Lake, tmp_path: Path) -> None:
    path = table(
        tmp_path, "spy_dividends.csv", ["2024-03-13,0.5", "2024-03-13,0.5", "2024-03-16,1", "2024-06-13,0.6"]
    )

    first, second = (import_actions(lake, [path]) for _ in range(2))

    assert (first.read, first.stored, first.existing, first.duplicate, first.skipped) == (4, 2, 0, 1, 1)
    assert first.skipped_reasons == {"ex-date is no session of XNYS": 1}
    assert (first.dividends, first.splits, first.symbols, first.snapshot) == (2, 0, ("SPY",), 1)
    assert (second.stored, second.existing, second.conflicts, second.snapshot) == (0, 2, 0, 1)
    stored = lake.scan("corporate_actions").collect()
    assert stored.select("provider", "source").unique().rows() == [("files", "spy_dividends.csv")]


def test_of_files_that_differ_the_one_that_goes_on_longer_counts(lake: Lake, tmp_path: Path) -> None:
    long = table(tmp_path, "SPY.csv", ["2024-03-13,0.51", "2024-06-13,0.6"])
    short = table(tmp_path, "spy_dividends.csv", ["2024-03-13,0.50"])

    report = import_actions(lake, [long, short])

    assert amounts(lake) == {date(2024, 3, 13): 0.51, date(2024, 6, 13): 0.6}
    assert (report.read, report.stored, report.overruled, report.conflicts) == (3, 2, 1, 1)
    assert any("the file whose last ex-date is later counts" in note for note in report.notes)


def test_stored_actions_that_differ_stay_fail_or_are_replaced(lake: Lake, tmp_path: Path) -> None:
    import_actions(lake, [table(tmp_path, "SPY.csv", ["2024-03-13,0.5"])])
    other = table(tmp_path, "spy_dividends.csv", ["2024-03-13,0.6", "2024-06-13,0.7"])

    with pytest.raises(ConflictError):
        import_actions(lake, [other], on_conflict="fail")
    assert lake.snapshot() == 1
    kept = import_actions(lake, [other])
    assert (kept.stored, kept.existing, kept.conflicts) == (1, 1, 1)
    replaced = import_actions(lake, [other], on_conflict="replace")
    assert (replaced.stored, replaced.replaced, replaced.existing, replaced.conflicts) == (0, 1, 1, 1)
    assert amounts(lake) == {date(2024, 3, 13): 0.6, date(2024, 6, 13): 0.7}


def test_a_file_that_cannot_be_read_stops_no_other(lake: Lake, tmp_path: Path) -> None:
    good = table(tmp_path, "SPY.csv", ["2024-03-13,0.5"])
    bad = tmp_path / "QQQ.csv"
    bad.write_text("a,b\n1,2\n")

    report = import_actions(lake, [bad, good])

    assert [(file.status, Path(file.path).name) for file in report.files] == [
        ("failed", "QQQ.csv"),
        ("read", "SPY.csv"),
    ]
    assert report.stored == 1
    with pytest.raises(DataError, match="no column for the ex-date"):
        import_actions(lake, [bad])


def test_a_folder_without_files_and_a_file_without_symbol_are_refused(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no CSV file found"):
        import_actions(lake, [tmp_path])
    nameless = table(tmp_path, "dividends.csv", ["2024-03-13,0.5"])
    with pytest.raises(UsageError, match="the name says the symbol"):
        import_actions(lake, [nameless])

    assert import_actions(lake, [nameless], symbol="SPY").symbols == ("SPY",)


def test_real_dividends_are_refused_for_a_synthetic_symbol(lake: Lake, tmp_path: Path) -> None:
    lake.write("bars", make_bars("SIM", 3, provider="sim"))

    with pytest.raises(SymbolKindError, match="SIM, which holds synthetic bars"):
        import_actions(lake, [table(tmp_path, "SIM.csv", ["2024-03-13,0.5"])])

    assert amounts(lake) == {}


def test_a_file_without_events_is_read_and_stores_nothing(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "fb.csv"
    path.write_text("20120518,1,1,1\n20501231,1,1,0\n")

    report = import_actions(lake, [path])

    assert (report.read, report.stored, report.snapshot) == (0, 0, 0)

"""Imports of real bars give the counts that were recorded when the sets were made.

SOURCE: ../shared/data/README.md and quality/bars.json there, made by another program.
"""

import json
import tarfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from quantmill.errors import BadBarsError
from quantmill.ingest.actions import import_actions
from quantmill.ingest.gaps import find_gaps
from quantmill.ingest.importing import import_files
from quantmill.ingest.quarantine import list_quarantine
from quantmill.lake import Lake
from quantmill.providers.files.options import FileOptions
from quantmill.testing.lakes import open_lake


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = open_lake(tmp_path / "home")
    yield opened
    opened.state.close()


def test_em2015(lake: Lake, real_data: Path) -> None:
    path = real_data / "bars" / "em2015_1m.parquet"

    first = import_files(lake, [path])
    second = import_files(lake, [path])

    assert (first.rows_read, first.rows_stored, first.rows_quarantined) == (467_576, 467_576, 0)
    assert first.rows_extended == 736
    assert (second.rows_stored, second.rows_existing, second.snapshot) == (0, 467_576, first.snapshot)
    recorded = {
        entry["symbol"].replace("$", "I:"): entry["rows"]
        for entry in json.loads((real_data / "quality" / "bars.json").read_text(encoding="utf-8"))
        if entry["set"] == "em2015_1m"
    }
    assert dict(lake.symbols().select("symbol", "rows").iter_rows()) == recorded
    missing = find_gaps(lake, ["SPY"], hole_minutes=5).select("session", "kind").rows()
    # No minute of SPY is missing in any other session.
    assert missing == [(date(2014, 12, 15), "missing"), (date(2014, 12, 31), "missing")]


def test_original_spy_files_equal_the_parquet(lake: Lake, real_data: Path, tmp_path: Path) -> None:
    with tarfile.open(real_data / "originals" / "erikmattheis-equity-minute-data.tar.xz") as archive:
        members = [member for member in archive if Path(member.name).name.startswith("spy-")]
        archive.extractall(tmp_path, members, filter="data")

    report = import_files(
        lake, sorted(tmp_path.rglob("spy-*.csv"), reverse=True), options=FileOptions(tz="US/Central")
    )

    assert (report.rows_read, report.rows_stored, report.conflicts) == (83_713, 59_533, 14)
    columns = ["ts", "open", "high", "low", "close", "volume"]
    expected = pl.read_parquet(real_data / "bars" / "em2015_1m.parquet").filter(pl.col("symbol") == "SPY")
    stored = lake.read_bars("SPY", hours="extended")
    assert stored.select(columns).equals(expected.sort("ts").select(columns))


@pytest.mark.parametrize("name", ["lean", "yahoo2026", "eqker", "pyalgotrade_spy"])
def test_clean_sets_come_in_clean(lake: Lake, real_data: Path, name: str) -> None:
    path = real_data / "bars" / f"{name}_1m.parquet"

    report = import_files(lake, [path])

    assert report.rows_stored == report.rows_read == pl.scan_parquet(path).select(pl.len()).collect().item()
    assert report.quarantine_reasons == {}


def test_sukiboo_loses_two_closing_prints_reported_late(lake: Lake, real_data: Path) -> None:
    report = import_files(lake, [real_data / "bars" / "sukiboo_1m.parquet"])

    # MSFT's closing price of 2024-04-25, 399.04, printed again at 20:07 and 22:54 UTC among trades at 415 to 424,
    # after the results; 399.04 is the first print after the close, at 20:00.
    assert (report.rows_read, report.quarantine_reasons) == (134_806, {"spike": 2})
    rows = list_quarantine(lake)
    assert [(f"{row['ts']:%F %R}", json.loads(row["raw"])["low"]) for row in rows.iter_rows(named=True)] == [
        ("2024-04-25 20:07", 399.04),
        ("2024-04-25 22:54", 399.04),
    ]


def far_from_the_half_hour(bars: pl.DataFrame, limit: float) -> set[datetime]:
    """Bars with a price further than `limit` from the median of the closes half an hour around: the rule of a hand.

    It shares no step with the product's rule: no neighbors right beside, no opens, no usual move.
    """
    half_hour = bars["close"].rolling_median(31, center=True, min_samples=1)
    away = pl.max_horizontal((pl.col("high") / half_hour).log(), (half_hour / pl.col("low")).log())
    return set(bars.filter(away > limit)["ts"])


def test_bad_prints_are_quarantined_and_nothing_else(lake: Lake, real_data: Path) -> None:
    path = real_data / "bars" / "pratikdkale_spy_1m.parquet"
    source = pl.read_parquet(path).sort("ts")
    bad = far_from_the_half_hour(source, 0.035)

    report = import_files(lake, [path])

    # About fifty by the set's description. Between 2.6 % and 3.7 % there is none, below lie six of 1.7 to 2.6 %.
    assert (len(bad), len(far_from_the_half_hour(source, 0.0265))) == (51, 51)
    assert report.quarantine_reasons == {"spike": 51}
    assert set(list_quarantine(lake)["ts"]) == bad
    bars = lake.read_bars("SPY", hours="extended")
    assert bars.height == 19_953 - 51
    assert (bars["low"].min(), bars["high"].max()) == (612.94, 652.8542)


def test_split_of_real_bars_is_a_note_until_it_is_stored(lake: Lake, real_data: Path) -> None:
    path = real_data / "bars" / "lean_1m.parquet"
    unknown = import_files(lake, [path])
    import_actions(lake, [real_data / "corporate_actions" / "lean_factor_files" / "aapl.csv"])
    known = import_files(lake, [path])

    signs = [note for note in unknown.notes if "looks like a split" in note]
    assert len(signs) == 1
    assert signs[0].startswith("AAPL 2014-06-09: ")
    assert "a split of 7 to 1" in signs[0]
    assert not [note for note in known.notes if "looks like a split" in note]
    assert (unknown.rows_quarantined, known.rows_quarantined) == (0, 0)


@pytest.mark.parametrize(
    ("name", "found"),
    [("bars/tradingview_5m_vix", "I:VIX has 5-minute bars"), ("bars/lean_daily", "daily bars")],
)
def test_longer_intervals_are_refused(lake: Lake, real_data: Path, name: str, found: str) -> None:
    with pytest.raises(BadBarsError, match=found):
        import_files(lake, [real_data / f"{name}.parquet"])

    assert lake.keys("bars") == []

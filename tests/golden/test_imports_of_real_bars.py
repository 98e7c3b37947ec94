"""Imports of real bars give the counts that were recorded when the sets were made.

SOURCE: ../shared/data/README.md and quality/bars.json there, made by another program.
"""

import json
import tarfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from quantmill.errors import BadBarsError
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


@pytest.mark.parametrize("name", ["lean", "yahoo2026", "sukiboo", "eqker", "pyalgotrade_spy"])
def test_clean_sets_come_in_clean(lake: Lake, real_data: Path, name: str) -> None:
    path = real_data / "bars" / f"{name}_1m.parquet"

    report = import_files(lake, [path])

    assert report.rows_stored == report.rows_read == pl.scan_parquet(path).select(pl.len()).collect().item()
    assert report.quarantine_reasons == {}


def test_gross_bad_prints_are_quarantined(lake: Lake, real_data: Path) -> None:
    report = import_files(lake, [real_data / "bars" / "pratikdkale_spy_1m.parquet"])

    # About fifty bad prints by the set's description; those of less than 6 % are no gross ones.
    assert 40 <= report.quarantine_reasons["spike"] <= 50
    lows = [json.loads(raw)["low"] for raw in list_quarantine(lake)["raw"]]
    assert 467.9705 in lows  # the lowest print of a month in which SPY traded at 616 to 640
    bars = lake.read_bars("SPY", hours="extended")
    assert bars["low"].min() > 570


@pytest.mark.parametrize(
    ("name", "found"),
    [("bars/tradingview_5m_vix", "I:VIX has 5-minute bars"), ("bars/lean_daily", "daily bars")],
)
def test_longer_intervals_are_refused(lake: Lake, real_data: Path, name: str, found: str) -> None:
    with pytest.raises(BadBarsError, match=found):
        import_files(lake, [real_data / f"{name}.parquet"])

    assert lake.keys("bars") == []

"""Weekly downloads of one stock that overlap and disagree: each version of a minute stays readable.

SOURCE: the CSV files of ../shared/data/originals/erikmattheis-equity-minute-data.tar.xz, read here by the csv module;
its README counts 593 minutes of FB of which overlapping downloads tell different values.
"""

import csv
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from quantmill.core.clock import FixedClock
from quantmill.errors import BadBarsError
from quantmill.ingest.importing import import_files
from quantmill.lake import Lake
from quantmill.providers.files.options import FileOptions
from quantmill.testing.lakes import open_lake

Minute = tuple[datetime, float, float, float, float, float]

COLUMNS = ["ts", "open", "high", "low", "close", "volume"]
OPTIONS = FileOptions(tz="US/Central", symbol="FB")
# The one download of 10-minute bars: 780 rows over 20 sessions.
TEN_MINUTES = "fb-05.17.2015.csv"
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def downloads(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, list[Minute]]:
    """Rows of each file, the file whose last bar is earliest first."""
    folder = tmp_path_factory.mktemp("originals")
    with tarfile.open(real_data / "originals" / "erikmattheis-equity-minute-data.tar.xz") as archive:
        members = [member for member in archive if Path(member.name).name.startswith("fb-")]
        archive.extractall(folder, members, filter="data")
    read = {path: _read(path) for path in sorted(folder.rglob("fb-*.csv"))}
    return dict(sorted(read.items(), key=lambda item: max(item[1])[0]))


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = open_lake(tmp_path / "home")
    yield opened
    opened.state.close()


def test_593_minutes_differ_and_all_but_nine_only_from_the_download_of_ten_minutes(
    downloads: dict[Path, list[Minute]],
) -> None:
    lost = _lost(list(downloads.values()))
    lost_minutes = _lost([rows for path, rows in downloads.items() if path.name != TEN_MINUTES])

    assert len({row[0] for row in lost}) == 593
    # One minute has three versions.
    assert len(lost) == 594
    assert len({row[0] for row in lost_minutes}) == len(lost_minutes) == 9


def test_the_download_of_ten_minutes_is_refused(lake: Lake, downloads: dict[Path, list[Minute]]) -> None:
    path = next(path for path in downloads if path.name == TEN_MINUTES)

    with pytest.raises(BadBarsError, match="FB has 10-minute bars"):
        import_files(lake, [path], options=OPTIONS)


def test_one_import_keeps_what_its_files_overrule(lake: Lake, downloads: dict[Path, list[Minute]]) -> None:
    reports = [import_files(lake, [*downloads], options=OPTIONS) for _ in range(2)]

    taken = [rows for path, rows in downloads.items() if path.name != TEN_MINUTES]
    assert _rows(lake.read_bars("FB", hours="extended")) == _standing(taken)
    told = lake.scan("revisions").collect()
    assert _rows(told) == sorted(_lost(taken))
    assert told["reason"].unique().to_list() == ["overruled"]
    assert told.filter(pl.col("superseded_at") != pl.col("ingested_at")).is_empty()
    assert [report.rows_overruled for report in reports] == [9, 9]
    assert [report.snapshot for report in reports] == [1, 1]


def test_one_file_of_all_downloads_keeps_all_versions_of_the_593_minutes(
    lake: Lake, downloads: dict[Path, list[Minute]], tmp_path: Path
) -> None:
    path = tmp_path / "FB.csv"
    lines = [file.read_text(encoding="utf-8").splitlines() for file in downloads]
    path.write_text("\n".join([lines[0][0], *(row for rows in lines for row in rows[1:])]), encoding="utf-8")

    report = import_files(lake, [path], options=OPTIONS)

    told = lake.scan("revisions").collect()
    assert (report.rows_stored, report.rows_overruled) == (57_671, 594)
    assert told["ts"].n_unique() == 593
    assert _rows(told) == sorted(_lost(list(downloads.values())))
    assert _rows(lake.read_bars("FB", hours="extended")) == _standing(list(downloads.values()))


def test_imports_one_after_another_show_either_version(
    lake: Lake, downloads: dict[Path, list[Minute]]
) -> None:
    assert isinstance(lake.clock, FixedClock)
    taken = {path: rows for path, rows in downloads.items() if path.name != TEN_MINUTES}
    for path in taken:
        import_files(lake, [path], options=OPTIONS, on_conflict="replace")
        lake.clock.instant += WEEK

    told = lake.scan("revisions").collect()
    assert told["reason"].unique().to_list() == ["replaced"]
    assert _rows(told) == sorted(_lost(list(taken.values())))
    _assert_every_version_is_shown(lake, list(taken.values()))


def test_either_version_of_the_593_minutes_is_shown_as_of_each_write(
    lake: Lake, downloads: dict[Path, list[Minute]]
) -> None:
    assert isinstance(lake.clock, FixedClock)
    for rows in downloads.values():
        lake.write("bars", _bars(rows), on_conflict="replace")
        lake.clock.instant += WEEK

    told = lake.scan("revisions").collect()
    assert (told.height, told["ts"].n_unique()) == (594, 593)
    _assert_every_version_is_shown(lake, list(downloads.values()))


def _assert_every_version_is_shown(lake: Lake, downloads: list[list[Minute]]) -> None:
    """As of each write, by snapshot and by instant, before and after old files are gone."""
    assert isinstance(lake.clock, FixedClock)
    start = lake.clock.now() - WEEK * len(downloads)
    for is_cleaned in (False, True):
        if is_cleaned:
            assert lake.clean().retired_files > 0
        for number in range(1, len(downloads) + 1):
            expected = _standing(downloads[:number])
            instant = start + WEEK * number - timedelta(seconds=1)
            for as_of in (number, instant):
                assert _rows(lake.read_bars("FB", hours="extended", as_of=as_of)) == expected


def _read(path: Path) -> list[Minute]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file)]
    assert rows[0] == ["Date", "Time", "Open", "High", "Low", "Close", "Volume"]
    chicago, utc = ZoneInfo("America/Chicago"), ZoneInfo("UTC")
    read: list[Minute] = []
    for day, time, *values in rows[1:]:
        ts = datetime.strptime(f"{day} {time}", "%m/%d/%Y %H:%M").replace(tzinfo=chicago).astimezone(utc)
        first, high, low, close, volume = map(float, values)
        read.append((ts, first, high, low, close, volume))
    return read


def _standing(downloads: list[list[Minute]]) -> list[Minute]:
    """Of each minute the row of the last download."""
    return sorted({row[0]: row for rows in downloads for row in rows}.values())


def _lost(downloads: list[list[Minute]]) -> list[Minute]:
    """The versions of each minute that differ from the last one."""
    versions: dict[datetime, set[Minute]] = defaultdict(set)
    for rows in downloads:
        for row in rows:
            versions[row[0]].add(row)
    return [row for last in _standing(downloads) for row in versions[last[0]] - {last}]


def _rows(bars: pl.DataFrame) -> list[Minute]:
    return bars.select(COLUMNS).sort(COLUMNS).rows()


def _bars(rows: list[Minute]) -> pl.DataFrame:
    ts = pl.Datetime("us", "UTC")
    frame = pl.DataFrame(rows, schema=COLUMNS, orient="row", schema_overrides={"ts": ts})
    symbol = pl.lit("FB").alias("symbol")
    return frame.with_columns(symbol, pl.lit("files").alias("provider"), pl.lit("import").alias("feed"))

"""The storage report: sums that agree with the files on disk."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from quantmill.config.home import Home
from quantmill.core.pictures import draw
from quantmill.testing.lakes import make_bars, open_lake
from quantmill.upkeep.place import Place
from quantmill.upkeep.storage import measure_storage
from quantmill.upkeep.storage_picture import storage_picture


@pytest.fixture
def place(tmp_path: Path) -> Place:
    lake = open_lake(tmp_path)
    lake.write("bars", make_bars("SPY", 390))
    lake.write("bars", make_bars("QQQ", 390))
    return Place(Home(tmp_path), lake)


def parquet_files(place: Place) -> list[Path]:
    return sorted((place.home.lake_path / "bars").rglob("*.parquet"))


def test_bytes_are_those_of_the_files(place: Place) -> None:
    storage = measure_storage(place)

    on_disk = sum(path.stat().st_size for path in parquet_files(place))
    assert storage.usage["bytes"].sum() == on_disk
    assert storage.usage["key"].to_list() == ["QQQ", "SPY"]
    assert storage.usage["rows"].to_list() == [390, 390]


def test_the_size_before_compression_is_that_of_the_footers(place: Place) -> None:
    size = measure_storage(place).encoded["bars"]

    # By another reader of Parquet: the sum over the row groups' columns.
    metadata = [pq.read_metadata(path) for path in parquet_files(place)]
    assert size.encoded_bytes == sum(
        one.row_group(at).total_byte_size for one in metadata for at in range(one.num_row_groups)
    )


def test_a_year_is_252_times_a_session(place: Place) -> None:
    storage = measure_storage(place)

    # 390 minutes from 13:30 UTC on 2024-03-12 are one session of each symbol.
    assert storage.growth["bytes_per_session"].to_list() == [storage.usage["bytes"].sum()]
    assert storage.bytes_per_year == 252 * storage.usage["bytes"].sum()


def test_retired_files_are_counted_apart(place: Place) -> None:
    before = measure_storage(place)
    later = make_bars("SPY", 1, start=datetime(2024, 3, 13, 13, 30, tzinfo=UTC))

    place.lake.write("bars", later)

    storage = measure_storage(place)
    spy = storage.usage.rows(named=True)[1]
    assert (spy["files"], spy["retired_files"], spy["sessions"]) == (1, 1, 2)
    assert spy["retired_bytes"] == before.usage["bytes"][1]


def test_an_empty_home_has_a_report_and_a_picture(tmp_path: Path) -> None:
    storage = measure_storage(Place(Home(tmp_path), open_lake(tmp_path)))

    assert (storage.lake_bytes, storage.bytes_per_year) == (0, 0)
    assert draw(storage_picture(storage), "svg")


def test_the_picture_has_one_color_per_kind(place: Place) -> None:
    picture = storage_picture(measure_storage(place))

    assert picture.legend == ("bars",)
    assert {name for panel in picture.rows[0] for name in panel.series} == {"bars"}

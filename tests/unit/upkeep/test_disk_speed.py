"""Measuring a disk: bounded, and nothing stays behind."""

from pathlib import Path

import pytest

from quantmill.errors import StoreError
from quantmill.upkeep.disk_speed import measure_disk


def test_a_measurement_leaves_nothing_behind(tmp_path: Path) -> None:
    speed = measure_disk(tmp_path, seconds=0.01)

    assert list(tmp_path.iterdir()) == []
    assert 1 <= len(speed.sync_ms) <= 200
    assert list(speed.sync_ms) == sorted(speed.sync_ms)
    assert speed.write_bytes_per_s > 0


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written to"):
        measure_disk(tmp_path / "none")

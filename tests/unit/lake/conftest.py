"""A fresh lake per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from quantmill.lake import Lake
from quantmill.testing.lakes import open_lake


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = open_lake(tmp_path)
    yield opened
    opened.state.close()

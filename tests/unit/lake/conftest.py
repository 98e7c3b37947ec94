"""A fresh lake per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from quantmill.lake import Lake
from quantmill.testing.lakes import open_lake
from tests.databases import Place


@pytest.fixture
def lake(tmp_path: Path, state_place: Place) -> Iterator[Lake]:
    opened = open_lake(tmp_path, state=state_place)
    yield opened
    opened.state.close()

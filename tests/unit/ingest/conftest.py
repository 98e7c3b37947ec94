"""A fresh lake per test, and bars as a small CSV."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quantmill.lake import Lake
from quantmill.testing.lakes import open_lake
from tests.databases import Place


@pytest.fixture
def lake(tmp_path: Path, state_place: Place) -> Iterator[Lake]:
    opened = open_lake(tmp_path / "home", state=state_place)
    yield opened
    opened.state.close()


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    """Function `(name, *rows)` that writes a CSV of UTC bars below its header."""

    def write(name: str, *rows: str) -> Path:
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(("ts,open,high,low,close,volume", *rows, "")), encoding="utf-8")
        return path

    return write

"""A small home, and a client of its server."""

from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from quantmill.verbs.json_form import Json
from quantmill.web.application import create_app
from tests.api.small_home import fill_bars

Connect = Callable[..., TestClient]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(scope="module")
def bars_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with bars of SPY and QQQ, for tests that only read."""
    root = tmp_path_factory.mktemp("bars") / "home"
    fill_bars(root, ("SPY", "QQQ"))
    return root


@pytest.fixture
def connect() -> Generator[Connect]:
    """Function `(home, client=…)` that starts the server of a home and returns a client of it."""
    with ExitStack() as stack:

        def start(home: Path, *, peer: str = "127.0.0.1", **options: Json) -> TestClient:
            client = TestClient(
                create_app(home), base_url="http://127.0.0.1:8000", client=(peer, 50_000), **options
            )
            return stack.enter_context(client)

        yield start


@pytest.fixture
def reader(connect: Connect, bars_home: Path) -> TestClient:
    return connect(bars_home)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings come from nowhere but the test."""
    monkeypatch.chdir(tmp_path)

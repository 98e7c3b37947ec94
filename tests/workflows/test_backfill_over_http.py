"""A backfill over real sockets: killed at random moments, run again, with a refused key, with nothing to be had."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import select

from quantmill.core.calendar import calendar_for
from quantmill.errors import AuthError, NoDataError
from quantmill.providers.sim.provider import SimProvider, default_span
from quantmill.state.tables.jobs import JOB
from quantmill.verbs.mill import Mill
from tests.standins.alpaca import AlpacaStandIn

REPOSITORY = Path(__file__).parents[2]
SECRET = "s3cr3t-value"
START, END = "2023-01-03", "2023-12-30"
SYMBOLS = ("SPY", "QQQ")
VALUES = ["symbol", "ts", "open", "high", "low", "close"]


@pytest.fixture(scope="module")
def market() -> pl.DataFrame:
    """A year of two symbols as a provider could serve it."""
    start, end = default_span()
    span = calendar_for("XNYS").day_span(start, end)
    return pl.concat([page for symbol in SYMBOLS for page in SimProvider().bars(symbol, span)])


@pytest.fixture
def alpaca(market: pl.DataFrame) -> Iterator[AlpacaStandIn]:
    with AlpacaStandIn(market) as server:
        yield server


@pytest.fixture
def environment(alpaca: AlpacaStandIn, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the variables under which the stand-in is found."""

    def put(*, secret: str = SECRET, chain: str = "alpaca") -> None:
        monkeypatch.setenv("ALPACA_KEY_ID", "AKTEST")
        monkeypatch.setenv("ALPACA_API_SECRET_KEY", secret)
        monkeypatch.setenv("ALPACA_BASE_URL", alpaca.url)
        monkeypatch.setenv("QUANTMILL_ALPACA__REQUESTS_PER_MINUTE", "100000")
        monkeypatch.setenv("QUANTMILL_INGEST__CHAIN", chain)

    put()
    return put


def kill_backfills(home: Path, alpaca: AlpacaStandIn, market: pl.DataFrame, n_kills: int) -> int:
    """Start and kill backfills, finish one, and check what is stored; the requests that all of them sent."""
    command = [sys.executable, "-m", "quantmill.cli", "--home", str(home), "ingest", *SYMBOLS]
    command += ["--start", START, "--end", END, "--json"]
    moments = random.Random(5)
    for _ in range(n_kills):
        process = subprocess.Popen(
            command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        n_before = len(alpaca.requests)
        deadline = time.monotonic() + 60
        while len(alpaca.requests) == n_before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(moments.uniform(0.0, 2.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    n_requests = len(alpaca.requests)
    with Mill.existing(home) as mill:
        snapshot = mill.lake.snapshot()
        stored = mill.lake.scan("bars").select(VALUES).sort("symbol", "ts").collect()
        assert stored.equals(market.select(VALUES).sort("symbol", "ts"))
        assert mill.lake.verify().findings == []
    again = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert again.returncode == 0, again.stdout
    with Mill.existing(home) as mill:
        assert mill.lake.snapshot() == snapshot
    assert len(alpaca.requests) == n_requests
    return n_requests


@pytest.mark.usefixtures("environment")
def test_a_killed_backfill_goes_on_and_ends_complete(
    tmp_path: Path, alpaca: AlpacaStandIn, market: pl.DataFrame
) -> None:
    kill_backfills(tmp_path / "home", alpaca, market, 3)


@pytest.mark.prove
@pytest.mark.usefixtures("environment")
def test_twenty_kills_of_a_backfill(
    tmp_path: Path, alpaca: AlpacaStandIn, market: pl.DataFrame, record_proof: Callable[..., None]
) -> None:
    n_requests = kill_backfills(tmp_path / "home", alpaca, market, 20)
    record_proof(
        "a backfill killed at 20 random moments ends with exactly the served bars, and repeated asks for nothing",
        kills=20,
        bars=market.height,
        requests=n_requests,
    )


def text_of(logged: pytest.LogCaptureFixture) -> str:
    lines = [str(vars(record)) for record in logged.records]
    assert any("quantmill.providers" in line for line in lines)
    return "\n".join(lines)


def test_a_refused_key_is_one_request_and_is_shown_nowhere(
    tmp_path: Path,
    alpaca: AlpacaStandIn,
    environment: Callable[..., None],
    logged: pytest.LogCaptureFixture,
) -> None:
    wrong = "another-s3cret"
    environment(secret=wrong, chain="alpaca,yahoo")

    with Mill.open(tmp_path / "home") as mill:
        with pytest.raises(AuthError) as caught:
            mill.ingest(*SYMBOLS, "AAPL", start=START, end=END)
        with mill.state.read() as connection:
            rows = str(connection.execute(select(JOB)).all())

    assert len(alpaca.requests) == 1
    assert "failed" in rows
    for text in (str(caught.value), caught.value.hint, rows, text_of(logged), repr(mill.access)):
        assert wrong not in text
        assert "AKTEST" not in text
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if wrong.encode() in path.read_bytes()]


@pytest.mark.usefixtures("environment")
def test_vix_as_an_equity_has_every_providers_answer(tmp_path: Path) -> None:
    with Mill.open(tmp_path / "home") as mill, pytest.raises(NoDataError) as caught:
        mill.ingest("VIX", start=START, end="2023-02-01")

    assert "I:VIX" in str(caught.value)
    assert "alpaca serves equity; I:VIX is of class index" in str(caught.value)
    assert os.environ["ALPACA_BASE_URL"].startswith("http://127.0.0.1")

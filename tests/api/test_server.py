"""A server of its own process, asked by curl or over a socket, told to end."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from quantmill.cli.main import main
from tests.api.small_home import fill_bars

WITHIN_S = 120.0
# A shell may have told the process of the tests to ignore interrupts, which its children inherit.
SERVE = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from quantmill.cli.main import main; sys.exit(main(sys.argv[1:]))"
)
BARE = "import sys, uvicorn; uvicorn.run('quantmill.web.app:app', port=int(sys.argv[1]), log_level='error')"


@contextmanager
def running(
    command: list[str], home: Path, variables: Mapping[str, str] | None = None
) -> Generator[subprocess.Popen[str]]:
    environment = {**os.environ, "QUANTMILL_HOME": str(home), **(variables or {})}
    process = subprocess.Popen(
        [sys.executable, "-c", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def announced_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return json.loads(line)["url"]


def wait_until_it_answers(process: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx2.get(f"{url}/health", timeout=5)
            return
        except httpx2.TransportError:
            time.sleep(0.1)
    process.kill()
    raise AssertionError(f"{url} does not answer: {process.communicate()[1]}")


def end(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, float]:
    """Exit code and seconds until the process ended."""
    started = time.monotonic()
    process.send_signal(number)
    return process.wait(WITHIN_S), time.monotonic() - started


def test_serve_answers_curl_and_ends_at_an_interrupt(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill_bars(home, ("SPY",))
    with running([SERVE, "serve", "--port", "0", "--json"], home) as process:
        url = announced_url(process)
        wait_until_it_answers(process, url)
        bars = json.loads(_fetched(f"{url}/bars/SPY?limit=5"))
        accepted = json.loads(_fetched(f"{url}/ingest/QQQ", "-X", "POST"))
        code, took_s = end(process, signal.SIGINT)

    assert [bar["ts"][-9:] for bar in bars] == [f"14:{minute}:00Z"[-9:] for minute in range(55, 60)]
    assert accepted["location"] == f"/api/jobs/{accepted['job_id']}"
    assert code == 130
    assert took_s < 10


def test_the_module_serves_the_home_of_the_environment_and_ends_when_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    port = _free_port()
    with running([BARE, str(port)], home) as process:
        url = f"http://127.0.0.1:{port}"
        wait_until_it_answers(process, url)
        shown = httpx2.get(f"{url}/health").json()["home"]
        # A year of bars of one symbol after another: still at work when the signal comes.
        httpx2.post(f"{url}/api/ingest", json={"symbols": ["SPY", "QQQ", "IWM", "AAPL", "MSFT"]})
        code, took_s = end(process, signal.SIGTERM)

    assert Path(shown) == home.resolve()
    assert code in {0, -signal.SIGTERM}
    assert took_s < 10


def test_an_open_address_without_a_token_is_a_configuration_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", "0.0.0.0", "--port", "0"]) == 4
    assert "token" in capsys.readouterr().err


def _fetched(url: str, *options: str) -> bytes:
    """What curl prints; without curl, what its request is answered with."""
    if shutil.which("curl"):
        return subprocess.run(["curl", "-sS", *options, url], capture_output=True, check=True).stdout
    return httpx2.request("POST" if "POST" in options else "GET", url).content


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]

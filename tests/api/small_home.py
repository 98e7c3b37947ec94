"""A home with synthetic bars, and how to wait for a job."""

import time
from pathlib import Path

from fastapi.testclient import TestClient

from quantmill.verbs.json_form import Json
from tests.trained_home import bouncing_bars, open_home

ENDED = {"completed", "failed", "cancelled"}


def fill_bars(root: Path, symbols: tuple[str, ...]) -> None:
    root.mkdir(parents=True)
    home = open_home(root)
    for seed, symbol in enumerate(symbols):
        home.lake.write("bars", bouncing_bars(symbol, n_sessions=3, bars_per_session=30, seed=seed))
    home.state.close()


def wait_for(client: TestClient, location: str, *, states: set[str] = ENDED, within_s: float = 60.0) -> Json:
    """The job once it is in one of the states."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        job = client.get(location).json()
        if job["status"] in states:
            return job
        time.sleep(0.05)
    raise AssertionError(f"{location} is {job['status']} after {within_s} s")

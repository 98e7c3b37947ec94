"""Two processes with one key share its limit: a server that enforces it never has to refuse."""

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from quantmill.config.settings import Settings
from quantmill.core.instants import MINUTE_US
from quantmill.providers.access import Access
from quantmill.state.engine import open_state
from tests.standins.alpaca import AlpacaStandIn

PER_MINUTE = 200
DAYS = msgspec.json.Decoder(list[dict[str, str]])
QUERY = {"start": "2024-01-02", "end": "2024-01-31"}


def test_two_processes_stay_within_a_short_window(tmp_path: Path) -> None:
    # 60 requests in 2 s are as fast as a server here can be asked; any window of 2 s may hold 60.
    times, _ = ask_from_two_processes(tmp_path, limit=60, window_us=2_000_000, seconds=4.0)

    assert most_in_a_window(times, 2.0) <= 60
    assert len(times) >= 60


@pytest.mark.prove
def test_two_processes_share_200_requests_a_minute(tmp_path: Path, record_proof: Callable[..., None]) -> None:
    times, n_refused = ask_from_two_processes(tmp_path, limit=PER_MINUTE, window_us=MINUTE_US, seconds=90.0)

    record_proof(
        f"limit of {PER_MINUTE} a minute shared by two processes",
        requests=len(times),
        refused=n_refused,
        most_in_a_minute=most_in_a_window(times, 60.0),
    )
    assert n_refused == 0
    assert most_in_a_window(times, 60.0) > 0.8 * PER_MINUTE


def ask_from_two_processes(
    folder: Path, *, limit: int, window_us: int, seconds: float
) -> tuple[list[float], int]:
    """When requests arrived at the server, seconds, and how many it refused with 429."""
    place = folder / "state.db"
    open_state(place).close()
    no_bars = pl.DataFrame(schema={"symbol": pl.String, "ts": pl.Datetime("us", "UTC")})
    context = multiprocessing.get_context("spawn")
    errors: Queue[str] = context.Queue()
    per_minute = limit if window_us == MINUTE_US else None
    with AlpacaStandIn(no_bars, per_minute=per_minute) as server:
        processes = [
            context.Process(target=ask, args=(place, server.settings, limit, window_us, seconds, errors))
            for _ in range(2)
        ]
        for process in processes:
            process.start()
        said = [errors.get(timeout=seconds + 60) for _ in processes]
        for process in processes:
            process.join()
    assert said == ["", ""]
    return [request.at_s for request in server.requests], server.n_refused


def ask(
    place: Path,
    settings: dict[str, Any],
    limit: int,
    window_us: int,
    seconds: float,
    errors: "Queue[str]",
) -> None:
    """Ask as fast as the limit lets this process."""
    state = open_state(place)
    given = Settings.model_validate(settings)
    key, secret = given.alpaca.key_id, given.alpaca.secret_key
    assert key is not None
    assert secret is not None
    words = (secret.get_secret_value(), key.get_secret_value())
    source = Access(given, state).source(
        "alpaca",
        given.alpaca.base_url,
        limit=limit,
        window_us=window_us,
        headers={"APCA-API-KEY-ID": words[1], "APCA-API-SECRET-KEY": words[0]},
        secrets=words,
    )
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        source.get("/v2/calendar", DAYS, QUERY)
    state.close()
    errors.put("" if source.traffic.retries == 0 else f"{source.traffic.retries} retries")


def most_in_a_window(times: list[float], window_s: float) -> int:
    return max(sum(at <= other < at + window_s for other in times) for at in times)

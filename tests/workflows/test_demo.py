"""The demo: found where something is planted, nothing elsewhere, nothing repeated."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import answer


@pytest.mark.prove
def test_demo_finds_what_is_planted_and_repeats_nothing(
    tmp_path: Path, record_proof: Callable[..., None]
) -> None:
    started = time.perf_counter()
    first = answer("demo", home=tmp_path / "demo")
    between = time.perf_counter()
    second = answer("demo", home=tmp_path / "demo")
    ended = time.perf_counter()

    record_proof("demo", first_s=round(between - started, 1), second_s=round(ended - between, 1))
    found = {finding["symbol"] for finding in first["findings"] if finding["is_found"]}
    assert found == {"SPY", "AAPL"}
    assert first["n_trials"] == 864
    assert (first["is_new"], second["is_new"], second["rows_stored"]) == (True, False, 0)
    assert second["leaderboard"] == first["leaderboard"]
    assert between - started < 180

"""Best rows of whole grids on noise and on planted markets: what the deflated Sharpe ratio lets through."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from quantmill.providers.sim.provider import SimProvider
from tests.proofs.market_line import fill_home, open_home, run_grid

PLANTED = 0.12
SEEDS = range(20)
MOST_SIGNIFICANT_ON_NOISE = 3
FEWEST_FOUND = 18


def best_row(folder: Path, provider: SimProvider, *, n_sessions: int | None = None) -> dict[str, Any]:
    home = open_home(folder)
    try:
        fill_home(home, provider, n_sessions=n_sessions)
        report, board = run_grid(home)
    finally:
        home.state.close()
    assert (report.n_completed, report.n_failed) == (96, 0)
    return board.row(0, named=True)


def significant(rows: Sequence[dict[str, Any]]) -> int:
    return sum(bool(row["is_significant"]) for row in rows)


def highest(rows: Sequence[dict[str, Any]], name: str) -> float:
    return max(row[name] for row in rows if row[name] is not None)


def test_a_noise_market_has_no_significant_row_and_a_strong_signal_is_found(tmp_path: Path) -> None:
    noise = best_row(tmp_path / "noise", SimProvider(seed=0, noise_only=True), n_sessions=150)
    planted = best_row(tmp_path / "planted", SimProvider(seed=1, planted=0.2), n_sessions=150)

    assert not noise["is_significant"]
    assert planted["is_significant"]


@pytest.mark.prove
def test_best_rows_on_noise_are_rarely_significant(tmp_path: Path, record_proof: Callable[..., None]) -> None:
    best = [best_row(tmp_path / str(seed), SimProvider(seed=seed, noise_only=True)) for seed in SEEDS]

    record_proof(
        "noise: significant best rows of 96 trials",
        seeds=len(best),
        significant=significant(best),
        allowed=MOST_SIGNIFICANT_ON_NOISE,
        significant_without_deflation=sum(row["probabilistic_sharpe"] > 0.95 for row in best),
        highest_deflated=highest(best, "deflated_sharpe_probability"),
        highest_sharpe=highest(best, "sharpe"),
        sessions=best[0]["n_sessions"],
    )
    assert significant(best) <= MOST_SIGNIFICANT_ON_NOISE


@pytest.mark.prove
def test_planted_signals_are_found(tmp_path: Path, record_proof: Callable[..., None]) -> None:
    best = [best_row(tmp_path / str(seed), SimProvider(seed=seed, planted=PLANTED)) for seed in SEEDS]

    record_proof(
        "planted signal: significant best rows of 96 trials",
        planted_correlation=PLANTED,
        seeds=len(best),
        found=significant(best),
        needed=FEWEST_FOUND,
        lowest_deflated=min(row["deflated_sharpe_probability"] for row in best),
        lowest_sharpe=min(row["sharpe"] for row in best),
        sessions=best[0]["n_sessions"],
    )
    assert significant(best) >= FEWEST_FOUND

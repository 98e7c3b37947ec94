"""The verb `leaderboard`: the ranked trials of a batch, with what selection alone would give."""

from typing import Annotated, Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.optimize.leaderboard import leaderboard
from quantmill.optimize.trial_bands import with_bands
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, Request

__all__ = ["READS_ONLY", "LeaderboardRequest", "run", "terminal_notes"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = {
    "rank": "rank",
    "symbol": "symbol",
    "model_name": "model",
    "deflated_sharpe_probability": "deflated",
    "sharpe": "sharpe",
    "total_return_frac": "return",
    "lowest_return_frac": "lowest",
    "highest_return_frac": "highest",
    "break_even_cost_bps": "break-even",
    "n_trades": "trades",
    "threshold_rule": "threshold",
    "z_score_check": "z",
    "volatility_normalization": "vol",
    "regime_col": "regime",
    "allowed_regimes": "states",
    "hit_rate_frac": "hits",
    "buy_hold_return_frac": "buy & hold",
    "max_drawdown_frac": "drawdown",
    "exposure_frac": "exposure",
    "probabilistic_sharpe": "undeflated",
    "n_sessions": "sessions",
    "badges_text": "badges",
}


class LeaderboardRequest(Request):
    """Show the ranked trials of a batch.

    By deflated Sharpe probability, then Sharpe ratio, unless sorted otherwise.
    """

    batch: Annotated[str | None, POSITIONAL] = Field(
        default=None, description="Batch id; the newest when left out."
    )
    sort: str | None = Field(
        default=None, description="Column, largest first; with a leading - the other way round."
    )
    limit: int | None = Field(default=None, ge=1, description="At most this many rows.")
    band: bool = Field(
        default=False,
        description="Also the lowest and the highest return of each row over all fill models; of 1,000 rows at most.",
    )


def run(mill: Mill, request: LeaderboardRequest, progress: Progress) -> pl.DataFrame:
    """One row per trial, best first.

    Raises:
        NotFoundError: If there is no such batch.
        NoDataError: If nothing of it is done.
        ConflictError: If bands are asked for, and the data of the batch has changed.
    """
    rows = leaderboard(mill.lake, mill.state, request.batch, sort=request.sort, limit=request.limit)
    return with_bands(mill.lake, mill.state, rows) if request.band else rows


def terminal_notes(rows: pl.DataFrame) -> list[str]:
    """How the best row must be read: the number of trials, and what luck alone would give."""
    best = rows.sort("rank").row(0, named=True)
    return [
        f"deflated = probability that the Sharpe ratio is above the best of {best['n_trials']:,} trials without "
        f"skill, which is {best['expected_max_sharpe']:.2f}; every trial ever run on these sessions counts",
        f"above 0.95: {rows['is_significant'].sum()} of {rows.height} rows shown",
        *(
            ["lowest and highest: the return under the worst and the best of all fill models"]
            if "lowest_return_frac" in rows.columns
            else []
        ),
    ]

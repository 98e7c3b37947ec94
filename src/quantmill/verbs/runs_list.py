"""The verb `runs list`: the kept runs, oldest first."""

from typing import Any, Final

import polars as pl
from pydantic import Field

from quantmill.core.bars import UTC_TIME
from quantmill.core.instants import from_us
from quantmill.core.progress import Progress
from quantmill.simulation.history import RunRecord, list_runs
from quantmill.simulation.metrics import METRIC_NAMES
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Request, Symbol

__all__ = ["READS_ONLY", "RunsListRequest", "run"]

READS_ONLY: Final = True
WHEN_EMPTY: Final = "no runs yet: `quantmill simulate --model ID` makes one"
TERMINAL_COLUMNS: Final = {
    "run_id": "run",
    "symbol": "symbol",
    "model_name": "model",
    "threshold": "threshold",
    "total_return_frac": "return",
    "sharpe": "sharpe",
    "n_trades": "trades",
    "hit_rate_frac": "hits",
    "fill": "fill",
    "n_sessions": "sessions",
    "created_at": "created",
}
_PARAMETERS: Final[dict[str, Any]] = {
    "threshold": pl.String(),
    "z_score_check": pl.Boolean(),
    "volatility_normalization": pl.Boolean(),
    "regime_col": pl.String(),
    "allowed_regimes": pl.String(),
    "feature_gates": pl.String(),
    "initial_cash_usd": pl.Float64(),
    "fill": pl.String(),
    "half_spread_bps": pl.Float64(),
    "half_spread_min_usd": pl.Float64(),
    "fee_usd": pl.Float64(),
    "spread_by_minute": pl.String(),
    "fee_per_share_usd": pl.Float64(),
    "fee_min_usd": pl.Float64(),
    "fee_bps": pl.Float64(),
    "regulatory_fees": pl.Boolean(),
    "vwap_bars": pl.Int64(),
    "vwap_share_frac": pl.Float64(),
    "atr_multiple": pl.Float64(),
}
_IDENTITY: Final[dict[str, Any]] = {
    "run_id": pl.String(),
    "symbol": pl.String(),
    "source": pl.String(),
    "model_id": pl.String(),
    "model_name": pl.String(),
}
_ORIGIN: Final[dict[str, Any]] = {
    "first_session": pl.String(),
    "last_session": pl.String(),
    "snapshot": pl.Int64(),
    "is_synthetic": pl.Boolean(),
    "created_at": UTC_TIME,
}
_SCHEMA: Final = {**_IDENTITY, **_PARAMETERS, **dict.fromkeys(METRIC_NAMES, pl.Float64()), **_ORIGIN}


class RunsListRequest(Request):
    """List the kept runs."""

    symbol: Symbol | None = Field(default=None, description="Only runs on this symbol.")
    model: str | None = Field(default=None, description="Only runs of this model id.")
    limit: int | None = Field(default=None, ge=1, description="The last N runs.")


def run(mill: Mill, request: RunsListRequest, progress: Progress) -> pl.DataFrame:
    """One row per run, oldest first: parameters and metrics under the leaderboard's names."""
    runs = list_runs(mill.state, symbol=request.symbol, model_id=request.model, limit=request.limit)
    return pl.DataFrame([_row(one) for one in runs], schema=_SCHEMA, orient="row")


def _row(one: RunRecord) -> list[object]:
    values: dict[str, Any] = {
        **{name: getattr(one, name) for name in (*_IDENTITY, *_ORIGIN) if name != "created_at"},
        **one.params,
        **one.metrics,
        "threshold": str(one.params["threshold"]),
        "created_at": from_us(one.created_us),
    }
    return [values.get(name) for name in _SCHEMA]

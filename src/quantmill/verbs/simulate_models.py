"""All models of a symbol, or of all symbols, simulated with the same options, and ranked."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import polars as pl

from quantmill.core.progress import Progress
from quantmill.errors import NotFoundError, QuantmillError
from quantmill.models.record import ModelRecord
from quantmill.models.registry import list_models
from quantmill.optimize.significance import findings_of, significance_of, trials_behind
from quantmill.simulation.metrics import METRICS
from quantmill.simulation.run import SimulationResult
from quantmill.verbs.json_form import Json, rows_of
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome

__all__ = ["TERMINAL_COLUMNS", "SimulatedModels", "simulate_models"]

TERMINAL_COLUMNS: Final = {
    "rank": "rank",
    "symbol": "symbol",
    "model_name": "model",
    "run_id": "run",
    "sharpe": "sharpe",
    "total_return_frac": "return",
    "buy_hold_return_frac": "buy & hold",
    "max_drawdown_frac": "drawdown",
    "n_trades": "trades",
    "hit_rate_frac": "hits",
    "deflated_sharpe_probability": "deflated",
    "n_sessions": "sessions",
    "warnings": "warnings",
    "error": "error",
}
_IDENTITY: Final[dict[str, Any]] = {
    "rank": pl.Int64(),
    "symbol": pl.String(),
    "model_id": pl.String(),
    "model_name": pl.String(),
    "model_version": pl.Int64(),
    "algorithm": pl.String(),
    "status": pl.String(),
    "run_id": pl.String(),
    "is_new": pl.Boolean(),
}
_JUDGEMENT: Final[dict[str, Any]] = {
    "n_trials": pl.Int64(),
    "probabilistic_sharpe": pl.Float64(),
    "expected_max_sharpe": pl.Float64(),
    "deflated_sharpe_probability": pl.Float64(),
    "warnings": pl.List(pl.String()),
    "first_session": pl.String(),
    "last_session": pl.String(),
    "error": pl.String(),
}
_FIGURES: Final[dict[str, Any]] = {
    metric.name: pl.Int64() if metric.unit in {"count", "sessions"} else pl.Float64() for metric in METRICS
}
_SCHEMA: Final = {**_IDENTITY, **_FIGURES, **_JUDGEMENT}


@dataclass(frozen=True)
class SimulatedModels(Outcome):
    """One row per model: its run with the metrics, best Sharpe ratio first, or why there is none."""

    rows: pl.DataFrame

    @property
    def succeeded(self) -> bool:
        """Whether at least one model has a run."""
        return self._n("completed") > 0

    def to_json(self) -> list[Json]:
        """The rows."""
        return rows_of(self.rows)

    def table(self) -> pl.DataFrame:
        """The rows."""
        return self.rows

    def lines(self) -> list[str]:
        """Counts, why models failed, and how the best row must be read."""
        rows = self.rows
        failed = rows.filter(pl.col("status") == "failed")
        counts = f"{self._n('completed'):,} of {rows.height:,} models simulated, {int(rows['is_new'].sum()):,} of them now"
        lines = [
            counts,
            *(
                f"failed: {row['model_name']} of {row['symbol']} ({row['model_id']}): {row['error']}"
                for row in failed.iter_rows(named=True)
            ),
        ]
        if not self.succeeded:
            return lines
        return [
            *lines,
            f"deflated = probability that the Sharpe ratio is above {rows['expected_max_sharpe'].max():.2f} or what the best of "
            f"{rows['n_trials'].max():,} configurations ever tried on these sessions shows by luck",
            "next: quantmill runs show RUN",
        ]

    def _n(self, status: str) -> int:
        return self.rows.filter(pl.col("status") == status).height


def simulate_models(
    mill: Mill,
    symbol: str | None,
    simulate_one: Callable[[ModelRecord], SimulationResult],
    progress: Progress,
) -> SimulatedModels:
    """Simulate every registered model; one that cannot be simulated becomes a row with the reason.

    Args:
        mill: The open home.
        symbol: Only models of this symbol, all when None.
        simulate_one: Simulates a model and keeps the run.
        progress: Counts the models.

    Raises:
        NotFoundError: If there is no model.
    """
    models = sorted(
        list_models(mill.state, symbol=symbol), key=lambda one: (one.symbol, one.name, one.version)
    )
    if not models:
        raise NotFoundError(
            f"there is no model of {symbol}" if symbol else "there is no model",
            hint=f"`quantmill train {symbol or 'SYMBOL'}` makes one; `quantmill models list` shows all",
        )
    results: dict[str, SimulationResult] = {}
    errors: dict[str, str] = {}
    progress.start(f"simulating {len(models)} models", len(models))
    for model in models:
        try:
            results[model.id] = simulate_one(model)
        except QuantmillError as error:
            errors[model.id] = str(error)
        progress.advance(note=f"{model.name} of {model.symbol}")
    with mill.state.read() as connection:
        n_trials = trials_behind(connection, [result.run for result in results.values()])
    rows = [
        _completed(model, results[model.id], n_trials)
        if model.id in results
        else _row(model, {"status": "failed", "error": errors[model.id]})
        for model in models
    ]
    return SimulatedModels(_ranked(pl.DataFrame(rows, schema=_SCHEMA, orient="row")))


def _completed(model: ModelRecord, result: SimulationResult, n_trials: int) -> list[object]:
    run = result.run
    significance = significance_of(run, n_trials)
    findings = findings_of(run, significance)
    values = {
        "status": "completed",
        "run_id": run.run_id,
        "is_new": result.is_new,
        **run.metrics,
        **asdict(significance),
        "warnings": [one.name for one in findings if one.severity == "warning"],
        "first_session": run.first_session,
        "last_session": run.last_session,
    }
    return _row(model, values)


def _row(model: ModelRecord, values: Mapping[str, Any]) -> list[object]:
    own = {
        "symbol": model.symbol,
        "model_id": model.id,
        "model_name": model.name,
        "model_version": model.version,
        "algorithm": model.algorithm,
        **values,
    }
    return [own.get(name) for name in _SCHEMA]


def _ranked(rows: pl.DataFrame) -> pl.DataFrame:
    """Completed rows by Sharpe ratio, then return, those without a Sharpe ratio after them; failed rows last."""
    is_completed = pl.col("status") == "completed"
    order = [~is_completed, pl.col("sharpe"), pl.col("total_return_frac"), pl.col("model_id")]
    ordered = rows.sort(order, descending=[False, True, True, False], nulls_last=True, maintain_order=True)
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    return ordered.with_columns(rank=pl.when(is_completed).then(place))

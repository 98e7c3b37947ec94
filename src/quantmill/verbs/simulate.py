"""The verb `simulate`: one parameter set traded on stored bars, kept as a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
from pydantic import Field, model_validator

from quantmill.core.progress import Progress
from quantmill.errors import UsageError
from quantmill.models.registry import find_model
from quantmill.optimize.ledger import count_trials, evidence_of, record_trial
from quantmill.simulation.gate_columns import with_gate_columns
from quantmill.simulation.gates import Gates, parse_feature_gates, parse_regimes
from quantmill.simulation.history import RunRecord
from quantmill.simulation.run import simulate
from quantmill.simulation.signal import Filters, SignalSource, check_gates
from quantmill.simulation.source import Sessions, file_source, model_source
from quantmill.simulation.thresholds import parse_threshold
from quantmill.simulation.trial import TrialSetup
from quantmill.verbs.execution_request import ExecutionRequest
from quantmill.verbs.json_form import Json, json_of
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Flag, Symbol, Unit
from quantmill.verbs.rules_request import RulesRequest
from quantmill.verbs.sessions_request import SessionsRequest

__all__ = ["READS_ONLY", "SimulateRequest", "SimulatedRun", "run", "run_json", "run_lines"]

READS_ONLY: Final = False


class SimulateRequest(SessionsRequest, ExecutionRequest, RulesRequest):
    """Trade predictions on stored bars and keep the run.

    A model's walk-forward predictions, or a Parquet file of predictions. The same request on the
    same data gives the same run and repeats nothing.
    """

    model: str | None = Field(default=None, description="Model by id or name.")
    predictions: Path | None = Field(
        default=None, description="Parquet file with ts (start of the bar, with a time zone) and prediction."
    )
    symbol: Symbol | None = Field(default=None, description="Symbol to trade; the model's own when left out.")
    threshold: str = Field(
        default="p90",
        description="Signals trade beyond it: a log return such as 0.0001, or p50, p80, p90, p97 of each refit's "
        "training part.",
    )
    z_filter: bool = Field(
        default=False, description="Ignore predictions with |z| > 3 against the 20 sessions before."
    )
    vol_normalize: Annotated[bool, Flag("--vol-normalize")] = Field(
        default=False, description="Scale signals by usual over present volatility."
    )
    regime: tuple[str, ...] = Field(
        default=(),
        description="Hold a position in these states of a regime alone, else close it: vix:3, gmm:0,1, gmm_2:0, "
        "sma:1; several regimes must all hold.",
    )
    gate: tuple[str, ...] = Field(
        default=(),
        description='Neither buy nor sell while a stored feature is out of bounds: "vix_z_score<2", "-1<=roc_5<1".',
    )
    gate_exit: tuple[str, ...] = Field(
        default=(), description="The same, but close the position while the feature is out of bounds."
    )
    horizon: Annotated[int, Unit("bars")] = Field(
        default=1, ge=1, description="How far ahead the predictions of a file look; a model knows its own."
    )
    force: bool = Field(default=False, description="Run again although the run exists.")

    @model_validator(mode="after")
    def _check_source(self) -> "SimulateRequest":
        if (self.model is None) == (self.predictions is None):
            raise ValueError("give either --model or --predictions, exactly one of them")
        if self.predictions is not None and self.symbol is None:
            raise ValueError("--predictions needs --symbol: the bars to trade")
        return self


@dataclass(frozen=True)
class SimulatedRun(Outcome):
    """One run with its curves; `trials_on_these_sessions` counts every configuration ever tried there."""

    record: RunRecord
    trials_on_these_sessions: int
    is_new: bool
    equity: pl.DataFrame
    trades: pl.DataFrame

    def to_json(self) -> Json:
        """Run, parameters and metrics side by side under the leaderboard's names; no curves."""
        return {
            **run_json(self.record),
            "trials_on_these_sessions": self.trials_on_these_sessions,
            "is_new": self.is_new,
        }

    def lines(self) -> list[str]:
        """The figures that matter first, then what must be known before believing them."""
        first = "" if self.is_new else "nothing to do: this run was made before; "
        return [f"{first}{line}" if at == 0 else line for at, line in enumerate(run_lines(self.record))] + [
            f"{self.trials_on_these_sessions:,} configurations were ever tried on these sessions: "
            "`quantmill leaderboard` shows what is left of a Sharpe ratio after that"
        ]


def run(mill: Mill, request: SimulateRequest, progress: Progress) -> SimulatedRun:
    """Simulates unless the same run is kept already; it is counted in the trial ledger before it starts.

    Raises:
        NotFoundError: If the model, the file, the symbol's bars or a gate's feature are unknown.
        UsageError: If model and symbol do not fit, or the threshold or a gate cannot be used.
        NoDataError: If a gate's column has no value on these sessions.
        DataError: If the file of predictions cannot be used.
    """
    settings = mill.settings.simulation
    threshold = parse_threshold(request.threshold)
    gates = Gates.of(
        parse_regimes(request.regime),
        (*parse_feature_gates(request.gate), *parse_feature_gates(request.gate_exit, closes=True)),
    )
    source = with_gate_columns(mill.lake, mill.state, _source(mill, request), [gates])
    filters = Filters(request.z_filter, request.vol_normalize, gates)
    check_gates(source, gates)
    setup = TrialSetup(threshold, request.costs(settings), request.cash_usd(settings), request.rules())
    with mill.state.write() as connection:
        record_trial(connection, source, filters, setup, recorded_us=mill.clock.now_us())
    result = simulate(
        mill.lake,
        mill.queue,
        source,
        filters=filters,
        setup=setup,
        force=request.force,
        progress=progress,
    )
    with mill.state.read() as connection:
        n_trials = count_trials(connection, [evidence_of(source)])
    return SimulatedRun(result.run, n_trials, result.is_new, result.equity, result.trades)


def run_json(record: RunRecord) -> Json:
    """A run as one flat object: identity, parameters, metrics, and where it came from."""
    values: dict[str, Any] = json_of(record)
    params, metrics = values.pop("params"), values.pop("metrics")
    created_us = values.pop("created_us")
    return {**values, **params, **metrics, "created_us": created_us}


def run_lines(record: RunRecord) -> list[str]:
    """A run in words."""
    metrics = record.metrics
    shown: Mapping[str, str] = {
        "return": _percent(metrics["total_return_frac"]),
        "buy & hold": _percent(metrics["buy_hold_return_frac"]),
        "Sharpe": _number(metrics["sharpe"]),
        "deepest fall": _percent(metrics["max_drawdown_frac"]),
        "trades": _number(metrics["n_trades"]),
        "win rate": _percent(metrics["win_rate_frac"]),
        "hit rate": _percent(metrics["hit_rate_frac"]),
        "exposure": _percent(metrics["exposure_frac"]),
        "break-even cost": _bps(metrics["break_even_cost_bps"]),
    }
    params = ", ".join(f"{name} {value}" for name, value in record.params.items() if value is not None)
    return [
        f"run {record.run_id}: {record.model_name} on {record.symbol}, {record.n_sessions} sessions "
        f"from {record.first_session} to {record.last_session}",
        ", ".join(f"{name} {value}" for name, value in shown.items()),
        params,
        *_gate_lines(record),
        *(f"note: {label}" for label in record.labels.values()),
    ]


def _source(mill: Mill, request: SimulateRequest) -> SignalSource:
    sessions = Sessions(request.start, request.end)
    if request.predictions is not None:
        assert request.symbol is not None
        return file_source(
            mill.lake, request.predictions, request.symbol, horizon_bars=request.horizon, sessions=sessions
        )
    assert request.model is not None
    model = find_model(
        mill.state, request.model, request.symbol if not request.model.startswith("m-") else None
    )
    if request.symbol not in {None, model.symbol}:
        raise UsageError(
            f"model {model.id} was trained on {model.symbol}, asked for is {request.symbol}",
            hint=f"a model trades the symbol it was trained on: train one on {request.symbol}",
        )
    return model_source(mill.lake, model, sessions=sessions)


def _gate_lines(record: RunRecord) -> list[str]:
    """How many bars the gates took, when there are any."""
    if not any(record.params.get(name) for name in ("regime_col", "feature_gates")):
        return []
    count = {name: record.counts.get(name, 0) for name in ("closed_by_gate", "held_by_gate")}
    return [
        f"gates: of {record.counts['bars']:,} bars {count['closed_by_gate']:,} closed and {count['held_by_gate']:,} held; "
        f"{record.counts.get('gate_value_missing', 0):,} had no value, which is outside"
    ]


def _bps(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} bps per fill"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"

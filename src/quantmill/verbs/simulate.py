"""The verb `simulate`: one parameter set traded on stored bars, kept as a run."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
from pydantic import Field, model_validator

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.errors import UsageError
from quantmill.models.registry import find_model
from quantmill.optimize.ledger import record_trial
from quantmill.optimize.significance import Significance, findings_of, significance_of, trials_behind
from quantmill.simulation.band import Band
from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.fills import Costs
from quantmill.simulation.gate_columns import with_gate_columns
from quantmill.simulation.gates import Gates, parse_feature_gates, parse_regimes
from quantmill.simulation.history import RunRecord
from quantmill.simulation.run import SimulationResult, simulate
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
from quantmill.verbs.simulate_models import TERMINAL_COLUMNS, SimulatedModels, simulate_models

__all__ = [
    "READS_ONLY",
    "TERMINAL_COLUMNS",
    "SimulateRequest",
    "SimulatedRun",
    "judged",
    "run",
    "run_json",
    "run_lines",
]

READS_ONLY: Final = False


class SimulateRequest(SessionsRequest, ExecutionRequest, RulesRequest):
    """Trade predictions on stored bars and keep the run.

    A model's walk-forward predictions, those of every model with the same options, or a Parquet file of
    predictions. The same request on the same data gives the same run and repeats nothing.
    """

    model: str | None = Field(default=None, description="Model by id or name.")
    predictions: Path | None = Field(
        default=None, description="Parquet file with ts (start of the bar, with a time zone) and prediction."
    )
    all_models: bool = Field(
        default=False,
        description="Every model of --symbol, of all symbols when left out: a run for each, ranked by Sharpe ratio.",
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
        n_sources = (self.model is not None) + (self.predictions is not None) + self.all_models
        if n_sources != 1:
            raise ValueError("give one of --model, --predictions and --all-models, exactly one of them")
        if self.predictions is not None and self.symbol is None:
            raise ValueError("--predictions needs --symbol: the bars to trade")
        return self


@dataclass(frozen=True)
class SimulatedRun(Outcome):
    """One run with its curves, and what its Sharpe ratio is worth after all that was ever tried on its sessions."""

    record: RunRecord
    significance: Significance
    is_new: bool
    equity: pl.DataFrame
    trades: pl.DataFrame

    def to_json(self) -> Json:
        """Run, parameters and metrics side by side under the leaderboard's names; no curves."""
        return {**run_json(self.record, self.significance), "is_new": self.is_new}

    def lines(self) -> list[str]:
        """The figures that matter first, then what must be known before believing them."""
        first, *rest = run_lines(self.record, self.significance)
        return [first if self.is_new else f"nothing to do: this run was made before; {first}", *rest]


def run(mill: Mill, request: SimulateRequest, progress: Progress) -> SimulatedRun | SimulatedModels:
    """Simulates unless the same run is kept already; it is counted in the trial ledger before it starts.

    With all models, one that cannot be simulated is told with its reason and stops no other.

    Raises:
        NotFoundError: If the model, the file, the symbol's bars or a gate's feature are unknown.
        UsageError: If model and symbol do not fit, or the threshold or a gate cannot be used.
        NoDataError: If a gate's column has no value on these sessions.
        DataError: If the file of predictions cannot be used.
    """
    setup = TrialSetup(
        parse_threshold(request.threshold),
        request.costs(mill.settings.simulation),
        request.cash_usd(mill.settings.simulation),
        request.rules(),
    )
    gates = Gates.of(
        parse_regimes(request.regime),
        (*parse_feature_gates(request.gate), *parse_feature_gates(request.gate_exit, closes=True)),
    )
    filters = Filters(request.z_filter, request.vol_normalize, gates)
    sessions = Sessions(request.start, request.end)

    def simulate_source(source: SignalSource, told: Progress) -> SimulationResult:
        gated = with_gate_columns(mill.lake, mill.state, source, [gates])
        check_gates(gated, gates)
        with mill.state.write() as connection:
            record_trial(connection, gated, filters, setup, recorded_us=mill.clock.now_us())
        return simulate(
            mill.lake, mill.queue, gated, filters=filters, setup=setup, force=request.force, progress=told
        )

    if request.all_models:
        return simulate_models(
            mill,
            request.symbol,
            lambda model: simulate_source(model_source(mill.lake, model, sessions=sessions), NO_PROGRESS),
            progress,
        )
    result = simulate_source(_source(mill, request, sessions), progress)
    return SimulatedRun(result.run, judged(mill, result.run), result.is_new, result.equity, result.trades)


def judged(mill: Mill, record: RunRecord) -> Significance:
    """What a run's Sharpe ratio is worth at this moment."""
    with mill.state.read() as connection:
        return significance_of(record, trials_behind(connection, [record]))


def run_json(record: RunRecord, significance: Significance) -> Json:
    """A run as one object: identity, parameters, metrics, where it came from, and the findings of this moment."""
    values: dict[str, Any] = json_of(record)
    params, metrics = values.pop("params"), values.pop("metrics")
    created_us = values.pop("created_us")
    del values["labels"]
    return {
        **values,
        **params,
        **metrics,
        "created_us": created_us,
        "trials_on_these_sessions": significance.n_trials,
        "significance": json_of(significance),
        "findings": json_of(findings_of(record, significance)),
    }


def run_lines(record: RunRecord, significance: Significance) -> list[str]:
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
    }
    idle = _idle_costs(record)
    params = ", ".join(
        f"{name} {value}" for name, value in record.params.items() if value is not None and name not in idle
    )
    return [
        f"run {record.run_id}: {record.model_name} on {record.symbol}, {record.n_sessions} sessions "
        f"from {record.first_session} to {record.last_session}",
        ", ".join(f"{name} {value}" for name, value in shown.items()),
        *_exit_lines(record),
        _cost_line(record),
        *_band_lines(record),
        params,
        *_gate_lines(record),
        _significance_line(significance),
        *(finding.line for finding in findings_of(record, significance)),
    ]


def _source(mill: Mill, request: SimulateRequest, sessions: Sessions) -> SignalSource:
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


def _significance_line(significance: Significance) -> str:
    n_trials = significance.n_trials
    tried = f"{n_trials:,} configuration{'s were' if n_trials != 1 else ' was'} ever tried on these sessions"
    real, left = significance.probabilistic_sharpe, significance.deflated_sharpe_probability
    if real is None or left is None:
        return tried
    above_zero = f"{tried}; probability that the Sharpe ratio is above zero: {real:.3f}"
    if n_trials == 1:
        return above_zero
    return f"{above_zero}, above the {significance.expected_max_sharpe:.2f} that the best of them has by luck: {left:.3f}"


def _gate_lines(record: RunRecord) -> list[str]:
    """How many bars the gates took, when there are any."""
    if not any(record.params.get(name) for name in ("regime_col", "feature_gates")):
        return []
    count = {name: record.counts.get(name, 0) for name in ("closed_by_gate", "held_by_gate")}
    return [
        f"gates: of {record.counts['bars']:,} bars {count['closed_by_gate']:,} closed and {count['held_by_gate']:,} held; "
        f"{record.counts.get('gate_value_missing', 0):,} had no value, which is outside"
    ]


def _exit_lines(record: RunRecord) -> list[str]:
    """What closed the trades, where rules did."""
    prefix = "trades_closed_by_"
    counts = {
        name.removeprefix(prefix): count for name, count in record.counts.items() if name.startswith(prefix)
    }
    if not counts:
        return []
    return [f"trades closed by {', '.join(f'{name} {count:,}' for name, count in counts.items())}"]


def _idle_costs(record: RunRecord) -> frozenset[str]:
    """Costs that decide nothing; a run made before an option came lacks it."""
    known = {one.name: record.params[one.name] for one in fields(Costs) if one.name in record.params}
    return Costs(**known).idle


def _cost_line(record: RunRecord) -> str:
    """What orders paid, and what that took of the return."""
    metrics = record.metrics
    slippage = metrics["fill_slippage_bps"]
    if slippage is None:
        return "costs: none, for no order was filled"
    return (
        f"costs: fills {_bps(abs(slippage))} {'worse' if slippage >= 0 else 'better'} than the signal's close on average, "
        f"{_dollars(metrics['cost_per_trade_usd'])} per round trip, "
        f"together {_percent(metrics['cost_return_frac'])} of the cash at the start"
    )


def _band_lines(record: RunRecord) -> list[str]:
    """What a fill may cost before nothing is earned, after the worst and the best fill model where they are known."""
    cost = record.metrics["break_even_cost_bps"]
    break_even = [] if cost is None else [f"break-even cost {_bps(cost)} per fill"]
    figures: Band = {} if record.band is None else record.band
    returns = {fill: value for fill, of in figures.items() if (value := of["total_return_frac"]) is not None}
    if len(set(returns.values())) < 2:
        return break_even
    worst, best = min(returns, key=lambda fill: returns[fill]), max(returns, key=lambda fill: returns[fill])
    span = (
        f"over all fill models: return from {_percent(returns[worst])} ({_fill_name(worst)}) to "
        f"{_percent(returns[best])} ({_fill_name(best)})"
    )
    return ["; ".join([span, *break_even])]


def _fill_name(fill: str) -> str:
    """A fill model's name, with a word of warning where one is due."""
    return f"{fill}, naive" if FILL_MODELS[fill].label else fill


def _bps(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} bps"


def _dollars(value: float | None) -> str:
    return "-" if value is None else f"${value:,.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"

"""One simulation from a source of signals to a recorded run."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from quantmill.core.digest import HOLE, digests_with, id_of
from quantmill.core.instants import date_of_day
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.version import VERSION
from quantmill.jobs.queue import JobQueue
from quantmill.jobs.runner import JobContext, run_job
from quantmill.lake.store import Lake
from quantmill.simulation.band import Band, band_of
from quantmill.simulation.exit_reasons import exit_counts
from quantmill.simulation.fills import Execution, execution_of
from quantmill.simulation.findings import labels_of
from quantmill.simulation.history import RunRecord, find_run, get_run, read_equity, read_trades, store_run
from quantmill.simulation.hits import hit_column
from quantmill.simulation.metrics import null_reasons
from quantmill.simulation.signal import NO_FILTERS, Filters, SignalSource, Stream, prepare_stream
from quantmill.simulation.thresholds import Threshold, parse_threshold
from quantmill.simulation.trial import (
    DEFAULT_SETUP,
    TrialResult,
    TrialSetup,
    equity_frame,
    run_trial,
    trades_frame,
)

__all__ = ["SimulationResult", "identity_of", "parameters_of", "run_id_of", "run_ids_of", "simulate"]


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """A recorded run with its curves; `is_new` is False when the same run was there already."""

    run: RunRecord
    equity: pl.DataFrame
    trades: pl.DataFrame
    is_new: bool


def parameters_of(filters: Filters, setup: TrialSetup) -> dict[str, Any]:
    """All parameters of a run under the names of the leaderboard's columns; of rules those that are on."""
    return {
        "threshold": parse_threshold(setup.threshold),
        "z_score_check": filters.z_score_check,
        "volatility_normalization": filters.volatility_normalization,
        "use_bot": False,
        **filters.gates.parameters,
        "initial_cash_usd": float(setup.initial_cash_usd),
        **asdict(setup.costs),
        **setup.rules.parameters,
    }


def identity_of(filters: Filters, setup: TrialSetup) -> dict[str, Any]:
    """The parameters that tell one configuration from another: all but costs and rules that decide nothing.

    An option that came later and stands at a default that changes nothing is left out, so that a configuration
    that was run before is not counted twice.
    """
    return {
        name: value for name, value in parameters_of(filters, setup).items() if name not in setup.costs.idle
    }


def run_id_of(source: SignalSource, filters: Filters, setup: TrialSetup) -> str:
    """The id of a run: the same inputs, parameters and code give the same id."""
    return run_ids_of(source, filters, setup, [setup.threshold])[0]


def run_ids_of(
    source: SignalSource, filters: Filters, setup: TrialSetup, thresholds: Iterable[Threshold]
) -> list[str]:
    """The id of each run that differs from `setup` in its threshold alone."""
    recipe = _recipe(source, filters, setup)
    recipe["params"]["threshold"] = HOLE
    return [id_of("r", raw) for raw in digests_with(map(parse_threshold, thresholds), recipe)]


def simulate(
    lake: Lake,
    queue: JobQueue,
    source: SignalSource,
    *,
    filters: Filters = NO_FILTERS,
    setup: TrialSetup = DEFAULT_SETUP,
    force: bool = False,
    progress: Progress = NO_PROGRESS,
) -> SimulationResult:
    """Simulate once and record the run, its equity and its trades in one transaction.

    Args:
        lake: Where equity and trades are published.
        queue: The home's jobs.
        source: What `model_source` or `file_source` gives.
        filters: Filters on the signal.
        setup: Threshold, costs, cash, rules.
        force: Run again although the same run is recorded.
        progress: Where a person sees progress.

    Raises:
        UsageError: If the threshold cannot be used with this source.
    """
    run_id = run_id_of(source, filters, setup)
    if not force and find_run(queue.state, run_id) is not None:
        return _stored(lake, queue, run_id, is_new=False)

    def body(context: JobContext) -> None:
        context.start(f"simulating {source.market.symbol}", 2)
        stream = prepare_stream(source, filters)
        execution = execution_of(source.market, setup.costs)
        result = run_trial(stream, setup, execution=execution)
        band = band_of(stream, setup)
        context.advance(note="publishing")
        _publish(lake, queue, context, run_id, stream, setup, execution, result, band)
        context.advance()

    run_job(queue, "simulate", (run_id,), body, progress=progress)
    lake.refresh_views()
    return _stored(lake, queue, run_id, is_new=True)


def _recipe(source: SignalSource, filters: Filters, setup: TrialSetup) -> dict[str, Any]:
    return {
        "symbol": source.market.symbol,
        "model_id": source.model_id,
        "predictions_sha256": source.predictions_sha256,
        "horizon_bars": source.horizon_bars,
        "input_digest": source.input_digest,
        "gate_columns": {name: source.gate_columns[name].digest for name in filters.gates.columns},
        "params": identity_of(filters, setup),
        "code_version": VERSION,
    }


def _publish(
    lake: Lake,
    queue: JobQueue,
    context: JobContext,
    run_id: str,
    stream: Stream,
    setup: TrialSetup,
    execution: Execution,
    result: TrialResult,
    band: Band,
) -> None:
    source = stream.source
    market = source.market
    named = pl.lit(run_id).alias("run_id")
    equity = equity_frame(result, market).with_columns(hit_column(stream, setup.threshold))
    staged = [
        lake.stage("equity", equity.select(named, pl.all()), key=run_id),
        lake.stage("trades", trades_frame(result, stream, setup).select(named, pl.all()), key=run_id),
    ]
    record = RunRecord(
        run_id=run_id,
        symbol=market.symbol,
        source="file" if source.is_external else "model",
        model_id=source.model_id,
        model_name=source.model_name,
        predictions_sha256=source.predictions_sha256,
        params=parameters_of(stream.filters, setup),
        metrics=result.metrics,
        null_reasons=null_reasons(result.metrics),
        labels=labels_of(stream, setup, result),
        counts={**stream.counts, **execution.counts, **_exit_counts(result)},
        snapshot=source.snapshot,
        feature_set=source.feature_set,
        feature_version=source.feature_version,
        input_digest=source.input_digest,
        code_version=VERSION,
        is_synthetic=source.is_synthetic,
        n_sessions=market.n_sessions,
        first_session=date_of_day(int(market.session[0])).isoformat(),
        last_session=date_of_day(int(market.session[-1])).isoformat(),
        created_us=queue.clock.now_us(),
        band=band,
    )
    with context.completing() as connection:
        lake.commit(staged, connection=connection, job_id=context.job.id, note=f"run {run_id}")
        store_run(connection, record)


def _exit_counts(result: TrialResult) -> dict[str, int]:
    """What closed the trades, where it was not signals alone."""
    return {} if result.exit_reason is None else exit_counts(result.exit_reason)


def _stored(lake: Lake, queue: JobQueue, run_id: str, *, is_new: bool) -> SimulationResult:
    run = get_run(queue.state, run_id)
    return SimulationResult(run, read_equity(lake, run_id), read_trades(lake, run_id), is_new)

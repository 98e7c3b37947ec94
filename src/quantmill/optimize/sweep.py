"""The trials of one signal source, run through the kernel on several threads."""

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from quantmill.core.digest import canonical_json
from quantmill.core.instants import date_of_day
from quantmill.errors import QuantmillError, UsageError
from quantmill.optimize.ledger import configuration_of, evidence_of
from quantmill.optimize.space import Value
from quantmill.simulation.fills import Costs, Execution, execution_of
from quantmill.simulation.gates import NO_GATES, Gates, parse_gates
from quantmill.simulation.metrics import null_reasons
from quantmill.simulation.run import parameters_of, run_id_of
from quantmill.simulation.session_metrics import mean, standard_deviation
from quantmill.simulation.signal import Filters, SignalSource, Stream, gated, prepare_stream
from quantmill.simulation.thresholds import Threshold, segment_thresholds
from quantmill.simulation.trial import TrialSetup, Workspace, run_trial

__all__ = ["BatchSetup", "Parameters", "failed_row", "filters_of", "gates_of", "sweep", "trial_setup"]

Parameters = Mapping[str, Value]
Row = dict[str, Any]
_TRIALS_PER_TASK: Final = 64


@dataclass(frozen=True, slots=True)
class BatchSetup:
    """What all trials of a batch share: costs and initial cash."""

    costs: Costs = field(default_factory=Costs)
    initial_cash_usd: float = 100_000.0

    def __post_init__(self) -> None:
        """Refuse a start without money."""
        if not 0.0 < self.initial_cash_usd < float("inf"):
            raise UsageError(f"initial_cash_usd is {self.initial_cash_usd}, it must be above zero")


def filters_of(parameters: Parameters) -> Filters:
    """The filters of a configuration: configurations that share them share a stream."""
    return Filters(
        z_score_check=bool(parameters["z_score_check"]),
        volatility_normalization=bool(parameters["volatility_normalization"]),
        gates=gates_of(parameters),
    )


def gates_of(parameters: Parameters) -> Gates:
    """The gates of a configuration; none where it names none."""
    return parse_gates(str(parameters.get("gates", NO_GATES.text)))


def trial_setup(parameters: Parameters, setup: BatchSetup) -> TrialSetup:
    """What a configuration adds to its stream."""
    threshold = parameters["threshold"]
    return TrialSetup(
        threshold if isinstance(threshold, str) else float(threshold), setup.costs, setup.initial_cash_usd
    )


def sweep(
    source: SignalSource,
    trials: Sequence[tuple[int, Parameters]],
    setup: BatchSetup,
    *,
    executor: Executor,
    n_threads: int,
) -> Iterator[list[Row]]:
    """Run trials of one source; a trial that fails becomes a row with its error and stops no other.

    Args:
        source: Predictions on bars.
        trials: Number and configuration of each trial.
        setup: What they share.
        executor: Threads; the kernel does not hold the interpreter lock.
        n_threads: How many there are.

    Returns:
        Rows of `TRIAL_SCHEMA` without `batch_id`, in the order of `trials`, some at a time.
    """
    execution = execution_of(source.market, setup.costs)
    by_filters: dict[Filters, list[tuple[int, Parameters]]] = {}
    for number, parameters in trials:
        by_filters.setdefault(filters_of(parameters), []).append((number, parameters))
    # Gates are laid on the streams by the tasks themselves: only streams without gates wait in memory.
    streams = {
        bare: prepare_stream(source, bare) for bare in {replace(one, gates=NO_GATES) for one in by_filters}
    }
    tasks_per_group = math.ceil(n_threads / max(len(by_filters), 1))
    pending: list[Future[list[Row]]] = []
    for filters, members in by_filters.items():
        stream = streams[replace(filters, gates=NO_GATES)]
        size = min(max(math.ceil(len(members) / tasks_per_group), 1), _TRIALS_PER_TASK)
        pending += [
            executor.submit(_run_some, stream, filters.gates, execution, setup, members[first : first + size])
            for first in range(0, len(members), size)
        ]
    try:
        for task in pending:
            yield task.result()
    finally:
        for task in pending:
            task.cancel()


def failed_row(number: int, parameters: Parameters, setup: BatchSetup, error: Exception) -> Row:
    """The row of a trial that could not be run."""
    message = str(error) if isinstance(error, QuantmillError) else f"{type(error).__name__}: {error}"
    return {"trial": number, "status": "failed", "error": message, **_parameter_columns(parameters, setup)}


def _run_some(
    bare: Stream,
    gates: Gates,
    execution: Execution,
    setup: BatchSetup,
    trials: Sequence[tuple[int, Parameters]],
) -> list[Row]:
    origin = _origin_columns(bare.source)
    try:
        stream = gated(bare, gates)
    except QuantmillError as error:
        return [{**origin, **failed_row(number, parameters, setup, error)} for number, parameters in trials]
    workspace = Workspace.of(stream.source.market)
    rows: list[Row] = []
    for number, parameters in trials:
        try:
            row = _run_one(stream, execution, workspace, number, parameters, setup)
        except Exception as error:  # noqa: BLE001 - whatever fails in a trial is that trial's result
            row = failed_row(number, parameters, setup, error)
        rows.append({**origin, **row})
    return rows


def _run_one(
    stream: Stream,
    execution: Execution,
    workspace: Workspace,
    number: int,
    parameters: Parameters,
    setup: BatchSetup,
) -> Row:
    own = trial_setup(parameters, setup)
    result = run_trial(stream, own, execution=execution, workspace=workspace)
    reasons = null_reasons(result.metrics)
    return {
        "trial": number,
        "status": "completed",
        **_parameter_columns(parameters, setup),
        "configuration": configuration_of(stream.source, stream.filters, own),
        "threshold": _applied_threshold(stream, own.threshold),
        "run_id": run_id_of(stream.source, stream.filters, own),
        **result.metrics,
        "session_return_mean": _number(mean(workspace.session_returns)),
        "session_return_std": _number(standard_deviation(workspace.session_returns)),
        "null_reasons": canonical_json(reasons) if reasons else None,
    }


def _parameter_columns(parameters: Parameters, setup: BatchSetup) -> Row:
    columns = parameters_of(filters_of(parameters), trial_setup(parameters, setup))
    rule = columns["threshold"]
    is_fixed = isinstance(rule, float)
    return {
        **columns,
        "threshold": rule if is_fixed else None,
        "threshold_rule": "fixed" if is_fixed else rule,
    }


def _applied_threshold(stream: Stream, threshold: Threshold) -> float | None:
    """A fixed threshold itself; of an automatic one the mean over its refits, each weighted by its bars."""
    if isinstance(threshold, float):
        return threshold
    values = segment_thresholds(stream, threshold)
    n_bars = np.diff(stream.segment_end, prepend=0)
    is_known = np.isfinite(values)
    return float(np.average(values[is_known], weights=n_bars[is_known])) if is_known.any() else None


def _origin_columns(source: SignalSource) -> Row:
    evidence = evidence_of(source)
    return {
        "symbol": evidence.symbol,
        "model_id": source.model_id,
        "model_name": source.model_name,
        "first_session": date_of_day(evidence.first_session),
        "last_session": date_of_day(evidence.last_session),
        "is_synthetic": source.is_synthetic,
        "feature_set": source.feature_set,
        "feature_version": source.feature_version,
        "snapshot": source.snapshot,
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value

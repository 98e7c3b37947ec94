"""The trials of one signal source, run through the kernel on several threads."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats
from quantmill.optimize.batch_setup import BatchSetup
from quantmill.optimize.stream_trials import StreamTrials
from quantmill.optimize.trial_rows import completed_rows, failed_rows, origin_of
from quantmill.simulation.figures import N_FIGURES
from quantmill.simulation.fills import Execution, execution_of
from quantmill.simulation.gates import NO_GATES
from quantmill.simulation.many_trials import GridWorkspace, run_trials
from quantmill.simulation.signal import SignalSource, Stream, gated, prepare_stream
from quantmill.simulation.thresholds import thresholds_by_segment
from quantmill.simulation.trial import Workspace, run_trial

__all__ = ["sweep"]

# A thread's arrays and a stream's block extremes are made once for so many trials.
_TRIALS_PER_TASK: Final = 1024


def sweep(
    source: SignalSource,
    groups: Sequence[StreamTrials],
    setup: BatchSetup,
    *,
    executor: Executor,
    n_threads: int,
) -> Iterator[pl.DataFrame]:
    """Run trials of one source; trials that fail become rows with their error and stop no others.

    Args:
        source: Predictions on bars.
        groups: The trials, by the signal that they share.
        setup: What they share besides.
        executor: Threads; the kernel does not hold the interpreter lock.
        n_threads: How many there are.

    Returns:
        Rows of `TRIAL_SCHEMA` in which `batch_id` is null, group by group, some at a time.
    """
    execution = execution_of(source.market, setup.costs)
    # Gates are laid on the streams by the tasks themselves: only streams without gates wait in memory.
    streams = {
        bare: prepare_stream(source, bare)
        for bare in {replace(one.filters, gates=NO_GATES) for one in groups}
    }
    parts_per_group = math.ceil(n_threads / max(len(groups), 1))
    pending: list[Future[pl.DataFrame]] = []
    for group in groups:
        stream = streams[replace(group.filters, gates=NO_GATES)]
        size = min(math.ceil(len(group) / parts_per_group), _TRIALS_PER_TASK)
        pending += [executor.submit(_run_some, stream, part, execution, setup) for part in group.parts(size)]
    try:
        for task in pending:
            yield task.result()
    finally:
        for task in pending:
            task.cancel()


def _run_some(bare: Stream, trials: StreamTrials, execution: Execution, setup: BatchSetup) -> pl.DataFrame:
    source = bare.source
    try:
        stream = gated(bare, trials.filters.gates)
        thresholds = thresholds_by_segment(stream, trials.thresholds)
        if setup.rules:
            figures = _figures_under_rules(stream, trials, execution, setup)
        else:
            workspace = GridWorkspace.of(source.market)
            figures = run_trials(stream, execution, thresholds, setup.initial_cash_usd, workspace)
        return completed_rows(stream, trials, setup, thresholds, figures)
    except Exception as error:  # noqa: BLE001 - whatever fails in trials is those trials' result
        return failed_rows(trials, setup, error, origin_of(source))


def _figures_under_rules(
    stream: Stream, trials: StreamTrials, execution: Execution, setup: BatchSetup
) -> Floats:
    """Bar by bar: a stop may act in any bar, so that there is nothing that the event search could skip."""
    workspace = Workspace.of(stream.source.market)
    figures = np.empty((len(trials), N_FIGURES))
    for at, threshold in enumerate(trials.thresholds):
        own = setup.trial(threshold)
        figures[at] = run_trial(stream, own, execution=execution, workspace=workspace).figures
    return figures

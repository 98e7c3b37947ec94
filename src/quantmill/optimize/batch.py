"""A batch: every configuration on every model, done chunk by chunk, resumable."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.errors import ConflictError, UsageError
from quantmill.jobs.queue import JobQueue
from quantmill.jobs.runner import run_job
from quantmill.lake.store import Lake
from quantmill.optimize.batch_recipe import differences, grid_of, recipe_of
from quantmill.optimize.batch_runner import BatchRunner, Grid
from quantmill.optimize.batch_setup import BatchSetup
from quantmill.optimize.chunk_size import n_bars_of, trials_per_chunk
from quantmill.optimize.chunks import Batch, BatchTotals, create_batch, find_batch, get_batch, totals_of
from quantmill.optimize.gate_axis import usable_space
from quantmill.optimize.pairs import resolve_pairs
from quantmill.optimize.pausing import JOB_KIND, open_again
from quantmill.optimize.space import ParameterSpace
from quantmill.optimize.trial_space import TrialSpace
from quantmill.state.engine import State

__all__ = ["BatchReport", "resume_batch", "run_batch"]


@dataclass(frozen=True, slots=True)
class BatchReport:
    """How a batch went; times are those of this call, or of the earlier one when nothing was left to do."""

    batch_id: str
    n_trials: int
    n_completed: int
    n_failed: int
    wall_s: float
    cpu_s: float
    symbols: tuple[str, ...]
    models: tuple[str, ...]
    n_resumed: int
    note: str


def run_batch(
    lake: Lake,
    state: State,
    queue: JobQueue,
    models: Sequence[str],
    symbols: Sequence[str] = (),
    space: TrialSpace | None = None,
    setup: BatchSetup | None = None,
    *,
    max_concurrent: int = 2,
    chunk_trials: int | None = None,
    force: bool = False,
    progress: Progress = NO_PROGRESS,
) -> BatchReport:
    """Run every configuration on every model, and keep each trial exactly once.

    The same batch asked for again does what is missing: after a kill the chunks that were not done,
    after a complete run nothing. Each chunk's trials are published in the transaction that completes it.

    Args:
        lake: Bars and predictions; receives the trials.
        state: The state database.
        queue: Its jobs.
        models: Ids or names; a model trades the symbol it was trained on.
        symbols: Symbols to trade; all symbols of the models when empty.
        space: The configurations, the default grid when None; default gates whose regime has no values on the
            models' sessions are left out, and the report's note says so.
        setup: Costs, cash and rules, the default ones when None.
        max_concurrent: Threads.
        chunk_trials: Trials per chunk, about two seconds' work when None.
        force: Run again, as a new batch, what was run already.
        progress: Where a person sees progress.

    Raises:
        UsageError: If models and symbols do not fit, or `max_concurrent` or `chunk_trials` is below 1.
        NotFoundError: If a model is unknown.
        JobError: If another live process is doing this batch.
        JobCancelledError: If somebody paused it; what is done stays, and the same call goes on.
    """
    _check_counts(max_concurrent=max_concurrent, chunk_trials=chunk_trials)
    pairs = resolve_pairs(state, models, symbols)
    usable = usable_space(lake, state, pairs, space or ParameterSpace())
    grid = Grid(pairs, usable.space, setup or BatchSetup())
    batch = _batch_of(lake, state, queue, grid, chunk_trials=chunk_trials, force=force)
    return _finish(lake, state, queue, grid, batch, max_concurrent, note=usable.note, progress=progress)


def resume_batch(
    lake: Lake,
    state: State,
    queue: JobQueue,
    batch_id: str,
    *,
    max_concurrent: int = 2,
    progress: Progress = NO_PROGRESS,
) -> BatchReport:
    """Go on with a batch from what is done, as its recorded recipe has it; a finished one is reported alone.

    Args:
        lake: Bars and predictions; receives the trials.
        state: The state database.
        queue: Its jobs.
        batch_id: The batch.
        max_concurrent: Threads.
        progress: Where a person sees progress.

    Raises:
        NotFoundError: If there is no such batch, or one of its models is gone.
        ConflictError: If what decides its results has changed since it began.
        JobError: If another live process is doing this batch.
        JobCancelledError: If somebody paused it again.
    """
    _check_counts(max_concurrent=max_concurrent)
    with state.read() as connection:
        batch = get_batch(connection, batch_id)
    grid = grid_of(state, batch.recipe)
    changed = [] if batch.status == "completed" else differences(batch.recipe, recipe_of(lake, state, grid))
    if changed:
        raise ConflictError(
            f"batch {batch_id} cannot go on: {', '.join(changed)} changed since it began, and its trials would "
            "not be comparable",
            hint="`quantmill optimize run` with the same options begins a new batch; what is stored of this one stays",
        )
    return _finish(lake, state, queue, grid, batch, max_concurrent, note="", progress=progress)


def _finish(
    lake: Lake,
    state: State,
    queue: JobQueue,
    grid: Grid,
    batch: Batch,
    max_concurrent: int,
    *,
    note: str,
    progress: Progress,
) -> BatchReport:
    """Do what is missing of a batch."""
    started = (time.perf_counter(), time.process_time())
    with state.read() as connection:
        before = totals_of(connection, batch.id)
    if batch.status == "completed":
        note = _joined("this batch was run before; `optimize run --force` runs it again", note)
        return _report(grid, batch, before, (before.wall_s, before.cpu_s), _n_done(before), note)
    open_again(state, queue, batch.id)
    runner = BatchRunner(lake, state, queue, grid, batch, max_concurrent)
    run_job(queue, JOB_KIND, (batch.id,), runner.run, progress=progress)
    with state.read() as connection:
        after = totals_of(connection, batch.id)
    times = (time.perf_counter() - started[0], time.process_time() - started[1])
    n_before = _n_done(before)
    resumed = f"resumed: {n_before} of {batch.n_trials} trials were there" if n_before else ""
    return _report(grid, batch, after, times, n_before, _joined(resumed, note))


def _batch_of(
    lake: Lake, state: State, queue: JobQueue, grid: Grid, *, chunk_trials: int | None, force: bool
) -> Batch:
    """The batch of this recipe, made when there is none or when a finished one is to be run again."""
    recipe = recipe_of(lake, state, grid)
    chunk_trials = chunk_trials or trials_per_chunk(
        n_bars_of(lake, grid) / len(grid.models), has_rules=bool(grid.setup.rules)
    )
    snapshot = lake.snapshot()
    with state.write() as connection:
        known = find_batch(connection, recipe)
        if known is not None and (known.status != "completed" or not force):
            return known
        return create_batch(
            connection,
            recipe,
            n_trials=grid.n_trials,
            chunk_trials=chunk_trials,
            snapshot=snapshot,
            now_us=queue.clock.now_us(),
        )


def _check_counts(**counts: int | None) -> None:
    for name, value in counts.items():
        if value is not None and value < 1:
            raise UsageError(f"{name} is {value}", hint="give at least 1")


def _n_done(totals: BatchTotals) -> int:
    return totals.n_completed + totals.n_failed


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _report(
    grid: Grid, batch: Batch, totals: BatchTotals, times: tuple[float, float], n_resumed: int, note: str
) -> BatchReport:
    return BatchReport(
        batch_id=batch.id,
        n_trials=batch.n_trials,
        n_completed=totals.n_completed,
        n_failed=totals.n_failed,
        wall_s=times[0],
        cpu_s=times[1],
        symbols=tuple(dict.fromkeys(model.symbol for model in grid.models)),
        models=tuple(model.id for model in grid.models),
        n_resumed=n_resumed,
        note=note,
    )

"""A batch: the whole grid of models, symbols and parameters, done chunk by chunk, resumable."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.version import VERSION
from quantmill.errors import UsageError
from quantmill.jobs.queue import JobQueue
from quantmill.jobs.runner import run_job
from quantmill.lake.store import Lake
from quantmill.optimize.batch_runner import BatchRunner, Grid
from quantmill.optimize.chunks import (
    Batch,
    create_batch,
    find_batch,
    totals_of,
)
from quantmill.optimize.gate_axis import feature_datasets, usable_space
from quantmill.optimize.pairs import resolve_pairs
from quantmill.optimize.space import ParameterSpace
from quantmill.optimize.sweep import (
    BatchSetup,
)
from quantmill.simulation.gates import NO_GATES
from quantmill.state.engine import State

__all__ = ["BatchReport", "run_batch"]

_SECONDS_PER_CHUNK: Final = 2.0
_BARS_PER_SECOND: Final = 50e6
_MOST_TRIALS_PER_CHUNK: Final = 5_000


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
    space: ParameterSpace | None = None,
    setup: BatchSetup | None = None,
    *,
    seed: int = 0,
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
        space: The parameter grid, the default one when None; default gates whose regime has no values on the
            models' sessions are left out, and the report's note says so.
        setup: Costs and cash, the default ones when None.
        seed: Recorded; a full grid draws no random numbers.
        max_concurrent: Threads.
        chunk_trials: Trials per chunk, about two seconds' work when None.
        force: Run again, as a new batch, what was run already.
        progress: Where a person sees progress.

    Raises:
        UsageError: If models and symbols do not fit, or `max_concurrent` or `chunk_trials` is below 1.
        NotFoundError: If a model is unknown.
        JobError: If another live process is doing this batch.
    """
    for name, value in (("max_concurrent", max_concurrent), ("chunk_trials", chunk_trials)):
        if value is not None and value < 1:
            raise UsageError(f"{name} is {value}", hint="give at least 1")
    started = (time.perf_counter(), time.process_time())
    pairs = resolve_pairs(state, models, symbols)
    usable = usable_space(lake, state, pairs, space or ParameterSpace())
    grid = Grid(pairs, usable.space, setup or BatchSetup())
    batch, is_new = _batch_of(lake, state, queue, grid, seed=seed, chunk_trials=chunk_trials, force=force)
    with state.read() as connection:
        before = totals_of(connection, batch.id)
    n_before = before.n_completed + before.n_failed
    if batch.status == "completed":
        note = _joined("this batch was run before; --force runs it again", usable.note)
        return _report(
            grid, batch, before.n_completed, before.n_failed, before.wall_s, before.cpu_s, n_before, note
        )
    runner = BatchRunner(lake, state, queue, grid, batch, max_concurrent)
    run_job(queue, "optimize", (batch.id,), runner.run, progress=progress)
    with state.read() as connection:
        after = totals_of(connection, batch.id)
    wall_s, cpu_s = time.perf_counter() - started[0], time.process_time() - started[1]
    note = _joined(
        "" if is_new else f"resumed: {n_before} of {batch.n_trials} trials were there", usable.note
    )
    return _report(grid, batch, after.n_completed, after.n_failed, wall_s, cpu_s, n_before, note)


def _batch_of(
    lake: Lake,
    state: State,
    queue: JobQueue,
    grid: Grid,
    *,
    seed: int,
    chunk_trials: int | None,
    force: bool,
) -> tuple[Batch, bool]:
    """The batch of this recipe, made when there is none or when a finished one is to be run again."""
    has_gates = grid.space.values_of("gates") != (NO_GATES.text,)
    symbols = sorted({model.symbol for model in grid.models})
    recipe = {
        "pairs": [[model.id, model.symbol] for model in grid.models],
        "space": grid.space.recipe(),
        "setup": _setup_recipe(grid.setup),
        "seed": seed,
        "inputs": {
            "bars": lake.input_digest("bars", keys=symbols),
            "corporate_actions": lake.input_digest("corporate_actions", keys=symbols),
            "predictions": lake.input_digest("predictions", keys=sorted(model.id for model in grid.models)),
            "features": [
                lake.input_digest(dataset, keys=[symbol])
                for dataset, symbol in (feature_datasets(state, grid.models) if has_gates else ())
            ],
        },
        "code_version": VERSION,
    }
    n_bars = sum(file.rows for file in lake.files("predictions", keys=[model.id for model in grid.models]))
    snapshot = lake.snapshot()
    with state.write() as connection:
        known = find_batch(connection, recipe)
        if known is not None and (known.status != "completed" or not force):
            return known, False
        batch = create_batch(
            connection,
            recipe,
            n_trials=grid.n_trials,
            chunk_trials=chunk_trials or _chunk_trials(n_bars / len(grid.models)),
            snapshot=snapshot,
            now_us=queue.clock.now_us(),
        )
        return batch, True


def _setup_recipe(setup: BatchSetup) -> dict[str, Any]:
    """The setup as JSON values; rules that are off are no part of it."""
    recipe = asdict(setup)
    recipe["rules"] = setup.rules.parameters
    return recipe if setup.rules else {name: value for name, value in recipe.items() if name != "rules"}


def _chunk_trials(n_bars: float) -> int:
    """Trials that take about two seconds on one thread."""
    return max(
        1, min(round(_SECONDS_PER_CHUNK * _BARS_PER_SECOND / max(n_bars, 1.0)), _MOST_TRIALS_PER_CHUNK)
    )


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _report(
    grid: Grid,
    batch: Batch,
    n_completed: int,
    n_failed: int,
    wall_s: float,
    cpu_s: float,
    n_resumed: int,
    note: str,
) -> BatchReport:
    return BatchReport(
        batch_id=batch.id,
        n_trials=batch.n_trials,
        n_completed=n_completed,
        n_failed=n_failed,
        wall_s=wall_s,
        cpu_s=cpu_s,
        symbols=tuple(dict.fromkeys(model.symbol for model in grid.models)),
        models=tuple(model.id for model in grid.models),
        n_resumed=n_resumed,
        note=note,
    )

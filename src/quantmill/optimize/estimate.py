"""What a batch would take, told before it starts: trials, time, memory, bytes, and what is there already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantmill.core.process_memory import resident_bytes
from quantmill.lake.store import Lake
from quantmill.optimize.batch_recipe import recipe_of
from quantmill.optimize.batch_runner import Grid
from quantmill.optimize.batch_setup import BatchSetup
from quantmill.optimize.calibration import Calibration, calibrate
from quantmill.optimize.chunk_size import n_bars_of, trials_per_chunk
from quantmill.optimize.chunks import find_batch, totals_of
from quantmill.optimize.gate_axis import usable_space
from quantmill.optimize.pairs import resolve_pairs
from quantmill.optimize.past_chunks import PastCost, past_cost
from quantmill.optimize.sampling import SampledSpace
from quantmill.optimize.space import ParameterSpace
from quantmill.optimize.trial_space import TrialSpace
from quantmill.state.engine import State

__all__ = ["Estimate", "Range", "estimate_batch"]

# How far a measurement of seconds on a machine that does other things has been off.
_LOW, _HIGH = 0.7, 1.5
# Thousands of trials have more or less in common than the few measured, and compress accordingly.
_LOW_BYTES, _HIGH_BYTES = 0.3, 1.3
# Writing a chunk's file and its transaction; a plan of the whole and its end.
_CHUNK_CPU_S: Final = 0.03
_CHUNK_WALL_S: Final = 0.05
# A trial's row in the frames of its tasks, in that of the chunk and in the file being written.
_COPIES: Final = 3
# Its number, threshold, ids and ledger entry.
_TRIAL_BYTES: Final = 700
_BYTES_PER_DRAWN: Final = 16


@dataclass(frozen=True, slots=True)
class Range:
    """A low and a high guess of one quantity."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a batch would take if it ran from the beginning, and what of it is there.

    Attributes:
        models: Id and symbol of each model.
        space: Values per parameter, and the sample.
        n_trials: Trials of all models.
        n_streams: Signals that must be prepared, of all models.
        n_bars: Bars of all models.
        n_chunks: Chunks; each is published on its own.
        chunk_trials: Trials of a chunk.
        n_threads: Threads asked for.
        cpu_s: CPU seconds.
        wall_s: Wall seconds on those threads.
        memory_bytes: Peak of the process.
        lake_bytes: What the trials take in the lake.
        basis: Where the times come from.
        took_s: Wall seconds of the measurement.
        batch_id: The batch of the same recipe; None when there is none.
        status: Its status.
        n_done: Its trials that are stored.
        note: What was left out of the grid.
    """

    models: tuple[tuple[str, str], ...]
    space: Mapping[str, Any]
    n_trials: int
    n_streams: int
    n_bars: int
    n_chunks: int
    chunk_trials: int
    n_threads: int
    cpu_s: Range
    wall_s: Range
    memory_bytes: int
    lake_bytes: Range
    basis: str
    took_s: float
    batch_id: str | None
    status: str | None
    n_done: int
    note: str


def estimate_batch(
    lake: Lake,
    state: State,
    models: Sequence[str],
    symbols: Sequence[str] = (),
    space: TrialSpace | None = None,
    setup: BatchSetup | None = None,
    *,
    max_concurrent: int = 2,
    budget_s: float = 1.5,
) -> Estimate:
    """What `run_batch` with the same arguments would take; nothing is started, counted or written.

    A few dozen trials of the first model are run in memory. Where this machine did enough chunks of like size in
    this home, their times stand in for those of the measurement.

    Args:
        lake: Bars and predictions.
        state: The state database.
        models: As for `run_batch`.
        symbols: As for `run_batch`.
        space: As for `run_batch`.
        setup: As for `run_batch`.
        max_concurrent: Threads.
        budget_s: Wall seconds for measured trials.

    Raises:
        UsageError: As for `run_batch`.
        NotFoundError: As for `run_batch`.
        SimulationError: If no trial of the first model can be run.
    """
    pairs = resolve_pairs(state, models, symbols)
    usable = usable_space(lake, state, pairs, space or ParameterSpace())
    grid = Grid(pairs, usable.space, setup or BatchSetup())
    n_bars = n_bars_of(lake, grid)
    has_rules = bool(grid.setup.rules)
    chunk_trials = trials_per_chunk(n_bars / len(grid.models), has_rules=has_rules)
    measured = calibrate(lake, state, grid, n_threads=max_concurrent, budget_s=budget_s)
    plan = _Plan(grid, n_bars, chunk_trials, -(-grid.n_trials // chunk_trials))
    past = past_cost(lake, state, chunk_trials=min(chunk_trials, grid.n_trials), has_rules=has_rules)
    times = _measured_times(plan, measured) if past is None else _past_times(plan, measured, past)
    with state.read() as connection:
        batch = find_batch(connection, recipe_of(lake, state, grid))
        totals = None if batch is None else totals_of(connection, batch.id)
    stored_bytes = grid.n_trials * measured.stored_row_bytes + plan.n_chunks * measured.stored_file_bytes
    return Estimate(
        models=tuple((model.id, model.symbol) for model in grid.models),
        space=grid.space.recipe(),
        n_trials=grid.n_trials,
        n_streams=len(grid.models) * grid.space.n_streams,
        n_bars=n_bars,
        n_chunks=plan.n_chunks,
        chunk_trials=chunk_trials,
        n_threads=max_concurrent,
        cpu_s=times[0],
        wall_s=times[1],
        memory_bytes=_memory(plan, measured),
        lake_bytes=Range(_LOW_BYTES * stored_bytes, _HIGH_BYTES * stored_bytes),
        basis=_basis(measured, past),
        took_s=measured.took_s,
        batch_id=None if batch is None else batch.id,
        status=None if batch is None else batch.status,
        n_done=0 if totals is None else totals.n_completed + totals.n_failed,
        note=usable.note,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    grid: Grid
    n_bars: int
    chunk_trials: int
    n_chunks: int

    @property
    def bars_per_model(self) -> float:
        return self.n_bars / len(self.grid.models)

    @property
    def n_prepared(self) -> int:
        """Streams that are prepared: those of a grid about once, those of a sample in each chunk that has them."""
        n_streams = len(self.grid.models) * self.grid.space.n_streams
        if isinstance(self.grid.space, SampledSpace):
            return min(self.grid.n_trials, self.n_chunks * self.grid.space.n_streams)
        return n_streams + self.n_chunks


def _measured_times(plan: _Plan, measured: Calibration) -> tuple[Range, Range]:
    scale = plan.bars_per_model / measured.n_bars
    n_trials = plan.grid.n_trials
    swept_cpu_s = scale * (plan.n_prepared * measured.stream_cpu_s + n_trials * measured.trial_cpu_s)
    alone_cpu_s = scale * len(plan.grid.models) * measured.load_cpu_s + n_trials * measured.row_cpu_s
    cpu_s = swept_cpu_s + alone_cpu_s + plan.n_chunks * _CHUNK_CPU_S
    alone_wall_s = alone_cpu_s / min(measured.speed_up, 1.0) + plan.n_chunks * _CHUNK_WALL_S
    wall_s = swept_cpu_s / measured.speed_up + alone_wall_s
    return Range(_LOW * cpu_s, _HIGH * cpu_s), Range(_LOW * wall_s, _HIGH * wall_s)


def _past_times(plan: _Plan, measured: Calibration, past: PastCost) -> tuple[Range, Range]:
    work = plan.grid.n_trials * plan.bars_per_model
    cpu = Range(
        work * min(past.low_cpu_s, _LOW * past.cpu_s), work * max(past.high_cpu_s, _HIGH * past.cpu_s)
    )
    speed_up = min(past.speed_up, measured.speed_up)
    return cpu, Range(cpu.low / speed_up, cpu.high / speed_up)


def _memory(plan: _Plan, measured: Calibration) -> int:
    """This process with a source in it, the largest source's further bytes, and the rows of one chunk."""
    in_chunk = min(plan.chunk_trials, plan.grid.n_trials)
    further = max(plan.bars_per_model / measured.n_bars - 1.0, 0.0) * measured.source_bytes
    drawn = _BYTES_PER_DRAWN * len(plan.grid.space) if isinstance(plan.grid.space, SampledSpace) else 0
    return round(
        resident_bytes() + further + in_chunk * (_COPIES * measured.row_bytes + _TRIAL_BYTES) + drawn
    )


def _basis(measured: Calibration, past: PastCost | None) -> str:
    if past is not None:
        return f"{past.n_trials:,} trials in {past.n_chunks} chunks of this home's earlier batches"
    return f"{measured.n_measured} trials of {measured.symbol} run in memory"

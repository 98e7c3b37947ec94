"""What trials cost on this machine, measured on a few of a batch; their figures are thrown away."""

import time
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from statistics import median
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.process_memory import resident_bytes
from quantmill.errors import SimulationError
from quantmill.lake.store import Lake
from quantmill.optimize.batch_runner import Grid
from quantmill.optimize.ledger import configurations_of
from quantmill.optimize.stream_trials import StreamTrials, stream_trials
from quantmill.optimize.sweep import sweep
from quantmill.simulation.signal import SignalSource
from quantmill.simulation.source import model_source
from quantmill.state.engine import State

__all__ = ["Calibration", "calibrate"]

_LOOKED_AT: Final = 4_096
_MOST_STREAMS: Final = 4
_MOST_TRIALS: Final = 256
_MOST_REPEATS: Final = 9
_MANY_ROWS: Final = 4_096
_LEAST_SPEED_UP: Final = 0.05


@dataclass(frozen=True, slots=True)
class Calibration:
    """Costs of the first model's trials.

    Attributes:
        symbol: What the model trades.
        n_bars: Its bars.
        n_measured: How many different trials were run, each several times.
        took_s: Wall seconds of the whole measurement, with what had to be compiled.
        load_cpu_s: Reading the signal source.
        stream_cpu_s: One stream of signals.
        trial_cpu_s: One more trial on a stream that is there.
        row_cpu_s: Counting a trial and making its row a part of a file.
        speed_up: CPU over wall seconds: how many cores the threads had, below 1 on a busy machine.
        source_bytes: Memory of the source with its streams and the threads' workspaces.
        row_bytes: Memory of a trial's row until its chunk is stored.
        stored_row_bytes: Bytes of a further trial in a lake file.
        stored_file_bytes: Bytes of a lake file besides its trials.
    """

    symbol: str
    n_bars: int
    n_measured: int
    took_s: float
    load_cpu_s: float
    stream_cpu_s: float
    trial_cpu_s: float
    row_cpu_s: float
    speed_up: float
    source_bytes: int
    row_bytes: int
    stored_row_bytes: float
    stored_file_bytes: float


def calibrate(lake: Lake, state: State, grid: Grid, *, n_threads: int, budget_s: float = 1.5) -> Calibration:
    """Run a few trials of a grid's first model in memory, and keep nothing of them but the time they took.

    Nobody sees a figure of theirs and none is chosen by one, so the trial ledger does not count them.

    Args:
        lake: Bars, predictions, features.
        state: The state database.
        grid: The batch.
        n_threads: Threads of the batch.
        budget_s: Wall seconds for the trials; reading the source and compiling come on top.

    Raises:
        SimulationError: If none of the trials can be run.
        QuantmillError: Whatever keeps the model's signals from being read.
    """
    begun, resident = time.perf_counter(), resident_bytes()
    model = grid.models[0]
    # What the first reading of a process loads and compiles is no cost of a source.
    model_source(lake, model)
    started = time.process_time()
    source = grid.source_of(lake, state, model)
    load_cpu_s = time.process_time() - started
    groups = _groups(grid)
    one_each = [_thinned(group, 1) for group in groups]
    with ThreadPoolExecutor(n_threads) as executor:
        _check_any_runs(model.symbol, _timed(source, one_each, grid, executor, n_threads).frame)
        deadline = time.perf_counter() + budget_s
        few = _timed(source, one_each, grid, executor, n_threads)
        affordable = max(2, int(budget_s / 3 / max(few.wall_s / len(one_each), 1e-6)) // len(groups))
        some = [_thinned(group, affordable) for group in groups]
        runs_of_few, runs_of_many = [few], [_timed(source, some, grid, executor, n_threads)]
        while time.perf_counter() < deadline and len(runs_of_many) < _MOST_REPEATS:
            runs_of_few.append(_timed(source, one_each, grid, executor, n_threads))
            runs_of_many.append(_timed(source, some, grid, executor, n_threads))
    few_cpu_s, many_cpu_s = (median(run.cpu_s for run in runs) for runs in (runs_of_few, runs_of_many))
    frame = runs_of_many[0].frame
    n_more = frame.height - len(one_each)
    trial_cpu_s = max(many_cpu_s - few_cpu_s, 0.0) / n_more if n_more else many_cpu_s / frame.height
    many_wall_s = median(run.wall_s for run in runs_of_many)
    stored = _stored_size(frame)
    return Calibration(
        symbol=model.symbol,
        n_bars=source.market.n_bars,
        n_measured=frame.height,
        took_s=time.perf_counter() - begun,
        load_cpu_s=load_cpu_s,
        stream_cpu_s=max(few_cpu_s / len(one_each) - trial_cpu_s, 0.0),
        trial_cpu_s=trial_cpu_s,
        row_cpu_s=_row_cost(source, some, frame, grid),
        speed_up=min(max(many_cpu_s / max(many_wall_s, 1e-9), _LEAST_SPEED_UP), float(n_threads)),
        source_bytes=max(resident_bytes() - resident, 0),
        row_bytes=round(frame.estimated_size() / frame.height),
        stored_row_bytes=stored[0],
        stored_file_bytes=stored[1],
    )


@dataclass(frozen=True, slots=True)
class _Run:
    wall_s: float
    cpu_s: float
    frame: pl.DataFrame


def _groups(grid: Grid) -> list[StreamTrials]:
    """Trials of a few streams, those with the most trials first among evenly spread ones of the space."""
    size = len(grid.space)
    numbers = np.unique(np.linspace(0, size - 1, min(size, _LOOKED_AT)).astype(np.int64)).tolist()
    groups = stream_trials((number, grid.space[number]) for number in numbers)
    largest = sorted(groups, key=len, reverse=True)
    spread = largest[:: max(len(largest) // _MOST_STREAMS, 1)][:_MOST_STREAMS]
    return [_thinned(group, _MOST_TRIALS // len(spread)) for group in spread]


def _thinned(group: StreamTrials, most: int) -> StreamTrials:
    """At most so many trials of a group, evenly spread."""
    step = max(len(group) // most, 1)
    return StreamTrials(group.filters, group.numbers[::step][:most], group.thresholds[::step][:most])


def _check_any_runs(symbol: str, frame: pl.DataFrame) -> None:
    errors = frame.filter(status="failed")["error"]
    if errors.len() == frame.height:
        raise SimulationError(
            f"none of {frame.height} trials of {symbol} that were tried can be run: {errors[0]}",
            hint="the whole batch would fail likewise",
        )


def _timed(
    source: SignalSource, groups: Sequence[StreamTrials], grid: Grid, executor: Executor, n_threads: int
) -> _Run:
    started = (time.perf_counter(), time.process_time())
    frame = pl.concat(sweep(source, groups, grid.setup, executor=executor, n_threads=n_threads))
    return _Run(time.perf_counter() - started[0], time.process_time() - started[1], frame)


def _row_cost(source: SignalSource, groups: Sequence[StreamTrials], frame: pl.DataFrame, grid: Grid) -> float:
    """CPU seconds of one more row among many: the few that there are stand in for them."""
    times = -(-_MANY_ROWS // frame.height)
    many, started = pl.concat([frame] * times), time.process_time()
    for group in groups:
        configurations_of(source, group.filters, grid.setup.trial(), group.thresholds * times)
    _file_size(many)
    return (time.process_time() - started) / many.height


def _stored_size(frame: pl.DataFrame) -> tuple[float, float]:
    """Bytes of a further row in a file, and of the file besides: from a file of all rows and one of every other."""
    if frame.height == 1:
        return 0.0, float(_file_size(frame))
    half = frame.gather_every(2)
    whole = _file_size(frame)
    per_row = (whole - _file_size(half)) / (frame.height - half.height)
    return per_row, whole - per_row * frame.height


def _file_size(frame: pl.DataFrame) -> int:
    buffer = BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getbuffer().nbytes

"""The work of a batch: its open chunks, each published in the transaction that completes it."""

import os
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from quantmill.core.instants import SECOND_US
from quantmill.errors import JobCancelledError, QuantmillError
from quantmill.jobs.queue import JobQueue
from quantmill.jobs.runner import JobContext
from quantmill.lake.store import Lake
from quantmill.models.record import ModelRecord
from quantmill.optimize.batch_setup import BatchSetup
from quantmill.optimize.chunks import (
    Batch,
    Chunk,
    claim_chunk,
    complete_chunk,
    finish_batch,
    open_chunks,
    reopen_chunks,
    totals_of,
)
from quantmill.optimize.ledger import configurations_of, evidence_of, record
from quantmill.optimize.pausing import heed_pause
from quantmill.optimize.stream_trials import StreamTrials, stream_trials
from quantmill.optimize.sweep import sweep
from quantmill.optimize.trial_rows import failed_rows
from quantmill.optimize.trial_space import TrialSpace
from quantmill.simulation.gate_columns import with_gate_columns
from quantmill.simulation.gates import parse_gates
from quantmill.simulation.signal import SignalSource
from quantmill.simulation.source import model_source
from quantmill.simulation.warming import warm_kernels
from quantmill.state.engine import State

__all__ = ["BatchRunner", "Grid"]


@dataclass(frozen=True, slots=True)
class Grid:
    """Trials by number: all configurations of the first model, then of the next."""

    models: tuple[ModelRecord, ...]
    space: TrialSpace
    setup: BatchSetup

    @property
    def n_trials(self) -> int:
        """How many trials there are."""
        return len(self.models) * len(self.space)

    def source_of(self, lake: Lake, state: State, model: ModelRecord) -> SignalSource:
        """The signal of one of the models, with the columns that any of the gates looks at.

        Raises:
            QuantmillError: Whatever keeps the model's predictions or a gate's column from being read.
        """
        gates = [parse_gates(str(value)) for value in self.space.values_of("gates")]
        return with_gate_columns(lake, state, model_source(lake, model), gates)

    def groups(self, chunk: Chunk) -> Iterator[tuple[ModelRecord, list[StreamTrials]]]:
        """The chunk's trials by model, and by the signal that they share."""
        size = len(self.space)
        first, end = chunk.first_trial, chunk.first_trial + chunk.n_trials
        for place in range(first // size, (end - 1) // size + 1):
            start = place * size
            numbers = range(max(first, start), min(end, start + size))
            yield (
                self.models[place],
                stream_trials((number, self.space[number - start]) for number in numbers),
            )


class BatchRunner:
    """Does the open chunks of one batch; keeps the signal source in use, because the next chunk often needs it."""

    def __init__(
        self, lake: Lake, state: State, queue: JobQueue, grid: Grid, batch: Batch, n_threads: int
    ) -> None:
        self._lake = lake
        self._state = state
        self._queue = queue
        self._grid = grid
        self._batch = batch
        self._n_threads = n_threads
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._source: tuple[str, SignalSource] | None = None

    def run(self, context: JobContext) -> None:
        """The body of the job.

        Raises:
            JobCancelledError: If somebody paused the batch; the chunks in work were finished.
        """
        with self._state.write() as connection:
            reopen_chunks(connection, self._batch.id)
            numbers = open_chunks(connection, self._batch.id)
            done = totals_of(connection, self._batch.id)
        warm_kernels(self._grid.setup.rules)
        context.start("trials", self._batch.n_trials)
        context.advance(done.n_completed + done.n_failed)
        with ThreadPoolExecutor(self._n_threads, thread_name_prefix="trial") as executor:
            for number in numbers:
                self._stop_if_paused()
                self._do(number, context, executor)
        with context.completing() as connection:
            finish_batch(connection, self._batch.id, now_us=self._queue.clock.now_us())
        self._lake.refresh_views()

    def _stop_if_paused(self) -> None:
        """End the job where somebody asked for a pause; what is published stays."""
        if heed_pause(self._state, self._batch.id):
            self._lake.refresh_views()
            with self._state.read() as connection:
                done = totals_of(connection, self._batch.id)
            raise JobCancelledError(
                f"batch {self._batch.id} is paused: {done.n_completed + done.n_failed:,} of "
                f"{self._batch.n_trials:,} trials are stored",
                hint=f"`quantmill optimize resume {self._batch.id}` goes on",
            )

    def _do(self, number: int, context: JobContext, executor: Executor) -> None:
        started = (time.perf_counter(), time.process_time())
        lease_until_us = self._queue.clock.now_us() + int(self._queue.lease_s * SECOND_US)
        with self._state.write() as connection:
            chunk = claim_chunk(
                connection, self._batch.id, number, worker=self._worker, lease_until_us=lease_until_us
            )
        frames: list[pl.DataFrame] = []
        for model, groups in self._grid.groups(chunk):
            for some in self._sweep(model, groups, executor):
                frames.append(some)
                context.advance(some.height, note=f"{model.name} {model.symbol}")
        frame = pl.concat(frames).with_columns(batch_id=pl.lit(self._batch.id))
        staged = self._lake.stage("trials", frame, key=self._batch.id, period=chunk.period)
        wall_s, cpu_s = time.perf_counter() - started[0], time.process_time() - started[1]
        n_failed = frame.filter(status="failed").height
        with self._state.write() as connection:
            complete_chunk(connection, chunk, n_failed=n_failed, wall_s=wall_s, cpu_s=cpu_s)
            self._lake.commit([staged], connection=connection, job_id=context.job.id, note=f"chunk {number}")

    def _sweep(
        self, model: ModelRecord, groups: Sequence[StreamTrials], executor: Executor
    ) -> Iterator[pl.DataFrame]:
        """Rows of one model's trials; when its signal cannot be had, all of them failed."""
        try:
            source = self._source_of(model)
        except QuantmillError as error:
            origin = {"symbol": model.symbol, "model_id": model.id, "model_name": model.name}
            yield from (failed_rows(group, self._grid.setup, error, origin) for group in groups)
            return
        self._record(source, groups)
        yield from sweep(source, groups, self._grid.setup, executor=executor, n_threads=self._n_threads)

    def _source_of(self, model: ModelRecord) -> SignalSource:
        if self._source is None or self._source[0] != model.id:
            self._source = (model.id, self._grid.source_of(self._lake, self._state, model))
        return self._source[1]

    def _record(self, source: SignalSource, groups: Sequence[StreamTrials]) -> None:
        """Count the trials before the first of them runs."""
        setup = self._grid.setup.trial()
        configurations = [
            configuration
            for group in groups
            for configuration in configurations_of(source, group.filters, setup, group.thresholds)
        ]
        with self._state.write() as connection:
            record(connection, evidence_of(source), configurations, recorded_us=self._queue.clock.now_us())

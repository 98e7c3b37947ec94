"""Runs one job in this process, its lease renewed until it ends."""

import os
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Connection

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.errors import JobCancelledError, LeaseLostError, QuantmillError
from quantmill.jobs.queue import Job, JobQueue

__all__ = ["JobContext", "may_be_alive", "run_claimed", "run_job", "worker_name"]

_ATTEMPTS = 5
_MAX_NOTES = 100

Result = TypeVar("Result")


class JobContext:
    """What a job's body sees: its progress, and the transaction that completes it."""

    def __init__(self, queue: JobQueue, job: Job, progress: Progress) -> None:
        self._queue = queue
        self._progress = progress
        self._done = 0
        self._total = 0
        self._stop: BaseException | None = None
        self._notes: list[str] = []
        self.job = job
        self.is_completed = False

    @contextmanager
    def completing(self, *, result: object = None) -> Generator[Connection]:
        """The one transaction that publishes the results and marks the job completed.

        Args:
            result: What the job's row keeps of the results; JSON values.

        Raises:
            LeaseLostError: If another attempt owns the job; nothing is published.
        """
        self._raise_stop()
        with self._queue.state.write() as connection:
            yield connection
            self._queue.complete(connection, self.job, result=result, notes=self._notes)
        self.is_completed = True

    @property
    def fraction(self) -> float:
        """How much of the present task is done, from 0 to 1."""
        return min(self._done / self._total, 1.0) if self._total else 0.0

    def start(self, task: str, total: int) -> None:
        """Begin a task of `total` steps."""
        self._raise_stop()
        self._done, self._total = 0, total
        self._progress.start(task, total)

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        """Count steps as done; raises here when the job was cancelled or taken over."""
        self._raise_stop()
        self._done += steps
        self._progress.advance(steps, note=note)

    def say(self, message: str) -> None:
        """Tell a person one line; the job's row keeps the first ones."""
        if len(self._notes) < _MAX_NOTES:
            self._notes.append(message)
        self._progress.say(message)

    def beat_until(self, ended: threading.Event) -> None:
        """Renew the lease, three times per lease length unless the queue says otherwise, until the body ends."""
        while not ended.wait(self._queue.beat_s or self._queue.lease_s / 3):
            try:
                self._queue.heartbeat(self.job, self.fraction)
            except (LeaseLostError, JobCancelledError) as error:
                self._stop = error
                return

    def record_failure(self, error: BaseException) -> None:
        """Write how this attempt ended, unless it had published already or lost the job."""
        if not self.is_completed:
            with suppress(LeaseLostError):
                self._queue.fail(self.job, error, notes=self._notes)

    def _raise_stop(self) -> None:
        if self._stop is not None:
            raise self._stop


def run_job(
    queue: JobQueue,
    kind: str,
    key: tuple[Any, ...],
    body: Callable[[JobContext], Result],
    *,
    progress: Progress = NO_PROGRESS,
) -> Result:
    """Do a job here and now; its row tells how it went.

    An error that may pass (`retryable`, such as a lost race for a partition) is tried again.
    A job that ran before runs again: its body finds for itself what is already there.

    Args:
        queue: The jobs of a home.
        kind: Kind of work, such as `train`.
        key: What tells this job from others of its kind; JSON values only.
        body: The work. It publishes inside `context.completing()`; a body that publishes nothing may skip it.
        progress: Where a person sees progress.

    Raises:
        JobError: If another live process is doing the same job.
    """
    job_id = queue.enqueue(kind, key).id
    for attempt in range(_ATTEMPTS):
        context = JobContext(queue, queue.claim(job_id, worker_name(), is_alive=may_be_alive), progress)
        try:
            return _attempt(context, body)
        except QuantmillError as error:
            if not error.retryable or attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def run_claimed(
    queue: JobQueue, job: Job, body: Callable[[JobContext], Result], *, progress: Progress = NO_PROGRESS
) -> Result:
    """Do a job that this process has claimed; its row tells how it went.

    Args:
        queue: The jobs of a home.
        job: The attempt, from `claim_next`.
        body: As for `run_job`.
        progress: Where a person sees progress.
    """
    return _attempt(JobContext(queue, job, progress), body)


def worker_name() -> str:
    """The name under which this process claims jobs: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def may_be_alive(worker: str) -> bool:
    """False only when the worker ran on this host and its process is gone."""
    host, _, pid = worker.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return True
    if int(pid) == os.getpid():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _attempt(context: JobContext, body: Callable[[JobContext], Result]) -> Result:
    ended = threading.Event()
    beat = threading.Thread(target=context.beat_until, args=(ended,), name="heartbeat", daemon=True)
    beat.start()
    try:
        result = body(context)
        if not context.is_completed:
            with context.completing():
                pass
        return result
    except BaseException as error:
        ended.set()
        beat.join()
        context.record_failure(error)
        raise
    finally:
        ended.set()
        beat.join()

"""The job table's rules: who may do a job, and whose result counts."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, and_, select, update

from quantmill.core.clock import Clock
from quantmill.core.digest import canonical_json, short_id
from quantmill.core.instants import SECOND_US
from quantmill.errors import JobCancelledError, JobError, JobNotFoundError, LeaseLostError, QuantmillError
from quantmill.state.engine import State
from quantmill.state.statements import insert_missing
from quantmill.state.tables.jobs import JOB

__all__ = ["Job", "JobQueue", "JobStatus"]

JobStatus = Literal["pending", "running", "completed", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Job:
    """One unit of work as a worker holds it: only this `attempt` may complete it."""

    id: str
    kind: str
    key: tuple[Any, ...]
    status: JobStatus
    attempt: int
    worker: str | None
    lease_until_us: int | None
    progress: float
    error: str | None


@dataclass(frozen=True, slots=True)
class JobQueue:
    """Jobs of one state database; (kind, key) names a job, however often it is asked for."""

    state: State
    clock: Clock
    lease_s: float = 30.0

    def enqueue(self, kind: str, key: tuple[Any, ...]) -> Job:
        """The job of this kind and key, made pending when it is new."""
        now_us = self.clock.now_us()
        job_id = short_id("j", kind, key)
        row = {
            "id": job_id,
            "kind": kind,
            "key": canonical_json(key),
            "status": "pending",
            "attempt": 0,
            "priority": 0,
            "run_after_us": now_us,
            "progress": 0.0,
            "cancel_requested": False,
            "created_us": now_us,
            "updated_us": now_us,
        }
        with self.state.write() as connection:
            insert_missing(connection, JOB, [row])
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """One job.

        Raises:
            JobNotFoundError: If there is none with this id.
        """
        with self.state.read() as connection:
            return _fetch(connection, job_id)

    def claim(self, job_id: str, worker: str, *, is_alive: Callable[[str], bool]) -> Job:
        """Take the next attempt at a job, finished earlier or not.

        Args:
            job_id: The job.
            worker: Name of the claimant.
            is_alive: Tells whether the worker that holds a lease can still be working; when it cannot,
                its lease is void.

        Raises:
            JobError: If another worker holds the job.
            JobNotFoundError: If there is no such job.
        """
        now_us = self.clock.now_us()
        with self.state.write() as connection:
            job = _fetch(connection, job_id)
            held = job.status == "running" and (job.lease_until_us or 0) > now_us
            if held and job.worker is not None and is_alive(job.worker):
                raise JobError(
                    f"{job.kind} {canonical_json(job.key)} is being done by {job.worker}",
                    hint="wait until it is done; its results will be there",
                )
            changes = {
                "status": "running",
                "attempt": job.attempt + 1,
                "worker": worker,
                "lease_until_us": now_us + int(self.lease_s * SECOND_US),
                "progress": 0.0,
                "cancel_requested": False,
                "error_type": None,
                "error": None,
                "updated_us": now_us,
            }
            connection.execute(update(JOB).where(JOB.c.id == job_id).values(**changes))
            return _fetch(connection, job_id)

    def heartbeat(self, job: Job, progress: float) -> None:
        """Renew the lease of an attempt and tell how far it is, a fraction from 0 to 1.

        Raises:
            LeaseLostError: If another attempt owns the job.
            JobCancelledError: If somebody asked to cancel it.
        """
        now_us = self.clock.now_us()
        lease_until_us = now_us + int(self.lease_s * SECOND_US)
        with self.state.write() as connection:
            _change(connection, job, lease_until_us=lease_until_us, progress=progress, updated_us=now_us)
            cancel = connection.execute(select(JOB.c.cancel_requested).where(JOB.c.id == job.id)).scalar_one()
        if cancel:
            raise JobCancelledError(f"{job.kind} {canonical_json(job.key)} was cancelled")

    def complete(self, connection: Connection, job: Job) -> None:
        """Mark an attempt completed inside the transaction that publishes its results.

        Raises:
            LeaseLostError: If another attempt owns the job; the transaction must not commit.
        """
        now_us = self.clock.now_us()
        _change(connection, job, status="completed", progress=1.0, lease_until_us=None, updated_us=now_us)

    def fail(self, job: Job, error: BaseException) -> None:
        """Record how an attempt ended without a result.

        Raises:
            LeaseLostError: If another attempt owns the job.
        """
        is_cancel = isinstance(error, JobCancelledError | KeyboardInterrupt)
        message = str(error) if isinstance(error, QuantmillError) else f"{type(error).__name__}: {error}"
        with self.state.write() as connection:
            _change(
                connection,
                job,
                status="cancelled" if is_cancel else "failed",
                error_type=type(error).__name__,
                error="interrupted" if isinstance(error, KeyboardInterrupt) else message,
                lease_until_us=None,
                updated_us=self.clock.now_us(),
            )

    def cancel(self, job_id: str) -> None:
        """Ask the worker of a job to stop at its next heartbeat.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        with self.state.write() as connection:
            _fetch(connection, job_id)
            connection.execute(update(JOB).where(JOB.c.id == job_id).values(cancel_requested=True))


def _fetch(connection: Connection, job_id: str) -> Job:
    row = connection.execute(select(JOB).where(JOB.c.id == job_id)).mappings().first()
    if row is None:
        raise JobNotFoundError(f"no job {job_id!r}", hint="`quantmill jobs` lists them")
    names = ("id", "kind", "status", "attempt", "worker", "lease_until_us", "progress", "error")
    return Job(key=tuple(json.loads(row["key"])), **{name: row[name] for name in names})


def _change(connection: Connection, job: Job, **changes: object) -> None:
    """Change the row of a job if `job` still is its owner."""
    owner = and_(JOB.c.id == job.id, JOB.c.attempt == job.attempt, JOB.c.status == "running")
    if connection.execute(update(JOB).where(owner).values(**changes)).rowcount != 1:
        raise LeaseLostError(
            f"attempt {job.attempt} of {job.kind} {canonical_json(job.key)} no longer owns the job",
            hint="another worker took it over; its result counts",
        )

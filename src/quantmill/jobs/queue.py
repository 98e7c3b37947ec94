"""The job table's rules: who may do a job, and whose result counts."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, select, update

from quantmill.core.clock import Clock
from quantmill.core.digest import canonical_json, short_id
from quantmill.core.instants import SECOND_US
from quantmill.errors import JobCancelledError, JobError, JobNotFoundError, LeaseLostError, QuantmillError
from quantmill.state.engine import State
from quantmill.state.statements import insert_missing
from quantmill.state.tables.jobs import JOB

__all__ = ["Job", "JobQueue", "JobStatus", "ended_before"]

JobStatus = Literal["pending", "running", "completed", "failed", "cancelled"]

_ENDED: Final = ("completed", "failed", "cancelled")
_NO_ENDING: Final = dict.fromkeys(("error_type", "error", "error_hint", "result", "notes"))
_PLAIN_COLUMNS: Final = (
    "id",
    "kind",
    "status",
    "attempt",
    "worker",
    "lease_until_us",
    "progress",
    "error_type",
    "error",
    "error_hint",
    "created_us",
    "updated_us",
)


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
    error_type: str | None
    error: str | None
    error_hint: str | None
    result: Any
    notes: tuple[str, ...]
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True)
class JobQueue:
    """Jobs of one state database; (kind, key) names a job, however often it is asked for.

    Attributes:
        state: Where the jobs are.
        clock: Tells the time.
        lease_s: Seconds after which a silent worker loses its job.
        beat_s: Seconds between two signs of life; a third of the lease when None.
    """

    state: State
    clock: Clock
    lease_s: float = 30.0
    beat_s: float | None = None

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
            return _fetch(connection, job_id)

    def submit(self, kind: str, key: tuple[Any, ...]) -> Job:
        """The job of this kind and key, waiting for a worker: made pending again when it ended before."""
        job = self.enqueue(kind, key)
        now_us = self.clock.now_us()
        again = {
            "status": "pending",
            "run_after_us": now_us,
            "progress": 0.0,
            "cancel_requested": False,
            "updated_us": now_us,
            **_NO_ENDING,
        }
        ended = and_(JOB.c.id == job.id, JOB.c.status.in_(_ENDED))
        with self.state.write() as connection:
            connection.execute(update(JOB).where(ended).values(**again))
            return _fetch(connection, job.id)

    def list(
        self, *, kind: str | None = None, status: JobStatus | None = None, limit: int | None = None
    ) -> list[Job]:
        """The jobs that changed last, the newest at the end.

        Args:
            kind: Only jobs of this kind.
            status: Only jobs in this state.
            limit: At most this many.
        """
        chosen = select(JOB).order_by(JOB.c.updated_us.desc(), JOB.c.id).limit(limit)
        for column, value in ((JOB.c.kind, kind), (JOB.c.status, status)):
            chosen = chosen if value is None else chosen.where(column == value)
        with self.state.read() as connection:
            return [_job_of(row) for row in reversed(connection.execute(chosen).mappings().all())]

    def count(self, *, kind: str, status: JobStatus) -> int:
        """How many jobs of a kind are in a state."""
        matching = and_(JOB.c.kind == kind, JOB.c.status == status)
        with self.state.read() as connection:
            return connection.execute(select(func.count()).select_from(JOB).where(matching)).scalar_one()

    def get(self, job_id: str) -> Job:
        """One job.

        Raises:
            JobNotFoundError: If there is none with this id.
        """
        with self.state.read() as connection:
            return _fetch(connection, job_id)

    def find_held(self, kind: str, key: tuple[Any, ...], *, is_alive: Callable[[str], bool]) -> Job | None:
        """The job of this kind and key while a worker holds it; None otherwise.

        Args:
            kind: Kind of work.
            key: What tells the job from others of its kind.
            is_alive: As for `claim`.
        """
        with self.state.read() as connection:
            row = (
                connection.execute(select(JOB).where(JOB.c.id == short_id("j", kind, key))).mappings().first()
            )
        job = None if row is None else _job_of(row)
        return job if job is not None and _is_held(job, self.clock.now_us(), is_alive) else None

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
            if _is_held(job, now_us, is_alive):
                raise JobError(
                    f"{job.kind} {canonical_json(job.key)} is being done by {job.worker}",
                    hint="wait until it is done; its results will be there",
                )
            return self._start(connection, job, worker)

    def claim_next(self, kind: str, worker: str) -> Job | None:
        """Take the pending job of a kind that has waited longest; None when none waits.

        Args:
            kind: Kind of work.
            worker: Name of the claimant.
        """
        due = and_(JOB.c.kind == kind, JOB.c.status == "pending", JOB.c.run_after_us <= self.clock.now_us())
        oldest = select(JOB).where(due).order_by(JOB.c.run_after_us, JOB.c.id).limit(1)
        with self.state.read() as connection:
            if connection.execute(oldest).first() is None:
                return None
        # Where transactions do not exclude each other, the row is locked: no two workers get the same job.
        with self.state.write() as connection:
            row = connection.execute(oldest.with_for_update(skip_locked=True)).mappings().first()
            return None if row is None else self._start(connection, _job_of(row), worker)

    def _start(self, connection: Connection, job: Job, worker: str) -> Job:
        now_us = self.clock.now_us()
        changes = {
            "status": "running",
            "attempt": job.attempt + 1,
            "worker": worker,
            "lease_until_us": now_us + int(self.lease_s * SECOND_US),
            "progress": 0.0,
            "cancel_requested": False,
            "updated_us": now_us,
            **_NO_ENDING,
        }
        connection.execute(update(JOB).where(JOB.c.id == job.id).values(**changes))
        return _fetch(connection, job.id)

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

    def complete(
        self, connection: Connection, job: Job, *, result: object = None, notes: Sequence[str] = ()
    ) -> None:
        """Mark an attempt completed inside the transaction that publishes its results.

        Args:
            connection: The transaction.
            job: The attempt.
            result: What a person may want to see of the results; JSON values.
            notes: What was said on the way.

        Raises:
            LeaseLostError: If another attempt owns the job; the transaction must not commit.
        """
        _change(
            connection,
            job,
            status="completed",
            progress=1.0,
            lease_until_us=None,
            result=None if result is None else canonical_json(result),
            notes=canonical_json(list(notes)),
            updated_us=self.clock.now_us(),
        )

    def fail(self, job: Job, error: BaseException, *, notes: Sequence[str] = ()) -> None:
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
                error_hint=(error.hint or None) if isinstance(error, QuantmillError) else None,
                notes=canonical_json(list(notes)),
                lease_until_us=None,
                updated_us=self.clock.now_us(),
            )

    def cancel(self, job_id: str) -> Job:
        """Cancel a job that waits; ask the worker of one that runs to stop at its next heartbeat.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        this = JOB.c.id == job_id
        now_us = self.clock.now_us()
        waiting = update(JOB).where(this, JOB.c.status == "pending")
        with self.state.write() as connection:
            _fetch(connection, job_id)
            connection.execute(update(JOB).where(this).values(cancel_requested=True))
            connection.execute(waiting.values(status="cancelled", error="cancelled", updated_us=now_us))
            return _fetch(connection, job_id)

    def fail_abandoned(self, *, is_alive: Callable[[str], bool]) -> int:
        """Mark the jobs failed whose workers are gone, and say how many there were.

        Args:
            is_alive: Tells whether the worker that holds a lease can still be working; a lease
                that was not renewed in time is void in any case.
        """
        now_us = self.clock.now_us()
        running = select(JOB).where(JOB.c.status == "running")
        with self.state.write() as connection:
            held = [_job_of(row) for row in connection.execute(running).mappings()]
            gone = [
                job
                for job in held
                if (job.lease_until_us or 0) <= now_us or job.worker is None or not is_alive(job.worker)
            ]
            for job in gone:
                _change(
                    connection,
                    job,
                    status="failed",
                    error_type="JobError",
                    error=f"the process that did it ended before it was done ({job.worker})",
                    error_hint="ask for it again: what is stored already is not repeated",
                    lease_until_us=None,
                    updated_us=now_us,
                )
        return len(gone)


def ended_before(us: int) -> ColumnElement[bool]:
    """Condition on the jobs: completed, failed or cancelled before an instant."""
    return and_(JOB.c.status.in_(_ENDED), JOB.c.updated_us < us)


def _is_held(job: Job, now_us: int, is_alive: Callable[[str], bool]) -> bool:
    """Whether a worker that can still be working has a lease on the job."""
    in_lease = job.status == "running" and (job.lease_until_us or 0) > now_us
    return in_lease and job.worker is not None and is_alive(job.worker)


def _fetch(connection: Connection, job_id: str) -> Job:
    row = connection.execute(select(JOB).where(JOB.c.id == job_id)).mappings().first()
    if row is None:
        raise JobNotFoundError(f"no job {job_id!r}", hint="`quantmill jobs list` shows them")
    return _job_of(row)


def _job_of(row: RowMapping) -> Job:
    return Job(
        key=tuple(json.loads(row["key"])),
        result=None if row["result"] is None else json.loads(row["result"]),
        notes=tuple(json.loads(row["notes"] or "[]")),
        **{name: row[name] for name in _PLAIN_COLUMNS},
    )


def _change(connection: Connection, job: Job, **changes: object) -> None:
    """Change the row of a job if `job` still is its owner."""
    owner = and_(JOB.c.id == job.id, JOB.c.attempt == job.attempt, JOB.c.status == "running")
    if connection.execute(update(JOB).where(owner).values(**changes)).rowcount != 1:
        raise LeaseLostError(
            f"attempt {job.attempt} of {job.kind} {canonical_json(job.key)} no longer owns the job",
            hint="another worker took it over; its result counts",
        )

"""Pausing a batch: who works on it stops after the chunks in work, and anybody may go on later."""

from typing import Final

from sqlalchemy import and_, select, update

from quantmill.jobs.queue import Job, JobQueue
from quantmill.jobs.runner import may_be_alive
from quantmill.optimize.chunks import Batch, get_batch
from quantmill.state.engine import State
from quantmill.state.tables.optimize import BATCH

__all__ = ["JOB_KIND", "heed_pause", "job_at_work", "open_again", "pause_batch", "status_for_people"]

JOB_KIND: Final = "optimize"
_RUNNING, _PAUSING, _PAUSED = "running", "pausing", "paused"
_INTERRUPTED: Final = "interrupted"


def job_at_work(queue: JobQueue, batch_id: str) -> Job | None:
    """The job that does a batch at this moment; None when nobody does."""
    return queue.find_held(JOB_KIND, (batch_id,), is_alive=may_be_alive)


def pause_batch(state: State, queue: JobQueue, batch_id: str) -> Batch:
    """Ask that a batch stops after the chunks in work; one that nobody works on is paused at once.

    A batch that is finished or paused stays as it is.

    Returns:
        The batch: `pausing` while somebody still works on it.

    Raises:
        NotFoundError: If there is no such batch.
    """
    with state.read() as connection:
        get_batch(connection, batch_id)
    status = _PAUSED if job_at_work(queue, batch_id) is None else _PAUSING
    with state.write() as connection:
        unfinished = and_(BATCH.c.id == batch_id, BATCH.c.status.in_((_RUNNING, _PAUSING)))
        connection.execute(update(BATCH).where(unfinished).values(status=status))
        return get_batch(connection, batch_id)


def open_again(state: State, queue: JobQueue, batch_id: str) -> None:
    """Take back a pause before going on; while somebody works on the batch, a pause asked of them stands."""
    if job_at_work(queue, batch_id) is None:
        stopped = and_(BATCH.c.id == batch_id, BATCH.c.status.in_((_PAUSING, _PAUSED)))
        with state.write() as connection:
            connection.execute(update(BATCH).where(stopped).values(status=_RUNNING))


def heed_pause(state: State, batch_id: str) -> bool:
    """Whether the one who works on a batch must stop here; the batch is then paused."""
    this = BATCH.c.id == batch_id
    with state.read() as connection:
        status = connection.execute(select(BATCH.c.status).where(this)).scalar_one()
    if status == _PAUSING:
        with state.write() as connection:
            connection.execute(update(BATCH).where(this, BATCH.c.status == _PAUSING).values(status=_PAUSED))
    return status in {_PAUSING, _PAUSED}


def status_for_people(queue: JobQueue, batch_id: str, status: str) -> str:
    """A batch's status; `interrupted` where it should run and nobody works on it."""
    if status in {_RUNNING, _PAUSING} and job_at_work(queue, batch_id) is None:
        return _INTERRUPTED
    return status

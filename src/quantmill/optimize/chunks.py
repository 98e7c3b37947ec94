"""Batches and chunks in the state database: who may do a chunk, and whose result counts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, and_, func, insert, select, update

from quantmill.core.digest import canonical_json, digest
from quantmill.core.instants import from_us
from quantmill.errors import LeaseLostError, NotFoundError
from quantmill.state.tables.optimize import BATCH, CHUNK

__all__ = [
    "Batch",
    "BatchTotals",
    "Chunk",
    "claim_chunk",
    "complete_chunk",
    "create_batch",
    "find_batch",
    "finish_batch",
    "get_batch",
    "newest_batch",
    "open_chunks",
    "reopen_chunks",
    "totals_of",
]

# Of two batches made in the same microsecond the one that saw the newer snapshot came later.
_NEWEST_FIRST: Final = (BATCH.c.created_us.desc(), BATCH.c.snapshot.desc(), BATCH.c.id.desc())


@dataclass(frozen=True, slots=True)
class Batch:
    """Trials submitted together; `recipe` holds all that decides their results."""

    id: str
    status: str
    recipe: Mapping[str, Any]
    n_trials: int
    n_chunks: int
    snapshot: int
    created_us: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Trials `first_trial` … `first_trial + n_trials - 1` as one attempt holds them."""

    batch_id: str
    number: int
    first_trial: int
    n_trials: int
    attempt: int

    @property
    def period(self) -> str:
        """The name of the chunk's partition in the lake."""
        return f"{self.number:06d}"


@dataclass(frozen=True, slots=True)
class BatchTotals:
    """What the completed chunks of a batch add up to."""

    n_completed: int
    n_failed: int
    wall_s: float
    cpu_s: float


def create_batch(
    connection: Connection,
    recipe: Mapping[str, Any],
    *,
    n_trials: int,
    chunk_trials: int,
    snapshot: int,
    now_us: int,
) -> Batch:
    """Write a batch and its chunks, all pending.

    Returns:
        The batch; its id is `opt_YYYYMMDD_HHMMSS_<hash>` of the present second and the recipe's digest,
        counted up in the rare case that this second has one already.
    """
    recipe_digest = digest(recipe)
    stem = f"opt_{from_us(now_us):%Y%m%d_%H%M%S}"
    number = 0
    batch_id = f"{stem}_{recipe_digest[:8]}"
    while connection.execute(select(BATCH.c.id).where(BATCH.c.id == batch_id)).first() is not None:
        number += 1
        batch_id = f"{stem}_{digest(recipe_digest, number)[:8]}"
    first_trials = range(0, n_trials, chunk_trials)
    row = {
        "id": batch_id,
        "recipe_digest": recipe_digest,
        "recipe": canonical_json(recipe),
        "status": "running",
        "n_trials": n_trials,
        "n_chunks": len(first_trials),
        "snapshot": snapshot,
        "created_us": now_us,
    }
    connection.execute(insert(BATCH).values(**row))
    chunks = [
        {
            "batch_id": batch_id,
            "chunk": chunk,
            "first_trial": first_trial,
            "n_trials": min(chunk_trials, n_trials - first_trial),
            "status": "pending",
            "attempt": 0,
        }
        for chunk, first_trial in enumerate(first_trials)
    ]
    connection.execute(insert(CHUNK), chunks)
    return get_batch(connection, batch_id)


def get_batch(connection: Connection, batch_id: str) -> Batch:
    """One batch.

    Raises:
        NotFoundError: If there is none with this id.
    """
    row = connection.execute(select(BATCH).where(BATCH.c.id == batch_id)).mappings().first()
    if row is None:
        newest = newest_batch(connection)
        raise NotFoundError(
            f"no batch {batch_id!r}",
            hint=f"the newest is {newest.id}" if newest else "`quantmill optimize run` makes one",
        )
    return _batch_of(row)


def find_batch(connection: Connection, recipe: Mapping[str, Any]) -> Batch | None:
    """The newest batch of a recipe, finished or not."""
    same = select(BATCH).where(BATCH.c.recipe_digest == digest(recipe))
    row = connection.execute(same.order_by(*_NEWEST_FIRST).limit(1)).mappings().first()
    return None if row is None else _batch_of(row)


def newest_batch(connection: Connection) -> Batch | None:
    """The batch created last among those with results; None without any."""
    with_results = select(CHUNK.c.batch_id).where(CHUNK.c.status == "completed")
    newest = select(BATCH).where(BATCH.c.id.in_(with_results))
    row = connection.execute(newest.order_by(*_NEWEST_FIRST).limit(1)).mappings().first()
    return None if row is None else _batch_of(row)


def reopen_chunks(connection: Connection, batch_id: str) -> None:
    """Give back the chunks that a worker which is gone had begun; its late results no longer count."""
    begun = and_(CHUNK.c.batch_id == batch_id, CHUNK.c.status == "running")
    connection.execute(update(CHUNK).where(begun).values(status="pending", worker=None, lease_until_us=None))


def open_chunks(connection: Connection, batch_id: str) -> list[int]:
    """Numbers of the chunks still to be done, in order."""
    pending = and_(CHUNK.c.batch_id == batch_id, CHUNK.c.status == "pending")
    return list(connection.execute(select(CHUNK.c.chunk).where(pending).order_by(CHUNK.c.chunk)).scalars())


def claim_chunk(
    connection: Connection, batch_id: str, number: int, *, worker: str, lease_until_us: int
) -> Chunk:
    """Take the next attempt at a pending chunk.

    Raises:
        LeaseLostError: If the chunk is no longer pending.
    """
    mine = and_(CHUNK.c.batch_id == batch_id, CHUNK.c.chunk == number)
    changes = {
        "status": "running",
        "attempt": CHUNK.c.attempt + 1,
        "worker": worker,
        "lease_until_us": lease_until_us,
    }
    claimed = connection.execute(update(CHUNK).where(mine, CHUNK.c.status == "pending").values(**changes))
    if claimed.rowcount != 1:
        raise LeaseLostError(f"chunk {number} of {batch_id} was taken by another worker")
    row = connection.execute(select(CHUNK).where(mine)).mappings().one()
    return Chunk(batch_id, number, row["first_trial"], row["n_trials"], row["attempt"])


def complete_chunk(
    connection: Connection, chunk: Chunk, *, n_failed: int, wall_s: float, cpu_s: float
) -> None:
    """Mark an attempt completed inside the transaction that publishes its trials.

    Raises:
        LeaseLostError: If another attempt owns the chunk; the transaction must not commit.
    """
    mine = and_(
        CHUNK.c.batch_id == chunk.batch_id,
        CHUNK.c.chunk == chunk.number,
        CHUNK.c.attempt == chunk.attempt,
        CHUNK.c.status == "running",
    )
    changes = {
        "status": "completed",
        "lease_until_us": None,
        "n_failed": n_failed,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
    }
    if connection.execute(update(CHUNK).where(mine).values(**changes)).rowcount != 1:
        raise LeaseLostError(
            f"attempt {chunk.attempt} of chunk {chunk.number} of {chunk.batch_id} no longer owns it",
            hint="another worker took it over; its result counts",
        )


def finish_batch(connection: Connection, batch_id: str, *, now_us: int) -> None:
    """Mark a batch completed."""
    connection.execute(
        update(BATCH).where(BATCH.c.id == batch_id).values(status="completed", finished_us=now_us)
    )


def totals_of(connection: Connection, batch_id: str) -> BatchTotals:
    """Trials done and failed so far and the time that the completed chunks took."""
    done = and_(CHUNK.c.batch_id == batch_id, CHUNK.c.status == "completed")
    sums = [
        func.coalesce(func.sum(column), 0).label(name)
        for name, column in (
            ("n_trials", CHUNK.c.n_trials),
            ("n_failed", CHUNK.c.n_failed),
            ("wall_s", CHUNK.c.wall_s),
            ("cpu_s", CHUNK.c.cpu_s),
        )
    ]
    row = connection.execute(select(*sums).where(done)).mappings().one()
    n_failed = int(row["n_failed"])
    return BatchTotals(int(row["n_trials"]) - n_failed, n_failed, float(row["wall_s"]), float(row["cpu_s"]))


def _batch_of(row: RowMapping) -> Batch:
    names = ("id", "status", "n_trials", "n_chunks", "snapshot", "created_us")
    return Batch(recipe=json.loads(row["recipe"]), **{name: row[name] for name in names})

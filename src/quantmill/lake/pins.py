"""Pins: snapshots whose files must stay while somebody works on them."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import Connection, delete, insert, select

from quantmill.core.clock import Clock
from quantmill.core.instants import SECOND_US
from quantmill.lake.catalogue import find_head
from quantmill.state.engine import State
from quantmill.state.tables.catalogue import PIN

__all__ = ["pinned", "pinned_snapshots"]


@contextmanager
def pinned(state: State, clock: Clock, holder: str, *, for_s: float) -> Generator[int]:
    """The newest snapshot, its files kept until the block ends, or for `for_s` seconds if this process dies in it."""
    with state.write() as connection:
        snapshot = find_head(connection)
        until_us = clock.now_us() + int(for_s * SECOND_US)
        row = insert(PIN).values(snapshot=snapshot, holder=holder, until_us=until_us).returning(PIN.c.id)
        pin_id: int = connection.execute(row).scalar_one()
    try:
        yield snapshot
    finally:
        with state.write() as connection:
            connection.execute(delete(PIN).where(PIN.c.id == pin_id))


def pinned_snapshots(connection: Connection, *, now_us: int) -> list[int]:
    """Snapshots with a pin that holds; those whose time is over are deleted within the caller's write transaction."""
    connection.execute(delete(PIN).where(PIN.c.until_us <= now_us))
    return sorted(set(connection.execute(select(PIN.c.snapshot)).scalars()))

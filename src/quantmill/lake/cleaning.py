"""Cleaning: retired files that nobody can need any more leave the catalogue, then the volume."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, select

from quantmill.core.instants import SECOND_US
from quantmill.errors import UsageError
from quantmill.lake.layout import place_of
from quantmill.lake.pins import pinned_snapshots
from quantmill.lake.sweeping import sweep_lake
from quantmill.lake.volume import Volume
from quantmill.state.engine import State
from quantmill.state.statements import upsert
from quantmill.state.tables.catalogue import FILE, FILE_KEYS, FILE_SESSION, LAKE_FLOOR, SNAPSHOT

__all__ = ["CleanReport", "clean_lake"]

_LEAST_GRACE_S: Final = 300.0
_SWEEP_AGE_S: Final = 3600.0
_MANY: Final = 1000


@dataclass(frozen=True, slots=True)
class CleanReport:
    """Files deleted: retired ones, and leftovers that no commit published; what was kept because of a pin."""

    retired_files: int
    leftover_files: int
    n_bytes: int
    pinned_files: int


def clean_lake(volume: Volume, state: State, *, now_us: int, grace_s: float) -> CleanReport:
    """Delete files retired more than `grace_s` seconds ago that no pinned snapshot holds, and old leftovers.

    The catalogue forgets a file before it is deleted: a crash in between leaves one that nobody knows, which the
    next cleaning sweeps. `as_of` reads of the snapshots that lose files are refused from then on, those of bars
    answered from revisions.

    Raises:
        UsageError: If the grace is below five minutes.
    """
    if grace_s < _LEAST_GRACE_S:
        raise UsageError(
            f"the grace is {grace_s:g} s, needed are at least {_LEAST_GRACE_S:g}",
            hint="a read that began before a file was retired may still open it",
        )
    with state.write() as connection:
        pins = pinned_snapshots(connection, now_us=now_us)
        old = (
            select(
                FILE.c.id, FILE.c.dataset, FILE.c.key, FILE.c.path, FILE.c.bytes, FILE.c.added, FILE.c.removed
            )
            .join(SNAPSHOT, SNAPSHOT.c.id == FILE.c.removed)
            .where(SNAPSHOT.c.at_us < now_us - int(grace_s * SECOND_US))
        )
        found = connection.execute(old).all()
        held = {row.id for row in found if any(row.added <= pin < row.removed for pin in pins)}
        gone = [row for row in found if row.id not in held]
        _forget(connection, [row.id for row in gone])
        _raise_floors(connection, {row.path: row.removed for row in gone})
    for row in gone:
        volume.delete(row.path)
    swept = sweep_lake(volume, state, now_us=now_us, min_age_s=_SWEEP_AGE_S)
    leftovers = swept.partial_files + swept.orphan_files
    return CleanReport(len(gone), leftovers, sum(row.bytes for row in gone) + swept.n_bytes, len(held))


def _raise_floors(connection: Connection, gone: Mapping[str, int]) -> None:
    """Note up to which snapshot files are missing now, by their paths and the snapshots that retired them."""
    floors: dict[tuple[str, str], int] = defaultdict(int)
    for path, removed in gone.items():
        floors[place_of(path)] = max(floors[place_of(path)], removed)
    known = {(row.dataset, row.key): row.snapshot for row in connection.execute(select(LAKE_FLOOR))}
    for place, removed in floors.items():
        row = {"dataset": place[0], "key": place[1], "snapshot": max(removed, known.get(place, 0))}
        upsert(connection, LAKE_FLOOR, row, key=["dataset", "key"])


def _forget(connection: Connection, ids: Sequence[int]) -> None:
    for at in range(0, len(ids), _MANY):
        some = ids[at : at + _MANY]
        connection.execute(delete(FILE_SESSION).where(FILE_SESSION.c.file_id.in_(some)))
        connection.execute(delete(FILE_KEYS).where(FILE_KEYS.c.file_id.in_(some)))
        connection.execute(delete(FILE).where(FILE.c.id.in_(some)))

"""Leftovers of writers that died: files that no commit published."""

from dataclasses import dataclass
from itertools import chain

from sqlalchemy import select

from quantmill.core.instants import SECOND_US
from quantmill.lake.catalogue import find_head
from quantmill.lake.journal import read_line
from quantmill.lake.volume import Volume
from quantmill.state.engine import State
from quantmill.state.tables.catalogue import FILE

__all__ = ["SweepReport", "sweep_lake"]


@dataclass(frozen=True, slots=True)
class SweepReport:
    """Files deleted, by kind, the bytes they held, and younger leftovers that were spared."""

    partial_files: int
    orphan_files: int
    n_bytes: int
    spared_files: int


def sweep_lake(volume: Volume, state: State, *, now_us: int, min_age_s: float) -> SweepReport:
    """Delete partial files, and data files the catalogue does not know, that are older than `min_age_s`.

    The age protects a writer between staging and commit. Files of commits that the journal knows and the catalogue
    does not are spared: where a catalogue was lost, they are what it is rebuilt from.
    """
    found = list(volume.listing())
    # Asked after the listing: a file committed meanwhile is known by now.
    with state.read() as connection:
        known = set(connection.execute(select(FILE.c.path)).scalars())
        head = find_head(connection)
    promised = {snapshot: read_line(line).added for snapshot, line in volume.read_log(after=head)}
    kept = set(chain.from_iterable(promised.values()))
    n_bytes = n_partial = n_orphans = n_spared = 0
    for file in found:
        if not file.is_partial and file.path in known:
            continue
        if file.path in kept or now_us - file.modified_us < min_age_s * SECOND_US:
            n_spared += 1
            continue
        volume.delete(file.path)
        n_bytes += file.n_bytes
        n_partial += file.is_partial
        n_orphans += not file.is_partial
    return SweepReport(n_partial, n_orphans, n_bytes, n_spared)

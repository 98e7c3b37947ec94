"""Leftovers of writers that died: files that no commit published."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from quantmill.core.instants import SECOND_US
from quantmill.lake.layout import STAGING, VIEWS, WAITING
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


def sweep_lake(root: Path, state: State, *, now_us: int, min_age_s: float) -> SweepReport:
    """Delete partial files, and data files the catalogue does not know, that are older than `min_age_s`.

    The age protects a writer between staging and commit.
    """
    found = list(_data_files(root))
    # Asked after the listing: a file committed meanwhile is known by now.
    with state.read() as connection:
        known = set(connection.execute(select(FILE.c.path)).scalars())
    n_bytes = n_partial = n_orphans = n_spared = 0
    for path in found:
        is_partial = path.parent.name in {STAGING, VIEWS}
        if not is_partial and path.relative_to(root).as_posix() in known:
            continue
        try:
            facts = path.stat()
        except FileNotFoundError:
            continue
        if now_us - int(facts.st_mtime * SECOND_US) < min_age_s * SECOND_US:
            n_spared += 1
            continue
        path.unlink(missing_ok=True)
        n_bytes += facts.st_size
        n_partial += is_partial
        n_orphans += not is_partial
    return SweepReport(n_partial, n_orphans, n_bytes, n_spared)


def _data_files(root: Path) -> Iterator[Path]:
    yield from (root / STAGING).glob("*.partial")
    yield from (root / VIEWS).glob("*.partial")
    for folder in root.iterdir():
        if folder.is_dir() and folder.name not in {STAGING, VIEWS, WAITING}:
            yield from folder.rglob("*.parquet")

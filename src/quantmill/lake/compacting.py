"""Compaction: few files instead of many, the same rows."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from quantmill.core.bars import BAR_SCHEMA
from quantmill.core.clock import Clock
from quantmill.core.instants import from_us
from quantmill.errors import CommitConflictError
from quantmill.lake.catalogue import FileRef, find_files, find_hot_files
from quantmill.lake.commits import ATTEMPTS, Commit
from quantmill.lake.datasets import BARS
from quantmill.lake.hot import HotSession
from quantmill.lake.layout import hot_kind
from quantmill.lake.staging import Staged, Staging
from quantmill.lake.volume import Volume
from quantmill.state.engine import State

__all__ = ["FILES_PER_ROLL_UP", "CompactReport", "Housekeeping", "compact", "is_roll_up_due", "roll_up"]

FILES_PER_ROLL_UP: Final = {"s": 30, "r": 16}
"""How many segments make a roll-up, and how many roll-ups a larger one."""

_NEXT: Final = {"s": "r", "r": "d"}


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """What compaction works with; `commit` publishes staged files under a note."""

    volume: Volume
    state: State
    clock: Clock
    commit: Callable[[Sequence[Staged], str], Commit]

    def staging(self) -> Staging:
        """A write of bars that keeps what is stored."""
        staging = Staging(self.volume, self.state, self.clock.now_us(), BARS.name, "keep")
        with self.state.read() as connection:
            staging.begin(connection)
        return staging


@dataclass(frozen=True, slots=True)
class CompactReport:
    """Sessions merged into the base tier, hot files and month files that went, year files that came."""

    sessions: int
    hot_files: int
    month_files: int
    year_files: int


def is_roll_up_due(staged: Staged) -> bool:
    """Whether with its commit a session has as many hot files of a kind as `roll_up` puts together."""
    replaced = {path for draft in staged.drafts for path in draft.replaces}
    drafts = [draft for draft in staged.drafts if draft.tier == "hot"]
    kept = [file for file in staged.hot_files if file.path not in replaced]
    held = Counter((file.key, file.period, hot_kind(file.path)) for file in (*kept, *drafts))
    return any(count >= FILES_PER_ROLL_UP.get(kind, count + 1) for (_, _, kind), count in held.items())


def roll_up(work: Housekeeping) -> None:
    """Put the segments of a session into one file when there are many of them.

    Another process that does the same at the same time wins; nothing is lost.
    """
    for session, files in _by_session(_hot_files(work)).items():
        for kind, count in FILES_PER_ROLL_UP.items():
            some = [file for file in files if hot_kind(file.path) == kind]
            if len(some) < count:
                continue
            staging = work.staging()
            try:
                with staging.finishing():
                    rows = staging.read(some, pl.Schema(BAR_SCHEMA))
                    paths = [file.path for file in some]
                    staging.drafting.write_hot(session, rows, kind=_NEXT[kind], replaces=paths)
                work.commit(
                    [staging.staged(synthetic={})], f"roll-up of {len(some)} hot files of {session.period}"
                )
            except CommitConflictError:
                return


def compact(work: Housekeeping) -> CompactReport:
    """Merge each session that is over into the base tier, then months of closed years into years.

    Each session, and each year of a symbol, is one commit of its own: an interrupted compaction is continued by
    the next one.
    """
    n_sessions = n_hot = 0
    for session, files in _by_session(_hot_files(work)).items():
        last_us = max(file.max_ts or 0 for file in files)
        if session.is_due(last_us, work.clock.now_us()):
            n_hot += _repeated(lambda session=session: _merge_session(work, session))
            n_sessions += 1
    n_months = n_years = 0
    for key in _keys_with_closed_months(work):
        merged = _repeated(lambda key=key: _merge_years(work, key))
        n_months += merged
        n_years += merged > 0
    return CompactReport(n_sessions, n_hot, n_months, n_years)


def _merge_session(work: Housekeeping, session: HotSession) -> int:
    """Merge the hot files of a session, symbol by symbol, and retire them in the commit that publishes the result."""
    staging = work.staging()
    files = _by_session(staging.hot_files).get(session, [])
    with staging.finishing():
        rows = staging.read(files, pl.Schema(BAR_SCHEMA))
        parts = {str(key): part for (key,), part in rows.partition_by("symbol", as_dict=True).items()}
        staging.look_up(BARS.name, list(parts))
        staging.drafting.retires += [file.path for file in files]
        for key, part in parts.items():
            staging.stage_key(key, part)
    work.commit([staging.staged(synthetic={})], f"session {session.period} of {session.calendar} merged")
    return len(files)


def _merge_years(work: Housekeeping, key: str) -> int:
    """Put the month files of each closed year of a symbol into one file."""
    staging = work.staging()
    with work.state.read() as connection:
        files = find_files(connection, [BARS.name], keys=[key], tier="base")
    months: dict[str, list[FileRef]] = defaultdict(list)
    for file in files:
        if _is_closed_month(work, file.period):
            months[file.period[:4]].append(file)
    with staging.finishing():
        for year, some in months.items():
            rows = staging.read(some, pl.Schema(BAR_SCHEMA)).sort(BARS.order)
            staging.drafting.write(BARS.name, key, year, rows, replaces=[file.path for file in some])
    work.commit([staging.staged(synthetic={})], f"closed years of {key} merged")
    return sum(len(some) for some in months.values())


def _keys_with_closed_months(work: Housekeeping) -> list[str]:
    with work.state.read() as connection:
        files = find_files(connection, [BARS.name], tier="base")
    return sorted({file.key for file in files if _is_closed_month(work, file.period)})


def _is_closed_month(work: Housekeeping, period: str) -> bool:
    return len(period) == len("2026-11") and int(period[:4]) < from_us(work.clock.now_us()).year


def _hot_files(work: Housekeeping) -> list[FileRef]:
    with work.state.read() as connection:
        return find_hot_files(connection)


def _by_session(files: Iterable[FileRef]) -> dict[HotSession, list[FileRef]]:
    sessions: dict[HotSession, list[FileRef]] = defaultdict(list)
    for file in files:
        sessions[HotSession.of(file.key, file.period)].append(file)
    return sessions


def _repeated(merge: Callable[[], int]) -> int:
    """Do it again when a writer came first."""
    for _ in range(ATTEMPTS - 1):
        try:
            return merge()
        except CommitConflictError:
            continue
    return merge()

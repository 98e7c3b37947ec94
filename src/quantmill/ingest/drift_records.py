"""Baselines of sources and the log of their drift, as the state database keeps them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, and_, or_, select, update

from quantmill.errors import CommitConflictError
from quantmill.ingest.source_baseline import Drift, DriftKind, SourceBaseline
from quantmill.state.statements import insert_missing
from quantmill.state.tables.schema_drift import SCHEMA_BASELINE, SCHEMA_DRIFT

__all__ = [
    "DriftEvent",
    "SeenDrift",
    "StoredBaseline",
    "decide",
    "decided_before",
    "find_baselines",
    "find_events",
    "log_drift",
    "store_baseline",
]

_IN_PLACE: Final = "in place of "


@dataclass(frozen=True, slots=True)
class StoredBaseline:
    """A baseline with the row that keeps it; `reason` is first, told, auto, accepted or set."""

    id: int
    source: str
    baseline: SourceBaseline
    reason: str
    since_us: int


@dataclass(frozen=True, slots=True)
class SeenDrift:
    """Drift with the first file that has it, the batch that waits for it if any, and what is decided: open or auto."""

    drift: Drift
    path: str
    batch: str | None
    decision: str


@dataclass(frozen=True, slots=True)
class DriftEvent:
    """One row of the log; see `quantmill.state.tables.schema_drift`."""

    id: int
    source: str
    baseline_id: int
    kind: DriftKind
    column_name: str
    expected: str
    found: str
    path: str
    batch: str | None
    decision: str
    at_us: int
    decided_us: int | None

    def __str__(self) -> str:
        displaces = self.expected.removeprefix(_IN_PLACE) if self.expected.startswith(_IN_PLACE) else ""
        drift = Drift(self.kind, self.column_name, self.expected, self.found, displaces)
        return f"{drift}, first in {self.path}"


_EVENT_COLUMNS: Final = [SCHEMA_DRIFT.c[name] for name in DriftEvent.__slots__]


def find_baselines(
    connection: Connection, sources: Sequence[str] | None = None, *, at_us: int | None = None
) -> dict[str, StoredBaseline]:
    """The baselines of sources, all when None, that hold now or held at an instant; sorted by source."""
    kept = SCHEMA_BASELINE.c
    statement = select(kept.id, kept.source, kept.columns, kept.reason, kept.since_us).order_by(kept.source)
    statement = statement.where(_held(SCHEMA_BASELINE, "since_us", "until_us", at_us))
    return {
        row.source: StoredBaseline(
            row.id, row.source, SourceBaseline.from_text(row.columns), row.reason, row.since_us
        )
        for row in connection.execute(statement)
        if sources is None or row.source in sources
    }


def store_baseline(
    connection: Connection,
    source: str,
    baseline: SourceBaseline,
    *,
    replaces: int | None,
    reason: str,
    at_us: int,
) -> int:
    """Make a baseline the one that holds, within a write transaction; the replaced one becomes history.

    Returns:
        The id of its row.

    Raises:
        CommitConflictError: If the one that holds is no longer `replaces`.
    """
    if replaces is not None:
        retire = (
            update(SCHEMA_BASELINE)
            .where(SCHEMA_BASELINE.c.id == replaces, SCHEMA_BASELINE.c.until_us.is_(None))
            .values(until_us=at_us)
        )
        if connection.execute(retire).rowcount != 1:
            raise CommitConflictError(f"the baseline of {source} was changed meanwhile")
    row = {"source": source, "columns": baseline.to_text(), "reason": reason, "since_us": at_us}
    if insert_missing(connection, SCHEMA_BASELINE, [row]) != 1:
        raise CommitConflictError(f"another import set the baseline of {source} first")
    return find_baselines(connection, [source])[source].id


def log_drift(
    connection: Connection, source: str, seen: Iterable[SeenDrift], *, baseline_id: int, at_us: int
) -> int:
    """Add drift to the log; what is open already is not added again, nor what was refused of a file that does not wait.

    Returns:
        How many rows were added.
    """
    refused = {
        (event.kind, event.column_name, event.found, event.path)
        for event in find_events(connection, source)
        if event.decision == "refused"
    }
    rows = [
        {
            "source": source,
            "baseline_id": baseline_id,
            "kind": one.drift.kind,
            "column_name": one.drift.column,
            "expected": f"{_IN_PLACE}{one.drift.displaces}" if one.drift.displaces else one.drift.expected,
            "found": one.drift.found,
            "path": one.path,
            "batch": one.batch,
            "decision": one.decision,
            "at_us": at_us,
            "decided_us": None if one.decision == "open" else at_us,
        }
        for one in seen
        if one.batch is not None
        or (one.drift.kind, one.drift.column, one.drift.found, one.path) not in refused
    ]
    return insert_missing(connection, SCHEMA_DRIFT, rows)


def find_events(
    connection: Connection,
    source: str | None = None,
    *,
    only_open: bool = False,
    at_us: int | None = None,
) -> list[DriftEvent]:
    """The log in order of time, of one source or all; with `at_us` as it stood at that instant."""
    log = SCHEMA_DRIFT.c
    statement = select(*_EVENT_COLUMNS).order_by(log.at_us, log.id)
    if source is not None:
        statement = statement.where(log.source == source)
    if at_us is not None:
        statement = statement.where(log.at_us < at_us)
    if only_open:
        statement = statement.where(_held(SCHEMA_DRIFT, "at_us", "decided_us", at_us))
    return [DriftEvent(*row) for row in connection.execute(statement)]


def decide(connection: Connection, events: Iterable[DriftEvent], decision: str, *, at_us: int) -> int:
    """Write a decision into open rows of the log; returns how many there were."""
    ids = [event.id for event in events]
    statement = update(SCHEMA_DRIFT).where(SCHEMA_DRIFT.c.id.in_(ids), SCHEMA_DRIFT.c.decision == "open")
    return connection.execute(statement.values(decision=decision, decided_us=at_us)).rowcount


def decided_before(us: int) -> ColumnElement[bool]:
    """Condition on the log of drift: seen before an instant and decided; what is open still waits for somebody."""
    return and_(SCHEMA_DRIFT.c.decision != "open", SCHEMA_DRIFT.c.at_us < us)


def _held(table: Table, since: str, until: str, at_us: int | None) -> ColumnElement[bool]:
    """Condition: a row holds now, or held just before an instant."""
    start, end = table.c[since], table.c[until]
    if at_us is None:
        return end.is_(None)
    return and_(start < at_us, or_(end.is_(None), end >= at_us))

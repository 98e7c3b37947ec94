"""The catalogue: which files hold what, asked and changed by SQL statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from quantmill.core.span import Span
from quantmill.errors import NotFoundError
from quantmill.state.tables.catalogue import DATASET_SCHEMA, FILE, LAKE_HEAD

__all__ = ["FileRef", "find_files", "find_head", "find_schemas", "is_live_at"]


@dataclass(frozen=True, slots=True)
class FileRef:
    """One data file as the catalogue knows it; times are µs since 1970 UTC, `path` is relative to the lake."""

    id: int
    dataset: str
    key: str
    period: str
    path: str
    rows: int
    min_ts: int | None
    max_ts: int | None
    n_extended: int
    bytes: int
    sha256: str
    content_sha256: str
    schema_id: str
    providers: str
    added: int
    removed: int | None


_COLUMNS = [FILE.c[name] for name in FileRef.__slots__]
_MANY_KEYS = 500


def find_head(connection: Connection) -> int:
    """The newest snapshot; 0 before the first commit."""
    return connection.execute(select(LAKE_HEAD.c.snapshot)).scalar() or 0


def find_files(
    connection: Connection,
    datasets: Sequence[str],
    *,
    keys: Sequence[str] | None = None,
    span: Span | None = None,
    as_of: int | None = None,
) -> list[FileRef]:
    """Files of a snapshot that may hold rows of the keys and span, by dataset, key and time; one statement.

    Raises:
        NotFoundError: If `as_of` is no snapshot of this lake.
    """
    if as_of is not None and not 0 <= as_of <= (head := find_head(connection)):
        raise NotFoundError(f"there is no snapshot {as_of}; the newest is {head}")
    conditions = [FILE.c.dataset.in_(datasets), is_live_at(as_of)]
    if keys is not None and len(keys) <= _MANY_KEYS:
        conditions.append(FILE.c.key.in_(keys))
    if span is not None:
        conditions.append(
            or_(FILE.c.min_ts.is_(None), and_(FILE.c.min_ts < span.end_us, FILE.c.max_ts >= span.start_us))
        )
    statement = select(*_COLUMNS).where(*conditions)
    found = [FileRef(*row) for row in connection.execute(statement)]
    wanted = None if keys is None else set(keys)
    kept = [file for file in found if wanted is None or file.key in wanted]
    return sorted(kept, key=_place)


def find_schemas(connection: Connection, ids: Sequence[str]) -> Mapping[str, str]:
    """Schema texts by id."""
    statement = select(DATASET_SCHEMA.c.id, DATASET_SCHEMA.c.columns).where(DATASET_SCHEMA.c.id.in_(ids))
    return {row.id: row.columns for row in connection.execute(statement)}


def is_live_at(as_of: int | None) -> ColumnElement[bool]:
    """Condition: the file belongs to the snapshot `as_of`, the newest when None."""
    if as_of is None:
        return FILE.c.removed.is_(None)
    return and_(FILE.c.added <= as_of, or_(FILE.c.removed.is_(None), FILE.c.removed > as_of))


def _place(file: FileRef) -> tuple[Any, ...]:
    # By time within a key; periods sort like their times, but chunks of batches have no time.
    return file.dataset, file.key, file.min_ts if file.min_ts is not None else -1, file.period

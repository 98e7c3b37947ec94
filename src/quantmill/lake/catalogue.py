"""The catalogue: which files hold what, asked by SQL statements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select

from quantmill.core.instants import to_us
from quantmill.core.span import Span
from quantmill.errors import NotFoundError
from quantmill.lake.hot import HotKey, keys_from_text
from quantmill.lake.layout import LIVE
from quantmill.state.statements import constant
from quantmill.state.tables.catalogue import (
    DATASET_SCHEMA,
    FILE,
    FILE_KEYS,
    LAKE_FLOOR,
    LAKE_HEAD,
    PIN,
    SNAPSHOT,
)

__all__ = [
    "FileRef",
    "Moment",
    "find_base_files",
    "find_files",
    "find_head",
    "find_head_and_hot_files",
    "find_hot_files",
    "find_hot_keys",
    "find_moment",
    "find_schemas",
    "is_kept",
    "is_live_at",
]


class FileRef(msgspec.Struct, frozen=True, gc=False):
    """One data file as the catalogue knows it; times are µs since 1970 UTC, `path` is relative to the lake."""

    id: int
    dataset: str
    tier: str
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
    rows_digest: str
    schema_id: str
    providers: str
    added: int
    removed: int | None

    @property
    def is_hot(self) -> bool:
        """Whether it holds all symbols of a session under way."""
        return self.tier == "hot"


@dataclass(frozen=True, slots=True)
class Moment:
    """A snapshot and the instant at which it was made, in µs since 1970 UTC."""

    snapshot: int
    at_us: int


_COLUMNS: Final = [FILE.c[name] for name in FileRef.__struct_fields__]
_MANY_KEYS: Final = 500


def is_live_at(as_of: int | None) -> ColumnElement[bool]:
    """Condition: the file belongs to the snapshot `as_of`, the newest when None."""
    if as_of is None:
        return FILE.c.removed.is_(None)
    return and_(FILE.c.added <= as_of, or_(FILE.c.removed.is_(None), FILE.c.removed > as_of))


# Built once: they are asked with each live commit.
_HEAD: Final = select(LAKE_HEAD.c.snapshot)
_IS_BARS: Final = FILE.c.dataset == constant("bars")
_IS_HOT: Final = and_(_IS_BARS, FILE.c.tier == constant("hot"))
_HEAD_AND_HOT: Final = select(LAKE_HEAD.c.snapshot, *_COLUMNS).select_from(
    LAKE_HEAD.outerjoin(FILE, and_(_IS_HOT, is_live_at(None)))
)
_BASE_IN_SPAN: Final = select(*_COLUMNS).where(
    _IS_BARS,
    FILE.c.tier == constant("base"),
    is_live_at(None),
    FILE.c.min_ts < bindparam("end_us"),
    FILE.c.max_ts >= bindparam("start_us"),
)


def find_head(connection: Connection) -> int:
    """The newest snapshot; 0 before the first commit."""
    return connection.execute(_HEAD).scalar() or 0


def is_kept(
    connection: Connection, datasets: Collection[str], snapshot: int, *, keys: Collection[str] | None = None
) -> bool:
    """Whether all files of a snapshot are kept that a read of these datasets and keys would open.

    A pin is set on the newest snapshot, whole as it is, and keeps it so below any floor.
    """
    if snapshot >= _find_floor(connection, datasets, keys):
        return True
    return connection.execute(select(PIN.c.id).where(PIN.c.snapshot == snapshot)).first() is not None


def find_moment(connection: Connection, as_of: int | datetime) -> Moment:
    """The snapshot that is meant by its number, or by an instant: the newest one committed up to it.

    Raises:
        NotFoundError: If the number is no snapshot of this lake.
    """
    if isinstance(as_of, datetime):
        last = select(func.max(SNAPSHOT.c.id)).where(SNAPSHOT.c.at_us <= to_us(as_of))
        snapshot = connection.execute(last).scalar() or 0
    else:
        snapshot = as_of
    if not 0 <= snapshot <= (head := find_head(connection)):
        raise NotFoundError(f"there is no snapshot {snapshot}; the newest is {head}")
    at_us = connection.execute(select(SNAPSHOT.c.at_us).where(SNAPSHOT.c.id == snapshot)).scalar() or 0
    return Moment(snapshot, at_us)


def find_files(
    connection: Connection,
    datasets: Sequence[str],
    *,
    keys: Collection[str] | None = None,
    span: Span | None = None,
    as_of: int | None = None,
    tier: str | None = None,
) -> list[FileRef]:
    """Files of a snapshot that may hold rows of the keys and span, by dataset, key and time; one statement.

    Hot files, which hold many keys, are among them whatever the keys are; `tier` leaves out those of the other one.

    Raises:
        NotFoundError: If `as_of` is no snapshot of this lake, or files of it were cleaned away.
    """
    if as_of is not None:
        find_moment(connection, as_of)
        _check_kept(connection, datasets, keys, as_of)
    conditions = [FILE.c.dataset.in_(datasets), is_live_at(as_of)]
    if tier is not None:
        conditions.append(FILE.c.tier == tier)
    if keys is not None and len(keys) <= _MANY_KEYS:
        conditions.append(or_(FILE.c.key.in_(keys), FILE.c.tier == "hot"))
    if span is not None:
        conditions.append(
            or_(FILE.c.min_ts.is_(None), and_(FILE.c.min_ts < span.end_us, FILE.c.max_ts >= span.start_us))
        )
    found = [FileRef(*row) for row in connection.execute(select(*_COLUMNS).where(*conditions))]
    wanted = None if keys is None else set(keys)
    kept = [file for file in found if wanted is None or file.is_hot or file.key in wanted]
    return sorted(kept, key=_place)


def find_hot_files(connection: Connection, *, as_of: int | None = None) -> list[FileRef]:
    """The hot files of a snapshot, by calendar and time."""
    if as_of is None:
        return find_head_and_hot_files(connection)[1]
    statement = select(*_COLUMNS).where(_IS_HOT, is_live_at(as_of))
    return sorted((FileRef(*row) for row in connection.execute(statement)), key=_place)


def find_head_and_hot_files(connection: Connection) -> tuple[int, list[FileRef]]:
    """The newest snapshot and its hot files, by calendar and time."""
    rows = connection.execute(_HEAD_AND_HOT).all()
    files = [FileRef(*columns) for _, *columns in rows if columns[0] is not None]
    return (rows[0][0] if rows else 0), sorted(files, key=_place)


def find_base_files(connection: Connection, span: Span) -> list[FileRef]:
    """The base files of bars in the newest snapshot that may hold rows of the span, in no order."""
    limits = {"start_us": span.start_us, "end_us": span.end_us}
    return [FileRef(*row) for row in connection.execute(_BASE_IN_SPAN, limits).all()]


def find_hot_keys(connection: Connection, files: Collection[FileRef]) -> dict[str, dict[str, HotKey]]:
    """By path, what each of these hot files holds of each symbol."""
    statement = (
        select(FILE.c.path, FILE_KEYS.c.counts)
        .join(FILE, FILE.c.id == FILE_KEYS.c.file_id)
        .where(FILE_KEYS.c.file_id.in_([file.id for file in files]))
    )
    return {path: keys_from_text(text) for path, text in connection.execute(statement)} if files else {}


def find_schemas(connection: Connection, ids: Sequence[str]) -> Mapping[str, str]:
    """Schema texts by id."""
    statement = select(DATASET_SCHEMA.c.id, DATASET_SCHEMA.c.columns).where(DATASET_SCHEMA.c.id.in_(ids))
    return {row.id: row.columns for row in connection.execute(statement)}


def _find_floor(connection: Connection, datasets: Collection[str], keys: Collection[str] | None) -> int:
    """The oldest snapshot of which all files are kept that a read of these datasets and keys would open."""
    statement = select(LAKE_FLOOR.c.key, LAKE_FLOOR.c.snapshot).where(
        LAKE_FLOOR.c.dataset.in_(list(datasets))
    )
    wanted = None if keys is None else {*keys, LIVE}
    floors = (row.snapshot for row in connection.execute(statement) if wanted is None or row.key in wanted)
    return max(floors, default=0)


def _check_kept(
    connection: Connection, datasets: Sequence[str], keys: Collection[str] | None, as_of: int
) -> None:
    if not is_kept(connection, datasets, as_of, keys=keys):
        floor = _find_floor(connection, datasets, keys)
        raise NotFoundError(
            f"files of snapshot {as_of} were cleaned away; the oldest that is whole is {floor}",
            hint="bars of earlier snapshots are read through their revisions: `quantmill bars SYMBOL --as-of N`",
        )


def _place(file: FileRef) -> tuple[Any, ...]:
    # By time within a key; periods sort like their times, but chunks of batches have no time.
    return file.dataset, file.key, file.min_ts if file.min_ts is not None else -1, file.period

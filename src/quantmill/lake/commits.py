"""The second half of a write: one transaction publishes staged files, or none of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from quantmill.errors import CommitConflictError
from quantmill.lake.column_types import check_column_types
from quantmill.lake.datasets import dataset_of
from quantmill.lake.drafting import Draft
from quantmill.lake.hot import hot_key_of, keys_text
from quantmill.lake.journal import journal_line
from quantmill.lake.periods import overlaps
from quantmill.lake.schemas import schema_id
from quantmill.lake.staging import Staged
from quantmill.lake.symbols import KnownKinds, register_kinds
from quantmill.lake.volume import Volume
from quantmill.state.statements import insert_missing
from quantmill.state.tables.catalogue import (
    DATASET_SCHEMA,
    FILE,
    FILE_KEYS,
    FILE_SESSION,
    LAKE_HEAD,
    SNAPSHOT,
)

__all__ = ["ATTEMPTS", "Commit", "file_row", "insert_counts", "kinds_in", "publish", "summarize"]

# How often work is prepared anew when another writer published first.
ATTEMPTS: Final = 50

_MANY: Final = 1000
# Built once: they are asked with each live commit.
_ADVANCE: Final = update(LAKE_HEAD).values(snapshot=LAKE_HEAD.c.snapshot + 1).returning(LAKE_HEAD.c.snapshot)
_ADD_SNAPSHOT: Final = insert(SNAPSHOT)
_NEWER: Final = select(
    *(FILE.c[name] for name in ("path", "dataset", "tier", "key", "period", "min_ts", "max_ts"))
).where(
    FILE.c.added > bindparam("base_snapshot"),
    FILE.c.removed.is_(None),
    FILE.c.dataset.in_(bindparam("datasets", expanding=True)),
)
_N_SCHEMAS: Final = select(func.count()).where(DATASET_SCHEMA.c.id.in_(bindparam("ids", expanding=True)))
# By path, since an answer in order of the rows would take one statement each.
_ADD_FILES: Final = insert(FILE).returning(FILE.c.path, FILE.c.id)


@dataclass(frozen=True, slots=True)
class Commit:
    """What a write did: the snapshot it made (the present one when nothing changed) and counts of rows and files.

    `conflicts` counts rows whose stored values differ from the offered ones, `ingested_at` left out; `late`
    counts live bars that came after the watermark.
    """

    snapshot: int
    inserted: int
    existing: int
    replaced: int
    conflicts: int
    files: int
    late: int = 0


def summarize(staged: Sequence[Staged], *, snapshot: int) -> Commit:
    """The counts of all writes of a commit together."""
    return Commit(
        snapshot,
        sum(part.inserted for part in staged),
        sum(part.existing for part in staged),
        sum(part.replaced for part in staged),
        sum(part.conflicts for part in staged),
        sum(len(part.drafts) for part in staged),
        sum(part.late for part in staged),
    )


def publish(
    connection: Connection,
    volume: Volume,
    staged: Sequence[Staged],
    known: KnownKinds,
    *,
    at_us: int,
    job_id: str | None,
    note: str,
) -> int:
    """Publish staged files within a write transaction; they are visible when it commits.

    Returns:
        The snapshot that they make.

    Raises:
        CommitConflictError: If another commit changed one of the partitions, or a staged file is gone.
        SymbolKindError: If bars are of another kind than the symbol.
        SchemaDriftError: If a column of a dataset with free columns has another type in files that stay.
    """
    drafts = list(chain.from_iterable(part.drafts for part in staged))
    retired = [path for draft in drafts for path in draft.replaces]
    retired += chain.from_iterable(part.retires for part in staged)
    _check_distinct(drafts)
    _check_present(volume, drafts)
    # First of all: the update locks the head row, so on PostgreSQL too commits run one after another.
    snapshot: int = connection.execute(_ADVANCE).scalar_one()
    connection.execute(_ADD_SNAPSHOT, {"id": snapshot, "at_us": at_us, "job_id": job_id, "note": note})
    register_kinds(connection, known.unknown(kinds_in(staged), snapshot=snapshot), at_us=at_us)
    base_snapshot = min(part.base_snapshot for part in staged)
    if snapshot > base_snapshot + 1:
        _check_unchanged(connection, drafts, frozenset(retired), base_snapshot=base_snapshot)
    _add_schemas(connection, staged, at_us)
    try:
        _swap(connection, drafts, retired, snapshot)
    except IntegrityError as error:
        raise CommitConflictError("another commit published one of the partitions first") from error
    check_column_types(connection, drafts)
    line = journal_line(at_us, job_id, note, [draft.path for draft in drafts], retired)
    volume.log(snapshot, line)
    return snapshot


def kinds_in(staged: Iterable[Staged]) -> dict[str, bool]:
    """Of each symbol with new bars, whether they are synthetic."""
    kinds: dict[str, bool] = {}
    for part in staged:
        kinds |= part.synthetic
    return kinds


def _check_distinct(drafts: Sequence[Draft]) -> None:
    places = [(draft.dataset, draft.key, draft.period) for draft in drafts if draft.tier == "base"]
    if len(places) != len(set(places)):
        twice = next(place for place in places if places.count(place) > 1)
        raise ValueError(f"one commit holds the partition {twice} twice; offer its rows in one frame")


def _check_present(volume: Volume, drafts: Iterable[Draft]) -> None:
    gone = volume.missing([draft.path for draft in drafts])
    if gone:
        raise CommitConflictError(f"the staged file {gone[0]} was swept away; write again")


def _check_unchanged(
    connection: Connection, drafts: Sequence[Draft], retired: frozenset[str], *, base_snapshot: int
) -> None:
    """Compare: nothing was published since staging where these files want to be."""
    asked = {"base_snapshot": base_snapshot, "datasets": list({draft.dataset for draft in drafts})}
    found = [row for row in connection.execute(_NEWER, asked) if row.path not in retired]
    for draft in drafts if found else ():
        for row in found:
            if row.dataset == draft.dataset and _may_share_rows(row, draft):
                raise CommitConflictError(
                    f"another commit published {row.dataset} {row.key} {row.period} first"
                )


def _may_share_rows(row: Row[Any], draft: Draft) -> bool:
    """Whether a file and a draft of one dataset may hold the same key."""
    if row.tier == draft.tier == "base":
        return row.key == draft.key and overlaps(dataset_of(row.dataset), row.period, draft.period)
    if row.min_ts > (draft.max_ts or 0) or row.max_ts < (draft.min_ts or 0):
        return False
    if row.tier == draft.tier:
        return row.key == draft.key
    return row.key in draft.keys if draft.tier == "hot" else row.key == hot_key_of(draft.key)


def _swap(connection: Connection, drafts: Sequence[Draft], retired: Sequence[str], snapshot: int) -> None:
    """Swap: retire the files that the drafts were made from, bring in the drafts."""
    n_retired = 0
    for at in range(0, len(retired), _MANY):
        paths = retired[at : at + _MANY]
        retire = update(FILE).where(FILE.c.path.in_(paths), FILE.c.removed.is_(None)).values(removed=snapshot)
        n_retired += connection.execute(retire).rowcount
    if n_retired != len(retired):
        raise CommitConflictError(
            f"{len(retired) - n_retired} of {len(retired)} files were replaced meanwhile"
        )
    if not drafts:
        return
    rows = [file_row(draft, snapshot) for draft in drafts]
    added = connection.execute(_ADD_FILES, rows)
    ids = {row.path: row.id for row in added}
    insert_counts(connection, drafts, ids)


def insert_counts(connection: Connection, drafts: Sequence[Draft], ids: Mapping[str, int]) -> None:
    """Insert what the files with these ids hold of each session, or of each symbol."""
    sessions = [row for draft in drafts for row in _session_rows(ids[draft.path], draft)]
    if sessions:
        connection.execute(insert(FILE_SESSION), sessions)
    keys = [{"file_id": ids[draft.path], "counts": keys_text(draft.keys)} for draft in drafts if draft.keys]
    if keys:
        connection.execute(insert(FILE_KEYS), keys)


def _add_schemas(connection: Connection, staged: Sequence[Staged], at_us: int) -> None:
    """Make the schemas of staged files known."""
    # Those of files that were there at staging are: most live commits are spared the question.
    met = {file.schema_id for part in staged for file in part.hot_files}
    offered = {schema_id(draft.schema): draft.schema for part in staged for draft in part.drafts}
    schemas = {id_: text for id_, text in offered.items() if id_ not in met}
    if not schemas or connection.execute(_N_SCHEMAS, {"ids": list(schemas)}).scalar_one() == len(schemas):
        return
    rows = [{"id": id_, "columns": text, "created_us": at_us} for id_, text in schemas.items()]
    insert_missing(connection, DATASET_SCHEMA, rows)


def file_row(draft: Draft, snapshot: int) -> dict[str, object]:
    """The catalogue's row of a file that came with a snapshot."""
    return {
        "dataset": draft.dataset,
        "tier": draft.tier,
        "key": draft.key,
        "period": draft.period,
        "path": draft.path,
        "rows": draft.rows,
        "min_ts": draft.min_ts,
        "max_ts": draft.max_ts,
        "n_extended": draft.n_extended,
        "bytes": draft.n_bytes,
        "sha256": draft.sha256,
        "content_sha256": draft.content_sha256,
        "rows_digest": draft.rows_digest,
        "schema_id": schema_id(draft.schema),
        "providers": draft.providers,
        "added": snapshot,
        "removed": None,
    }


def _session_rows(file_id: int, draft: Draft) -> list[dict[str, object]]:
    counts = draft.sessions
    if counts is None:
        return []
    columns = (counts.session.tolist(), counts.n_regular.tolist(), counts.n_extended.tolist())
    return [
        {
            "file_id": file_id,
            "session": session,
            "key": draft.key,
            "n_regular": regular,
            "n_extended": extended,
        }
        for session, regular, extended in zip(*columns, strict=True)
    ]

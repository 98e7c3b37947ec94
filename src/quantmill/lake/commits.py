"""The second half of a write: one transaction publishes staged files, or none of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from quantmill.errors import CommitConflictError
from quantmill.lake.datasets import dataset_of
from quantmill.lake.periods import overlaps
from quantmill.lake.schemas import schema_id
from quantmill.lake.staging import Draft, Staged
from quantmill.lake.symbols import register_kinds
from quantmill.lake.volume import Volume
from quantmill.state.statements import insert_missing
from quantmill.state.tables.catalogue import DATASET_SCHEMA, FILE, FILE_SESSION, LAKE_HEAD, SNAPSHOT

__all__ = ["Commit", "publish", "summarize"]


@dataclass(frozen=True, slots=True)
class Commit:
    """What a write did: the snapshot it made (the present one when nothing changed) and counts of rows and files.

    `conflicts` counts rows whose stored values differ from the offered ones, `ingested_at` left out.
    """

    snapshot: int
    inserted: int
    existing: int
    replaced: int
    conflicts: int
    files: int


def summarize(staged: Sequence[Staged], *, snapshot: int) -> Commit:
    """The counts of all writes of a commit together."""
    return Commit(
        snapshot,
        sum(part.inserted for part in staged),
        sum(part.existing for part in staged),
        sum(part.replaced for part in staged),
        sum(part.conflicts for part in staged),
        sum(len(part.drafts) for part in staged),
    )


def publish(
    connection: Connection,
    volume: Volume,
    staged: Sequence[Staged],
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
    """
    drafts = list(chain.from_iterable(part.drafts for part in staged))
    _check_distinct(drafts)
    _check_present(volume, drafts)
    # First of all: the update locks the head row, so on PostgreSQL too commits run one after another.
    advance = update(LAKE_HEAD).values(snapshot=LAKE_HEAD.c.snapshot + 1).returning(LAKE_HEAD.c.snapshot)
    snapshot: int = connection.execute(advance).scalar_one()
    connection.execute(insert(SNAPSHOT).values(id=snapshot, at_us=at_us, job_id=job_id, note=note))
    register_kinds(connection, _kinds(staged), at_us=at_us)
    _check_unchanged(connection, drafts, base_snapshot=min(part.base_snapshot for part in staged))
    try:
        _swap(connection, drafts, snapshot, at_us)
    except IntegrityError as error:
        raise CommitConflictError("another commit published one of the partitions first") from error
    return snapshot


def _kinds(staged: Iterable[Staged]) -> dict[str, bool]:
    return {symbol: kind for part in staged for symbol, kind in part.synthetic.items()}


def _check_distinct(drafts: Sequence[Draft]) -> None:
    places = [(draft.dataset, draft.key, draft.period) for draft in drafts]
    if len(places) != len(set(places)):
        twice = next(place for place in places if places.count(place) > 1)
        raise ValueError(f"one commit holds the partition {twice} twice; offer its rows in one frame")


def _check_present(volume: Volume, drafts: Iterable[Draft]) -> None:
    gone = volume.missing([draft.path for draft in drafts])
    if gone:
        raise CommitConflictError(f"the staged file {gone[0]} was swept away; write again")


def _check_unchanged(connection: Connection, drafts: Sequence[Draft], *, base_snapshot: int) -> None:
    """Compare: nothing was published since staging where these files want to be."""
    newer = select(FILE.c.dataset, FILE.c.key, FILE.c.period, FILE.c.id).where(
        FILE.c.added > base_snapshot,
        FILE.c.removed.is_(None),
        FILE.c.dataset.in_({draft.dataset for draft in drafts}),
    )
    ours: dict[tuple[str, str], list[Draft]] = {}
    for draft in drafts:
        ours.setdefault((draft.dataset, draft.key), []).append(draft)
    for dataset, key, period, file_id in connection.execute(newer):
        for draft in ours.get((dataset, key), ()):
            if overlaps(dataset_of(dataset), period, draft.period) and draft.replaces != file_id:
                raise CommitConflictError(f"another commit published {dataset} {key} {period} first")


def _swap(connection: Connection, drafts: Sequence[Draft], snapshot: int, at_us: int) -> None:
    """Swap: retire the files that the drafts were merged from, bring in the drafts."""
    bases = [draft.replaces for draft in drafts if draft.replaces is not None]
    if bases:
        retire = update(FILE).where(FILE.c.id.in_(bases), FILE.c.removed.is_(None)).values(removed=snapshot)
        n_retired = connection.execute(retire).rowcount
        if n_retired != len(bases):
            raise CommitConflictError(
                f"{len(bases) - n_retired} of {len(bases)} files were replaced meanwhile"
            )
    schemas = {schema_id(draft.schema): draft.schema for draft in drafts}
    _insert_schemas(connection, schemas, at_us)
    rows = [_file_row(draft, snapshot) for draft in drafts]
    # By path, since an answer in order of the rows would take one statement each.
    added = connection.execute(insert(FILE).returning(FILE.c.path, FILE.c.id), rows)
    ids = {row.path: row.id for row in added}
    sessions = [row for draft in drafts for row in _session_rows(ids[draft.path], draft)]
    if sessions:
        connection.execute(insert(FILE_SESSION), sessions)


def _insert_schemas(connection: Connection, schemas: dict[str, str], at_us: int) -> None:
    statement = select(func.count()).where(DATASET_SCHEMA.c.id.in_(list(schemas)))
    if connection.execute(statement).scalar_one() == len(schemas):
        return
    rows = [{"id": id_, "columns": text, "created_us": at_us} for id_, text in schemas.items()]
    insert_missing(connection, DATASET_SCHEMA, rows)


def _file_row(draft: Draft, snapshot: int) -> dict[str, object]:
    return {
        "dataset": draft.dataset,
        "tier": "base",
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

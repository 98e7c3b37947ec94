"""A lost catalogue made anew from the files of the lake and the lines that commits kept beside them."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import PolarsError
from sqlalchemy import delete, func, insert, select, update

from quantmill.core.clock import Clock
from quantmill.core.digest import file_digest
from quantmill.errors import DamagedFileError, StoreError
from quantmill.lake.commits import file_row, insert_counts
from quantmill.lake.content import Content
from quantmill.lake.datasets import BARS
from quantmill.lake.drafting import Draft, describe_rows
from quantmill.lake.files import read_footer
from quantmill.lake.journal import JournalEntry, read_line
from quantmill.lake.layout import place_of
from quantmill.lake.schemas import schema_id, schema_text
from quantmill.lake.symbols import is_synthetic_provider, register_kinds
from quantmill.lake.volume import Volume
from quantmill.state.engine import State
from quantmill.state.statements import insert_missing
from quantmill.state.tables.catalogue import (
    DATASET_SCHEMA,
    FILE,
    LAKE_FLOOR,
    LAKE_HEAD,
    SNAPSHOT,
)

__all__ = ["RebuildReport", "rebuild_catalog"]


_NEVER: Final = 2**62


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What came back; `cleaned_files` were retired and deleted before, `unpublished_files` are of no commit.

    `dropped_snapshot` is the last one where its files are gone: it was never committed, or is lost.
    """

    snapshots: int
    files: int
    retired_files: int
    rows: int
    cleaned_files: int
    unpublished_files: int
    dropped_snapshot: int | None


@dataclass(frozen=True, slots=True)
class _Life:
    """When a file came and went, as snapshots."""

    added: int
    removed: int | None


def rebuild_catalog(volume: Volume, state: State, clock: Clock) -> RebuildReport:
    """Restore snapshots, files, counts and symbols; each file is read once and compared with its footer.

    Raises:
        StoreError: If the catalogue still knows files, or live files are missing or damaged.
    """
    with state.read() as connection:
        n_known: int = connection.execute(select(func.count()).select_from(FILE)).scalar_one()
    if n_known:
        raise StoreError(
            f"the catalogue knows {n_known} files: there is nothing to rebuild",
            hint="`quantmill verify lake` checks it; `quantmill db reset --yes` empties a catalogue that is wrong",
        )
    stored = {file.path for file in volume.listing() if not file.is_partial}
    entries, dropped = _published(volume, stored, clock)
    lives = _lives(entries)
    missing = sorted(path for path, life in lives.items() if life.removed is None and path not in stored)
    if missing:
        raise StoreError(
            f"{len(missing)} live files are missing, first {missing[0]}",
            hint="restore the lake's folder whole, with `_journal`, from one backup",
        )
    drafts = {path: _read_draft(volume, path) for path in lives if path in stored}
    _insert(state, entries, lives, drafts)
    cleaned = [path for path in lives if path not in stored]
    live = [draft for path, draft in drafts.items() if lives[path].removed is None]
    return RebuildReport(
        snapshots=len(entries),
        files=len(live),
        retired_files=len(drafts) - len(live),
        rows=sum(draft.rows for draft in live),
        cleaned_files=len(cleaned),
        unpublished_files=len(stored - lives.keys()),
        dropped_snapshot=dropped,
    )


def _published(
    volume: Volume, stored: Collection[str], clock: Clock
) -> tuple[dict[int, JournalEntry], int | None]:
    """The commits by their lines; those before the first line, if it is not that of snapshot 1, by footers.

    A last line whose files are gone is dropped: a commit that failed deletes its files, but its line stays.
    """
    entries = {snapshot: read_line(line) for snapshot, line in volume.read_log()}
    dropped: int | None = None
    last = max(entries, default=0)
    if last and entries[last].added and not any(path in stored for path in entries[last].added):
        del entries[last]
        dropped = last
    known = {path for entry in entries.values() for path in entry.added}
    first = min(entries, default=_NEVER)
    if first > 1:
        entries |= _from_footers(volume, [path for path in stored if path not in known], first, clock)
    return dict(sorted(entries.items())), dropped


def _from_footers(
    volume: Volume, paths: Collection[str], before: int, clock: Clock
) -> dict[int, JournalEntry]:
    """Commits as footers tell them: each file came with the snapshot after the one that it was made on."""
    by_snapshot: dict[int, list[tuple[str, list[str]]]] = defaultdict(list)
    for path in sorted(paths):
        footer = read_footer(volume.local([path])[0])
        by_snapshot[int(footer["snapshot_base"]) + 1].append((path, footer["replaces"].splitlines()))
    return {
        snapshot: JournalEntry(
            clock.now_us(),
            None,
            "rebuilt from footers",
            tuple(path for path, _ in files),
            tuple(old for _, replaced in files for old in replaced),
        )
        for snapshot, files in by_snapshot.items()
        if snapshot < before
    }


def _lives(entries: Mapping[int, JournalEntry]) -> dict[str, _Life]:
    lives: dict[str, _Life] = {}
    for snapshot, entry in entries.items():
        lives.update({path: _Life(snapshot, None) for path in entry.added})
        for path in entry.removed:
            lives[path] = replace(lives.get(path, _Life(0, None)), removed=snapshot)
    return lives


def _read_draft(volume: Volume, path: str) -> Draft:
    """A stored file as it was when it was written.

    Raises:
        StoreError: If it is damaged.
    """
    local = volume.local([path])[0]
    try:
        footer = read_footer(local)
        rows = pl.read_parquet(local, hive_partitioning=False, glob=False)
    except (DamagedFileError, PolarsError) as error:
        raise _damaged(path, str(error).splitlines()[0]) from error
    content = Content(rows)
    if content.digest() != footer["content_sha256"]:
        raise _damaged(path, "its rows are not those that were written")
    return _draft(local, path, footer, rows, content)


def _draft(local: Path, path: str, footer: Mapping[str, str], rows: pl.DataFrame, content: Content) -> Draft:
    name, tier, key = footer["dataset"], footer.get("tier", "base"), footer["key"]
    facts = describe_rows(name, tier, key, rows, content)
    return Draft(
        dataset=name,
        tier=tier,
        key=key,
        period=footer["period"],
        path=path,
        rows=rows.height,
        min_ts=facts.min_ts,
        max_ts=facts.max_ts,
        n_extended=facts.n_extended,
        n_bytes=local.stat().st_size,
        sha256=file_digest(local),
        content_sha256=footer["content_sha256"],
        rows_digest=facts.rows_digest,
        schema=schema_text(rows.schema),
        providers=facts.providers,
        sessions=facts.sessions,
        keys=facts.keys,
        replaces=(),
    )


def _insert(
    state: State,
    entries: Mapping[int, JournalEntry],
    lives: Mapping[str, _Life],
    drafts: Mapping[str, Draft],
) -> None:
    floors: dict[tuple[str, str], int] = {}
    for path, life in lives.items():
        if path not in drafts and life.removed is not None:
            place = place_of(path)
            floors[place] = max(floors.get(place, 0), life.removed)
    # The snapshot that a schema came with: of its files, the first.
    schemas = {
        draft.schema: lives[path].added
        for path, draft in sorted(drafts.items(), key=lambda item: -lives[item[0]].added)
    }
    with state.write() as connection:
        connection.execute(delete(SNAPSHOT))
        connection.execute(update(LAKE_HEAD).values(snapshot=max(entries, default=0)))
        for snapshot, entry in entries.items():
            row = {"id": snapshot, "at_us": entry.at_us, "job_id": entry.job_id, "note": entry.note}
            connection.execute(insert(SNAPSHOT).values(**row))
        rows = [
            {"id": schema_id(text), "columns": text, "created_us": entries[added].at_us}
            for text, added in schemas.items()
        ]
        insert_missing(connection, DATASET_SCHEMA, rows)
        for path, draft in sorted(drafts.items(), key=lambda item: (lives[item[0]].added, item[0])):
            row = file_row(draft, lives[path].added) | {"removed": lives[path].removed}
            file_id: int = connection.execute(insert(FILE).values(**row).returning(FILE.c.id)).scalar_one()
            insert_counts(connection, [draft], {path: file_id})
        for (dataset, key), snapshot in floors.items():
            connection.execute(insert(LAKE_FLOOR).values(dataset=dataset, key=key, snapshot=snapshot))
        register_kinds(connection, _kinds(drafts), at_us=min((e.at_us for e in entries.values()), default=0))


def _kinds(drafts: Mapping[str, Draft]) -> dict[str, bool]:
    kinds: dict[str, bool] = {}
    for draft in drafts.values():
        if draft.dataset != BARS.name:
            continue
        of_file: list[str] = json.loads(draft.providers)
        of_key = {symbol: key.providers for symbol, key in draft.keys.items()} or {draft.key: ()}
        for symbol, providers in of_key.items():
            kinds[symbol] = is_synthetic_provider((*providers, *of_file)[0])
    return kinds


def _damaged(path: str, why: str) -> StoreError:
    return StoreError(f"{path} is damaged: {why}", hint="restore this file from a backup, then rebuild again")

"""The first half of a write: files on disk that nobody sees before a commit publishes them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import polars as pl
from polars.exceptions import ComputeError

from quantmill.core.bars import UTC_TIME
from quantmill.core.clock import Clock
from quantmill.core.digest import canonical_json
from quantmill.errors import CommitConflictError, ConflictError, DamagedFileError
from quantmill.lake.catalogue import FileRef, find_files, find_head
from quantmill.lake.content import content_digest
from quantmill.lake.datasets import REVISIONS, Dataset, dataset_of
from quantmill.lake.files import scan_paths, write_file
from quantmill.lake.layout import file_path, new_uid
from quantmill.lake.merging import Merged, OnConflict, merge_rows
from quantmill.lake.periods import SessionCounts, count_sessions, cut_periods
from quantmill.lake.schemas import schema_id, schema_text
from quantmill.lake.symbols import kinds_of
from quantmill.lake.validation import check_frame
from quantmill.lake.volume import Volume
from quantmill.state.engine import State

__all__ = ["Draft", "Staged", "discard_files", "stage_frame"]

_NO_KEY: Final = "-"


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that is written but not published, with what the catalogue will say of it."""

    dataset: str
    key: str
    period: str
    path: str
    rows: int
    min_ts: int | None
    max_ts: int | None
    n_extended: int
    n_bytes: int
    sha256: str
    content_sha256: str
    schema: str
    providers: str
    sessions: SessionCounts | None
    replaces: int | None


@dataclass(frozen=True, slots=True)
class Staged:
    """One write that waits for its commit: files on disk, and how the offered rows fared.

    `synthetic` says of each symbol with new bars whether they are synthetic.
    """

    dataset: str
    base_snapshot: int
    drafts: tuple[Draft, ...]
    inserted: int
    existing: int
    replaced: int
    conflicts: int
    synthetic: dict[str, bool] = field(default_factory=dict[str, bool])


def stage_frame(
    volume: Volume,
    state: State,
    clock: Clock,
    name: str,
    frame: pl.DataFrame,
    *,
    on_conflict: OnConflict,
    key: str | None,
    period: str | None,
) -> Staged:
    """Merge a frame with what is stored and write the partitions that change.

    Raises:
        SchemaDriftError: If the frame does not fit the dataset.
        BadBarsError: If bars cannot be stored as they are.
        SymbolKindError: If the frame mixes synthetic and real bars of a symbol.
        ConflictError: If rows differ from stored ones and the policy is `fail`.
        CommitConflictError: If a stored file vanished meanwhile; stage again.
    """
    writing = _Staging(volume, clock, name, dataset_of(name), on_conflict)
    checked = check_frame(name, writing.dataset, frame, now_us=clock.now_us())
    parts = dict(_by_key(writing.dataset, checked, key))
    with state.read() as connection:
        writing.base_snapshot = find_head(connection)
        names = [name, REVISIONS.name] if name == "bars" else [name]
        stored = find_files(connection, names, keys=list(parts))
    writing.remember(stored)
    try:
        for part_key, rows in parts.items():
            writing.stage_key(part_key, rows, period)
        if on_conflict == "fail" and writing.conflicts:
            raise writing.refusal()
    except BaseException:
        discard_files(volume, writing.drafts)
        raise
    return writing.staged(kinds_of(checked) if name == "bars" else {})


def discard_files(volume: Volume, drafts: list[Draft] | tuple[Draft, ...]) -> None:
    """Delete the files of drafts that will not be published."""
    for draft in drafts:
        volume.delete(draft.path)


def _by_key(dataset: Dataset, frame: pl.DataFrame, key: str | None) -> Iterator[tuple[str, pl.DataFrame]]:
    if key is not None:
        yield key, frame
        return
    for (value,), rows in frame.partition_by(dataset.key, as_dict=True, maintain_order=True).items():
        yield _NO_KEY if value is None else str(value), rows


@dataclass
class _Staging:
    """The state of one `stage_frame`."""

    volume: Volume
    clock: Clock
    name: str
    dataset: Dataset
    on_conflict: OnConflict
    base_snapshot: int = 0
    drafts: list[Draft] = field(default_factory=list[Draft])
    inserted: int = 0
    existing: int = 0
    replaced: int = 0
    conflicts: int = 0
    first_conflict: pl.DataFrame | None = None
    _stored: dict[tuple[str, str], dict[str, FileRef]] = field(
        default_factory=lambda: defaultdict[tuple[str, str], dict[str, FileRef]](dict)
    )

    def remember(self, files: list[FileRef]) -> None:
        """Keep what the catalogue has of the touched keys."""
        for file in files:
            self._stored[file.dataset, file.key][file.period] = file

    def stage_key(self, key: str, rows: pl.DataFrame, period: str | None) -> None:
        """Stage the partitions of one key."""
        stored = self._stored[self.name, key]
        ordered = rows.sort(self.dataset.order, maintain_order=True) if self.dataset.order else rows
        cuts = cut_periods(
            self.dataset,
            ordered,
            key=key,
            period=period,
            live_periods=stored,
            open_year=self.clock.now().year,
        )
        superseded: list[pl.DataFrame] = []
        for name, part in cuts:
            base = stored.get(name)
            if self.dataset.mode == "replace":
                self._replace(key, name, part, base)
            else:
                superseded.append(self._merge(key, name, part, base))
        replaced = [part for part in superseded if part.height]
        if self.name == "bars" and replaced:
            self._keep_revisions(key, pl.concat(replaced))

    def refusal(self) -> ConflictError:
        """The error for policy `fail`."""
        assert self.first_conflict is not None
        first = self.first_conflict.row(0, named=True)
        where = ", ".join(str(first[column]) for column in self.dataset.unique)
        return ConflictError(f"{self.name}: {self.conflicts} rows differ from stored ones, first {where}")

    def staged(self, synthetic: dict[str, bool]) -> Staged:
        """What was staged, to be committed."""
        return Staged(
            self.name,
            self.base_snapshot,
            tuple(self.drafts),
            self.inserted,
            self.existing,
            self.replaced,
            self.conflicts,
            synthetic,
        )

    def _replace(self, key: str, period: str, rows: pl.DataFrame, base: FileRef | None) -> None:
        digest = content_digest(rows)
        if base is not None and base.content_sha256 == digest:
            self.existing += rows.height
            return
        self.inserted += rows.height
        self.replaced += base.rows if base is not None else 0
        self._write(self.name, self.dataset, key, period, rows, base, digest)

    def _merge(self, key: str, period: str, rows: pl.DataFrame, base: FileRef | None) -> pl.DataFrame:
        merged = self._merged(rows, base)
        self.inserted += merged.inserted
        self.existing += merged.existing
        self.conflicts += merged.conflicts
        self.replaced += merged.superseded.height
        if merged.conflicts and self.first_conflict is None:
            self.first_conflict = merged.differing
        refused = self.on_conflict == "fail" and self.conflicts > 0
        if merged.is_changed and not refused:
            self._write(self.name, self.dataset, key, period, merged.rows, base, content_digest(merged.rows))
        return merged.superseded

    def _merged(self, rows: pl.DataFrame, base: FileRef | None) -> Merged:
        stored = rows.clear() if base is None else self._read(base, rows.schema)
        if self.dataset.mode == "append":
            return Merged(pl.concat([stored, rows]), rows.height, 0, 0, rows.clear(), rows.clear())
        return merge_rows(self.dataset, stored, rows, on_conflict=self.on_conflict)

    def _keep_revisions(self, key: str, superseded: pl.DataFrame) -> None:
        """Stage the replaced rows beside their replacement: one commit publishes both."""
        rows = superseded.with_columns(
            pl.lit(self.clock.now_us()).cast(UTC_TIME).alias("superseded_at"),
            pl.lit("replaced").alias("reason"),
        ).sort(REVISIONS.order)
        stored = self._stored[REVISIONS.name, key]
        cuts = cut_periods(
            REVISIONS, rows, key=key, period=None, live_periods=stored, open_year=self.clock.now().year
        )
        for period, part in cuts:
            base = stored.get(period)
            kept = pl.concat([self._read(base, part.schema), part]).sort(REVISIONS.order) if base else part
            self._write(REVISIONS.name, REVISIONS, key, period, kept, base, content_digest(kept))

    def _read(self, base: FileRef, schema: pl.Schema) -> pl.DataFrame:
        try:
            return scan_paths(self.volume.local([base.path]), schema).collect()
        except FileNotFoundError as error:
            raise CommitConflictError(f"{base.path} vanished while it was being replaced") from error
        except ComputeError as error:
            raise DamagedFileError(f"{base.path} cannot be read: {str(error).splitlines()[0]}") from error

    def _write(
        self,
        name: str,
        dataset: Dataset,
        key: str,
        period: str,
        rows: pl.DataFrame,
        base: FileRef | None,
        digest: str,
    ) -> None:
        uid = new_uid()
        path = file_path(name, dataset.hive, key, period, uid)
        schema = schema_text(rows.schema)
        footer = {
            "dataset": name,
            "key": key,
            "period": period,
            "snapshot_base": str(self.base_snapshot),
            "replaces": base.path if base else "",
            "content_sha256": digest,
            "schema_id": schema_id(schema),
        }
        written = write_file(self.volume, path, rows, footer, uid=uid)
        sessions = count_sessions(key, rows) if dataset.counts_sessions else None
        low, high = _time_range(dataset, rows)
        self.drafts.append(
            Draft(
                name,
                key,
                period,
                path,
                rows.height,
                low,
                high,
                int(sessions.n_extended.sum()) if sessions else 0,
                written.n_bytes,
                written.sha256,
                digest,
                schema,
                _providers(rows),
                sessions,
                base.id if base else None,
            )
        )


def _time_range(dataset: Dataset, rows: pl.DataFrame) -> tuple[int | None, int | None]:
    if dataset.time is None or rows.height == 0 or rows[dataset.time].null_count():
        return None, None
    ts = rows[dataset.time].to_physical()
    return int(ts.min()), int(ts.max())  # pyright: ignore[reportArgumentType] - an integer column


def _providers(rows: pl.DataFrame) -> str:
    names = rows["provider"].unique().drop_nulls().sort().to_list() if "provider" in rows.columns else []
    return canonical_json(names)

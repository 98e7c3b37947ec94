"""The first half of a write: files on disk that nobody sees before a commit publishes them."""

from collections import defaultdict
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import polars as pl
from polars.exceptions import ComputeError
from sqlalchemy import Connection

from quantmill.core.arrays import Bools
from quantmill.core.bars import us_of
from quantmill.core.instants import MINUTE_US, from_us
from quantmill.errors import CommitConflictError, ConflictError, DamagedFileError
from quantmill.lake.catalogue import FileRef, find_files, find_head, find_head_and_hot_files
from quantmill.lake.content import content_digest
from quantmill.lake.datasets import BARS, REVISIONS, dataset_of
from quantmill.lake.drafting import Draft, Drafting
from quantmill.lake.files import scan_paths
from quantmill.lake.hot import LATENESS_US
from quantmill.lake.merging import Merged, OnConflict, merge_rows
from quantmill.lake.periods import cut_periods
from quantmill.lake.revising import Reason, as_dropped, as_replaced, new_revisions, without_equal
from quantmill.lake.volume import Volume
from quantmill.state.engine import State

__all__ = ["Staged", "Staging", "late_bars"]


@dataclass(frozen=True, slots=True)
class Staged:
    """One write that waits for its commit: files on disk, and how the offered rows fared.

    `retires` are paths of files that leave the lake with the commit besides those that the drafts replace;
    `late` counts bars that came after the watermark; `hot_files` were there before; `synthetic` says of each symbol
    with new bars whether they are synthetic.
    """

    dataset: str
    base_snapshot: int
    drafts: tuple[Draft, ...]
    inserted: int
    existing: int
    replaced: int
    conflicts: int
    late: int = 0
    hot_files: tuple[FileRef, ...] = ()
    retires: tuple[str, ...] = ()
    synthetic: dict[str, bool] = field(default_factory=dict[str, bool])

    @property
    def is_empty(self) -> bool:
        """Whether a commit of it would change nothing."""
        return not self.drafts and not self.retires


def late_bars(rows: pl.DataFrame, now_us: int) -> Bools:
    """Whether each bar ended longer ago than the watermark allows."""
    return now_us - (us_of(rows["ts"]) + MINUTE_US) > LATENESS_US


class Staging:
    """Writes the base partitions that an offer changes, beside the revisions of what does not stand."""

    def __init__(
        self,
        volume: Volume,
        state: State,
        now_us: int,
        name: str,
        on_conflict: OnConflict,
        *,
        is_live: bool = False,
    ) -> None:
        self.volume = volume
        self.state = state
        self.now_us = now_us
        self.name = name
        self.dataset = dataset_of(name)
        self.on_conflict: OnConflict = on_conflict
        self.is_live = is_live
        self.drafting = Drafting(volume, 0)
        self.inserted = self.existing = self.replaced = self.conflicts = self.late = 0
        self.hot_files: list[FileRef] = []
        self._first_conflict: pl.DataFrame | None = None
        self._stored: dict[tuple[str, str], dict[str, FileRef]] = defaultdict(dict)
        self._overruled: pl.DataFrame | None = None
        self._revisions: dict[str, list[pl.DataFrame]] = defaultdict(list)

    def begin(self, connection: Connection) -> None:
        """Note the snapshot on which everything rests: what is looked up later may be newer, which the commit sees.

        Of bars the hot files are noted too, since these may be theirs.
        """
        if self.dataset is BARS:
            self.drafting.base_snapshot, self.hot_files = find_head_and_hot_files(connection)
        else:
            self.drafting.base_snapshot = find_head(connection)

    def look_up(self, name: str, keys: Collection[str]) -> None:
        """Learn what the catalogue has of these keys in a dataset's base tier."""
        if not keys:
            return
        with self.state.read() as connection:
            for file in find_files(connection, [name], keys=keys, tier="base"):
                self._stored[name, file.key][file.period] = file

    @contextmanager
    def finishing(self) -> Generator[None]:
        """After the block: stage as revisions what does not stand. On any failure: delete the files.

        Raises:
            ConflictError: If the policy is `fail` and rows differ from stored ones.
        """
        try:
            yield
            if self.is_refused:
                raise self._refusal()
            self._keep_revisions()
        except BaseException:
            self.drafting.discard()
            raise

    def stage_key(self, key: str, rows: pl.DataFrame, period: str | None = None) -> None:
        """Stage the partitions of one key."""
        stored = self._stored[self.name, key]
        for name, part in self._cut(self.name, key, self.dataset.in_order(rows), period):
            base = stored.get(name)
            if self.dataset.mode == "replace":
                self._replace(key, name, part, base)
            else:
                self._merge(key, name, part, base)

    def overrule(self, bars: pl.DataFrame) -> None:
        """Take note, before anything is merged, of bars that lost to others of the offer."""
        self._overruled = bars

    def supersede(self, key: str, rows: pl.DataFrame) -> None:
        """Remember stored bars that are replaced: the same commit publishes them as revisions."""
        is_late = pl.Series(late_bars(rows, self.now_us) & self.is_live)
        reasons: dict[Reason, pl.DataFrame] = {
            "late": rows.filter(is_late),
            "replaced": rows.filter(~is_late),
        }
        for reason, part in reasons.items():
            if part.height:
                self._revisions[key].append(as_replaced(part, at_us=self.now_us, reason=reason))

    def note(self, merged: Merged) -> None:
        """Count how offered rows fared; remember bars that were offered in vain."""
        self.inserted += merged.inserted
        self.existing += merged.existing
        self.conflicts += merged.conflicts
        self.replaced += merged.superseded.height
        if merged.conflicts and self._first_conflict is None:
            self._first_conflict = merged.differing
        if self.dataset is BARS and self.on_conflict == "keep":
            self._drop(merged.differing, reason="offered")
        if self._overruled is not None:
            self._overruled = without_equal(self._overruled, merged.rows)

    @property
    def is_refused(self) -> bool:
        """Whether the policy `fail` has met a conflict: nothing more needs writing."""
        return self.on_conflict == "fail" and self.conflicts > 0

    def read(self, files: Collection[FileRef], schema: pl.Schema) -> pl.DataFrame:
        """Rows of stored files, one file after the other.

        Raises:
            CommitConflictError: If a file vanished; stage again.
            DamagedFileError: If one cannot be read.
        """
        paths = [file.path for file in files]
        try:
            return scan_paths(self.volume.local(paths), schema).collect()
        except FileNotFoundError as error:
            raise CommitConflictError(f"{paths[0]} vanished while it was being replaced") from error
        except ComputeError as error:
            raise DamagedFileError(f"{paths[0]} cannot be read: {str(error).splitlines()[0]}") from error

    def staged(self, *, synthetic: dict[str, bool]) -> Staged:
        """What was staged, to be committed."""
        return Staged(
            dataset=self.name,
            base_snapshot=self.drafting.base_snapshot,
            drafts=tuple(self.drafting.drafts),
            inserted=self.inserted,
            existing=self.existing,
            replaced=self.replaced,
            conflicts=self.conflicts,
            late=self.late,
            hot_files=tuple(self.hot_files),
            retires=tuple(self.drafting.retires),
            synthetic=synthetic,
        )

    def _cut(
        self, name: str, key: str, rows: pl.DataFrame, period: str | None
    ) -> Iterator[tuple[str, pl.DataFrame]]:
        return cut_periods(
            dataset_of(name),
            rows,
            key=key,
            period=period,
            live_periods=self._stored[name, key],
            open_year=from_us(self.now_us).year,
        )

    def _replace(self, key: str, period: str, rows: pl.DataFrame, base: FileRef | None) -> None:
        if base is not None and base.content_sha256 == content_digest(rows):
            self.existing += rows.height
            return
        self.inserted += rows.height
        self.replaced += base.rows if base is not None else 0
        self.drafting.write(self.name, key, period, rows, replaces=[base.path] if base else [])

    def _merge(self, key: str, period: str, rows: pl.DataFrame, base: FileRef | None) -> None:
        stored = rows.clear() if base is None else self.read([base], rows.schema)
        if self.dataset.mode == "append":
            merged = Merged(pl.concat([stored, rows]), rows.height, 0, 0, rows.clear(), rows.clear())
        else:
            merged = merge_rows(self.dataset, stored, rows, on_conflict=self.on_conflict)
        self.note(merged)
        if merged.is_changed and not self.is_refused:
            self.drafting.write(self.name, key, period, merged.rows, replaces=[base.path] if base else [])
        if self.name == BARS.name:
            self.supersede(key, merged.superseded)

    def _drop(self, bars: pl.DataFrame, *, reason: Reason) -> None:
        if bars.height == 0:
            return
        for (symbol,), rows in bars.partition_by("symbol", as_dict=True).items():
            self._revisions[str(symbol)].append(as_dropped(rows, reason=reason))

    def _keep_revisions(self) -> None:
        if self._overruled is not None:
            self._drop(self._overruled, reason="overruled")
        self.look_up(REVISIONS.name, list(self._revisions))
        for key, parts in self._revisions.items():
            rows = pl.concat(parts).sort(REVISIONS.order)
            for period, part in self._cut(REVISIONS.name, key, rows, None):
                base = self._stored[REVISIONS.name, key].get(period)
                stored = part.clear() if base is None else self.read([base], part.schema)
                added = new_revisions(part, stored)
                if added.height:
                    kept = pl.concat([stored, added]).sort(REVISIONS.order)
                    self.drafting.write(
                        REVISIONS.name, key, period, kept, replaces=[base.path] if base else []
                    )

    def _refusal(self) -> ConflictError:
        assert self._first_conflict is not None
        first = self._first_conflict.row(0, named=True)
        where = ", ".join(str(first[column]) for column in self.dataset.unique)
        return ConflictError(f"{self.name}: {self.conflicts} rows differ from stored ones, first {where}")

"""The lake of one home: the one way to write and read columnar data."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl
from sqlalchemy import Connection, select

from quantmill.core.clock import Clock
from quantmill.errors import CommitConflictError
from quantmill.lake.catalogue import FileRef, find_head
from quantmill.lake.cleaning import CleanReport, clean_lake
from quantmill.lake.commits import ATTEMPTS, Commit, kinds_in, publish, summarize
from quantmill.lake.compacting import CompactReport, Housekeeping, compact, is_roll_up_due, roll_up
from quantmill.lake.datasets import BARS
from quantmill.lake.disk import Disk
from quantmill.lake.drafting import Draft, discard_files
from quantmill.lake.merging import OnConflict
from quantmill.lake.pins import pinned
from quantmill.lake.readable import ReadableLake
from quantmill.lake.reading import Reader
from quantmill.lake.rebuilding import RebuildReport, rebuild_catalog
from quantmill.lake.staging import Staged
from quantmill.lake.sweeping import SweepReport, sweep_lake
from quantmill.lake.symbols import KnownKinds, register_kinds
from quantmill.lake.views import refresh_views
from quantmill.lake.volume import Volume
from quantmill.lake.writing import stage_frame
from quantmill.state.engine import State
from quantmill.state.statements import insert_missing
from quantmill.state.tables.catalogue import FILE, LAKE_HEAD

__all__ = ["Lake"]

_SWEEP_AGE_S: Final = 3600.0
_GRACE_S: Final = 86_400.0
_PIN_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Lake(ReadableLake):
    """Immutable Parquet files and their catalogue; share it between threads and open it in as many processes as wanted.

    Readers see whole commits only and neither wait for a writer nor hold one up.
    """

    _kinds: KnownKinds = field(default_factory=KnownKinds)

    @classmethod
    def open(cls, root: Path, state: State, clock: Clock, *, volume: Volume | None = None) -> "Lake":
        """Open a lake, made on first use.

        Args:
            root: Folder of the views for other programs, and of the data files when no volume is given.
            state: Database with the catalogue.
            clock: Tells which year is open, and when rows were stored.
            volume: Where the data files lie.
        """
        root = root.absolute()
        root.mkdir(parents=True, exist_ok=True)
        with state.read() as connection:
            is_new = connection.execute(select(LAKE_HEAD.c.id)).first() is None
        if is_new:
            with state.write() as connection:
                insert_missing(connection, LAKE_HEAD, [{"id": 1, "snapshot": 0}])
        volume = volume or Disk(root)
        return cls(root, volume, state, clock, Reader(volume, state))

    def stage(
        self,
        dataset: str,
        frame: pl.DataFrame,
        *,
        on_conflict: OnConflict = "keep",
        key: str | None = None,
        period: str | None = None,
        is_live: bool = False,
        overruled: pl.DataFrame | None = None,
    ) -> Staged:
        """Write the files of a commit without publishing them.

        Args:
            dataset: Name of a dataset of `quantmill.lake.datasets`.
            frame: Rows in any order.
            on_conflict: What happens to stored rows that differ: `keep` them, `replace` them, or `fail`. Bars that
                do not stand after it, stored or offered, become revisions. Datasets written whole (features,
                predictions, trials …) take no part: the offered partition stands in for the stored one.
            key: Key of all rows, where it is not the value of the key column.
            period: Period of all rows, where it does not follow from their time.
            is_live: Bars of a session under way: they go to the hot tier, and late ones are counted.
            overruled: Bars that lost to others of the frame, several per key if need be: those of which the lake
                does not hold the values become revisions.

        Raises:
            SchemaDriftError: If the frame does not fit the dataset; the message names the column.
            BadBarsError: If bars cannot be stored as they are.
            SymbolKindError: If the frame mixes synthetic and real bars of a symbol.
            ConflictError: If rows differ from stored ones under `fail`.
            StoreError: If the lake's folder cannot be written to, or a stored file is damaged.
            NotFoundError: If no dataset has this name.
        """
        return stage_frame(
            self.volume,
            self.state,
            self.clock,
            dataset,
            frame,
            on_conflict=on_conflict,
            key=key,
            period=period,
            is_live=is_live,
            overruled=overruled,
        )

    def commit(
        self,
        staged: Sequence[Staged],
        *,
        connection: Connection | None = None,
        job_id: str | None = None,
        note: str = "",
    ) -> Commit:
        """Publish staged writes of any datasets at once; readers see all of them or none.

        A failed commit deletes the staged files. With nothing to publish there is no new snapshot.

        Args:
            staged: Results of `stage`; no partition may occur twice.
            connection: A write transaction to take part in; its commit is then the publication,
                and the caller runs `refresh_views` after it.
            job_id: The job that did the work.
            note: A line for people.

        Raises:
            CommitConflictError: If another commit changed one of the partitions since staging.
            SymbolKindError: If bars are of another kind than the symbol.
            SchemaDriftError: If a column of a dataset with free columns has another type in files that stay.
        """
        drafts = [draft for part in staged for draft in part.drafts]
        if all(part.is_empty for part in staged):
            return summarize(
                staged, snapshot=self.snapshot() if connection is None else find_head(connection)
            )
        at_us = self.clock.now_us()
        try:
            if connection is not None:
                # A savepoint: a caller who goes on after a failure does not commit half of this.
                with connection.begin_nested():
                    snapshot = publish(
                        connection, self.volume, staged, self._kinds, at_us=at_us, job_id=job_id, note=note
                    )
                return summarize(staged, snapshot=snapshot)
            with self.state.write() as own:
                snapshot = publish(
                    own, self.volume, staged, self._kinds, at_us=at_us, job_id=job_id, note=note
                )
        except BaseException:
            self._discard_unpublished(drafts, connection)
            raise
        self._kinds.learn(kinds_in(staged), snapshot=snapshot)
        self.refresh_views()
        return summarize(staged, snapshot=snapshot)

    def write(
        self,
        dataset: str,
        frame: pl.DataFrame,
        *,
        on_conflict: OnConflict = "keep",
        key: str | None = None,
        period: str | None = None,
        overruled: pl.DataFrame | None = None,
        job_id: str | None = None,
        note: str = "",
    ) -> Commit:
        """Stage and commit one frame, again when another writer came first; arguments as in `stage` and `commit`.

        Writing the same rows again changes nothing and makes no snapshot.
        """
        return self._retried(
            lambda: self.stage(
                dataset, frame, on_conflict=on_conflict, key=key, period=period, overruled=overruled
            ),
            job_id=job_id,
            note=note,
        )

    def write_with(
        self,
        stage: Callable[[], Sequence[Staged]],
        also: Callable[[Connection], None],
        *,
        job_id: str | None = None,
        note: str = "",
    ) -> Sequence[Staged]:
        """Commit several writes and what the caller writes to the database, all of it or nothing.

        Args:
            stage: Calls `stage`; called again when another writer came first.
            also: Writes within the transaction; called once for each attempt.
            job_id: As in `commit`.
            note: As in `commit`.

        Returns:
            The writes that were committed.
        """
        for attempt in range(1, ATTEMPTS + 1):
            staged = stage()
            try:
                with self.state.write() as connection:
                    self.commit(staged, connection=connection, job_id=job_id, note=note)
                    also(connection)
            except CommitConflictError:
                if attempt == ATTEMPTS:
                    raise
            except BaseException:
                self.discard(staged)
                raise
            else:
                self.refresh_views()
                return staged
        raise AssertionError("unreachable")

    def append_live(
        self, bars: pl.DataFrame, *, on_conflict: OnConflict = "replace", note: str = ""
    ) -> Commit:
        """Store bars of the minute, of any number of symbols, in one small file of the hot tier.

        Sessions that are over are merged into the base tier by `compact`; a growing number of hot files is rolled
        up on the way. Bars of earlier sessions are stored as `write` does.

        Args:
            bars: Rows in any order.
            on_conflict: As in `stage`; a correction replaces the row and keeps the earlier one as a revision.
            note: A line for people.

        Raises:
            As `write` does.
        """
        staged: list[Staged] = []

        def stage() -> Staged:
            staged.append(self.stage(BARS.name, bars, on_conflict=on_conflict, is_live=True))
            return staged[-1]

        commit = self._retried(stage, note=note)
        if commit.files and is_roll_up_due(staged[-1]):
            roll_up(self._housekeeping())
        return commit

    def compact(self) -> CompactReport:
        """Merge sessions that are over into the base tier, and the months of closed years into years; once for all.

        Rows stay what they are, and so do the digests of inputs; readers notice nothing.
        """
        return compact(self._housekeeping())

    def retire(self, files: Sequence[FileRef], *, note: str) -> int:
        """Take files out of the newest snapshot, in one commit; `clean` frees their bytes after the grace.

        Returns:
            The new snapshot.

        Raises:
            CommitConflictError: If one of them was replaced meanwhile; nothing is retired.
        """
        staged = Staged("", self.snapshot(), (), 0, 0, 0, 0, retires=tuple(file.path for file in files))
        return self.commit([staged], note=note).snapshot

    @contextmanager
    def pin(self, holder: str, *, for_s: float = _PIN_S) -> Generator[int]:
        """Keep the files of the newest snapshot from being cleaned while the block runs.

        Args:
            holder: For whom, shown to people.
            for_s: Seconds after which the pin is void in any case, should this process die.

        Returns:
            The snapshot, for reads with `as_of`.
        """
        with pinned(self.state, self.clock, holder, for_s=for_s) as snapshot:
            yield snapshot

    def clean(self, *, grace_s: float = _GRACE_S) -> CleanReport:
        """Delete files that were retired more than `grace_s` ago and that no pin needs, and leftovers of dead writers.

        Raises:
            UsageError: If the grace is below five minutes, which a running read may need.
        """
        return clean_lake(self.volume, self.state, now_us=self.clock.now_us(), grace_s=grace_s)

    def rebuild_catalog(self) -> RebuildReport:
        """Make the catalogue anew from the files: snapshots, files, counts per session, symbols.

        Raises:
            StoreError: If the catalogue still knows files, or if it rests on files that are missing.
        """
        report = rebuild_catalog(self.volume, self.state, self.clock)
        self.refresh_views()
        return report

    def discard(self, staged: Sequence[Staged]) -> None:
        """Delete the files of staged writes that will not be committed."""
        self._discard_unpublished([draft for part in staged for draft in part.drafts])

    def register_symbol(self, symbol: str, *, is_synthetic: bool, connection: Connection) -> None:
        """Make a symbol known within the caller's write transaction.

        Raises:
            SymbolKindError: If it is known as the other kind.
        """
        register_kinds(connection, {symbol: is_synthetic}, at_us=self.clock.now_us())

    def sweep(self, *, min_age_s: float = _SWEEP_AGE_S) -> SweepReport:
        """Delete what writers that died left behind, if older than `min_age_s`."""
        return sweep_lake(self.volume, self.state, now_us=self.clock.now_us(), min_age_s=min_age_s)

    def refresh_views(self) -> None:
        """Rewrite `_views`, which users of the plain DuckDB command line read."""
        refresh_views(self.root, self.state, address=self.volume.address, now_us=self.clock.now_us())

    def _retried(self, stage: Callable[[], Staged], *, job_id: str | None = None, note: str = "") -> Commit:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self.commit([stage()], job_id=job_id, note=note)
            except CommitConflictError:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _housekeeping(self) -> Housekeeping:
        return Housekeeping(
            self.volume, self.state, self.clock, lambda staged, note: self.commit(staged, note=note)
        )

    def _discard_unpublished(self, drafts: Sequence[Draft], connection: Connection | None = None) -> None:
        """Delete staged files, but none that the catalogue knows after all (a lost answer to COMMIT)."""
        # Asked under the write lock: a commit whose answer was lost may still be under way on the server.
        with self.state.write() if connection is None else nullcontext(connection) as asked:
            paths = [draft.path for draft in drafts]
            known = set(asked.execute(select(FILE.c.path).where(FILE.c.path.in_(paths))).scalars())
        discard_files(self.volume, [draft for draft in drafts if draft.path not in known])

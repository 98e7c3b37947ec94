"""Files of bars into the lake, in one commit."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from sqlalchemy import Connection

from quantmill.core.bars import us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.symbols import describe_symbol
from quantmill.errors import BadBarsError, CommitConflictError, QuantmillError, SymbolKindError, UsageError
from quantmill.ingest.import_options import ImportOptions
from quantmill.ingest.quarantine import quarantine_rows, released_bars, without_released
from quantmill.ingest.report import FileOutcome, IngestReport, Tally
from quantmill.ingest.source_check import DEFAULT_DRIFT_RULES, DriftRules, ImportCheck, SourceCheck
from quantmill.ingest.split_signs import NO_SPLITS, find_split_signs, stored_splits
from quantmill.ingest.spool import Spool
from quantmill.ingest.validation import DEFAULT_RULES, REASONS, Validated, ValidationRules, validate_bars
from quantmill.lake.merging import OnConflict
from quantmill.lake.staging import Staged
from quantmill.lake.store import Lake
from quantmill.providers.files.finding import FoundFiles, find_files
from quantmill.providers.files.options import FEED, PROVIDER, FileOptions
from quantmill.providers.files.reading import FileBars, batches_of, read_bar_file
from quantmill.providers.protocol import PAGE_SCHEMA

__all__ = ["Completing", "import_files", "import_found"]

Completing = Callable[[], AbstractContextManager[Connection]]
"""Opens the write transaction that publishes an import and completes its job."""

_ATTEMPTS: Final = 5


def import_files(
    lake: Lake,
    paths: Sequence[Path],
    *,
    options: FileOptions | None = None,
    rules: ValidationRules = DEFAULT_RULES,
    on_conflict: OnConflict = "keep",
    source: str | None = None,
    drift: DriftRules = DEFAULT_DRIFT_RULES,
    progress: Progress = NO_PROGRESS,
    completing: Completing | None = None,
) -> IngestReport:
    """Import files of any known format, folders at any depth; twice stores nothing new.

    A file that cannot be read is reported and the others go on. Bad rows go to quarantine in the
    commit that stores the good ones. A file whose columns drifted from those of its source waits, see `SourceCheck`.

    Args:
        lake: Where to.
        paths: Files and folders.
        options: What the files do not say themselves.
        rules: What counts as a bad row beyond what a bar is.
        on_conflict: What happens to stored rows that differ.
        source: Name of the source that all files come from; otherwise told by format and folder.
        drift: What happens when the columns of a source change.
        progress: Told of each file and symbol.
        completing: Transaction to publish in; its caller repeats the import after a CommitConflictError.

    Raises:
        UsageError: If a path does not exist.
        BadBarsError: If no file holds a row that can be stored; bad rows are in quarantine all the same.
        SymbolKindError: If a symbol holds synthetic bars in this home; nothing is stored.
        ConflictError: If rows differ from stored ones under `fail`; nothing is stored.
    """
    how = ImportOptions(options or FileOptions(), rules, on_conflict)
    return import_found(
        lake,
        find_files(paths, how.files.file_format),
        how,
        lambda: SourceCheck(lake, paths, how, source, drift),
        progress=progress,
        completing=completing,
    )


def import_found(
    lake: Lake,
    found: FoundFiles,
    how: ImportOptions,
    checking: Callable[[], ImportCheck],
    *,
    progress: Progress = NO_PROGRESS,
    completing: Completing | None = None,
) -> IngestReport:
    """Import files under a check made anew for each attempt; otherwise as `import_files`."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with Spool() as spool:
                work = _Import(lake, how, checking(), spool)
                work.read(found.paths, progress)
                work.note_skipped(found.skipped)
                return work.store(progress, completing)
        except CommitConflictError:
            if completing is not None or attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


class _Import:
    """One import under way."""

    def __init__(self, lake: Lake, how: ImportOptions, check: ImportCheck, spool: Spool) -> None:
        self._lake, self._how, self._check, self._spool = lake, how, check, spool
        self._kinds = _stored_kinds(lake)
        self._splits = stored_splits(lake)
        self._released = released_bars(lake)
        self._bad: list[pl.DataFrame] = []
        self._errors: list[QuantmillError] = []
        self.tally = Tally()

    def read(self, paths: Sequence[Path], progress: Progress) -> None:
        """Read and check the files one by one."""
        progress.start("Reading files", len(paths))
        self._check.survey(paths)
        for path in paths:
            try:
                batches = batches_of(path, self._how.files)
            except (BadBarsError, UsageError) as error:
                self._fail(path, error)
                batches = []
            for batch in batches:
                try:
                    self.tally.files.append(self._take(read_bar_file(path, self._how.files, batch)))
                except (BadBarsError, UsageError) as error:
                    self._fail(path, error)
            progress.advance(note=path.name)

    def note_skipped(self, skipped: Mapping[Path, str]) -> None:
        """Report files of folders that are left alone."""
        for path, reason in skipped.items():
            self.tally.files.append(FileOutcome(str(path), "skipped", reason=reason))
            self.tally.add_note(f"skipped: {reason}", path.name)

    def _fail(self, path: Path, error: QuantmillError) -> None:
        self._errors.append(error)
        self.tally.files.append(FileOutcome(str(path), "failed", reason=_with_hint(error)))
        self.tally.n_failed += 1

    def store(self, progress: Progress, completing: Completing | None) -> IngestReport:
        """Stage symbol by symbol and publish all at once."""
        staged: list[Staged] = []
        symbols = self._spool.symbols()
        progress.start("Storing symbols", len(symbols))
        try:
            for symbol in symbols:
                staged.append(self._stage(symbol))
                progress.advance(note=symbol)
            if self._bad:
                rows = pl.concat(self._bad).unique("row_digest", keep="first", maintain_order=True)
                staged.append(self._lake.stage("quarantine", rows))
            self._check.prepare()
            if not symbols and not self._check.holds_files:
                self._publish(staged, None, note="import: quarantine only")
                raise self._nothing_stored()
            snapshot = self._publish(staged, completing)
        except BaseException:
            self._lake.discard(staged)
            raise
        self._check.announce(self.tally)
        return self.tally.report(
            snapshot=snapshot, provider=PROVIDER, feed=FEED, is_synthetic=False, grade="recorded"
        )

    def _take(self, file: FileBars) -> FileOutcome:
        self.tally.rows_read += file.bars.height
        reason = self._check.reason_to_wait(file.path, file.bars.height)
        if not reason:
            return self._keep(file)
        self.tally.rows_waiting += file.bars.height
        symbols = tuple(file.bars["symbol"].unique().drop_nulls().sort())
        return FileOutcome(str(file.path), "waiting", file.bars.height, symbols, reason, file.notes)

    def _keep(self, file: FileBars) -> FileOutcome:
        symbols: list[str] = []
        n_good = 0
        bad: list[pl.DataFrame] = []
        for (symbol,), rows in file.bars.group_by("symbol", maintain_order=True):
            if symbol is None:
                bad.append(rows.with_columns(pl.lit("unreadable_symbol").alias("reason")))
                continue
            symbols.append(str(symbol))
            checked = self._validate(str(symbol), rows)
            bad.append(checked.bad)
            n_good += checked.good.height
            if checked.good.height:
                good, overruled = checked.good.select(*PAGE_SCHEMA), checked.overruled.select(*PAGE_SCHEMA)
                self._spool.add(str(symbol), good, overruled)
        reasons, again = self._quarantine(file, pl.concat(bad))
        n_good += again.height
        notes = [*file.notes]
        if n_good == 0:
            error = BadBarsError(
                f"{file.path.name}: none of {file.bars.height} rows can be stored: {reasons}",
                hint="correct the file; its rows are in quarantine: `quantmill quarantine list`",
            )
            self._errors.append(error)
            self.tally.n_failed += 1
            return FileOutcome(
                str(file.path),
                "failed",
                file.bars.height,
                tuple(sorted(symbols)),
                _with_hint(error),
                tuple(notes),
            )
        self._check.took(file.path)
        if reasons:
            notes.append(f"to quarantine: {reasons}")
        if again.height:
            notes.append(f"{again.height} rows were released from quarantine before")
        for note in file.notes:
            self.tally.add_note(note, file.path.name)
        return FileOutcome(
            str(file.path), "read", file.bars.height, tuple(sorted(symbols)), notes=tuple(notes)
        )

    def _validate(self, symbol: str, rows: pl.DataFrame) -> Validated:
        if self._kinds.get(symbol):
            raise SymbolKindError(f"real bars offered for {symbol}, which holds synthetic ones")
        info = describe_symbol(symbol)
        checked = validate_bars(
            rows,
            info,
            calendar_for(info.calendar),
            now_us=self._lake.clock.now_us(),
            rules=self._how.rules,
            splits=self._splits.get(symbol, NO_SPLITS),
        )
        self.tally.rows_duplicate += checked.n_duplicates
        self.tally.rows_overruled += checked.overruled.height
        self.tally.n_unsorted += checked.n_unsorted
        return checked

    def _quarantine(self, file: FileBars, bad: pl.DataFrame) -> tuple[str, pl.DataFrame]:
        """What goes to quarantine in words, and the bars that somebody released before, which do not."""
        raw = file.raw[bad["row"].to_list()].to_dicts()
        rows = quarantine_rows(bad, raw, source=file.path.name, provider=PROVIDER)
        waiting, again = without_released(rows, self._released)
        for (symbol,), bars in again.partition_by("symbol", as_dict=True).items():
            self._spool.add(str(symbol), bars, bars.clear())
        if waiting.height:
            self._bad.append(waiting)
        counts = dict(waiting["reason"].value_counts(sort=True).iter_rows())
        self.tally.reasons.update(counts)
        texts = (f"{reason} in {count} ({REASONS[reason]})" for reason, count in counts.items())
        return "; ".join(texts), again

    def _stage(self, symbol: str) -> Staged:
        taken = self._spool.take(symbol)
        info = describe_symbol(symbol)
        calendar = calendar_for(info.calendar)
        labels = calendar.label(us_of(taken.rows["ts"]))
        if info.asset_class == "equity":
            splits = self._splits.get(symbol, NO_SPLITS)
            signs = find_split_signs(self._lake, symbol, taken.rows, calendar, splits)
            self.tally.notes += map(str, signs)
        staged = self._lake.stage(
            "bars", taken.rows, on_conflict=self._how.on_conflict, overruled=taken.overruled
        )
        tally = self.tally
        tally.symbols.add(symbol)
        tally.rows_duplicate += taken.n_duplicates
        tally.rows_overruled += taken.n_overruled
        tally.rows_extended += int((~labels.is_regular).sum())
        tally.sessions += int(np.unique(labels.session).size)
        tally.rows_stored += staged.inserted
        tally.rows_existing += staged.existing - staged.replaced
        tally.rows_replaced += staged.replaced
        tally.conflicts += staged.conflicts
        return staged

    def _publish(self, staged: list[Staged], completing: Completing | None, *, note: str = "import") -> int:
        """Bars, quarantined rows and what follows for the sources, in one transaction."""
        self.tally.conflicts += self.tally.rows_overruled
        with self._lake.state.write() if completing is None else completing() as connection:
            snapshot = self._lake.commit(staged, connection=connection, note=note).snapshot
            self._check.record(connection)
        self._lake.refresh_views()
        return snapshot

    def _nothing_stored(self) -> QuantmillError:
        if len(self._errors) == 1:
            return self._errors[0]
        if not self._errors:
            return BadBarsError(
                "no CSV or Parquet file found, nor a LEAN zip, DuckDB or SQLite file",
                hint="name files, or a folder that holds some; --format auto takes all formats",
            )
        first = self._errors[0]
        return BadBarsError(
            f"none of {len(self._errors)} files can be imported; first: {first}", hint=first.hint
        )


def _stored_kinds(lake: Lake) -> Mapping[str, bool]:
    known = lake.symbols()
    return dict(known.select("symbol", "is_synthetic").iter_rows())


def _with_hint(error: QuantmillError) -> str:
    return f"{error} ({error.hint})" if error.hint else str(error)

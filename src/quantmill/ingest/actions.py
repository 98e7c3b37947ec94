"""Files of splits and dividends into the lake, in one commit."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
from sqlalchemy import Connection

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.errors import DataError, QuantmillError, UsageError
from quantmill.ingest.actions_storing import ACTION_KEY, check_real, store_actions
from quantmill.ingest.report import FileOutcome
from quantmill.lake.actions import DIVIDEND, SPLIT
from quantmill.lake.merging import OnConflict
from quantmill.lake.store import Lake
from quantmill.providers.files.action_files import find_action_files, read_action_file
from quantmill.providers.files.action_rows import ACTION_SCHEMA
from quantmill.providers.files.options import PROVIDER

__all__ = ["ActionsReport", "import_actions"]


@dataclass(frozen=True, slots=True)
class ActionsReport:
    """Counts of one import; every action or row read is in exactly one of the first groups.

    `read = stored + replaced + existing + duplicate + overruled + skipped`, where `existing` were stored before (also
    with other values, then they count as conflicts too), `duplicate` came more than once with equal values and
    `overruled` lost to another of the same symbol, ex-date and kind in this import. `conflicts` counts overruled ones
    and those that differ from stored ones; `skipped_reasons` says why rows were left out.
    """

    read: int
    stored: int
    replaced: int
    existing: int
    duplicate: int
    overruled: int
    skipped: int
    conflicts: int
    splits: int
    dividends: int
    skipped_reasons: Mapping[str, int]
    symbols: tuple[str, ...]
    snapshot: int
    files: tuple[FileOutcome, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """One row per action, and how many lost to it with equal and with other values."""

    rows: pl.DataFrame
    n_equal: int
    n_overruled: int


def import_actions(
    lake: Lake,
    paths: Sequence[Path],
    *,
    symbol: str | None = None,
    on_conflict: OnConflict = "keep",
    progress: Progress = NO_PROGRESS,
    completing: Callable[[], AbstractContextManager[Connection]] | None = None,
) -> ActionsReport:
    """Import splits and dividends; twice stores nothing new.

    A file that cannot be read is reported and the others go on. Where files of one import differ, the one whose
    last ex-date is later counts.

    Args:
        lake: Where to.
        paths: LEAN factor files, CSV files with ex-date and amount or ratio, and folders of them.
        symbol: Symbol of files that carry none in a column; it wins over the name of a file.
        on_conflict: What happens to stored actions that differ.
        progress: Told of each file.
        completing: Transaction to publish in; its caller repeats the import after a CommitConflictError.

    Raises:
        UsageError: If a path does not exist, or the only file does not say its symbol.
        DataError: If no file can be read.
        SymbolKindError: If a symbol holds synthetic bars in this home; nothing is stored.
        ConflictError: If actions differ from stored ones under `fail`; nothing is stored.
    """
    found = find_action_files(paths)
    frames: list[pl.DataFrame] = []
    skipped: Counter[str] = Counter()
    files: list[FileOutcome] = []
    notes: list[str] = []
    errors: list[QuantmillError] = []
    progress.start("Reading files", len(found.paths))
    for path in found.paths:
        try:
            read = read_action_file(path, symbol)
        except (DataError, UsageError) as error:
            errors.append(error)
            said = f"{error} ({error.hint})" if error.hint else str(error)
            files.append(FileOutcome(str(path), "failed", reason=said))
        else:
            frames.append(read.rows.with_columns(pl.lit(path.name).alias("source")))
            skipped.update(read.skipped)
            reasons = [f"left out: {count} {reason}" for reason, count in read.skipped.items()]
            notes += [f"{path.name}: {note}" for note in read.notes]
            symbols = tuple(read.rows["symbol"].unique().sort())
            files.append(FileOutcome(str(path), "read", read.n_read, symbols, notes=(*read.notes, *reasons)))
        progress.advance(note=path.name)
    files += [FileOutcome(str(path), "skipped", reason=reason) for path, reason in found.skipped.items()]
    if not frames:
        raise _nothing_read(errors)
    chosen = _choose(frames)
    check_real(lake, chosen.rows)
    staged, snapshot = store_actions(
        lake, chosen.rows, on_conflict=on_conflict, note="import of corporate actions", completing=completing
    )
    if errors:
        notes.insert(0, f"{len(errors)} files were not imported; each says why under `files`")
    if chosen.n_overruled:
        notes.append(
            f"{chosen.n_overruled} actions differ from another of the same day in this import; "
            "the file whose last ex-date is later counts"
        )
    return ActionsReport(
        read=chosen.rows.height + chosen.n_equal + chosen.n_overruled + skipped.total(),
        stored=staged.inserted,
        replaced=staged.replaced,
        existing=staged.existing - staged.replaced,
        duplicate=chosen.n_equal,
        overruled=chosen.n_overruled,
        skipped=skipped.total(),
        conflicts=staged.conflicts + chosen.n_overruled,
        splits=chosen.rows.filter(pl.col("kind") == SPLIT).height,
        dividends=chosen.rows.filter(pl.col("kind") == DIVIDEND).height,
        skipped_reasons=dict(sorted(skipped.items())),
        symbols=tuple(chosen.rows["symbol"].unique().sort()),
        snapshot=snapshot,
        files=tuple(files),
        notes=tuple(notes),
    )


def _choose(frames: Sequence[pl.DataFrame]) -> _Chosen:
    """Of each action the row of the file whose last ex-date is latest, the last of equal files."""
    ordered = sorted(frames, key=_last_date)
    rows = pl.concat(ordered).with_columns(pl.lit(PROVIDER).alias("provider"))
    kept = rows.unique(ACTION_KEY, keep="last", maintain_order=True)
    beside = rows.join(kept, on=list(ACTION_KEY), how="inner", suffix=" kept")
    differs = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name} kept")) for name in ("ratio", "amount")
    )
    n_overruled = beside.filter(differs).height
    columns = [*ACTION_SCHEMA, "provider", "source"]
    return _Chosen(kept.select(columns), rows.height - kept.height - n_overruled, n_overruled)


def _last_date(frame: pl.DataFrame) -> date:
    dates: list[date] = frame["ex_date"].to_list()
    return max(dates, default=date.min)


def _nothing_read(errors: Sequence[QuantmillError]) -> QuantmillError:
    if len(errors) == 1:
        return errors[0]
    if not errors:
        return DataError(
            "no CSV file found", hint="name LEAN factor files or CSV files with ex-date and amount"
        )
    return DataError(f"none of {len(errors)} files can be imported; first: {errors[0]}", hint=errors[0].hint)

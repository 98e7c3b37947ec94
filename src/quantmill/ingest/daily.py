"""Files of daily prices into the lake, in one commit."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import polars as pl
from sqlalchemy import Connection

from quantmill.core.bars import UTC_TIME
from quantmill.core.calendar import calendar_for
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.symbols import describe_symbol
from quantmill.errors import (
    BadBarsError,
    QuantmillError,
    SymbolKindError,
    UsageError,
)
from quantmill.ingest.daily_storing import DailyTally, store_daily
from quantmill.ingest.daily_validation import REASONS, validate_daily
from quantmill.ingest.quarantine import quarantine_others
from quantmill.ingest.report import FileOutcome
from quantmill.lake.merging import OnConflict
from quantmill.lake.store import Lake
from quantmill.providers.files.daily import DailyFile, read_daily_file
from quantmill.providers.files.finding import find_files
from quantmill.providers.files.options import PROVIDER, FileOptions

__all__ = ["import_daily"]

_KEY: Final = ["symbol", "session"]


def import_daily(
    lake: Lake,
    paths: Sequence[Path],
    *,
    options: FileOptions | None = None,
    on_conflict: OnConflict = "keep",
    lag_minutes: int = 0,
    progress: Progress = NO_PROGRESS,
    completing: Callable[[], AbstractContextManager[Connection]] | None = None,
) -> DailyTally:
    """Import daily prices; twice stores nothing new.

    A row is known from the close of its session on, see `known_from_us`. Under `replace` a row with other values than
    the stored one is another version, known from now on; reads of earlier instants see the earlier one.

    Args:
        lake: Where to.
        paths: CSV and Parquet files, and folders of them.
        options: What the files do not say themselves.
        on_conflict: What happens to stored rows that differ.
        lag_minutes: Minutes that the source needs after the close.
        progress: Told of each file.
        completing: Transaction to publish in; its caller repeats the import after a CommitConflictError.

    Raises:
        UsageError: If a path does not exist.
        BadBarsError: If no file can be read, or none holds a row that can be stored.
        SymbolKindError: If a symbol holds synthetic bars in this home; nothing is stored.
        ConflictError: If rows differ from stored ones under `fail`; nothing is stored.
    """
    how = options or FileOptions()
    found = find_files(paths, how.file_format)
    tally = DailyTally()
    good: list[pl.DataFrame] = []
    bad: list[pl.DataFrame] = []
    errors: list[QuantmillError] = []
    progress.start("Reading files", len(found.paths))
    for path in found.paths:
        try:
            file = read_daily_file(path, how)
        except (BadBarsError, UsageError) as error:
            errors.append(error)
            tally.files.append(FileOutcome(str(path), "failed", reason=_with_hint(error)))
        else:
            tally.files.append(_sort_out(lake, path, file, good, bad, lag_minutes, tally))
        progress.advance(note=path.name)
    tally.files += [
        FileOutcome(str(path), "skipped", reason=reason) for path, reason in found.skipped.items()
    ]
    if not any(file.status == "read" for file in tally.files):
        raise _nothing_read(errors)
    offered = pl.concat(good)
    rows = offered.unique(_KEY, keep="last", maintain_order=True)
    tally.rows_duplicate += offered.height - rows.height
    tally.opens_left_out = rows["open"].null_count()
    tally.symbols |= set(rows["symbol"])
    _check_real(lake, tally.symbols)
    store_daily(lake, rows, bad, on_conflict, tally, completing)
    if tally.rows_quarantined == tally.rows_read:
        reasons = "; ".join(f"{REASONS[reason]} in {count}" for reason, count in tally.reasons.items())
        raise BadBarsError(
            f"none of {tally.rows_read} rows can be stored: {reasons}",
            hint="correct the file; its rows are in quarantine: `quantmill quarantine list`",
        )
    return tally


def _sort_out(
    lake: Lake,
    path: Path,
    file: DailyFile,
    good: list[pl.DataFrame],
    bad: list[pl.DataFrame],
    lag_minutes: int,
    tally: DailyTally,
) -> FileOutcome:
    tally.rows_read += file.rows.height
    symbols: list[str] = []
    refused: list[pl.DataFrame] = []
    for (name,), rows in file.rows.group_by("symbol", maintain_order=True):
        if name is None:
            refused.append(_refused(rows.with_columns(pl.lit("unreadable_symbol").alias("reason"))))
            continue
        symbols.append(str(name))
        info = describe_symbol(str(name))
        calendar = calendar_for(info.calendar)
        checked = validate_daily(rows, info, calendar, now_us=lake.clock.now_us(), lag_minutes=lag_minutes)
        good.append(checked.good.drop("row"))
        refused.append(_refused(checked.bad))
        tally.rows_duplicate += checked.n_duplicates
    rows = pl.concat(refused)
    if rows.height:
        raw = file.raw[rows["row"].to_list()].to_dicts()
        bad.append(quarantine_others(rows, raw, source=path.name, provider=PROVIDER))
        tally.rows_quarantined += rows.height
        tally.reasons.update(dict(rows["reason"].value_counts(sort=True).iter_rows()))
    return FileOutcome(str(path), "read", file.rows.height, tuple(sorted(symbols)), notes=file.notes)


def _refused(rows: pl.DataFrame) -> pl.DataFrame:
    """As the quarantine keeps them: a day is told by its midnight in UTC."""
    return rows.select("symbol", pl.col("session").cast(UTC_TIME).alias("ts"), "reason", "row")


def _check_real(lake: Lake, symbols: set[str]) -> None:
    known = lake.symbols()
    made_up = set(known.filter(pl.col("is_synthetic"))["symbol"])
    for name in sorted(symbols & made_up):
        raise SymbolKindError(f"real daily rows offered for {name}, which holds synthetic bars")


def _with_hint(error: QuantmillError) -> str:
    return f"{error} ({error.hint})" if error.hint else str(error)


def _nothing_read(errors: Sequence[QuantmillError]) -> QuantmillError:
    if len(errors) == 1:
        return errors[0]
    if not errors:
        return BadBarsError(
            "no CSV or Parquet file found", hint="name files of daily prices, or a folder of them"
        )
    return BadBarsError(
        f"none of {len(errors)} files can be imported; first: {errors[0]}", hint=errors[0].hint
    )

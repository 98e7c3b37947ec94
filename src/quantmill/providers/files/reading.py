"""One file as bars in our schema, its rows still unchecked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import ComputeError

from quantmill.core.bars import EXPORT_MARK, OPTIONAL_BAR_COLUMNS, PRICE_COLUMNS
from quantmill.core.instants import DAY_US, MINUTE_US
from quantmill.core.symbols import describe_symbol
from quantmill.errors import BadBarsError
from quantmill.providers.files.columns import MatchedColumns, match_columns
from quantmill.providers.files.database_rows import database_batches
from quantmill.providers.files.formats import kind_of
from quantmill.providers.files.options import FEED, PROVIDER, FileOptions
from quantmill.providers.files.raw import read_raw
from quantmill.providers.files.raw_file import RawFile
from quantmill.providers.files.row_values import numbers_of_rows, symbols_of_rows
from quantmill.providers.files.spacing import interval_name, spacing_us
from quantmill.providers.files.times import read_times
from quantmill.providers.files.trees import note_on_dates
from quantmill.providers.protocol import PAGE_SCHEMA

__all__ = ["FileBars", "batches_of", "read_bar_file"]

_ROW: Final = "row"
_DAILY_HINT: Final = "`quantmill daily import FILE` stores daily rows; daily bars are made from 1-minute bars"
_LONGER_HINT: Final = "longer intervals are made from 1-minute bars, so import those"


@dataclass(frozen=True, slots=True)
class FileBars:
    """A file's rows.

    `bars` has the columns of `PAGE_SCHEMA` and `row`, the place in `raw`; symbol, time and prices
    are null where the file's text cannot be read. `raw` holds the rows as the file spells them.
    """

    path: Path
    bars: pl.DataFrame
    raw: pl.DataFrame
    notes: tuple[str, ...]


def batches_of(path: Path, options: FileOptions) -> list[tuple[object, ...] | None]:
    """What to read of a file at once: all of it (None), or a large database's symbols a few at a time.

    Raises:
        BadBarsError: If a database cannot be read or no table fits.
        UsageError: If several tables fit.
    """
    kind = kind_of(path) if options.file_format == "auto" else options.file_format
    return database_batches(path, kind, options) if kind == "duckdb" or kind == "sqlite" else [None]  # noqa: PLR1714 - narrows the type


def read_bar_file(path: Path, options: FileOptions, batch: tuple[object, ...] | None = None) -> FileBars:
    """Read a file of 1-minute bars, of a database those of a batch of symbols.

    Raises:
        BadBarsError: If the file is empty, damaged, of an unknown format, lacks a column, a time zone or
            a symbol, holds synthetic bars, or bars of another interval; the message begins with the file's name.
        UsageError: If the options do not fit the file.
    """
    file = read_raw(path, options, batch)
    raw = file.frame
    is_lean = file.spelled is not None
    columns = match_columns(raw.columns, {} if is_lean else options.mapping, file=path.name)
    notes = [*file.notes, *_notes_on_columns(columns), *_notes_on_options(options, file)]
    _refuse_synthetic(raw, columns, path)
    time_columns = [columns.by_role[role] for role in ("ts", "date", "time") if role in columns.by_role]
    symbols = symbols_of_rows(file, columns, path, options)
    times = read_times(raw, time_columns, file=path.name)
    notes += [times.note] if times.note else []
    if not _is_export(path):
        _check_interval(symbols, times.naive, path)
    ts = times.in_utc(options.tz, file=path.name)
    if times.zone is not None and options.tz is not None:
        notes.append(f"--tz {options.tz} was not needed: times carry their zone")
    if options.label == "end" and not is_lean:
        ts = ts.dt.offset_by("-1m")
    if file.place is not None and (said := note_on_dates(ts, file.place)):
        notes.append(said)
    bars = pl.DataFrame({"symbol": symbols, "ts": ts}).with_columns(
        *(numbers_of_rows(raw, columns, role) for role in (*PRICE_COLUMNS, *OPTIONAL_BAR_COLUMNS)),
        pl.lit(PROVIDER).alias("provider"),
        pl.lit(FEED).alias("feed"),
    )
    bars, volume_note = _without_index_volume(bars)
    notes += [volume_note] if volume_note else []
    return FileBars(
        path,
        bars.select(*PAGE_SCHEMA).with_row_index(_ROW),
        raw if file.spelled is None else file.spelled,
        tuple(notes),
    )


def _notes_on_columns(columns: MatchedColumns) -> list[str]:
    notes: list[str] = []
    if columns.unused:
        notes.append(f"columns not used: {', '.join(columns.unused)}")
    if "volume" not in columns.by_role:
        notes.append("no volume column: volume is missing")
    return notes


def _notes_on_options(options: FileOptions, file: RawFile) -> list[str]:
    """Options that say nothing about this file."""
    notes: list[str] = []
    if options.table is not None and not any(note.startswith("table ") for note in file.notes):
        notes.append(f"--table {options.table} was not needed: no database")
    if file.spelled is not None and options.label == "end":
        notes.append("--label end was left out: LEAN bars carry their start")
    return notes


def _refuse_synthetic(raw: pl.DataFrame, columns: MatchedColumns, path: Path) -> None:
    name = columns.by_role.get("provider")
    if name is not None and raw[name].cast(pl.String).str.starts_with("sim").any():
        raise BadBarsError(
            f"{path.name}: column {name!r} says that the bars come from sim, needed are real ones",
            hint="use `quantmill ingest --provider sim` to have synthetic bars",
        )


def _is_export(path: Path) -> bool:
    """Whether a lake exported the file: then it holds 1-minute bars, however few of a session there are."""
    try:
        return EXPORT_MARK in pl.read_parquet_metadata(path)
    except (ComputeError, OSError):
        return False


def _check_interval(symbols: pl.Series, times: pl.Series, path: Path) -> None:
    """Refuse bars of any symbol that are not 1-minute bars."""
    frame = pl.DataFrame({"symbol": symbols, "time": times.cast(pl.Int64)}).drop_nulls()
    for (symbol,), rows in frame.group_by("symbol", maintain_order=True):
        found = spacing_us(rows["time"].to_numpy())
        if found != MINUTE_US:
            raise BadBarsError(
                f"{path.name}: {symbol} has {interval_name(found)} bars, needed are 1-minute bars",
                hint=_DAILY_HINT if found == DAY_US else _LONGER_HINT,
            )


def _without_index_volume(bars: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    symbols = bars["symbol"].unique().drop_nulls().sort().to_list()
    indices = [symbol for symbol in symbols if describe_symbol(symbol).asset_class == "index"]
    is_index = pl.col("symbol").is_in(indices)
    has_volume = bars.filter(is_index & pl.col("volume").is_not_null())["symbol"].unique().sort()
    if has_volume.len() == 0:
        return bars, ""
    note = f"volume of {', '.join(has_volume)} left out: an index is not traded"
    return bars.with_columns(pl.when(~is_index).then(pl.col("volume")).alias("volume")), note

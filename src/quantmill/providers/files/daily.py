"""A file of daily prices as rows by session, still unchecked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from quantmill.core.bars import PRICE_COLUMNS
from quantmill.core.calendar import calendar_for
from quantmill.core.daily import DAILY_SCHEMA
from quantmill.core.instants import DAY_US
from quantmill.core.symbols import describe_symbol
from quantmill.errors import BadBarsError
from quantmill.providers.files.columns import match_columns
from quantmill.providers.files.options import FileOptions
from quantmill.providers.files.raw import read_raw
from quantmill.providers.files.row_values import numbers_of_rows, symbols_of_rows
from quantmill.providers.files.spacing import interval_name, spacing_us
from quantmill.providers.files.times import LocalTimes, read_times

__all__ = ["DailyFile", "read_daily_file"]

_ROW: Final = "row"
# Of fewer days the spacing tells nothing.
_TELLING: Final = 3


@dataclass(frozen=True, slots=True)
class DailyFile:
    """A file's rows: `rows` has the columns of `DAILY_SCHEMA` and `row`, the place in `raw`, the rows as spelled."""

    rows: pl.DataFrame
    raw: pl.DataFrame
    notes: tuple[str, ...]


def read_daily_file(path: Path, options: FileOptions) -> DailyFile:
    """Read a CSV or Parquet file with one row per day, such as the CBOE's history of the VIX.

    A time with a zone stands for the date of the exchange then, midnight UTC for the date that it names.

    Raises:
        BadBarsError: If the file is empty, damaged, of an unknown format, lacks a column or a symbol, or holds rows
            of another interval; the message begins with the file's name.
        UsageError: If the options do not fit the file.
    """
    file = read_raw(path, options)
    raw = file.frame
    columns = match_columns(raw.columns, options.mapping, file=path.name)
    symbols = symbols_of_rows(file, columns, path, options)
    role = "date" if "date" in columns.by_role else "ts"
    times = read_times(raw, [columns.by_role[role]], file=path.name)
    sessions = _sessions(times, symbols)
    _check_daily(symbols, sessions, times, path)
    numbers = {name: numbers_of_rows(raw, columns, name) for name in (*PRICE_COLUMNS, "volume")}
    rows = pl.DataFrame({"symbol": symbols, "session": sessions, **numbers}, schema=DAILY_SCHEMA)
    indices = [name for name in symbols.unique().drop_nulls() if describe_symbol(name).asset_class == "index"]
    rows = rows.with_columns(pl.when(~pl.col("symbol").is_in(indices)).then("volume").alias("volume"))
    notes = [*file.notes, times.note] if times.note else list(file.notes)
    if columns.unused:
        notes.append(f"columns not used: {', '.join(columns.unused)}")
    return DailyFile(rows.with_row_index(_ROW), raw, tuple(notes))


def _sessions(times: LocalTimes, symbols: pl.Series) -> pl.Series:
    """The date of each row in the time of its symbol's exchange."""
    naive = times.naive
    if times.zone is None or naive.drop_nulls().dt.truncate("1d").equals(naive.drop_nulls()):
        return naive.dt.date()
    frame = pl.DataFrame({"symbol": symbols, "ts": naive.dt.replace_time_zone("UTC")})
    zones = {
        name: calendar_for(describe_symbol(name).calendar).timezone.key
        for name in symbols.unique().drop_nulls()
    }
    return frame.select(
        pl.coalesce(
            pl.when(pl.col("symbol") == name).then(pl.col("ts").dt.convert_time_zone(zone).dt.date())
            for name, zone in zones.items()
        ).alias("session")
    ).to_series()


def _check_daily(symbols: pl.Series, sessions: pl.Series, times: LocalTimes, path: Path) -> None:
    """Refuse rows of any symbol that are not one a day."""
    frame = pl.DataFrame(
        {"symbol": symbols, "session": sessions, "time": times.naive.cast(pl.Int64)}
    ).drop_nulls()
    for (symbol,), rows in frame.group_by("symbol", maintain_order=True):
        found = spacing_us(rows["time"].to_numpy())
        has_few = rows["session"].n_unique() < _TELLING
        if found != DAY_US and not (has_few and rows["session"].n_unique() == rows.height):
            hint = "`quantmill import` stores 1-minute bars" if found < DAY_US else None
            raise BadBarsError(
                f"{path.name}: {symbol} has {interval_name(found)} rows, needed is one a day", hint=hint
            )

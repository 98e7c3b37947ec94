"""Calendars of what is stored: a cell per session, or per week, with its share of minutes and its marks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
import polars as pl

from quantmill.core.arrays import Bools, Floats
from quantmill.core.months import MONTHS

__all__ = ["CELL_LEGEND", "CellUnit", "GapCalendar", "calendar_lines", "gap_calendar", "unit_for"]

CellUnit = Literal["session", "week"]

_MAX_MONTHS: Final = 66
# Shares from which on a cell is drawn so.
_SHADES: Final = ((0.995, "█"), (0.95, "▓"), (0.75, "▒"), (1e-9, "░"))
_MISSING: Final = "×"
_CONFIRMED: Final = "c"
_HALF: Final = "▄"

CELL_LEGEND: Final = (
    "█ all usual minutes stored (99.5 %)  ▓ 95 %  ▒ 75 %  ░ fewer  "
    "▄ half day, all stored  × session missing  c missing, as a provider confirmed"
)


@dataclass(frozen=True, slots=True)
class GapCalendar:
    """One symbol's cells, all arrays of shape (n_rows, n_columns).

    Attributes:
        symbol: Whose sessions.
        unit: What a cell is: rows are months and columns days of the month, or years and ISO weeks.
        rows: One label per row.
        ticks: Labels of some columns.
        share: Stored share of the minutes that the symbol usually has of those expected; NaN where no session is.
        is_half: True at half days, in cells of a session.
        is_missing: True where a session has no bar at all, and nobody confirmed that there is none.
        is_confirmed: True where all missing sessions are confirmed.
    """

    symbol: str
    unit: CellUnit
    rows: tuple[str, ...]
    ticks: Mapping[int, str]
    share: Floats
    is_half: Bools
    is_missing: Bools
    is_confirmed: Bools


def unit_for(sessions: pl.DataFrame) -> CellUnit:
    """Sessions as long as all symbols' months make no more than 66 rows, weeks beyond.

    Args:
        sessions: Columns `symbol` and `session`.
    """
    months = sessions.select("symbol", pl.col("session").dt.truncate("1mo")).n_unique()
    return "session" if months <= _MAX_MONTHS else "week"


def gap_calendar(symbol: str, sessions: pl.DataFrame, unit: CellUnit, *, usual: float = 1.0) -> GapCalendar:
    """Cells of a symbol's sessions.

    Args:
        symbol: Whose sessions.
        sessions: What `count_minutes` gives, at least one, and `is_confirmed`.
        unit: What a cell is.
        usual: The share of its minutes in which the symbol usually has a bar.
    """
    cells = _cells(sessions, unit)
    rows = _row_labels(cells["row"][0], cells["row"][-1], unit)
    shape = (len(rows), 31 if unit == "session" else 53)
    at = cells["row"].to_numpy() - cells["row"][0], cells["column"].to_numpy()

    def spread(name: str) -> Bools:
        grid = np.zeros(shape, dtype=np.bool_)
        grid[at] = cells[name].to_numpy()
        return grid

    share = np.full(shape, np.nan)
    share[at] = (cells["found_bars"] / cells["expected_bars"]).to_numpy() / usual
    halves = spread("is_half") if unit == "session" else np.zeros(shape, dtype=np.bool_)
    return GapCalendar(
        symbol,
        unit,
        rows,
        {0: "1", 4: "5", 9: "10", 14: "15", 19: "20", 24: "25", 29: "30"} if unit == "session" else _WEEKS,
        share,
        halves,
        spread("is_missing"),
        spread("is_confirmed"),
    )


def calendar_lines(calendar: GapCalendar) -> list[str]:
    """The calendar in blocks of text: a title, the columns, a line per row."""
    width = max(map(len, calendar.rows))
    head = [" "] * (calendar.share.shape[1] + 2)
    for column, text in calendar.ticks.items():
        head[column : column + len(text)] = text
    lines = [calendar.symbol, f"{'':{width}}  {''.join(head).rstrip()}"]
    for at, label in enumerate(calendar.rows):
        cells = "".join(_cell(calendar, at, column) for column in range(calendar.share.shape[1]))
        lines.append(f"{label:<{width}}  {cells.rstrip()}")
    return lines


def _cells(sessions: pl.DataFrame, unit: CellUnit) -> pl.DataFrame:
    day = pl.col("session").dt
    row = day.year() * 12 + day.month() - 1 if unit == "session" else day.iso_year()
    column = day.day() - 1 if unit == "session" else day.week() - 1
    is_missing = pl.col("found_bars") == 0
    return (
        sessions.group_by(row.cast(pl.Int64).alias("row"), column.cast(pl.Int64).alias("column"))
        .agg(
            pl.col("found_bars", "expected_bars").sum(),
            pl.col("is_half").any(),
            (is_missing & ~pl.col("is_confirmed")).any().alias("is_missing"),
            (is_missing & pl.col("is_confirmed")).any().alias("is_confirmed"),
        )
        .with_columns(pl.col("is_confirmed") & ~pl.col("is_missing"))
        .sort("row", "column")
    )


def _row_labels(first: int, last: int, unit: CellUnit) -> tuple[str, ...]:
    if unit == "week":
        return tuple(str(year) for year in range(first, last + 1))
    return tuple(f"{month // 12}-{month % 12 + 1:02d}" for month in range(first, last + 1))


def _cell(calendar: GapCalendar, row: int, column: int) -> str:
    share = calendar.share[row, column]
    if np.isnan(share):
        return " "
    if calendar.is_missing[row, column]:
        return _MISSING
    if calendar.is_confirmed[row, column]:
        return _CONFIRMED
    shade = next(block for limit, block in (*_SHADES, (0.0, _CONFIRMED)) if share >= limit)
    return _HALF if shade == "█" and calendar.is_half[row, column] else shade


def _first_weeks() -> dict[int, str]:
    """The column of the week in which each month begins, as in a year that begins on a Monday."""
    return {(date(2024, at + 1, 1).timetuple().tm_yday - 1) // 7: name for at, name in enumerate(MONTHS)}


_WEEKS: Final = _first_weeks()

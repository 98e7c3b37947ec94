"""Trees of Parquet files whose folders carry symbol and date: `SPY/dt=2024-03-12/` or `symbol=SPY/dt=2024-03-12/`."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import polars as pl

from quantmill.errors import BadBarsError, UsageError
from quantmill.providers.files.naming import file_symbol

__all__ = ["TreePlace", "note_on_dates", "tree_place", "with_date"]

_DATE: Final = re.compile(r"(?:dt|date)=(\d{4})-?(\d{2})-?(\d{2})")
_SYMBOL: Final = re.compile(r"(?:symbol|ticker)=(.+)", re.IGNORECASE)
_SUFFIX: Final = re.compile(r"\.(parquet|pq)$", re.IGNORECASE)
_CLOCK: Final = r"^\d{1,2}:\d{2}"
_TIME_NAMES: Final = frozenset({"ts", "timestamp", "datetime", "date", "dt"})


@dataclass(frozen=True, slots=True)
class TreePlace:
    """Symbol, canonical, and date that the folders of a file say."""

    symbol: str
    day: date


def tree_place(path: Path) -> TreePlace | None:
    """Symbol and date of a Parquet file in such a tree, None when its path is no place in one.

    The file itself may carry the date: `SPY/dt=2024-03-12.parquet`.

    Raises:
        BadBarsError: If a folder says a date or a symbol that cannot be one.
    """
    parts = [unquote(part) for part in _SUFFIX.sub("", str(path.absolute())).split("/")]
    dated = next((at for at in range(len(parts) - 1, 0, -1) if _DATE.fullmatch(parts[at])), None)
    if dated is None:
        return None
    match = _DATE.fullmatch(parts[dated])
    assert match is not None
    text = next((said[1] for part in reversed(parts) if (said := _SYMBOL.fullmatch(part))), parts[dated - 1])
    try:
        return TreePlace(file_symbol(text), date(*(int(number) for number in match.groups())))
    except ValueError as error:
        raise BadBarsError(f"{path.name}: folder {parts[dated]!r} says no date: {error}") from error
    except UsageError as error:
        raise BadBarsError(
            f"{path.name}: folder {text!r} above {parts[dated]!r} is no symbol",
            hint="name the folders SPY/dt=2024-03-12 or symbol=SPY/dt=2024-03-12",
        ) from error


def with_date(frame: pl.DataFrame, place: TreePlace) -> pl.DataFrame:
    """The frame, with the folder's date as a column where its rows have a time of day alone."""
    names = {name.lower(): name for name in frame.columns}
    time = names.get("time")
    if time is None or _TIME_NAMES & names.keys():
        return frame
    column = frame[time]
    is_clock = column.dtype == pl.Time or (
        column.dtype == pl.String and bool(column.drop_nulls().str.contains(_CLOCK).all())
    )
    return frame.with_columns(pl.lit(place.day).alias("date")) if is_clock else frame


def note_on_dates(ts: pl.Series, place: TreePlace) -> str:
    """What to say about rows that lie on another date than their folder says, in UTC and in New York."""
    days = pl.DataFrame({"ts": ts}).drop_nulls()
    elsewhere = days.filter(
        (pl.col("ts").dt.date() != place.day)
        & (pl.col("ts").dt.convert_time_zone("America/New_York").dt.date() != place.day)
    ).height
    return f"{elsewhere} rows lie on another date than the folder's {place.day}" if elsewhere else ""

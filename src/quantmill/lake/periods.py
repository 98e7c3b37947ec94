"""How a key's rows are cut into files: by month in the open year, by year before, by what the dataset says."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from quantmill.core.arrays import Ints
from quantmill.core.bars import us_of
from quantmill.core.calendar import SessionCalendar, calendar_for
from quantmill.core.symbols import describe_symbol
from quantmill.lake.datasets import Dataset

__all__ = ["SessionCounts", "count_sessions", "cut_periods", "overlaps"]


@dataclass(frozen=True, slots=True)
class SessionCounts:
    """Bars per session: dates as days since 1970, each array of shape (n_sessions,)."""

    session: Ints
    n_regular: Ints
    n_extended: Ints


def cut_periods(
    dataset: Dataset,
    rows: pl.DataFrame,
    *,
    key: str,
    period: str | None,
    live_periods: Iterable[str],
    open_year: int,
) -> Iterator[tuple[str, pl.DataFrame]]:
    """A key's rows, sorted by time, as (period, rows) in time order.

    Bars lie in one file per month in the open year and one per year before it, but follow the files
    that are there: a year kept in months stays so until it is compacted. A session never lies in two files.
    """
    if rows.height == 0 and dataset.periods not in {"all", "given"}:
        return
    if period is not None or dataset.periods == "all":
        yield period or "all", rows
        return
    if dataset.periods == "given":
        raise ValueError(f"a write to {dataset.name} must name its period")
    sessions = _calendar(key).sessions_of(us_of(rows[dataset.time or "ts"]))
    months = sessions.astype("datetime64[D]").astype("datetime64[M]")
    by_year = dataset.periods == "year"
    kept = set(live_periods)
    yearly = {name for name in kept if len(name) == 4}
    split = {name[:4] for name in kept if len(name) == 7}

    def period_of(month: str) -> str:
        year = month[:4]
        if by_year or year in yearly:
            return year
        if dataset.periods == "month" or year in split or int(year) >= open_year:
            return month
        return year

    starts = np.flatnonzero(np.r_[True, months[1:] != months[:-1]])
    names = [period_of(str(months[start])) for start in starts]
    ends = [*starts[1:], months.size]
    at = 0
    while at < len(names):
        until = at
        while until + 1 < len(names) and names[until + 1] == names[at]:
            until += 1
        yield names[at], rows[int(starts[at]) : int(ends[until])]
        at = until + 1


def count_sessions(key: str, rows: pl.DataFrame) -> SessionCounts:
    """How many regular and extended bars each session of the symbol `key` has."""
    session, n_bars, n_regular = _calendar(key).count(us_of(rows["ts"]))
    return SessionCounts(session, n_regular, n_bars - n_regular)


def overlaps(dataset: Dataset, one: str, other: str) -> bool:
    """Whether two periods of one key may hold the same row: `2026` holds `2026-11`."""
    if dataset.periods != "year_or_month":
        return one == other
    return one == other or one.startswith(f"{other}-") or other.startswith(f"{one}-")


def _calendar(key: str) -> SessionCalendar:
    return calendar_for(describe_symbol(key).calendar)

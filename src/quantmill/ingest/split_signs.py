"""Splits: those that are stored, and jumps overnight that look like one of which nothing is stored."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Bools, Floats, Ints
from quantmill.core.bars import PRICE_COLUMNS, us_of
from quantmill.core.calendar import SessionCalendar
from quantmill.core.instants import date_of_day, day_of_date
from quantmill.core.span import Span
from quantmill.lake.actions import SPLIT
from quantmill.lake.adjusting import split_factors
from quantmill.lake.store import Lake

__all__ = [
    "NO_SPLITS",
    "SplitSign",
    "Splits",
    "find_split_signs",
    "opens_ex_date",
    "stored_splits",
    "without_splits",
]

Splits = Mapping[date, float]
"""New shares for each old one, by ex-date."""

NO_SPLITS: Final[Splits] = {}

# Ratios that companies and funds choose; the way back is a reverse split.
_RATIOS: Final = np.array([1.5, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100])
_TOLERANCE: Final = 0.04
_N_CLOSES: Final = 3
_STEPS: Final = np.arange(_N_CLOSES)
_NEARBY: Final = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class SplitSign:
    """First prices of a session that are about 1/`ratio` of the last ones before; each the median of three closes."""

    symbol: str
    session: date
    ratio: float
    before: float
    after: float

    def __str__(self) -> str:
        said = f"{self.ratio:g} to 1" if self.ratio > 1 else f"1 to {1 / self.ratio:g}"
        return (
            f"{self.symbol} {self.session}: {self.before:g} before, {self.after:g} at the first bars: "
            f"looks like a split of {said}, of which nothing is stored (`quantmill actions import`)"
        )


def stored_splits(lake: Lake) -> Mapping[str, Splits]:
    """All splits of the lake by symbol; symbols without one are absent."""
    found: dict[str, dict[date, float]] = defaultdict(dict)
    columns = ["symbol", "kind", "ex_date", "ratio"]
    rows = lake.scan("corporate_actions", columns=columns).filter(pl.col("kind") == SPLIT).collect()
    for symbol, _, ex_date, ratio in rows.iter_rows():
        found[symbol][ex_date] = ratio
    return found


def opens_ex_date(bars: pl.DataFrame, calendar: SessionCalendar, splits: Splits) -> Bools:
    """True at the first bar of each ex-date, shape (n_bars,): it may hold prints of both prices."""
    session = calendar.sessions_of(us_of(bars["ts"]))
    opens = np.append(True, session[1:] != session[:-1])[: session.size]
    return opens & np.isin(session, [day_of_date(day) for day in splits])


def without_splits(bars: pl.DataFrame, calendar: SessionCalendar, splits: Splits) -> pl.DataFrame:
    """Bars with prices on the basis before the first split, so that an ex-date has no jump of its own."""
    if not splits:
        return bars
    session = calendar.sessions_of(us_of(bars["ts"]))
    factors = split_factors(session, list(splits), list(splits.values()), adjust="forward")
    price = pl.Series("price", factors)
    return bars.with_columns(*(bars[name] * price for name in PRICE_COLUMNS))


def find_split_signs(
    lake: Lake, symbol: str, bars: pl.DataFrame, calendar: SessionCalendar, splits: Splits
) -> list[SplitSign]:
    """Sessions that begin about a usual split ratio away from the last price before, without a split of that date.

    Stored bars of the ten days before and after count as neighbors, so bars that come day by day are judged too;
    across more than ten days nothing is compared.
    Only signs: a price may halve overnight on news.

    Args:
        lake: Where the symbol's neighbors are looked up.
        symbol: A canonical symbol with prices above zero.
        bars: Its new bars, sorted by `ts`; columns `ts` and `close` are read.
        calendar: Its sessions.
        splits: Its stored splits.
    """
    rows = _with_neighbors(lake, symbol, bars.select("ts", "close"))
    session = calendar.sessions_of(us_of(rows["ts"]))
    days_apart = np.diff(session)
    first = np.flatnonzero((days_apart > 0) & (days_apart <= _NEARBY.days)) + 1
    # The first bar of an ex-date may still hold a print of the old price.
    closes = rows["close"].to_numpy()
    before = _median_close(closes, first[:, None] - _STEPS - 1)
    after = _median_close(closes, first[:, None] + _STEPS)
    ratios = _usual_ratios(before, after)
    return [
        SplitSign(symbol, day, float(ratio), float(old), float(new))
        for day, ratio, old, new in zip(
            map(date_of_day, session[first].tolist()), ratios, before, after, strict=True
        )
        if not np.isnan(ratio) and day not in splits
    ]


def _median_close(closes: Floats, places: Ints) -> Floats:
    """The median of each row of places, of those that there are."""
    is_there = (places >= 0) & (places < closes.size)
    chosen = np.where(is_there, closes[np.clip(places, 0, closes.size - 1)], np.nan)
    return np.nanmedian(chosen, axis=1)


def _with_neighbors(lake: Lake, symbol: str, bars: pl.DataFrame) -> pl.DataFrame:
    first, last = bars["ts"][0], bars["ts"][-1] + timedelta(minutes=1)
    near = lake.scan("bars", keys=[symbol], span=Span(first - _NEARBY, last + _NEARBY), columns=bars.columns)
    is_before, is_after = pl.col("ts") < first, pl.col("ts") >= last
    stored = near.filter(is_before | is_after).sort("ts").collect()
    return pl.concat(
        [stored.filter(is_before).tail(_N_CLOSES), bars, stored.filter(is_after).head(_N_CLOSES)]
    )


def _usual_ratios(before: Floats, after: Floats) -> Floats:
    """The nearest usual ratio of each pair, NaN where none is near."""
    moves = np.log(before / after)
    known = np.concatenate([np.log(_RATIOS), -np.log(_RATIOS)])
    nearest = known[np.abs(moves[:, None] - known[None, :]).argmin(axis=1)]
    return np.where(np.abs(moves - nearest) <= _TOLERANCE, np.round(np.exp(nearest), 6), np.nan)

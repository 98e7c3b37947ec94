"""Which part of a price is left after each dividend: the stored closes that the view `total` stands on."""

from datetime import date
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Ints
from quantmill.core.bars import us_of
from quantmill.core.calendar import SessionCalendar
from quantmill.core.instants import date_of_day, day_of_date
from quantmill.errors import DataError, NotFoundError
from quantmill.lake.actions import DIVIDEND, SPLIT

__all__ = ["kept_fractions"]

_SHOWN: Final = 3


def kept_fractions(
    symbol: str, actions: pl.DataFrame, stored: pl.LazyFrame, calendar: SessionCalendar, *, after: date
) -> tuple[list[date], list[float]]:
    """Ex-dates of dividends and 1 - dividend / close before each, as the view `total` needs them.

    The close is the stored, raw close of the last regular bar of the session before the ex-date; where a split has
    the same ex-date, the dividend per new share is first taken back to old shares. Dividends after the last stored
    session are left out: they would scale all prices alike and change no return.

    Args:
        symbol: A canonical symbol, for messages.
        actions: All its rows of dataset `corporate_actions`.
        stored: All its raw bars.
        calendar: Its sessions.
        after: First session of the bars to adjust; dividends with ex-dates up to it do not matter to them.

    Raises:
        NotFoundError: If the session before an ex-date has no regular bar; the message names it.
        DataError: If a dividend is not below the close before it.
    """
    dividends = actions.filter(pl.col("kind") == DIVIDEND, pl.col("ex_date") > after).sort("ex_date")
    last = _last_session(stored, calendar) if dividends.height else after
    dividends = dividends.filter(pl.col("ex_date") <= last)
    ex_dates: list[date] = dividends["ex_date"].to_list()
    if not ex_dates:
        return [], []
    closes = _closes_before(symbol, ex_dates, stored, calendar)
    is_split = pl.col("kind") == SPLIT
    ratios: dict[date, float] = dict(actions.filter(is_split).select("ex_date", "ratio").iter_rows())
    kept: list[float] = []
    for ex_date, amount, close in zip(ex_dates, dividends["amount"].to_list(), closes, strict=True):
        per_old_share = amount * ratios.get(ex_date, 1.0)
        if not per_old_share < close:
            raise DataError(
                f"{symbol}: the dividend of {ex_date} is {per_old_share:g}, not below the close before it, {close:g}",
                hint=f"correct it: `quantmill actions list {symbol}` shows where it comes from",
            )
        kept.append(1.0 - per_old_share / close)
    return ex_dates, kept


def _last_session(stored: pl.LazyFrame, calendar: SessionCalendar) -> date:
    last = stored.select(pl.col("ts").max()).collect()["ts"]
    return date_of_day(int(calendar.sessions_of(us_of(last))[0]))


def _closes_before(
    symbol: str, ex_dates: list[date], stored: pl.LazyFrame, calendar: SessionCalendar
) -> list[float]:
    """The last regular close of the session before each ex-date; ex-dates in order."""
    days: Ints = np.array([day_of_date(day) for day in ex_dates], dtype=np.int64)
    at = np.maximum(np.searchsorted(calendar.days, days) - 1, 0)
    opens, ends = calendar.open_us[at], calendar.close_us[at]
    us = pl.col("ts").to_physical()
    bars = (
        stored.filter(us >= int(opens.min()), us < int(ends.max())).select("ts", "close").sort("ts").collect()
    )
    ts_us = us_of(bars["ts"])
    last = np.searchsorted(ts_us, ends) - 1
    found = (last >= 0) & (ts_us[np.maximum(last, 0)] >= opens) if ts_us.size else np.zeros(at.size, np.bool_)
    if not found.all():
        lacking = np.flatnonzero(~found)
        named = ", ".join(
            f"{date_of_day(int(calendar.days[at[place]]))} (dividend of {ex_dates[place]})"
            for place in lacking[:_SHOWN]
        )
        more = ", …" if lacking.size > _SHOWN else ""
        raise NotFoundError(
            f"{symbol}: {lacking.size} of {len(ex_dates)} dividends need the close of a session that has no regular "
            f"bar stored: {named}{more}",
            hint="import the bars of these sessions, start after them, or use --adjust back, which leaves dividends out",
        )
    return bars["close"].to_numpy()[last].tolist()

"""Daily rows of a symbol: their columns, and the instant from which one could be known."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Ints
from quantmill.core.calendar import SessionCalendar
from quantmill.core.instants import MINUTE_US, day_of_date
from quantmill.core.symbols import SymbolInfo

__all__ = ["DAILY_SCHEMA", "known_from_us"]

DAILY_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "session": pl.Date(),
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Float64(),
}

_AFTER_CLOSE_US: Final = {"index": 15 * MINUTE_US}
_USUAL_CLOSE_MINUTE: Final = 16 * 60


def known_from_us(
    info: SymbolInfo, calendar: SessionCalendar, sessions: Sequence[date], *, lag_minutes: int = 0
) -> Ints:
    """From when each daily row could be known: the close of its session, 15 minutes later for an index.

    So a day of the VIX is known at 16:15 in New York and on a half day at 13:15: options on the index trade a quarter
    of an hour longer than shares. On a date without a session of the calendar, on which some indices are published
    all the same, the close of a full day counts.

    Args:
        info: What the symbol is.
        calendar: Its calendar.
        sessions: Dates of the rows, shape (n_rows,), from 1990 to 2035.
        lag_minutes: Minutes that the source needs beyond that.

    Returns:
        Microseconds since 1970 UTC, shape (n_rows,).
    """
    days = np.array([day_of_date(session) for session in sessions], dtype=np.int64)
    at = np.minimum(np.searchsorted(calendar.days, days), calendar.days.size - 1)
    # Clocks change on Sundays, so the hours since midnight are those on the wall.
    usual = calendar.midnights(days) + _USUAL_CLOSE_MINUTE * MINUTE_US
    close_us = np.where(calendar.days[at] == days, calendar.close_us[at], usual)
    return close_us + _AFTER_CLOSE_US.get(info.asset_class, 0) + lag_minutes * MINUTE_US

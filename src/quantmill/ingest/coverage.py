"""How many of its regular minutes each session has, counted from the catalogue."""

from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.calendar import SessionCalendar, calendar_for
from quantmill.core.instants import MINUTE_US, day_of_date
from quantmill.core.symbols import describe_symbol
from quantmill.errors import NotFoundError
from quantmill.lake.store import Lake

__all__ = ["count_minutes", "usual_share"]

_ENOUGH_SESSIONS: Final = 5


def count_minutes(
    lake: Lake, symbol: str, *, start: date | None = None, end: date | None = None
) -> pl.DataFrame:
    """Expected and stored regular minutes of a symbol, session by session; no bars are read.

    Args:
        lake: Where to look.
        symbol: A canonical symbol.
        start: First session [the first stored one].
        end: Sessions before it [up to the last stored one]; sessions that have not closed yet are left out.

    Returns:
        Columns `session`, `expected_bars`, `found_bars`, `is_half`: a session shorter than usual at this exchange.

    Raises:
        NotFoundError: If nothing is stored of the symbol.
        UsageError: If `start` is not before `end`.
    """
    stored = lake.sessions(symbol)
    if stored.height == 0:
        raise NotFoundError(f"no bars are stored for {symbol}", hint="`quantmill symbols` lists what is")
    calendar = calendar_for(describe_symbol(symbol).calendar)
    first = start or stored["session"][0]
    last = end or max(stored["session"][-1] + timedelta(days=1), first + timedelta(days=1))
    sessions = _sessions(calendar, first, last, now_us=lake.clock.now_us())
    found = pl.col("n_regular").fill_null(0).alias("found_bars")
    return sessions.join(stored, on="session", how="left", maintain_order="left").select(
        "session", "expected_bars", found, "is_half"
    )


def usual_share(sessions: pl.DataFrame) -> float:
    """The share of its minutes in which a symbol usually has a bar: the median over sessions that have any.

    1.0 for a name that trades every minute on the consolidated tape, less for thin names and for feeds of one venue,
    where an absent minute is no gap. Of fewer than five sessions nothing is known: 1.0.

    Args:
        sessions: What `count_minutes` gives.
    """
    found = sessions.filter(pl.col("found_bars") > 0)
    if found.height < _ENOUGH_SESSIONS:
        return 1.0
    return float(np.median((found["found_bars"] / found["expected_bars"]).to_numpy()))


def _sessions(calendar: SessionCalendar, first: date, last: date, *, now_us: int) -> pl.DataFrame:
    # Asked for its checks of the dates.
    _ = calendar.day_span(first, last)
    begin, stop = np.searchsorted(calendar.days, [day_of_date(first), day_of_date(last)])
    n_closed = int(np.searchsorted(calendar.close_us, now_us, side="right"))
    part = slice(int(begin), min(int(stop), n_closed))
    n_minutes = (calendar.close_us[part] - calendar.open_us[part]) // MINUTE_US
    usual = int((calendar.close_us - calendar.open_us).max()) // MINUTE_US
    return pl.DataFrame(
        {
            "session": pl.Series(calendar.days[part], dtype=pl.Int32).cast(pl.Date),
            "expected_bars": pl.Series(n_minutes, dtype=pl.Int64),
            "is_half": n_minutes < usual,
        }
    )

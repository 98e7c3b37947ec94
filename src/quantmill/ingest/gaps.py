"""Regular minutes that are missing: whole sessions, short sessions, holes within them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from quantmill.core.bars import UTC_TIME, us_of
from quantmill.core.calendar import SessionCalendar, calendar_for
from quantmill.core.instants import MINUTE_US, date_of_day, from_us
from quantmill.core.symbols import describe_symbol
from quantmill.errors import NotFoundError, UsageError
from quantmill.lake.store import Lake

__all__ = ["GAP_SCHEMA", "find_gaps"]

GAP_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "session": pl.Date(),
    "kind": pl.String(),
    "expected_bars": pl.Int64(),
    "found_bars": pl.Int64(),
    "first_ts": UTC_TIME,
    "last_ts": UTC_TIME,
}


def find_gaps(
    lake: Lake,
    symbols: Sequence[str] | None = None,
    *,
    start: date | None = None,
    end: date | None = None,
    min_share: float = 0.9,
    hole_minutes: int | None = None,
) -> pl.DataFrame:
    """Gaps by exchange calendar; only regular minutes are expected, on half days fewer.

    Args:
        lake: Where to look; sessions are counted from the catalogue, no bars are read unless holes are asked for.
        symbols: Canonical symbols, all stored ones when None.
        start: First session to look at [the symbol's first stored one].
        end: Sessions before it [up to the symbol's last stored one].
        min_share: A session with a smaller share of its regular minutes is `short`.
        hole_minutes: Also list `hole`s of more than so many minutes within sessions [5 is usual]; None lists none.

    Returns:
        Columns of `GAP_SCHEMA`, sorted by symbol and session; kind is `missing`, `short` or `hole`;
        `first_ts` and `last_ts` are the first and last missing minute of a hole, null otherwise.

    Raises:
        NotFoundError: If nothing is stored of a symbol.
        UsageError: If a limit is out of range.
    """
    if not 0.0 <= min_share <= 1.0:
        raise UsageError(f"min_share is {min_share}, needed 0 to 1")
    if hole_minutes is not None and hole_minutes < 1:
        raise UsageError(f"hole_minutes is {hole_minutes}, needed at least 1")
    rows: list[dict[str, Any]] = []
    for symbol in lake.keys("bars") if symbols is None else symbols:
        stored = lake.sessions(symbol)
        if stored.height == 0:
            raise NotFoundError(f"no bars are stored for {symbol}", hint="`quantmill symbols` lists what is")
        calendar = calendar_for(describe_symbol(symbol).calendar)
        days: list[date] = stored["session"].to_list()
        first, last = start or days[0], end or days[-1] + timedelta(days=1)
        rows += _gaps_of_sessions(symbol, calendar, stored, first, last, min_share)
        if hole_minutes is not None:
            rows += _holes(lake, symbol, calendar, first, last, hole_minutes)
    return pl.DataFrame(rows, schema=GAP_SCHEMA).sort("symbol", "session", "first_ts", nulls_last=False)


def _gaps_of_sessions(
    symbol: str, calendar: SessionCalendar, stored: pl.DataFrame, first: date, last: date, min_share: float
) -> list[dict[str, Any]]:
    counts: dict[date, int] = dict(stored.select("session", "n_regular").iter_rows())
    rows: list[dict[str, Any]] = []
    for session in calendar.sessions(first, last):
        expected, found = calendar.session_minutes(session), counts.get(session, 0)
        if found < min_share * expected or found == 0:
            kind = "missing" if found == 0 else "short"
            rows.append(_row(symbol, session, kind, expected, found))
    return rows


def _holes(
    lake: Lake, symbol: str, calendar: SessionCalendar, first: date, last: date, limit: int
) -> list[dict[str, Any]]:
    bars = lake.read_bars(symbol, calendar.day_span(first, last), adjust="none")
    ts_us = us_of(bars["ts"])
    if ts_us.size == 0:
        return []
    labels = calendar.label(ts_us)
    opens = np.append(True, labels.session[1:] != labels.session[:-1])
    closes = np.append(opens[1:], True)
    # Missing minutes before each bar (from the open for a session's first) and after a session's last.
    before = np.where(opens, labels.minute, np.diff(labels.minute, prepend=0) - 1)
    after = np.where(closes, labels.n_minutes - 1 - labels.minute, 0)
    rows: list[dict[str, Any]] = []
    for at in np.flatnonzero((before > limit) | (after > limit)):
        session = date_of_day(int(labels.session[at]))
        for count, start_us in (
            (int(before[at]), int(ts_us[at]) - int(before[at]) * MINUTE_US),
            (int(after[at]), int(ts_us[at]) + MINUTE_US),
        ):
            if count > limit:
                row = _row(symbol, session, "hole", count, 0)
                rows.append(
                    row
                    | {"first_ts": from_us(start_us), "last_ts": from_us(start_us + (count - 1) * MINUTE_US)}
                )
    return rows


def _row(symbol: str, session: date, kind: str, expected: int, found: int) -> dict[str, Any]:
    values = (symbol, session, kind, expected, found, None, None)
    return dict(zip(GAP_SCHEMA, values, strict=True))

"""Longer bars made one minute at a time from the facts of the calendars, without the package's own calendar.

SOURCE: NYSE hours 09:30 to 16:00 New York, 13:00 on the early closings that the exchange announced; its holidays.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from quantmill.core.bars import BAR_SCHEMA, UTC_TIME

EARLY_CLOSINGS = {
    date(2014, 11, 28),
    date(2014, 12, 24),
    date(2024, 7, 3),
    date(2024, 11, 29),
    date(2024, 12, 24),
}
HOLIDAYS = {date(2014, 11, 27), date(2014, 12, 25), date(2024, 7, 4)}
MINUTES = {"5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "8h": 480, "1d": 1440}
_NEW_YORK = ZoneInfo("America/New_York")


@dataclass
class Bin:
    symbol: str
    start: datetime
    phase: str
    minutes: list[dict[str, Any]] = field(default_factory=list)


def resampled_by_hand(bars: pl.DataFrame, interval: str, *, hours: str) -> pl.DataFrame:
    """What `resample_bars` must give of bars whose dates the constants above know."""
    step = timedelta(minutes=MINUTES[interval])
    bins: dict[tuple[str, datetime], Bin] = {}
    for minute in sorted(bars.to_dicts(), key=lambda row: (row["symbol"], row["ts"])):
        place = place_of(minute["symbol"], minute["ts"], step)
        if place is None or (hours == "regular" and place[1] != "regular"):
            continue
        start, phase = place
        found = bins.setdefault((minute["symbol"], start), Bin(minute["symbol"], start, phase))
        assert found.phase == phase
        found.minutes.append(minute)
    rows = [
        _row(found, step) | ({"phase": found.phase} if hours == "extended" else {}) for found in bins.values()
    ]
    schema = {**BAR_SCHEMA, "n_bars": pl.Int64(), "known_at": UTC_TIME}
    if hours == "extended":
        schema["phase"] = pl.String()
    return pl.DataFrame(rows, schema=schema)


def place_of(symbol: str, ts: datetime, step: timedelta) -> tuple[datetime, str] | None:
    """Start and phase of the bin that holds a minute, found by stepping from the open or the close."""
    zone = UTC if symbol.startswith("X:") else _NEW_YORK
    day = ts.astimezone(zone).date()
    midnight = datetime.combine(day, time(0), zone).astimezone(UTC)
    if zone is UTC:
        opened, closed = midnight, midnight + timedelta(days=1)
    elif day.weekday() >= 5 or day in HOLIDAYS:
        return None
    else:
        opened = datetime.combine(day, time(9, 30), zone).astimezone(UTC)
        last = time(13, 0) if day in EARLY_CLOSINGS else time(16, 0)
        closed = datetime.combine(day, last, zone).astimezone(UTC)
    if ts < opened:
        start = opened
        while start > ts:
            start -= step
        return max(start, midnight), "pre"
    start, phase = (opened, "regular") if ts < closed else (closed, "post")
    while start + step <= ts:
        start += step
    return start, phase


def _row(found: Bin, step: timedelta) -> dict[str, Any]:
    minutes = found.minutes
    weighted = [row for row in minutes if row["vwap"] is not None and row["volume"] is not None]
    shares = _total([row["volume"] for row in weighted])
    dollars = _total([row["vwap"] * row["volume"] for row in weighted])
    counts = [row["trade_count"] for row in minutes if row["trade_count"] is not None]
    return {
        "symbol": found.symbol,
        "ts": found.start,
        "open": minutes[0]["open"],
        "high": max(row["high"] for row in minutes),
        "low": min(row["low"] for row in minutes),
        "close": minutes[-1]["close"],
        "volume": _total([row["volume"] for row in minutes if row["volume"] is not None]),
        "vwap": dollars / shares if shares and dollars is not None else None,
        "trade_count": sum(counts) if counts else None,
        "provider": "+".join(sorted({row["provider"] for row in minutes})),
        "feed": "+".join(sorted({row["feed"] for row in minutes})),
        "ingested_at": max(row["ingested_at"] for row in minutes),
        "n_bars": len(minutes),
        "known_at": found.start + step,
    }


def _total(values: list[float]) -> float | None:
    """The true sum, rounded once."""
    return float(sum(map(Fraction, values), Fraction(0))) if values else None

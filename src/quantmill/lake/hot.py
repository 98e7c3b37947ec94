"""The hot tier: bars of sessions under way, all symbols of a calendar in one file per minute until the session is over."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import msgspec
import numpy as np
import polars as pl

from quantmill.core.arrays import Ints
from quantmill.core.bars import us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.columns import distinct
from quantmill.core.instants import MINUTE_US
from quantmill.core.symbols import describe_symbol, group_symbols
from quantmill.lake.content import Content

__all__ = [
    "LATENESS_US",
    "HotKey",
    "HotSession",
    "count_keys",
    "hot_key_of",
    "keys_from_text",
    "keys_text",
    "sessions_by_calendar",
]

LATENESS_US: Final = 15 * MINUTE_US
"""How long after its end a bar may still come before it counts as late."""

_KEY: Final = "calendar:"


@dataclass(frozen=True, slots=True)
class HotSession:
    """One session of one calendar: what hot files are cut and merged by."""

    calendar: str
    session: date

    @classmethod
    def of(cls, key: str, period: str) -> "HotSession":
        """The session of a hot file by its key and period in the catalogue."""
        return cls(key.removeprefix(_KEY), date.fromisoformat(period))

    @property
    def key(self) -> str:
        """Key of its files in the catalogue; no symbol looks like it."""
        return f"{_KEY}{self.calendar}"

    @property
    def period(self) -> str:
        """Period of its files in the catalogue."""
        return self.session.isoformat()

    def takes_live_bars(self, now_us: int) -> bool:
        """Whether its date is not over for longer than bars may be late: live bars then go to the hot tier."""
        return now_us < self._end_of_date_us() + LATENESS_US

    def is_due(self, last_ts_us: int, now_us: int) -> bool:
        """Whether it is over, and its last bar, which started at `last_ts_us`, too: time to merge it."""
        calendar = calendar_for(self.calendar)
        is_session = calendar.is_session(self.session)
        close_us = calendar.session_span(self.session).end_us if is_session else self._end_of_date_us()
        return now_us >= max(close_us, last_ts_us + MINUTE_US) + LATENESS_US

    def _end_of_date_us(self) -> int:
        return calendar_for(self.calendar).day_span(self.session, self.session + timedelta(days=1)).end_us


class HotKey(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a hot file holds of one symbol; times are starts of bars in µs since 1970 UTC.

    `providers` are named only where the file has bars of several.
    """

    n_regular: int
    n_extended: int
    first_us: int
    last_us: int
    rows_digest: str
    providers: tuple[str, ...] = ()


_KEYS: Final = msgspec.json.Decoder(dict[str, HotKey])


def hot_key_of(symbol: str) -> str:
    """Key of the hot files that hold a symbol's bars."""
    return f"{_KEY}{describe_symbol(symbol).calendar}"


def sessions_by_calendar(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame, Ints]]:
    """Bars of any symbols as (calendar, its bars, their sessions as days since 1970)."""
    by_calendar = group_symbols(tuple(distinct(rows["symbol"]))).by_calendar
    for name, symbols in by_calendar.items():
        part = rows.filter(pl.col("symbol").is_in(symbols)) if len(by_calendar) > 1 else rows
        yield name, part, calendar_for(name).sessions_of(us_of(part["ts"]))


def count_keys(bars: Content) -> dict[str, HotKey]:
    """What bars sorted by symbol and time, all of one calendar, hold of each symbol."""
    names, ts = np.array(bars["symbol"].texts), bars["ts"].numbers
    if ts.size == 0:
        return {}
    # A file sorted by symbol: each symbol is one stretch of rows.
    starts = np.append(0, np.flatnonzero(names[1:] != names[:-1]) + 1)
    ends = np.append(starts[1:], ts.size)
    symbols: list[str] = names[starts].tolist()
    labels = calendar_for(describe_symbol(symbols[0]).calendar).label(ts)
    n_regular = np.add.reduceat(labels.is_regular.astype(np.int64), starts)
    counts = (n_regular, ends - starts - n_regular, ts[starts], ts[ends - 1])
    held = map(HotKey, *(count.tolist() for count in counts), bars.digests_by_start(starts))
    keys = dict(zip(symbols, held, strict=True))
    if len(bars["provider"].texts) > 1:
        providers = np.array(bars["provider"].texts)
        for symbol, start, end in zip(symbols, starts, ends, strict=True):
            own = tuple(np.unique(providers[start:end]).tolist())
            keys[symbol] = msgspec.structs.replace(keys[symbol], providers=own)
    return keys


def keys_text(keys: Mapping[str, HotKey]) -> str:
    """How the catalogue spells the keys of a hot file: JSON {symbol: [values of its `HotKey`]}."""
    return msgspec.json.encode(keys).decode()


def keys_from_text(text: str) -> dict[str, HotKey]:
    """What `keys_text` wrote."""
    return _KEYS.decode(text)

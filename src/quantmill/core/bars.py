"""The bar schema and the arrays that stages compute on."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Bools, Floats, Ints
from quantmill.core.calendar import BarLabels, SessionCalendar

__all__ = [
    "BAR_KEY",
    "BAR_SCHEMA",
    "EXPORT_MARK",
    "OPTIONAL_BAR_COLUMNS",
    "PRICE_COLUMNS",
    "UTC_TIME",
    "BarArrays",
    "ts_of",
    "us_of",
]

# Key in the footer of Parquet files that a lake exported.
EXPORT_MARK: Final = "quantmill_export"
UTC_TIME: Final = pl.Datetime("us", "UTC")
PRICE_COLUMNS: Final = ("open", "high", "low", "close")
BAR_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "ts": UTC_TIME,
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Float64(),
    "vwap": pl.Float64(),
    "trade_count": pl.Int64(),
    "provider": pl.String(),
    "feed": pl.String(),
    "ingested_at": UTC_TIME,
}
OPTIONAL_BAR_COLUMNS: Final = ("volume", "vwap", "trade_count")
BAR_KEY: Final = ("symbol", "ts")


def us_of(ts: pl.Series) -> Ints:
    """A `ts` column as microseconds since 1970 UTC, shape (n_rows,)."""
    return ts.cast(pl.Int64).to_numpy().astype(np.int64, copy=False)


def ts_of(us: Ints) -> pl.Series:
    """Microseconds since 1970 UTC as a `ts` column."""
    return pl.Series("ts", us, dtype=pl.Int64).cast(UTC_TIME)


@dataclass(frozen=True)
class BarArrays:
    """One symbol's bars in time order as arrays of shape (n_bars,); a missing volume or vwap is NaN.

    All that features, targets and simulations know of the market, with each bar's place in its session.
    """

    ts_us: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    labels: BarLabels
    interval_minutes: int = 1
    vwap: Floats | None = None

    @classmethod
    def of(cls, bars: pl.DataFrame, calendar: SessionCalendar, *, interval_minutes: int = 1) -> "BarArrays":
        """Arrays of a bar frame sorted by `ts` that holds one symbol."""
        ts_us = us_of(bars["ts"])
        columns = {name: _floats(bars[name]) for name in (*PRICE_COLUMNS, "volume", "vwap")}
        return cls(ts_us, **columns, labels=calendar.label(ts_us), interval_minutes=interval_minutes)

    @property
    def n_bars(self) -> int:
        """How many bars there are."""
        return self.ts_us.size

    @property
    def session(self) -> Ints:
        """Each bar's session as days since 1970."""
        return self.labels.session

    @property
    def minute(self) -> Ints:
        """Minutes from the session's open to the bar's start."""
        return self.labels.minute

    @cached_property
    def opens_session(self) -> Bools:
        """True at the first bar of each session that the arrays hold."""
        first = np.ones(self.n_bars, dtype=np.bool_)
        first[1:] = self.session[1:] != self.session[:-1]
        return first

    @cached_property
    def closes_session(self) -> Bools:
        """True at the last bar of each session that the arrays hold: which bar that is, only the end tells."""
        last = np.ones(self.n_bars, dtype=np.bool_)
        last[:-1] = self.session[1:] != self.session[:-1]
        return last

    def __getitem__(self, part: slice | Bools) -> "BarArrays":
        """The bars of a slice, or those where a mask is true."""
        labels = BarLabels(
            self.labels.session[part],
            self.labels.is_session[part],
            self.labels.is_regular[part],
            self.labels.minute[part],
            self.labels.n_minutes[part],
            self.labels.minute_of_day[part],
        )
        return BarArrays(
            self.ts_us[part],
            self.open[part],
            self.high[part],
            self.low[part],
            self.close[part],
            self.volume[part],
            labels,
            self.interval_minutes,
            None if self.vwap is None else self.vwap[part],
        )


def _floats(column: pl.Series) -> Floats:
    # A copy, since Polars hands out read-only memory, for which numba would compile every kernel a second time.
    return np.array(column.cast(pl.Float64).fill_null(float("nan")).to_numpy(), dtype=np.float64)

"""Longer bars made of 1-minute bars, session by session.

Bins are anchored at the session's open. Regular bins start at the open and end at the close at the latest, so the
last one of a session may be short: a 1h bar from 15:30 holds 30 minutes, an 8h bar a whole session. Pre-market bins
count backwards from the open, the first of them starts at the exchange's midnight at the earliest; post-market bins
start at the close. A bin never holds minutes of two sessions or two phases. `1d` is one bar per session, and with
extended hours one per session and phase.
"""

from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Ints
from quantmill.core.bars import BAR_SCHEMA, UTC_TIME, ts_of, us_of
from quantmill.core.calendar import BarLabels
from quantmill.core.instants import MINUTE_US
from quantmill.core.interval import ONE_MINUTE, Interval
from quantmill.core.span import Span
from quantmill.errors import UsageError
from quantmill.lake.exact_sums import exact_sums
from quantmill.lake.phases import label_bars, phase_of
from quantmill.lake.reading import Hours

__all__ = ["RESAMPLED_SCHEMA", "SOURCE_SEPARATOR", "bin_starts", "resample_bars", "widened"]

RESAMPLED_SCHEMA: Final[dict[str, pl.DataType]] = {**BAR_SCHEMA, "n_bars": pl.Int64(), "known_at": UTC_TIME}
SOURCE_SEPARATOR: Final = "+"


def resample_bars(bars: pl.DataFrame, interval: Interval, *, hours: Hours = "regular") -> pl.DataFrame:
    """Bars of a longer interval; a bar with start `ts` holds 1-minute bars of [ts, ts + interval) alone.

    A minute that did not trade is absent, and a bin without a minute gives no bar. Bars on a day without a session
    belong to none and are left out.

    Args:
        bars: 1-minute bars of any symbols in any order, columns of `BAR_SCHEMA`, each (symbol, ts) once.
        interval: Longer than a minute.
        hours: `regular` takes bars in [open, close) of their session alone; `extended` takes all.

    Returns:
        Columns of `RESAMPLED_SCHEMA`, sorted by symbol and `ts`, with `phase` (pre, regular, post) last when hours
        are extended. Volume and trade count are sums over the bars that have one, null where none has. `vwap` is
        sum(vwap × volume) / sum(volume) over the bars that have both, null where these traded nothing; the sums are
        exact, so that no digit depends on the order of adding (see `exact_sums`). `provider` and `feed` name all
        sources in alphabetical order, `a+b`; `ingested_at` is the latest. `n_bars` says how many 1-minute bars went
        in. `known_at` is ts + interval, before which the bar may still change.

    Raises:
        UsageError: If the interval is one minute.
    """
    if interval == ONE_MINUTE:
        raise UsageError("bars of 1m are stored as such", hint="resample to 5m or longer")
    labels = label_bars(bars)
    kept = labels.is_regular if hours == "regular" else labels.is_session
    starts = bin_starts(us_of(bars["ts"]), labels, interval)
    placed = bars.select(*BAR_SCHEMA, phase_of(labels), start=ts_of(starts)).filter(pl.Series(kept))
    resampled = _aggregated(placed.sort("symbol", "ts"))
    resampled = resampled.with_columns(known_at=pl.col("ts") + interval.timedelta)
    return resampled.select(*RESAMPLED_SCHEMA, *(["phase"] if hours == "extended" else []))


def widened(span: Span | None, interval: Interval) -> Span | None:
    """The span whose minutes make up every bar that starts in `span`."""
    return None if span is None else Span(span.start, span.end + interval.timedelta)


def bin_starts(ts_us: Ints, labels: BarLabels, interval: Interval) -> Ints:
    """The start of the bin that each 1-minute bar belongs to, in microseconds since 1970 UTC.

    Args:
        ts_us: Starts of the bars, whole minutes, shape (n_bars,).
        labels: Their labels; a bar on a day without a session gets a start that means nothing.
        interval: Length of a bin.
    """
    is_post = labels.minute >= labels.n_minutes
    anchor = np.where(is_post, labels.n_minutes, 0)
    minutes_into_bin = (labels.minute - anchor) % interval.minutes
    return ts_us - np.minimum(minutes_into_bin, labels.minute_of_day) * MINUTE_US


def _aggregated(placed: pl.DataFrame) -> pl.DataFrame:
    """One row per symbol and `start` of bars sorted by symbol and time."""
    number = placed.select(pl.struct("symbol", "start").rle_id()).to_series().to_numpy()
    first = np.flatnonzero(np.diff(number, prepend=-1))
    n_bars = np.diff(first, append=number.size)
    volume, vwap = (placed[name].fill_null(np.nan).to_numpy() for name in ("volume", "vwap"))
    shares = exact_sums(np.where(np.isnan(vwap), np.nan, volume), first)
    average = exact_sums(vwap * volume, first) / np.where(shares > 0.0, shares, np.nan)
    counts = placed["trade_count"]
    n_trades = np.add.reduceat(counts.fill_null(0).to_numpy(), first)
    has_count = np.logical_or.reduceat(counts.is_not_null().to_numpy(), first)
    return (
        placed[first]
        .select("symbol", "phase", "open", ts="start")
        .with_columns(
            pl.Series("high", np.maximum.reduceat(placed["high"].to_numpy(), first)),
            pl.Series("low", np.minimum.reduceat(placed["low"].to_numpy(), first)),
            placed["close"].gather(first + n_bars - 1),
            pl.Series("volume", exact_sums(volume, first)).fill_nan(None),
            pl.Series("vwap", average).fill_nan(None),
            pl.Series("trade_count", n_trades).set(pl.Series(~has_count), None),
            _sources(placed["provider"], number, first),
            _sources(placed["feed"], number, first),
            ts_of(np.maximum.reduceat(us_of(placed["ingested_at"]), first)).alias("ingested_at"),
            pl.Series("n_bars", n_bars),
        )
    )


def _sources(column: pl.Series, number: Ints, first: Ints) -> pl.Series:
    """Names in alphabetical order per bin."""
    if column.n_unique() <= 1:
        return column.gather(first)
    once = pl.DataFrame({"bin": number, column.name: column}).unique().sort(pl.all())
    joined = once.group_by("bin", maintain_order=True).agg(pl.col(column.name).str.join(SOURCE_SEPARATOR))
    return joined[column.name]

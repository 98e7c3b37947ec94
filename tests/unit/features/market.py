"""Small hand-made markets for tests of features."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from quantmill.core.bars import BAR_SCHEMA, BarArrays, ts_of
from quantmill.core.calendar import calendar_for

FIRST_SESSION = date(2023, 11, 1)


def minute_bars(
    *,
    n_sessions: int = 1,
    seed: int = 0,
    close: Sequence[float] | np.ndarray | None = None,
    high: Sequence[float] | None = None,
    low: Sequence[float] | None = None,
    volume: float | Sequence[float] | None = None,
    is_flat: bool = False,
    level: float = 0.0,
) -> BarArrays:
    """Complete sessions of a random walk near 100, or the bars given from the first session's open on.

    With `is_flat` the price never moves; `level` is added to every price.
    """
    calendar = calendar_for("XNYS")
    sessions = calendar.next_sessions(FIRST_SESSION, n_sessions)
    ts_us = np.concatenate([calendar.regular_minutes(session) for session in sessions])
    rng = np.random.default_rng(seed)
    if close is None:
        steps = np.zeros(ts_us.size) if is_flat else rng.normal(0.0, 5e-4, ts_us.size)
        prices = 100.0 * np.exp(np.cumsum(steps))
        reach = 0.0 if is_flat else 0.05
        highs, lows = prices + reach, prices - reach
    else:
        prices = np.array(close, dtype=np.float64)
        highs = prices if high is None else np.array(high)
        lows = prices if low is None else np.array(low)
    ts_us = ts_us[: prices.size]
    volumes = np.floor(rng.lognormal(6.0, 1.0, ts_us.size)) + 1.0
    if volume is not None:
        volumes = np.broadcast_to(np.asarray(volume, dtype=np.float64), ts_us.shape).copy()
    opens = np.clip(np.concatenate((prices[:1], prices[:-1])), lows, highs)
    columns = [column + level for column in (opens, highs, lows, prices)]
    return BarArrays(ts_us, *columns, volumes, calendar.label(ts_us))


def bar_frame(symbol: str, bars: BarArrays) -> pl.DataFrame:
    """Bars as a provider hands them over."""
    columns = {
        "symbol": pl.repeat(symbol, bars.n_bars, eager=True),
        "ts": ts_of(bars.ts_us),
        **{name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")},
        "provider": pl.repeat("sim", bars.n_bars, eager=True),
        "feed": pl.repeat("sim", bars.n_bars, eager=True),
    }
    frame = pl.DataFrame(columns).with_columns(pl.col("volume").fill_nan(None))
    return frame.cast({name: BAR_SCHEMA[name] for name in frame.columns})

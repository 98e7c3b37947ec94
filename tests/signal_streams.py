"""Signals on random and real bars, without a model: a made-up prediction laid on bars as a file's would be."""

from pathlib import Path

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays, ts_of
from quantmill.core.calendar import calendar_for
from quantmill.simulation.signal import NO_FILTERS, Stream, prepare_stream
from quantmill.simulation.source import Refit, lay_out
from tests.synthetic_sessions import random_bars

__all__ = ["random_stream", "real_bars", "reversal_stream", "stream_on"]


def stream_on(bars: BarArrays, prediction: Floats) -> Stream:
    """A prediction per bar as the signal of two segments of equally many sessions, without filters."""
    days = np.unique(bars.session)
    half = days.size // 2
    segments = [part for part in (days[:half], days[half:]) if part.size]
    refits = [Refit(int(part[0]), int(part[-1]), {}) for part in segments]
    frame = pl.DataFrame({"ts": ts_of(bars.ts_us), "prediction": prediction})
    return prepare_stream(lay_out("SPY", bars, frame, refits), NO_FILTERS)


def random_stream(seed: int, *, n_sessions: int, bars_per_session: int) -> Stream:
    """Predictions that know a little, with holes, on a random walk with a half day and absent minutes."""
    bars = random_bars(seed, n_sessions=n_sessions, bars_per_session=bars_per_session, hole_frac=0.05)
    rng = np.random.default_rng(seed + 1)
    next_return = np.append(np.diff(np.log(bars.close)), 0.0)
    prediction = rng.choice([0.0, 0.2]) * next_return + rng.normal(0.0, 2e-4, bars.n_bars)
    prediction[rng.random(bars.n_bars) < 0.1] = np.nan
    return stream_on(bars, prediction)


def real_bars(path: Path, symbol: str) -> BarArrays:
    """The regular bars of a symbol in a file of real bars."""
    frame = pl.read_parquet(path).filter(pl.col("symbol") == symbol).sort("ts").with_columns(vwap=None)
    bars = BarArrays.of(frame, calendar_for("XNYS"))
    return bars[bars.labels.is_regular]


def reversal_stream(bars: BarArrays, *, look_back_bars: int = 5) -> Stream:
    """A tenth of the last bars' log return, turned around, as the prediction of the next bar's."""
    price = np.log(bars.close)
    prediction = np.full(bars.n_bars, np.nan)
    prediction[look_back_bars:] = -0.1 * (price[look_back_bars:] - price[:-look_back_bars])
    return stream_on(bars, prediction)

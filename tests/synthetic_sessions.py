"""Small hand-made markets: bars of chosen prices on chosen minutes of real sessions."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import BarArrays
from quantmill.core.calendar import calendar_for
from quantmill.datasets.assemble import FeatureRows, assemble_dataset
from quantmill.datasets.dataset import Dataset
from quantmill.datasets.folds import Rows
from quantmill.datasets.recipe import DatasetRecipe

# 2023-11-24, the day after Thanksgiving, closes at 13:00: it lies in the first sixteen sessions from here.
FIRST_SESSION = date(2023, 11, 2)


def bars_of_closes(sessions: Sequence[Sequence[float]], *, first: date = FIRST_SESSION) -> BarArrays:
    """Bars with these closes on the first minutes of consecutive sessions; open, high and low equal the close."""
    calendar = calendar_for("XNYS")
    days = calendar.next_sessions(first, len(sessions))
    ts_us = np.concatenate(
        [calendar.regular_minutes(day)[: len(closes)] for day, closes in zip(days, sessions, strict=True)]
    )
    close = np.array([price for closes in sessions for price in closes], dtype=np.float64)
    return BarArrays(ts_us, close, close, close, close, np.ones(close.size), calendar.label(ts_us))


def random_bars(seed: int, *, n_sessions: int, bars_per_session: int, hole_frac: float = 0.0) -> BarArrays:
    """A random walk over consecutive sessions; a half day has fewer bars, a share of the minutes is absent."""
    rng = np.random.default_rng(seed)
    calendar = calendar_for("XNYS")
    days = calendar.next_sessions(FIRST_SESSION, n_sessions)
    minutes = [calendar.regular_minutes(day)[:bars_per_session] for day in days]
    kept = [day[rng.random(day.size) >= hole_frac] for day in minutes]
    ts_us = np.concatenate([day if day.size else whole[:1] for day, whole in zip(kept, minutes, strict=True)])
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-3, ts_us.size)))
    return BarArrays(ts_us, close, close, close, close, np.ones(close.size), calendar.label(ts_us))


def rows_of_sessions(lengths: Sequence[int], *, horizon_bars: int) -> Rows:
    """Rows of sessions with these many bars, numbered from 0; a label may not leave its session."""
    session: Ints = np.repeat(np.arange(len(lengths)), lengths)
    bar: Ints = np.arange(session.size)
    has_label = np.zeros(session.size, dtype=np.bool_)
    has_label[:-horizon_bars] = session[horizon_bars:] == session[:-horizon_bars]
    return Rows(session, bar, bar + horizon_bars, has_label)


def planted_dataset(
    seed: int = 0, *, n_sessions: int = 40, bars_per_session: int = 60, strength: float = 0.3
) -> Dataset:
    """A dataset whose first feature moves the next return; the second is noise, the third has holes, the fourth is empty."""
    bars = random_bars(seed, n_sessions=n_sessions, bars_per_session=bars_per_session)
    rng = np.random.default_rng(seed + 1)
    noise = rng.standard_normal((bars.n_bars, 4))
    future: Floats = np.append(np.diff(np.log(bars.close)), 0.0) / 1e-3
    x = noise.copy()
    x[:, 0] = strength * future + noise[:, 0]
    x[:50, 2] = np.nan
    x[:, 3] = np.nan
    features = FeatureRows(
        bars.ts_us,
        x,
        ("signal", "noise", "holes", "empty"),
        ("standard", "robust", "passthrough", "standard"),
    )
    return assemble_dataset(DatasetRecipe(symbol="TEST", feature_version="00000000"), bars, features)

"""A small home with bars and features to train on, made without any provider."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from quantmill.core.bars import ts_of
from quantmill.core.calendar import calendar_for
from quantmill.core.clock import FixedClock
from quantmill.features.build import build_features
from quantmill.features.sets import feature_set_named
from quantmill.lake.store import Lake
from quantmill.state.engine import State, open_state
from tests.databases import Place
from tests.synthetic_sessions import FIRST_SESSION


@dataclass(frozen=True)
class TrainedHome:
    root: Path
    state: State
    lake: Lake

    @property
    def models_path(self) -> Path:
        return self.root / "models"


def open_home(root: Path, *, state: Place | None = None) -> TrainedHome:
    clock = FixedClock(datetime(2024, 6, 3, 12, 0, tzinfo=UTC))
    opened = open_state(state or root / "state.db")
    return TrainedHome(root, opened, Lake.open(root / "lake", opened, clock))


def bouncing_bars(symbol: str, *, n_sessions: int, bars_per_session: int, seed: int = 0) -> pl.DataFrame:
    """Bars whose one-bar returns tend to turn around: the last return predicts the next one."""
    rng = np.random.default_rng(seed)
    calendar = calendar_for("XNYS")
    days = calendar.next_sessions(FIRST_SESSION, n_sessions)
    ts_us = np.concatenate([calendar.regular_minutes(day)[:bars_per_session] for day in days])
    shocks = rng.normal(0.0, 5e-4, ts_us.size)
    returns = np.zeros(ts_us.size)
    for at in range(1, ts_us.size):
        returns[at] = -0.3 * returns[at - 1] + shocks[at]
    close = 100.0 * np.exp(np.cumsum(returns))
    open_ = np.append(100.0, close[:-1])
    return pl.DataFrame(
        {
            "symbol": pl.repeat(symbol, ts_us.size, dtype=pl.String(), eager=True),
            "ts": ts_of(ts_us),
            "open": open_,
            "high": np.maximum(open_, close) * 1.0001,
            "low": np.minimum(open_, close) * 0.9999,
            "close": close,
            "volume": rng.integers(100, 10_000, ts_us.size).astype(np.float64),
            "provider": pl.repeat("files", ts_us.size, dtype=pl.String(), eager=True),
            "feed": pl.repeat("test", ts_us.size, dtype=pl.String(), eager=True),
        }
    )


def fill_home(
    root: Path, symbols: tuple[str, ...] = ("SPY",), *, n_sessions: int = 24, state: Place | None = None
) -> TrainedHome:
    home = open_home(root, state=state)
    for seed, symbol in enumerate(symbols):
        home.lake.write("bars", bouncing_bars(symbol, n_sessions=n_sessions, bars_per_session=60, seed=seed))
        build_features(home.lake, home.state, feature_set_named("core"), symbol)
    return home

"""The whole line on one synthetic market: bars, features, two models per symbol, the 96 trials without gates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from quantmill.core.calendar import calendar_for
from quantmill.core.clock import FixedClock
from quantmill.datasets.recipe import DatasetRecipe
from quantmill.features.build import build_features
from quantmill.features.sets import feature_set_named
from quantmill.ingest.backfill import ingest_symbols
from quantmill.ingest.chain import Chain
from quantmill.jobs.queue import JobQueue
from quantmill.lake.store import Lake
from quantmill.models.recipe import TrainingRecipe
from quantmill.models.training import train
from quantmill.optimize.batch import BatchReport, run_batch
from quantmill.optimize.leaderboard import leaderboard
from quantmill.optimize.space import ParameterSpace
from quantmill.providers.sim.provider import SimProvider, default_span
from quantmill.state.engine import State, open_state
from tests.databases import Place

SYMBOLS = ("SPY", "QQQ", "AAPL")
# Two feature subsets serve as the two models.
MODELS = {
    "trend": ("ema_9_dist", "ema_26_dist", "sma_50_dist", "macd_pct", "rsi_14", "roc_15"),
    "reversion": ("dist_vwap", "bb_pct", "stoch_k", "return_z_score_20", "roc_5", "roc_30", "vol_ratio_60"),
}


@dataclass(frozen=True)
class MarketHome:
    """An open home on a synthetic market; close its state when done."""

    root: Path
    state: State
    lake: Lake
    queue: JobQueue


def open_home(root: Path, *, place: Place | None = None) -> MarketHome:
    clock = FixedClock(datetime(2024, 1, 2, 12, tzinfo=UTC))
    root.mkdir(parents=True, exist_ok=True)
    state = open_state(place or root / "state.db")
    return MarketHome(root, state, Lake.open(root / "lake", state, clock), JobQueue(state, clock))


def fill_home(
    home: MarketHome,
    provider: SimProvider,
    *,
    symbols: Sequence[str] = SYMBOLS,
    n_sessions: int | None = None,
) -> None:
    """Bars, features and models, as the verbs make them."""
    first, end = default_span()
    if n_sessions is not None:
        end = calendar_for("XNYS").next_sessions(first, n_sessions + 1)[-1]
    features = feature_set_named("core")
    ingest_symbols(home.lake, Chain((provider,)), symbols, first, end)
    for symbol in symbols:
        build_features(home.lake, home.state, features, symbol)
        for name, columns in MODELS.items():
            recipe = TrainingRecipe(DatasetRecipe(symbol, features=columns), algorithm="elasticnet")
            train(home.lake, home.state, recipe, models_path=home.root / "models", name=name)


def run_grid(home: MarketHome, *, symbols: Sequence[str] = SYMBOLS) -> tuple[BatchReport, pl.DataFrame]:
    ungated = ParameterSpace.parse({"gates": "none"})
    report = run_batch(home.lake, home.state, home.queue, list(MODELS), symbols, ungated)
    return report, leaderboard(home.lake, home.state)

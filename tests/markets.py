"""Markets for tests of execution: hand-made bars of one session, and random ones with holes in their volume."""

from dataclasses import replace
from typing import Any

import numpy as np

from quantmill.simulation.market import Market
from quantmill.simulation.signal import Filters, SignalSource, Stream, prepare_stream
from tests.synthetic_sessions import bars_of_closes, random_bars


def market_of(closes: list[float], symbol: str = "SPY", **arrays: list[float]) -> Market:
    """One session from 2023-11-02; open, high and low are the close unless given, a bar has one share of volume."""
    market = Market.of(symbol, bars_of_closes([closes]))
    return replace(market, **{name: np.array(values, dtype=np.float64) for name, values in arrays.items()})


def random_market(seed: int, *, n_sessions: int = 4, bars_per_session: int = 12) -> Market:
    """A random walk with ranges; some bars have no volume, of some it is unknown, some know their own vwap."""
    market = Market.of(
        "SPY", random_bars(seed, n_sessions=n_sessions, bars_per_session=bars_per_session, hole_frac=0.2)
    )
    rng = np.random.default_rng(seed)
    n_bars = market.n_bars
    low = market.close * (1.0 - rng.uniform(0.0, 0.002, n_bars))
    high = market.close * (1.0 + rng.uniform(0.0, 0.002, n_bars))
    volume = rng.integers(0, 500, n_bars).astype(np.float64)
    volume[rng.random(n_bars) < rng.choice([0.0, 0.4])] = 0.0
    volume[rng.random(n_bars) < rng.choice([0.0, 0.4])] = np.nan
    vwap = rng.uniform(low, high)
    vwap[rng.random(n_bars) < 0.5] = np.nan
    return replace(market, open=rng.uniform(low, high), high=high, low=low, volume=volume, vwap=vwap)


def stream_of(market: Market, prediction: list[float], **given: Any) -> Stream:  # noqa: ANN401 - a field of any type
    """Predictions laid on a market as they are, without filters."""
    n_bars = market.n_bars
    source = SignalSource(
        market=market,
        prediction=np.array(prediction, dtype=np.float64),
        z_score=np.zeros(n_bars),
        volatility_ratio=np.ones(n_bars),
        realized=np.append(np.diff(np.log(market.close)), np.nan),
        segment_end=np.array([n_bars]),
        auto_thresholds={},
        model_id="m-x",
        model_name="x",
        **given,
    )
    return prepare_stream(source, Filters())

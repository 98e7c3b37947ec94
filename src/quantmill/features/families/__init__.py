"""The features that come with quantmill, one module per family; importing this package declares all of them."""

from quantmill.features.families import (
    benchmark,
    liquidity,
    market_context,
    mean_reversion,
    momentum,
    regime,
    returns,
    time,
    trend,
    volatility,
    volume,
)

__all__ = [
    "benchmark",
    "liquidity",
    "market_context",
    "mean_reversion",
    "momentum",
    "regime",
    "returns",
    "time",
    "trend",
    "volatility",
    "volume",
]

"""The features that come with quantmill, one module per family; importing this package declares all of them."""

from quantmill.features.families import (
    liquidity,
    mean_reversion,
    momentum,
    returns,
    time,
    trend,
    volatility,
    volume,
)

__all__ = ["liquidity", "mean_reversion", "momentum", "returns", "time", "trend", "volatility", "volume"]

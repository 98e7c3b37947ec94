"""Regimes: the market's states on every symbol's bars, and the symbol's own trend."""

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.features.context.as_of import Beside
from quantmill.features.families.trend import sma_dist
from quantmill.features.regimes.definition import REGIMES
from quantmill.features.regimes.series import Regimes
from quantmill.features.registry import feature

__all__ = ["market_regime", "trend_distance", "trend_regime"]

_SMA_WINDOW = 200
_BEFORE_FIRST_FIT = "before the first fit, or a market condition is missing"


def market_regime(bars: BarArrays, beside: Beside[Regimes], *, column: str, definition: str) -> Floats:
    """A regime of the whole market, as of each bar; the same for every symbol.

    `regime_vix` is 2 × bull + quiet: bull when QQQ's close is at or above the mean of its last 20 completed
    session closes, quiet when the volatility source is below the median of its last 20. The others are states of
    a Gaussian mixture of market conditions, refitted monthly on the past, ordered by volatility, smoothed by the
    mode of 30 minutes; their stability is the part of a fit's window that the fit before labels alike.

    Source:
        Ours, with the mixture of Hamilton (1989), "A New Approach to the Economic Analysis of Nonstationary Time
        Series", Econometrica 57(2), without transition probabilities.
    """
    return beside.as_of.of(beside.source.columns[column])


for _name, _cause, _meaning in (
    (
        "regime_vix",
        "fewer than 20 completed sessions, or no fresh source",
        "0 bear volatile, 1 bear quiet, 2 bull volatile, 3 bull quiet market",
    ),
    ("regime_gmm", _BEFORE_FIRST_FIT, "state of the market from 0 calm to 3 crash, from a mixture of four"),
    ("regime_gmm_2", _BEFORE_FIRST_FIT, "state of the market, 0 calm or 1 crash, from a mixture of two"),
):
    feature(
        _name,
        category="regime",
        lookback_bars=1,
        dtype="Int8",
        inputs=(),
        scaling="category",
        null_when=_cause,
        explains=_meaning,
        context="regimes",
        column=_name,
        definition=REGIMES.version,
    )(market_regime)

feature(
    "regime_gmm_stability",
    category="regime",
    lookback_bars=1,
    inputs=(),
    scaling="passthrough",
    null_when="before the second fit, or a market condition is missing",
    explains="0–1: on which part of its past the newest fit of the four states agrees with the fit before",
    context="regimes",
    column="regime_gmm_stability",
    definition=REGIMES.version,
)(market_regime)


@feature(
    "regime_sma_dist",
    category="regime",
    lookback_bars=_SMA_WINDOW,
    explains="how far the close is above (+) or below (−) its mean over 200 bars, as a fraction",
    window=_SMA_WINDOW,
)
def trend_distance(bars: BarArrays, *, window: int) -> Floats:
    """Close ÷ SMA − 1.

    Source:
        As `sma_200_dist`.
    """
    return sma_dist(bars, window=window)


@feature(
    "regime_sma",
    category="regime",
    lookback_bars=_SMA_WINDOW,
    dtype="Int8",
    scaling="passthrough",
    explains="1 when the close is at or above its mean over 200 bars, 0 when it is below",
    window=_SMA_WINDOW,
)
def trend_regime(bars: BarArrays, *, window: int) -> Floats:
    """1 where close ≥ SMA, else 0.

    Source:
        Brock, Lakonishok & LeBaron (1992), "Simple Technical Trading Rules and the Stochastic Properties of
        Stock Returns", Journal of Finance 47(5).
    """
    distance = trend_distance(bars, window=window)
    return np.where(np.isnan(distance), np.nan, (distance >= 0.0).astype(np.float64))

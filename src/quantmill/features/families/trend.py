"""Trend: moving averages, MACD, the efficiency of a move."""

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.features.primitives.changes import lagged, ratio
from quantmill.features.primitives.smoothing import exponential_mean
from quantmill.features.primitives.windows import rolling_mean, rolling_sum
from quantmill.features.registry import feature

__all__ = [
    "efficiency_ratio",
    "ema",
    "ema_dist",
    "macd",
    "macd_hist",
    "macd_hist_pct",
    "macd_pct",
    "macd_signal",
    "macd_signal_pct",
    "sma",
    "sma_dist",
]

SMA_WINDOWS = (20, 50, 200)
EMA_WINDOWS = (9, 12, 21, 26)
MACD_LOOKBACK = 26
MACD_SIGNAL_LOOKBACK = 34


def sma(bars: BarArrays, *, window: int) -> Floats:
    """Simple moving average of the close: Σ close over the last `window` bars ÷ window.

    Source:
        Murphy (1999), "Technical Analysis of the Financial Markets", chapter 9; TA-Lib SMA.
    """
    return rolling_mean(bars.close, bars.opens_session, window=window)


def sma_dist(bars: BarArrays, *, window: int) -> Floats:
    """Distance of the close from its simple moving average: close ÷ SMA − 1.

    Source:
        Brock, Lakonishok & LeBaron (1992), "Simple Technical Trading Rules and the Stochastic Properties of
        Stock Returns", Journal of Finance 47(5), as a continuous value.
    """
    return ratio(bars.close, sma(bars, window=window)) - 1.0


def ema(bars: BarArrays, *, window: int) -> Floats:
    """Exponential moving average of the close, weight 2 ÷ (window + 1), seeded with the first simple mean.

    Source:
        Murphy (1999), "Technical Analysis of the Financial Markets", chapter 9; TA-Lib EMA.
    """
    return exponential_mean(bars.close, window=window)


def ema_dist(bars: BarArrays, *, window: int) -> Floats:
    """Distance of the close from its exponential moving average: close ÷ EMA − 1.

    Source:
        As `ema`, relative to the price.
    """
    return ratio(bars.close, ema(bars, window=window)) - 1.0


for _window in SMA_WINDOWS:
    feature(
        f"sma_{_window}",
        category="trend",
        lookback_bars=_window,
        kind="level",
        twin=f"sma_{_window}_dist",
        explains=f"mean close of the last {_window} bars",
        window=_window,
    )(sma)
    feature(
        f"sma_{_window}_dist",
        category="trend",
        lookback_bars=_window,
        explains=f"how far the close is above (+) or below (−) its mean over {_window} bars, as a fraction",
        window=_window,
    )(sma_dist)

for _window in EMA_WINDOWS:
    feature(
        f"ema_{_window}",
        category="trend",
        lookback_bars=_window,
        memory="history",
        kind="level",
        twin=f"ema_{_window}_dist",
        explains=f"exponential mean of the close with a memory of about {_window} bars",
        window=_window,
    )(ema)
    feature(
        f"ema_{_window}_dist",
        category="trend",
        lookback_bars=_window,
        memory="history",
        explains=f"how far the close is from its {_window}-bar exponential mean, as a fraction",
        window=_window,
    )(ema_dist)


@feature(
    "macd",
    category="trend",
    lookback_bars=MACD_LOOKBACK,
    memory="history",
    kind="level",
    twin="macd_pct",
    explains="12-bar less 26-bar exponential mean of the close, in quote currency",
    fast=12,
    slow=26,
)
def macd(bars: BarArrays, *, fast: int, slow: int) -> Floats:
    """Moving average convergence divergence: EMA(fast) − EMA(slow), both seeded up to bar slow−1.

    Source:
        Appel (2005), "Technical Analysis: Power Tools for Active Investors"; TA-Lib MACD.
    """
    fast_mean = exponential_mean(bars.close, window=fast, first_bar=slow - fast)
    return fast_mean - exponential_mean(bars.close, window=slow)


@feature(
    "macd_signal",
    category="trend",
    lookback_bars=MACD_SIGNAL_LOOKBACK,
    memory="history",
    kind="level",
    twin="macd_signal_pct",
    explains="9-bar exponential mean of the MACD, in quote currency",
    fast=12,
    slow=26,
    signal=9,
)
def macd_signal(bars: BarArrays, *, fast: int, slow: int, signal: int) -> Floats:
    """Signal line: EMA(signal) of the MACD.

    Source:
        As `macd`; TA-Lib MACD, second output.
    """
    # Masked like the MACD itself: the seed begins where both of its averages exist.
    return exponential_mean(macd(bars, fast=fast, slow=slow), window=signal, first_bar=slow - 1)


@feature(
    "macd_hist",
    category="trend",
    lookback_bars=MACD_SIGNAL_LOOKBACK,
    memory="history",
    kind="level",
    twin="macd_hist_pct",
    explains="MACD less its signal line, in quote currency",
    fast=12,
    slow=26,
    signal=9,
)
def macd_hist(bars: BarArrays, *, fast: int, slow: int, signal: int) -> Floats:
    """Histogram: MACD − signal line.

    Source:
        As `macd`; TA-Lib MACD, third output.
    """
    line = macd(bars, fast=fast, slow=slow)
    return line - exponential_mean(line, window=signal, first_bar=slow - 1)


@feature(
    "macd_pct",
    category="trend",
    lookback_bars=MACD_LOOKBACK,
    memory="history",
    explains="MACD as a fraction of the close: above zero the short trend is up",
    fast=12,
    slow=26,
)
def macd_pct(bars: BarArrays, *, fast: int, slow: int) -> Floats:
    """MACD ÷ close.

    Source:
        As `macd`, relative to the price.
    """
    return ratio(macd(bars, fast=fast, slow=slow), bars.close)


@feature(
    "macd_signal_pct",
    category="trend",
    lookback_bars=MACD_SIGNAL_LOOKBACK,
    memory="history",
    explains="MACD signal line as a fraction of the close",
    fast=12,
    slow=26,
    signal=9,
)
def macd_signal_pct(bars: BarArrays, *, fast: int, slow: int, signal: int) -> Floats:
    """Signal line ÷ close.

    Source:
        As `macd_signal`, relative to the price.
    """
    return ratio(macd_signal(bars, fast=fast, slow=slow, signal=signal), bars.close)


@feature(
    "macd_hist_pct",
    category="trend",
    lookback_bars=MACD_SIGNAL_LOOKBACK,
    memory="history",
    explains="MACD less its signal line as a fraction of the close: above zero the trend gains strength",
    fast=12,
    slow=26,
    signal=9,
)
def macd_hist_pct(bars: BarArrays, *, fast: int, slow: int, signal: int) -> Floats:
    """Histogram ÷ close.

    Source:
        As `macd_hist`, relative to the price.
    """
    return ratio(macd_hist(bars, fast=fast, slow=slow, signal=signal), bars.close)


@feature(
    "efficiency_ratio",
    category="trend",
    lookback_bars=11,
    scaling="passthrough",
    null_when="no movement",
    explains="net move over 10 bars ÷ the path walked: 1 is a straight line, near 0 is noise",
    window=10,
)
def efficiency_ratio(bars: BarArrays, *, window: int) -> Floats:
    """Kaufman's efficiency ratio: |close − close `window` bars ago| ÷ Σ |one-bar change|.

    Source:
        Kaufman (1995), "Smarter Trading", chapter 7.
    """
    steps = np.abs(bars.close - lagged(bars.close, 1))
    walked = rolling_sum(steps, bars.opens_session, window=window)
    return ratio(np.abs(bars.close - lagged(bars.close, window)), walked)

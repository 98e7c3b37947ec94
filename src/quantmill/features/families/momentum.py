"""Momentum: rates of change, RSI, stochastic oscillator, momentum per unit of volatility."""

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.features.primitives.changes import lagged, one_bar_return, ratio
from quantmill.features.primitives.smoothing import wilder_mean
from quantmill.features.primitives.windows import (
    rolling_highest,
    rolling_lowest,
    rolling_mean,
    rolling_moments,
)
from quantmill.features.registry import feature

__all__ = ["rate_of_change", "rsi", "stochastic_d", "stochastic_k", "volatility_adjusted_momentum"]

ROC_WINDOWS = (1, 5, 15, 30, 60)


def rate_of_change(bars: BarArrays, *, window: int) -> Floats:
    """Change of the close over `window` bars in percent: 100 × (close ÷ close `window` bars ago − 1).

    Source:
        Murphy (1999), "Technical Analysis of the Financial Markets", chapter 10; TA-Lib ROC.
    """
    return 100.0 * (ratio(bars.close, lagged(bars.close, window)) - 1.0)


for _window in ROC_WINDOWS:
    feature(
        f"roc_{_window}",
        category="momentum",
        lookback_bars=_window + 1,
        # One bar back across the break would be the overnight move, which is `overnight_gap`.
        crosses_sessions=_window > 1,
        explains=f"change of the close over {_window} bars, in percent",
        window=_window,
    )(rate_of_change)


@feature(
    "rsi_14",
    category="momentum",
    lookback_bars=15,
    memory="history",
    scaling="passthrough",
    null_when="no movement",
    explains="0–100: share of the recent ups in all moves; above 70 called overbought, below 30 oversold",
    window=14,
)
def rsi(bars: BarArrays, *, window: int) -> Floats:
    """Relative strength index: 100 × U ÷ (U + D), U and D Wilder means of the ups and downs of the close.

    Source:
        Wilder (1978), "New Concepts in Technical Trading Systems"; TA-Lib RSI.
    """
    change = bars.close - lagged(bars.close, 1)
    ups = wilder_mean(np.maximum(change, 0.0), window=window)
    downs = wilder_mean(np.maximum(-change, 0.0), window=window)
    return 100.0 * ratio(ups, ups + downs)


@feature(
    "stoch_k",
    category="momentum",
    lookback_bars=14,
    scaling="passthrough",
    inputs=("high", "low", "close"),
    null_when="zero range",
    explains="0–100: where the close lies between the lowest low and the highest high of 14 bars",
    window=14,
)
def stochastic_k(bars: BarArrays, *, window: int) -> Floats:
    """Fast stochastic %K: 100 × (close − lowest low) ÷ (highest high − lowest low).

    Source:
        Lane (1984), "Lane's Stochastics", Stocks & Commodities 2(3); TA-Lib STOCHF.
    """
    lowest = rolling_lowest(bars.low, window=window)
    return 100.0 * ratio(bars.close - lowest, rolling_highest(bars.high, window=window) - lowest)


@feature(
    "stoch_d",
    category="momentum",
    lookback_bars=16,
    scaling="passthrough",
    inputs=("high", "low", "close"),
    null_when="zero range",
    explains="mean of stoch_k over 3 bars",
    window=14,
    smooth=3,
)
def stochastic_d(bars: BarArrays, *, window: int, smooth: int) -> Floats:
    """Fast stochastic %D: simple mean of %K over `smooth` bars.

    Source:
        As `stoch_k`; TA-Lib STOCHF, second output.
    """
    return rolling_mean(stochastic_k(bars, window=window), bars.opens_session, window=smooth)


@feature(
    "vol_adj_mom_20",
    category="momentum",
    lookback_bars=21,
    null_when="no movement",
    explains="mean one-bar return of 20 bars in standard errors: above 2 a strong rise, below −2 a strong fall",
    window=20,
)
def volatility_adjusted_momentum(bars: BarArrays, *, window: int) -> Floats:
    """Momentum per unit of volatility: mean ÷ standard deviation (ddof 1) × √window of one-bar log returns.

    The return across a session break is not among them.

    Source:
        Barroso & Santa-Clara (2015), "Momentum has its moments", Journal of Financial Economics 116(1),
        with the scale of a t-statistic.
    """
    mean, deviation = rolling_moments(one_bar_return(bars), window=window, ddof=1, least=window // 2)
    return ratio(mean, deviation) * np.sqrt(window)

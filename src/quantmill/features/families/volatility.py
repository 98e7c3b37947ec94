"""Volatility: true range, Parkinson's range estimate, Bollinger bands, standardized returns."""

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.features.primitives.changes import log_ratio, one_bar_return, ratio, true_range
from quantmill.features.primitives.smoothing import wilder_mean
from quantmill.features.primitives.windows import rolling_mean, rolling_moments
from quantmill.features.registry import feature

__all__ = [
    "atr",
    "atr_pct",
    "atr_ratio",
    "bollinger_band",
    "bollinger_width",
    "parkinson_volatility",
    "return_z_score",
]


@feature(
    "atr_14",
    category="volatility",
    lookback_bars=15,
    memory="history",
    inputs=("high", "low", "close"),
    kind="level",
    twin="atr_14_pct",
    explains="mean true range of about 14 bars, in quote currency",
    window=14,
)
def atr(bars: BarArrays, *, window: int) -> Floats:
    """Average true range: Wilder's mean of the true range.

    Source:
        Wilder (1978), "New Concepts in Technical Trading Systems"; TA-Lib ATR.
    """
    return wilder_mean(true_range(bars), window=window)


@feature(
    "atr_14_pct",
    category="volatility",
    lookback_bars=15,
    memory="history",
    inputs=("high", "low", "close"),
    scaling="robust",
    explains="mean true range of about 14 bars as a fraction of the close",
    window=14,
)
def atr_pct(bars: BarArrays, *, window: int) -> Floats:
    """ATR ÷ close.

    Source:
        As `atr_14`, relative to the price; TA-Lib NATR ÷ 100.
    """
    return ratio(atr(bars, window=window), bars.close)


@feature(
    "atr_ratio_15",
    category="volatility",
    lookback_bars=16,
    inputs=("high", "low", "close"),
    scaling="robust",
    null_when="zero range",
    explains="this bar's true range ÷ its mean over 15 bars: above 1 the bar is wider than usual",
    window=15,
)
def atr_ratio(bars: BarArrays, *, window: int) -> Floats:
    """True range ÷ its simple mean over the last `window` bars, its own included.

    Source:
        Ours: the true range of Wilder (1978) made free of scale by its own recent mean.
    """
    widths = true_range(bars)
    return ratio(widths, rolling_mean(widths, bars.opens_session, window=window))


def bollinger_band(bars: BarArrays, *, window: int, deviations: float) -> Floats:
    """Bollinger band: mean + `deviations` × standard deviation (ddof 0) of the close over `window` bars.

    Source:
        Bollinger (2001), "Bollinger on Bollinger Bands"; TA-Lib BBANDS.
    """
    mean, deviation = rolling_moments(bars.close, window=window)
    return mean + deviations * deviation


for _name, _deviations, _twin in (
    ("mid", 0.0, "sma_20_dist"),
    ("upper", 2.0, "bb_pct"),
    ("lower", -2.0, "bb_pct"),
):
    feature(
        f"bb_{_name}",
        category="volatility",
        lookback_bars=20,
        kind="level",
        twin=_twin,
        explains=f"{_name} Bollinger band: mean of the close over 20 bars {_deviations:+g} standard deviations",
        window=20,
        deviations=_deviations,
    )(bollinger_band)


@feature(
    "bb_width",
    category="volatility",
    lookback_bars=20,
    scaling="robust",
    explains="width of the Bollinger bands as a fraction of their middle: small before a breakout",
    window=20,
    deviations=2.0,
)
def bollinger_width(bars: BarArrays, *, window: int, deviations: float) -> Floats:
    """BandWidth: (upper − lower) ÷ middle = 2 × deviations × standard deviation ÷ mean.

    Source:
        Bollinger (2001), "Bollinger on Bollinger Bands", chapter 8.
    """
    mean, deviation = rolling_moments(bars.close, window=window)
    return ratio(2.0 * deviations * deviation, mean)


@feature(
    "parkinson_vol",
    category="volatility",
    lookback_bars=20,
    inputs=("high", "low"),
    scaling="robust",
    null_when="price not positive",
    explains="volatility of one bar estimated from the ranges of 20 bars, as a standard deviation of log returns",
    window=20,
)
def parkinson_volatility(bars: BarArrays, *, window: int) -> Floats:
    """Parkinson's estimate: √(mean of ln(high ÷ low)² over `window` bars ÷ (4 ln 2)), not annualized.

    Source:
        Parkinson (1980), "The Extreme Value Method for Estimating the Variance of the Rate of Return",
        Journal of Business 53(1).
    """
    squared_range = log_ratio(bars.high, bars.low) ** 2
    variance = rolling_mean(squared_range, bars.opens_session, window=window) / (4.0 * np.log(2.0))
    # Sliding a sum down to nothing may leave a rounding error below zero.
    return np.sqrt(np.maximum(variance, 0.0))


@feature(
    "return_z_score_20",
    category="volatility",
    lookback_bars=21,
    scaling="passthrough",
    null_when="first bar of a session or no movement",
    explains="this bar's return in standard deviations of the last 20: beyond ±3 an unusual bar",
    window=20,
)
def return_z_score(bars: BarArrays, *, window: int) -> Floats:
    """(r − mean of r) ÷ standard deviation of r (ddof 1), r the one-bar log return of the last `window` bars.

    The return across a session break is not among them.

    Source:
        Standard score; returns as in `log_return_1m`.
    """
    returns = one_bar_return(bars)
    mean, deviation = rolling_moments(returns, window=window, ddof=1, least=window // 2)
    return ratio(returns - mean, deviation)

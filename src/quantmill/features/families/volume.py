"""Volume: its changes, its level against the last hour, on-balance volume, intraday intensity."""

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.features.primitives.changes import lagged, ratio
from quantmill.features.primitives.windows import rolling_mean, rolling_moments, rolling_sum
from quantmill.features.registry import feature

__all__ = [
    "intraday_intensity",
    "obv_z_score",
    "on_balance_volume",
    "volume_change",
    "volume_ratio",
]


@feature(
    "volume_change",
    category="volume",
    lookback_bars=2,
    crosses_sessions=False,
    inputs=("volume",),
    scaling="robust",
    null_when="zero volume",
    explains="change of the volume since the bar before in the same session, as a fraction",
)
def volume_change(bars: BarArrays) -> Floats:
    """Volume ÷ volume one bar ago − 1, null at the first bar of a session.

    Source:
        Karpoff (1987), "The Relation Between Price Changes and Trading Volume", Journal of Financial and
        Quantitative Analysis 22(1).
    """
    return ratio(bars.volume, lagged(bars.volume, 1)) - 1.0


@feature(
    "vol_ratio_60",
    category="volume",
    lookback_bars=60,
    inputs=("volume",),
    scaling="robust",
    null_when="zero volume",
    explains="volume ÷ its mean over 60 bars: above 1 the bar is busier than the last hour",
    window=60,
)
def volume_ratio(bars: BarArrays, *, window: int) -> Floats:
    """Relative volume: volume ÷ mean volume of the last `window` bars, its own included.

    Bars without a known volume are left out of the mean; at least half of the window must be there.

    Source:
        Gervais, Kaniel & Mingelgrin (2001), "The High-Volume Return Premium", Journal of Finance 56(3),
        as a continuous value.
    """
    return ratio(bars.volume, rolling_mean(bars.volume, bars.opens_session, window=window, least=window // 2))


@feature(
    "obv",
    category="volume",
    lookback_bars=1,
    memory="history",
    inputs=("close", "volume"),
    kind="level",
    scaling="robust",
    twin="obv_z_60",
    explains="on-balance volume: volume of rising bars less volume of falling bars since the history began",
)
def on_balance_volume(bars: BarArrays) -> Floats:
    """OBV: the first volume, then + volume when the close rose, − volume when it fell, 0 when unchanged.

    A bar without a known volume is null and adds nothing.

    Source:
        Granville (1963), "New Key to Stock Market Profits"; TA-Lib OBV.
    """
    direction = np.sign(bars.close - lagged(bars.close, 1))
    direction[:1] = 1.0
    signed = direction * bars.volume
    is_known = np.isfinite(signed)
    return np.where(is_known, np.cumsum(np.where(is_known, signed, 0.0)), np.nan)


@feature(
    "obv_z_60",
    category="volume",
    lookback_bars=60,
    memory="history",
    inputs=("close", "volume"),
    scaling="passthrough",
    null_when="zero volume",
    explains="on-balance volume against its last 60 bars, in standard deviations: high when buyers push volume",
    window=60,
)
def obv_z_score(bars: BarArrays, *, window: int) -> Floats:
    """(OBV − mean of OBV) ÷ standard deviation of OBV (ddof 0) over the last `window` bars.

    Source:
        Standard score of `obv`, which frees it from where the history began.
    """
    obv = on_balance_volume(bars)
    mean, deviation = rolling_moments(obv, window=window, least=window // 2)
    return ratio(obv - mean, deviation)


@feature(
    "intraday_intensity",
    category="volume",
    lookback_bars=21,
    inputs=("high", "low", "close", "volume"),
    scaling="passthrough",
    null_when="zero volume or zero range",
    explains="−1 to 1: volume of 21 bars weighted by where each closed in its range; above 0 buyers prevail",
    window=21,
)
def intraday_intensity(bars: BarArrays, *, window: int) -> Floats:
    """Σ volume × (2 close − high − low) ÷ (high − low), divided by Σ volume, over `window` bars.

    Bars of zero range or unknown volume are left out of both sums; half of the window must remain.

    Source:
        Bostian's intraday intensity index, as in Bollinger (2001), "Bollinger on Bollinger Bands", chapter 18
        (21 bars, normalized by volume).
    """
    place = ratio(2.0 * bars.close - bars.high - bars.low, bars.high - bars.low)
    weighted = place * bars.volume
    volume = np.where(np.isfinite(weighted), bars.volume, np.nan)
    least = window // 2
    numerator = rolling_sum(weighted, bars.opens_session, window=window, least=least)
    return ratio(numerator, rolling_sum(volume, bars.opens_session, window=window, least=least))

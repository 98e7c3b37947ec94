"""Market context: what the volatility source does, whichever it is in this lake."""

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.features.context.as_of import Beside
from quantmill.features.families.volatility import atr_ratio
from quantmill.features.families.volume import volume_ratio
from quantmill.features.primitives.changes import one_bar_return, ratio
from quantmill.features.primitives.windows import rolling_moments
from quantmill.features.registry import feature

__all__ = ["source_age", "source_range", "source_return", "source_volume", "source_z_score"]


@feature(
    "vix_log_ret",
    category="market-context",
    lookback_bars=1,
    inputs=(),
    context="volatility",
    context_lookback_bars=2,
    context_inputs=("close",),
    null_when="first bar of the source's session",
    explains="log change of the volatility source in its newest minute: above zero fear rises",
)
def source_return(bars: BarArrays, beside: Beside[BarArrays]) -> Floats:
    """One-bar log change of the volatility source's close, as of each bar.

    Source:
        As `log_return_1m`; Whaley (2000), "The Investor Fear Gauge", Journal of Portfolio Management 26(3).
    """
    return beside.as_of.of(one_bar_return(beside.source))


@feature(
    "vix_z_score",
    category="market-context",
    lookback_bars=1,
    inputs=(),
    scaling="passthrough",
    context="volatility",
    context_lookback_bars=60,
    context_inputs=("close",),
    null_when="too few values or no movement of the source",
    explains="the volatility source against its last 60 bars, in standard deviations: high when fear is new",
    window=60,
)
def source_z_score(bars: BarArrays, beside: Beside[BarArrays], *, window: int) -> Floats:
    """(close − mean) ÷ standard deviation (ddof 1) of the source's last `window` closes; half must be known.

    Source:
        Standard score.
    """
    close = beside.source.close
    mean, deviation = rolling_moments(close, window=window, ddof=1, least=window // 2)
    return beside.as_of.of(ratio(close - mean, deviation))


@feature(
    "vix_rel_vol",
    category="market-context",
    lookback_bars=1,
    inputs=(),
    scaling="robust",
    context="volatility",
    context_lookback_bars=60,
    context_inputs=("volume",),
    null_when="zero volume of the source",
    explains="volume of the volatility source ÷ its mean over 60 bars; null where it is an index or realized",
    window=60,
)
def source_volume(bars: BarArrays, beside: Beside[BarArrays], *, window: int) -> Floats:
    """Relative volume of the volatility source, as of each bar.

    Source:
        As `vol_ratio_60`.
    """
    return beside.as_of.of(volume_ratio(beside.source, window=window))


@feature(
    "vix_atr_ratio",
    category="market-context",
    lookback_bars=1,
    inputs=(),
    scaling="robust",
    context="volatility",
    context_lookback_bars=16,
    context_inputs=("high", "low"),
    null_when="zero range of the source",
    explains="true range of the volatility source ÷ its mean over 15 bars; null where it is realized volatility",
    window=15,
)
def source_range(bars: BarArrays, beside: Beside[BarArrays], *, window: int) -> Floats:
    """Range of the volatility source against its recent mean, as of each bar.

    Source:
        As `atr_ratio_15`.
    """
    return beside.as_of.of(atr_ratio(beside.source, window=window))


@feature(
    "vix_age_minutes",
    category="market-context",
    lookback_bars=1,
    inputs=(),
    scaling="robust",
    context="volatility",
    context_max_age_minutes=None,
    explains="by how many minutes the newest bar of the volatility source is older than this one",
)
def source_age(bars: BarArrays, beside: Beside[BarArrays]) -> Floats:
    """Start of the bar − start of the volatility source's newest bar, in minutes, however old it is.

    Source:
        Ours: tells a model how much the features of the source are worth.
    """
    return beside.as_of.age_minutes

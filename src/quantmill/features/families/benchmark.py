"""Against the benchmark: the return of QQQ, the symbol's beta to it, its relative strength."""

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.features.context.as_of import Beside
from quantmill.features.primitives.changes import lagged, log_ratio, one_bar_return
from quantmill.features.primitives.pairs import rolling_slope
from quantmill.features.registry import feature

__all__ = ["benchmark_age", "benchmark_beta", "benchmark_return", "relative_strength"]


@feature(
    "qqq_return",
    category="benchmark",
    lookback_bars=1,
    inputs=(),
    context="benchmark",
    context_lookback_bars=2,
    context_inputs=("close",),
    null_when="first bar of QQQ's session",
    explains="log return of QQQ in its newest minute",
)
def benchmark_return(bars: BarArrays, beside: Beside[BarArrays]) -> Floats:
    """One-bar log return of the benchmark, as of each bar: null at the first bar of its session.

    Source:
        As `log_return_1m`.
    """
    return beside.as_of.of(one_bar_return(beside.source))


@feature(
    "qqq_beta_60",
    category="benchmark",
    lookback_bars=61,
    context="benchmark",
    scaling="robust",
    null_when="too few fresh bars of QQQ in the window",
    explains="how many percent the symbol moves with one percent of QQQ, over the last 60 bars",
    window=60,
)
def benchmark_beta(bars: BarArrays, beside: Beside[BarArrays], *, window: int) -> Floats:
    """Slope of the symbol's one-bar log return on the benchmark's between the same bars, over `window` bars.

    Returns across a session break are left out; half of the window must remain.

    Source:
        Sharpe (1964), "Capital Asset Prices", Journal of Finance 19(3); estimated as Fama & MacBeth (1973).
    """
    price = beside.as_of.of(beside.source.close)
    returns = log_ratio(price, lagged(price, 1))
    returns[bars.opens_session] = np.nan
    return rolling_slope(one_bar_return(bars), returns, window=window, least=window // 2)


@feature(
    "qqq_relative_strength_60",
    category="benchmark",
    lookback_bars=61,
    context="benchmark",
    null_when="no fresh bar of QQQ at the window's start",
    explains="log return over 60 bars less that of QQQ: above zero the symbol is the stronger one",
    window=60,
)
def relative_strength(bars: BarArrays, beside: Beside[BarArrays], *, window: int) -> Floats:
    """Log return of the symbol over `window` bars less the benchmark's between the same two bars.

    Source:
        Levy (1967), "Relative Strength as a Criterion for Investment Selection", Journal of Finance 22(4),
        as a difference of log returns.
    """
    price = beside.as_of.of(beside.source.close)
    own = log_ratio(bars.close, lagged(bars.close, window))
    return own - log_ratio(price, lagged(price, window))


@feature(
    "qqq_age_minutes",
    category="benchmark",
    lookback_bars=1,
    inputs=(),
    scaling="robust",
    context="benchmark",
    context_max_age_minutes=None,
    explains="by how many minutes the newest bar of QQQ is older than this one: 0 when both traded",
)
def benchmark_age(bars: BarArrays, beside: Beside[BarArrays]) -> Floats:
    """Start of the bar − start of the benchmark's newest bar, in minutes, however old it is.

    Source:
        Ours: tells a model how much the features against the benchmark are worth.
    """
    return beside.as_of.age_minutes

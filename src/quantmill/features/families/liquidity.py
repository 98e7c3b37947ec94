"""Liquidity: the price moved per money traded."""

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.features.primitives.changes import one_bar_return, ratio
from quantmill.features.primitives.windows import rolling_mean
from quantmill.features.registry import feature

__all__ = ["amihud_illiquidity"]


@feature(
    "amihud_illiquidity",
    category="liquidity",
    lookback_bars=21,
    inputs=("close", "volume"),
    scaling="robust",
    null_when="zero volume",
    explains="mean absolute one-bar return per million of money traded, over 20 bars: high when trading is thin",
    window=20,
)
def amihud_illiquidity(bars: BarArrays, *, window: int) -> Floats:
    """Mean of |one-bar log return| ÷ (close × volume ÷ 10⁶) over the last `window` bars.

    Bars that traded nothing and returns across a session break are left out; half of the window must remain.

    Source:
        Amihud (2002), "Illiquidity and stock returns: cross-section and time-series effects",
        Journal of Financial Markets 5(1), per bar instead of per day.
    """
    impact = ratio(np.abs(one_bar_return(bars)), bars.close * bars.volume) * 1e6
    return rolling_mean(impact, bars.opens_session, window=window, least=window // 2)

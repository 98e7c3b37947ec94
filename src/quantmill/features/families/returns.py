"""Returns: the one-bar return, its lags, the move overnight."""

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.features.primitives.changes import lagged, log_ratio, one_bar_return
from quantmill.features.registry import feature

__all__ = ["lagged_return", "log_return", "overnight_gap"]

RETURN_LAGS = (1, 5, 15, 30, 60)


@feature(
    "log_return_1m",
    category="momentum",
    lookback_bars=2,
    crosses_sessions=False,
    null_when="price not positive",
    explains="log return of the close since the bar before in the same session",
)
def log_return(bars: BarArrays) -> Floats:
    """One-bar log return: ln(close ÷ close one bar ago), null at the first bar of a session.

    Source:
        Campbell, Lo & MacKinlay (1997), "The Econometrics of Financial Markets", section 1.4.
    """
    return one_bar_return(bars)


def lagged_return(bars: BarArrays, *, lag: int) -> Floats:
    """The one-bar log return that was known `lag` bars ago.

    Source:
        As `log_return_1m`.
    """
    return lagged(one_bar_return(bars), lag)


for _lag in RETURN_LAGS:
    feature(
        f"lag_return_{_lag}",
        category="momentum",
        lookback_bars=_lag + 2,
        null_when="return across a session break",
        explains=f"log return of the bar {_lag} bars before this one",
        lag=_lag,
    )(lagged_return)


@feature(
    "overnight_gap",
    category="momentum",
    lookback_bars=2,
    memory="history",
    inputs=("open", "close"),
    hours="regular",
    null_when="no session before",
    explains="log move from the last close of the session before to this session's open, the same all session",
)
def overnight_gap(bars: BarArrays) -> Floats:
    """Overnight move: ln(open of the session's first bar ÷ last close of the session before).

    Source:
        Berkman, Koch, Tuttle & Zhang (2012), "Paying Attention: Overnight Returns and the Hidden Cost of
        Buying at the Open", Journal of Financial and Quantitative Analysis 47(4).
    """
    gap = log_ratio(bars.open, lagged(bars.close, 1))
    position = np.arange(bars.n_bars)
    first_bar = np.maximum.accumulate(np.where(bars.opens_session, position, 0))
    return gap[first_bar]

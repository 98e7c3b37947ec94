"""Mean reversion: where the close lies in its bar, in its bands, against the session's VWAP."""

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.core.bars import BarArrays
from quantmill.features.primitives.changes import ratio
from quantmill.features.primitives.sessions import session_total
from quantmill.features.primitives.windows import rolling_moments
from quantmill.features.registry import feature

__all__ = ["band_position", "distance_from_vwap", "internal_bar_strength"]


@feature(
    "ibs",
    category="mean-reversion",
    lookback_bars=1,
    inputs=("high", "low", "close"),
    scaling="passthrough",
    null_when="zero range",
    explains="0–1: where the close lies in its bar; near 0 it closed at its low, near 1 at its high",
)
def internal_bar_strength(bars: BarArrays) -> Floats:
    """Internal bar strength: (close − low) ÷ (high − low).

    Source:
        Pagonidis (2013), "The IBS Effect: Mean Reversion in Equity ETFs".
    """
    return ratio(bars.close - bars.low, bars.high - bars.low)


@feature(
    "bb_pct",
    category="mean-reversion",
    lookback_bars=20,
    scaling="passthrough",
    null_when="no movement",
    explains="where the close lies between the Bollinger bands: 0 at the lower, 1 at the upper, beyond outside",
    window=20,
    deviations=2.0,
)
def band_position(bars: BarArrays, *, window: int, deviations: float) -> Floats:
    """%b: (close − lower band) ÷ (upper band − lower band).

    Source:
        Bollinger (2001), "Bollinger on Bollinger Bands", chapter 8; bands as TA-Lib BBANDS.
    """
    mean, deviation = rolling_moments(bars.close, window=window)
    reach = deviations * deviation
    return ratio(bars.close - (mean - reach), 2.0 * reach)


@feature(
    "dist_vwap",
    category="mean-reversion",
    lookback_bars=1,
    memory="session",
    inputs=("high", "low", "close", "volume"),
    crosses_sessions=False,
    null_when="zero volume",
    explains="how far the close is from the session's volume-weighted average price so far, as a fraction",
)
def distance_from_vwap(bars: BarArrays) -> Floats:
    """Close ÷ session VWAP − 1, VWAP = Σ price × volume ÷ Σ volume since the session's first bar.

    The price of a bar is its own vwap where the provider gives one, else its typical price
    (high + low + close) ÷ 3. Bars without a known volume carry no weight.

    Source:
        Berkowitz, Logue & Noser (1988), "The Total Cost of Transactions on the NYSE", Journal of Finance 43(1).
    """
    price = (bars.high + bars.low + bars.close) / 3.0
    if bars.vwap is not None:
        price = np.where(np.isfinite(bars.vwap), bars.vwap, price)
    traded = session_total(price * bars.volume, bars.opens_session)
    volume = session_total(bars.volume, bars.opens_session)
    return ratio(bars.close, ratio(traded, volume)) - 1.0

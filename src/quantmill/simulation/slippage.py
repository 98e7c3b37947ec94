"""What a fill pays beside its price where a bar's range, not a quoted spread, sets it."""

from typing import Final

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.features.primitives.smoothing import wilder_mean
from quantmill.simulation.market import Market

__all__ = ["ATR_BARS", "average_range_before", "half_range"]

ATR_BARS: Final = 14


def half_range(market: Market) -> Floats:
    """Half of each bar's range: beside its middle, a purchase pays the high and a sale gets the low."""
    return (market.high - market.low) / 2.0


def average_range_before(market: Market) -> Floats:
    """Average true range of about 14 bars, known before each bar.

    The first bar of a session counts with its own range: what lies between two sessions is in the price of a fill
    already and is no sign of how much prices move within a minute.

    Returns:
        Shape (n_bars,), quote currency. Value `i` uses bars `0 .. i-1` of the market; the first 14 are NaN.

    Source:
        Wilder (1978), "New Concepts in Technical Trading Systems", but for the first bars of sessions.
    """
    before = np.concatenate([[np.nan], market.close[:-1]])
    first_bars = np.concatenate([[0], market.session_end[:-1]])
    before[first_bars] = market.close[first_bars]
    widths = np.maximum(market.high, before) - np.minimum(market.low, before)
    known = wilder_mean(widths, window=ATR_BARS)
    return np.concatenate([[np.nan], known[:-1]])

"""Price and volume of the bars over which an order is worked."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from quantmill.core.arrays import Bools, Floats
from quantmill.simulation.market import Market

__all__ = ["is_without_volume", "most_shares", "window_price"]


def window_price(market: Market, *, n_bars: int) -> Floats:
    """Volume-weighted price of each bar and the `n_bars - 1` before it.

    A bar's own price is its volume-weighted one where that is known, else (high + low + close) / 3. A bar without a
    known volume weighs nothing; where no bar of the window has any, all weigh the same.

    Returns:
        Shape (n_bars,). Value `i` uses bars `i-n_bars+1 .. i`, fewer at the start; windows count existing bars and
        may reach over a session's end.
    """
    typical = (market.high + market.low + market.close) / 3.0
    price = np.where(np.isnan(market.vwap), typical, market.vwap)
    volume = _known_volume(market)
    total = _window_sum(volume, n_bars)
    weighted = np.divide(
        _window_sum(price * volume, n_bars), total, out=np.zeros(total.size), where=total > 0
    )
    plain = _window_sum(price, n_bars) / _window_sum(np.ones(price.size), n_bars)
    return np.where(total > 0, weighted, plain)


def most_shares(market: Market, *, n_bars: int, share_frac: float) -> Floats:
    """Most shares that an order can take of the volume of its window, whole ones.

    Returns:
        Shape (n_bars,), of the same windows as `window_price`; 0 where nothing was traded, infinite where the volume
        of no bar is known, for then nothing can be said.
    """
    limit = np.floor(share_frac * _window_sum(_known_volume(market), n_bars))
    n_known = _window_sum((~np.isnan(market.volume)).astype(np.float64), n_bars)
    return np.where(n_known > 0, limit, np.inf)


def is_without_volume(market: Market, *, n_bars: int) -> Bools:
    """Whether a bar's window has no volume, traded or known, so that its price is a plain mean."""
    return _window_sum(_known_volume(market), n_bars) <= 0.0


def _known_volume(market: Market) -> Floats:
    return np.nan_to_num(market.volume, nan=0.0)


def _window_sum(values: Floats, n_bars: int) -> Floats:
    # Each window is summed anew: a running sum would carry rounding of earlier bars into later ones.
    padded = np.concatenate([np.zeros(n_bars - 1), values])
    return sliding_window_view(padded, n_bars).sum(axis=1)

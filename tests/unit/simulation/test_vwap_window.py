"""Windows over which orders are worked, by hand."""

import numpy as np
import pytest

from quantmill.simulation.vwap_window import is_without_volume, most_shares, window_price
from tests.markets import market_of

NAN = float("nan")
MARKET = market_of(
    [10.0, 20.0, 30.0, 40.0],
    high=[13.0, 23.0, 33.0, 43.0],
    low=[10.0, 20.0, 30.0, 40.0],
    volume=[100.0, 300.0, 0.0, NAN],
    vwap=[12.0, NAN, NAN, NAN],
)


def test_price_is_weighted_by_known_volume() -> None:
    # Bars count 12 (their vwap), 21, 31, 41 (typical): (12·100 + 21·300) / 400 = 18.75; then 21 alone has volume; then
    # neither does, so both weigh the same: (31 + 41) / 2.
    assert window_price(MARKET, n_bars=2) == pytest.approx([12.0, 18.75, 21.0, 36.0])


def test_most_shares_are_whole_shares_of_the_windows_volume() -> None:
    # 10 % of 100, 400, 300 and of the 0 that is known of the last two bars.
    assert most_shares(MARKET, n_bars=2, share_frac=0.1).tolist() == [10.0, 40.0, 30.0, 0.0]
    # A window of the last bar alone: nothing is known, nothing is limited.
    assert most_shares(MARKET, n_bars=1, share_frac=0.1).tolist() == [10.0, 30.0, 0.0, np.inf]
    assert most_shares(MARKET, n_bars=1, share_frac=0.015)[0] == 1.0


def test_windows_without_volume_are_told() -> None:
    assert is_without_volume(MARKET, n_bars=2).tolist() == [False, False, False, True]
    assert is_without_volume(MARKET, n_bars=1).tolist() == [False, False, True, True]

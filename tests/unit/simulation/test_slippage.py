"""Slippage out of ranges, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from quantmill.simulation.market import Market
from quantmill.simulation.slippage import average_range_before, half_range
from tests.markets import market_of
from tests.synthetic_sessions import bars_of_closes


def test_half_range() -> None:
    market = market_of([10.0, 10.0], high=[11.0, 10.5], low=[9.0, 10.0])

    assert half_range(market) == pytest.approx([1.0, 0.25])


def test_average_range_is_known_one_bar_later() -> None:
    # Fourteen ranges of 1, then one of 15: 1, then 1 + (15 - 1) / 14 = 2; each holds for the bar after.
    market = market_of([100.0] * 17, high=[100.5] * 14 + [107.5] * 3, low=[99.5] * 14 + [92.5] * 3)

    known = average_range_before(market)

    assert np.isnan(known[:14]).all()
    assert known[14:16] == pytest.approx([1.0, 2.0])


def test_a_gap_inside_a_session_counts_and_one_between_sessions_does_not() -> None:
    # Bars without a range of their own: the jump of 14 in bar 14 gives 14 / 14 = 1, the overnight one of 28 nothing.
    inside = market_of([100.0] * 14 + [114.0] * 2)
    over_night = Market.of("SPY", bars_of_closes([[100.0] * 14, [128.0] * 2]))

    assert average_range_before(inside)[15] == pytest.approx(1.0)
    assert average_range_before(over_night)[15] == 0.0


def test_the_present_bar_is_not_known_yet() -> None:
    market = market_of([100.0] * 16)
    wilder = replace(market, high=np.append(market.high[:-1], 200.0))

    np.testing.assert_array_equal(average_range_before(market), average_range_before(wilder))

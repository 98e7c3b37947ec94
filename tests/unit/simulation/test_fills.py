"""When and at what price orders fill."""

from dataclasses import replace

import numpy as np
import pytest

from quantmill.errors import UsageError
from quantmill.simulation.fills import CLASSIC, DEFAULT_COSTS, FILL_MODELS, Costs, execution_of
from quantmill.simulation.market import Market
from quantmill.simulation.order_costs import PER_ORDER
from tests.synthetic_sessions import bars_of_closes


def market_of(prices: list[float]) -> Market:
    market = Market.of("SPY", bars_of_closes([prices]))
    close = market.close
    return replace(market, open=close + 0.1, high=close + 0.3, low=close - 0.1)


def test_half_spread_is_half_a_basis_point_and_at_least_half_a_cent() -> None:
    # 0.5 bp of 400 is 2 cents; of 50 it is a quarter of a cent, so half a cent is charged.
    execution = execution_of(market_of([400.0, 50.0]), Costs(fill="close"))

    assert execution.half_spread == pytest.approx([0.02, 0.005])


def test_half_spread_is_never_above_the_price() -> None:
    execution = execution_of(market_of([0.15]), Costs(fill="close", half_spread_min_usd=1.0))

    assert execution.half_spread == pytest.approx([0.15])


@pytest.mark.parametrize(
    ("fill", "delay_bars", "price"), [("next_open", 1, 10.1), ("close", 0, 10.0), ("delayed_mid", 4, 10.1)]
)
def test_fill_models(fill: str, delay_bars: int, price: float) -> None:
    execution = execution_of(market_of([10.0]), Costs(fill=fill))

    assert execution.delay_bars == delay_bars
    assert execution.fill_price == pytest.approx([price])


def test_default_and_classic_costs() -> None:
    assert (DEFAULT_COSTS.fill, DEFAULT_COSTS.half_spread_bps, DEFAULT_COSTS.half_spread_min_usd) == (
        "next_open",
        0.5,
        0.005,
    )
    classic = execution_of(market_of([10.0]), CLASSIC)
    assert (classic.delay_bars, classic.half_spread[0], classic.fees[0, PER_ORDER]) == (4, 0.0, 0.02)


def test_only_the_close_of_the_signal_bar_is_called_naive() -> None:
    assert [name for name, model in FILL_MODELS.items() if model.label] == ["close"]


def test_unusable_costs_are_refused() -> None:
    with pytest.raises(UsageError, match="unknown fill 'vwap'"):
        Costs(fill="vwap")
    with pytest.raises(UsageError, match="fee_usd"):
        Costs(fee_usd=-1.0)
    with pytest.raises(UsageError, match="half_spread_bps"):
        Costs(half_spread_bps=float("nan"))


def test_arrays_have_the_type_the_kernel_was_compiled_for() -> None:
    execution = execution_of(market_of([10.0, 11.0]), DEFAULT_COSTS)

    for array in (execution.fill_price, execution.half_spread, execution.fees, execution.most_shares):
        assert array.dtype == np.float64
        assert array.flags.c_contiguous
        assert array.flags.writeable

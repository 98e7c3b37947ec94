"""Costs as plain values, and the arrays that they make of a market."""

from dataclasses import asdict, fields

import numpy as np
import pytest

from quantmill.errors import UsageError
from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.fills import DEFAULT_COSTS, Costs, execution_of
from quantmill.simulation.order_costs import PER_ORDER
from quantmill.simulation.presets import CLASSIC
from tests.markets import market_of, random_market

FIRST_FOUR = {"fill", "half_spread_bps", "half_spread_min_usd", "fee_usd"}


def test_half_spread_is_half_a_basis_point_and_at_least_half_a_cent() -> None:
    # 0.5 bp of 400 is 2 cents; of 50 it is a quarter of a cent, so half a cent is charged.
    execution = execution_of(market_of([400.0, 50.0]), Costs(fill="close"))

    assert execution.half_spread == pytest.approx([0.02, 0.005])


def test_half_spread_is_never_above_the_price() -> None:
    execution = execution_of(market_of([0.15]), Costs(fill="close", half_spread_min_usd=1.0))

    assert execution.half_spread == pytest.approx([0.15])


def test_default_and_classic_costs() -> None:
    assert (DEFAULT_COSTS.fill, DEFAULT_COSTS.half_spread_bps, DEFAULT_COSTS.half_spread_min_usd) == (
        "next_open",
        0.5,
        0.005,
    )
    classic = execution_of(market_of([10.0]), CLASSIC)
    assert (classic.delay_bars, classic.half_spread[0], classic.fees[0, PER_ORDER]) == (4, 0.0, 0.02)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("fill", "limit", "unknown fill 'limit'"),
        ("half_spread_bps", float("nan"), "half_spread_bps"),
        ("fee_usd", -1.0, "fee_usd"),
        ("fee_per_share_usd", -1.0, "fee_per_share_usd"),
        ("fee_min_usd", -1.0, "fee_min_usd"),
        ("fee_bps", float("inf"), "fee_bps"),
        ("atr_multiple", -0.1, "atr_multiple"),
        ("vwap_bars", 0, "vwap_bars is 0"),
        ("vwap_share_frac", 0.0, "vwap_share_frac"),
        ("vwap_share_frac", 1.1, "vwap_share_frac"),
        ("spread_by_minute", "steep", "spread_by_minute is 'steep'"),
    ],
)
def test_unusable_costs_are_refused(name: str, value: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Costs(**{name: value})


def test_options_that_decide_nothing_are_no_part_of_the_identity() -> None:
    assert set(DEFAULT_COSTS.identity) == FIRST_FOUR
    assert Costs(vwap_bars=9, atr_multiple=0.3).identity == DEFAULT_COSTS.identity
    assert set(Costs(fill="vwap", vwap_bars=9, atr_multiple=0.3).identity) == {*FIRST_FOUR, "vwap_bars"}
    assert set(Costs(fee_bps=1.0, regulatory_fees=True).identity) == {
        *FIRST_FOUR,
        "fee_bps",
        "regulatory_fees",
    }
    assert set(asdict(DEFAULT_COSTS)) == {one.name for one in fields(Costs)}


@pytest.mark.parametrize("fill", FILL_MODELS)
def test_arrays_have_the_type_the_kernel_was_compiled_for(fill: str) -> None:
    execution = execution_of(random_market(1), Costs(fill=fill, regulatory_fees=True))

    for array in (execution.fill_price, execution.half_spread, execution.fees, execution.most_shares):
        assert array.dtype == np.float64
        assert array.flags.c_contiguous
        assert array.flags.writeable
    assert np.isfinite(execution.fill_price).all()
    assert ((execution.half_spread >= 0.0) & (execution.half_spread <= execution.fill_price)).all()

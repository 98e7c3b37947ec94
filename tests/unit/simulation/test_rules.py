"""What rules may be asked for, how they are written down, and how large volatility lets a position be."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from quantmill.errors import UsageError
from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.market import Market
from quantmill.simulation.rules import NO_RULES, Rules
from tests.synthetic_sessions import bars_of_closes, random_bars


def test_rules_are_off_by_default_and_name_no_parameter() -> None:
    numbers = NO_RULES.numbers(FILL_MODELS["next_open"])

    assert not NO_RULES
    assert NO_RULES.parameters == {}
    assert (numbers.opens_long, numbers.opens_short, numbers.position_usd) == (True, False, inf)
    assert {numbers.stop_loss_frac, numbers.take_profit_frac, numbers.trailing_stop_frac} == {inf}
    assert (numbers.flat_at_close, numbers.borrow_frac) == (False, 0.0)


def test_parameters_are_those_that_are_on() -> None:
    rules = Rules(side="both", size="usd:1e4", stop_loss_frac=0.02, flat_at_close=True)

    assert rules
    assert rules.parameters == {
        "side": "both",
        "position_size": "usd:10000",
        "stop_loss_frac": 0.02,
        "flat_at_close": True,
    }


def test_the_same_size_written_otherwise_is_the_same() -> None:
    assert Rules(size="fraction:0.50") == Rules(size="fraction:.5")


@pytest.mark.parametrize(
    "size", ["half", "usd", "usd:", "usd:0", "usd:-1", "usd:nan", "usd:inf", "fraction:1.5", "all_in:1"]
)
def test_a_size_that_means_nothing_is_refused(size: str) -> None:
    with pytest.raises(UsageError, match="size"):
        Rules(size=size)


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": "up"},
        {"stop_loss_frac": 0.0},
        {"stop_loss_frac": 1.0},
        {"trailing_stop_frac": float("nan")},
        {"take_profit_frac": -0.1},
        {"borrow_bps": -1.0},
    ],
)
def test_rules_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Rules(**wrong)  # pyright: ignore[reportArgumentType]


def test_volatility_weight_by_hand() -> None:
    # Returns of ±1 % in turn over 70 bars of a session of 390 minutes: from bar 60 on the deviation of 30 and 30 returns of
    # ±0.01 with ddof 1 is 0.01 × √(60 / 59); a year has 252 × 390 minutes.
    moves = np.where(np.arange(70) % 2 == 0, 0.01, -0.01)
    market = Market.of("SPY", bars_of_closes([list(100.0 * np.exp(np.cumsum(moves)))]))

    weight = Rules(size="volatility:0.5").size_weight(market)

    yearly = 0.01 * np.sqrt(60 / 59) * np.sqrt(252 * 390)
    assert np.isnan(weight[:59]).all()
    assert weight[60:] == pytest.approx(np.full(10, 0.5 / yearly), rel=1e-9)
    assert Rules(size="volatility:100").size_weight(market)[60:].tolist() == [1.0] * 10


def test_volatility_weight_knows_no_future() -> None:
    market = Market.of("SPY", random_bars(3, n_sessions=4, bars_per_session=100))
    cut = 250
    changed = replace(market, close=np.append(market.close[:cut], market.close[cut:] * 1.5))

    before, after = (Rules(size="volatility:0.1").size_weight(one) for one in (market, changed))

    np.testing.assert_array_equal(before[:cut], after[:cut])
    assert np.isfinite(before[:cut]).sum() > 100


def test_only_sizes_of_the_equity_have_weights() -> None:
    market = Market.of("SPY", bars_of_closes([[10.0, 11.0]]))

    assert Rules(size="usd:100").size_weight(market).size == Rules().size_weight(market).size == 0
    assert Rules(size="fraction:0.25").size_weight(market).tolist() == [0.25, 0.25]

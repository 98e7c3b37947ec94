"""One trial under every fill model: rules that never act change nothing, and money adds up where they do."""

import numpy as np
import pytest

from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.fills import Costs
from quantmill.simulation.positions import OF_SIGNAL, STILL_OPEN
from quantmill.simulation.rules import Rules
from quantmill.simulation.trial import TrialSetup, exit_reasons_of, run_trial, trades_frame
from tests.signal_streams import random_stream

STREAM = random_stream(5, n_sessions=12, bars_per_session=60)


def setup_of(fill: str, rules: Rules) -> TrialSetup:
    return TrialSetup(
        3e-4, Costs(fill, vwap_share_frac=1.0, fee_per_share_usd=0.005, fee_min_usd=0.25), rules=rules
    )


@pytest.mark.parametrize("fill", FILL_MODELS)
def test_rules_that_never_act_change_no_figure(fill: str) -> None:
    # A target that no price reaches: the loop of rules runs, and closes nothing.
    never = Rules(take_profit_frac=1e6)

    plain = run_trial(STREAM, setup_of(fill, Rules()))
    ruled = run_trial(STREAM, setup_of(fill, never))

    slippage = [one.metrics.pop("fill_slippage_bps") for one in (plain, ruled)]
    assert ruled.metrics == plain.metrics
    # A sum in another order.
    assert slippage[0] == pytest.approx(slippage[1], rel=1e-9)
    np.testing.assert_array_equal(ruled.equity, plain.equity)
    assert plain.exit_reason is None
    assert set(exit_reasons_of(plain, STREAM, Costs(fill)).tolist()) <= {OF_SIGNAL, STILL_OPEN}
    np.testing.assert_array_equal(exit_reasons_of(plain, STREAM, Costs(fill)), ruled.exit_reason)


@pytest.mark.parametrize("fill", FILL_MODELS)
@pytest.mark.parametrize("side", ["long", "short", "both"])
def test_profits_add_up_to_what_was_earned(fill: str, side: str) -> None:
    rules = Rules(side, "fraction:0.5", 0.002, 0.003, 0.004, flat_at_close=True, borrow_bps=100.0)  # pyright: ignore[reportArgumentType]
    setup = setup_of(fill, rules)

    result = run_trial(STREAM, setup)
    trades = trades_frame(result, STREAM, setup)

    earned = float(result.equity[-1]) - setup.initial_cash_usd
    assert trades["pnl_usd"].sum() == pytest.approx(earned)
    assert trades["fees_usd"].sum() == pytest.approx(result.metrics["fees_usd"])
    sides = {"long": {1.0}, "short": {-1.0}, "both": {-1.0, 1.0}}[side]
    assert set(trades["shares"].sign()) == sides
    assert {"stop", "target", "close"} <= set(trades["exit_reason"])

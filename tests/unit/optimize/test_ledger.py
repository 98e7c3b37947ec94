"""Counts of the trial ledger, worked by hand."""

import pytest

from quantmill.optimize.ledger import Evidence, configuration_id, configuration_of, count_trials, record
from quantmill.simulation.fills import Costs
from quantmill.simulation.trial import TrialSetup
from quantmill.state.engine import State
from tests.markets import market_of, stream_of


def run(state: State, symbol: str, first: int, last: int, configurations: list[int]) -> None:
    with state.write() as connection:
        record(connection, Evidence(symbol, first, last), configurations, recorded_us=0)


def count(state: State, *evidence: Evidence) -> int:
    with state.read() as connection:
        return count_trials(connection, evidence)


def test_the_same_configuration_run_again_counts_once(state: State) -> None:
    run(state, "SPY", 100, 199, [1, 2, 3])
    run(state, "SPY", 100, 199, [3, 3, 4])

    assert count(state, Evidence("SPY", 100, 199)) == 4


def test_any_shared_session_counts_and_none_does_not(state: State) -> None:
    run(state, "SPY", 100, 199, [1, 2])
    run(state, "SPY", 199, 250, [2, 3])
    run(state, "SPY", 251, 300, [4, 5, 6])

    # Sessions 100…199: configurations 1, 2 of the first run and 2, 3 of the second, which shares session 199.
    assert count(state, Evidence("SPY", 100, 199)) == 3
    # Sessions 200…250: only the second run. 150…260: all three runs.
    assert count(state, Evidence("SPY", 200, 250)) == 2
    assert count(state, Evidence("SPY", 150, 260)) == 6
    assert count(state, Evidence("SPY", 301, 400)) == 0


def test_a_longer_run_holds_a_shorter_one(state: State) -> None:
    run(state, "SPY", 100, 300, [1])
    run(state, "SPY", 150, 160, [1, 2])

    assert count(state, Evidence("SPY", 155, 155)) == 2


def test_the_same_configuration_on_two_symbols_is_two_trials(state: State) -> None:
    run(state, "SPY", 100, 199, [1, 2])
    run(state, "QQQ", 100, 199, [1, 2, 3])

    assert count(state, Evidence("SPY", 100, 199)) == 2
    assert count(state, Evidence("SPY", 100, 199), Evidence("QQQ", 100, 199)) == 5


def test_a_configuration_from_before_an_option_came_is_the_same_one() -> None:
    stream = stream_of(market_of([10.0, 11.0]), [1.0, 1.0])
    # All parameters that there were when costs had four values.
    before = {
        "threshold": 1e-4,
        "z_score_check": False,
        "volatility_normalization": False,
        "use_bot": False,
        "regime_col": None,
        "allowed_regimes": None,
        "feature_gates": None,
        "initial_cash_usd": 100_000.0,
        "fill": "next_open",
        "half_spread_bps": 0.5,
        "half_spread_min_usd": 0.005,
        "fee_usd": 0.02,
    }

    now = configuration_of(stream.source, stream.filters, TrialSetup(1e-4))
    other = configuration_of(stream.source, stream.filters, TrialSetup(1e-4, Costs(fee_bps=1.0)))

    assert now == configuration_id("m-x", before)
    assert other != now


def test_two_stretches_of_one_symbol_count_a_configuration_once(state: State) -> None:
    run(state, "SPY", 100, 199, [1])
    run(state, "SPY", 300, 399, [1, 2])

    assert count(state, Evidence("SPY", 100, 120), Evidence("SPY", 350, 360)) == 2


def test_a_large_batch_is_recorded_whole(state: State) -> None:
    run(state, "SPY", 1, 2, list(range(25_000)))

    assert count(state, Evidence("SPY", 2, 2)) == 25_000


def test_identity_of_a_configuration_ignores_the_order_of_its_parameters() -> None:
    one = configuration_id("m-a", {"threshold": 0.001, "fill": "next_open"})
    same = configuration_id("m-a", {"fill": "next_open", "threshold": 0.001})

    assert one == same
    assert 0 <= one < 2**63


def test_identity_changes_with_each_part() -> None:
    ids = {
        configuration_id("m-a", {"threshold": 0.001}),
        configuration_id("m-b", {"threshold": 0.001}),
        configuration_id("m-a", {"threshold": 0.002}),
        configuration_id("m-a", {"threshold": "p90"}),
    }

    assert len(ids) == 4


def test_identity_stays_the_same_from_one_version_to_the_next() -> None:
    # sha256('["m-a",{"threshold":0.001}]') begins with the 16 digits given here (sha256sum), halved.
    assert configuration_id("m-a", {"threshold": 0.001}) == 0x7F52D6ADD1A3D1B4 >> 1


def test_evidence_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="before first session"):
        Evidence("SPY", 10, 9)

"""Counts of the trial ledger, worked by hand."""

from dataclasses import replace

import pytest

from quantmill.optimize.ledger import Evidence, configuration_of, configurations_of, count_trials, record
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
    now = configuration_of(stream.source, stream.filters, TrialSetup(1e-4))
    other = configuration_of(stream.source, stream.filters, TrialSetup(1e-4, Costs(fee_bps=1.0)))

    # sha256sum of the model and of all parameters that there were when costs had four values, as JSON:
    # ["m-x",{"allowed_regimes":null,"feature_gates":null,"fee_usd":0.02,"fill":"next_open","half_spread_bps":0.5,
    # "half_spread_min_usd":0.005,"initial_cash_usd":100000.0,"regime_col":null,"threshold":0.0001,"use_bot":false,
    # "volatility_normalization":false,"z_score_check":false}] begins with these 16 digits; 63 bits of them count.
    assert now == 0x92719DFCC7B90F55 >> 1
    assert other != now


def test_two_stretches_of_one_symbol_count_a_configuration_once(state: State) -> None:
    run(state, "SPY", 100, 199, [1])
    run(state, "SPY", 300, 399, [1, 2])

    assert count(state, Evidence("SPY", 100, 120), Evidence("SPY", 350, 360)) == 2


def test_a_large_batch_is_recorded_whole(state: State) -> None:
    run(state, "SPY", 1, 2, list(range(25_000)))

    assert count(state, Evidence("SPY", 2, 2)) == 25_000


def test_identity_changes_with_each_part() -> None:
    stream = stream_of(market_of([10.0, 11.0]), [1.0, 1.0])
    other = replace(stream.source, model_id="m-b")
    one = TrialSetup(0.001)

    ids = {
        configuration_of(stream.source, stream.filters, one),
        configuration_of(other, stream.filters, one),
        configuration_of(stream.source, replace(stream.filters, z_score_check=True), one),
        configuration_of(stream.source, stream.filters, replace(one, threshold=0.002)),
        configuration_of(stream.source, stream.filters, replace(one, threshold="p90")),
        configuration_of(stream.source, stream.filters, replace(one, initial_cash_usd=1e4)),
    }

    assert len(ids) == 6
    assert all(0 <= configuration < 2**63 for configuration in ids)


def test_identities_of_many_thresholds_are_those_of_each() -> None:
    stream = stream_of(market_of([10.0, 11.0]), [1.0, 1.0])
    thresholds = [0.0, 1e-4, 0.1 + 0.2, "p90"]

    many = configurations_of(stream.source, stream.filters, TrialSetup(), thresholds)

    assert many == [
        configuration_of(stream.source, stream.filters, TrialSetup(threshold)) for threshold in thresholds
    ]


def test_evidence_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="before first session"):
        Evidence("SPY", 10, 9)

"""SOURCE: vectorbt 1.2.0, scipy, scikit-learn: every metric of random runs and of real ones equals theirs."""

import math
from pathlib import Path

import numpy as np
import pytest

from quantmill.simulation.fills import DEFAULT_COSTS, Costs
from quantmill.simulation.metrics import METRIC_NAMES, MetricValue
from quantmill.simulation.presets import CLASSIC
from quantmill.simulation.signal import Stream
from quantmill.simulation.trial import TrialSetup, run_trial
from tests.metric_oracles import BY_HAND, ORACLES, Peer
from tests.signal_streams import random_stream, real_bars, reversal_stream

FREE = Costs(fill="next_open", half_spread_bps=0.0, half_spread_min_usd=0.0, fee_usd=0.0)
COSTS = (DEFAULT_COSTS, Costs(fill="close"), CLASSIC, FREE, Costs(half_spread_bps=5.0, fee_usd=1.0))
# The last is above nearly all strengths: a few trades, most sessions without any.
THRESHOLDS = (0.0, 1e-4, 4e-4, 7e-4)


def differences(stream: Stream, setup: TrialSetup) -> tuple[dict[str, MetricValue], list[str]]:
    """The metrics of a trial, and which of them are not another program's, to 1e-9."""
    metrics = run_trial(stream, setup).metrics
    peer = Peer(stream, setup)
    different: list[str] = []
    for name, oracle in ORACLES.items():
        theirs, ours = float(oracle(peer)), metrics[name]
        if not math.isfinite(theirs):
            is_same = ours is None
        else:
            # Sums of gains and losses that cancel leave an error of their size.
            is_same = ours is not None and math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-10)
        if not is_same:
            different.append(f"{name}: ours {ours}, theirs {theirs}, {setup}")
    return metrics, different


def test_each_metric_has_an_oracle() -> None:
    assert set(ORACLES) | BY_HAND == set(METRIC_NAMES)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_metrics_of_random_runs_are_those_of_other_programs() -> None:
    values: dict[str, set[MetricValue]] = {name: set() for name in METRIC_NAMES}

    for seed in range(40):
        n_sessions = (1, 2, 21, 45)[seed % 4]
        stream = random_stream(seed, n_sessions=n_sessions, bars_per_session=40)
        setup = TrialSetup(
            THRESHOLDS[seed % 3 if n_sessions < 3 else seed // 4 % 4],
            COSTS[seed % 5],
            initial_cash_usd=(250.0, 1e5)[seed % 7 > 0],
        )
        metrics, different = differences(stream, setup)
        assert different == []
        for name, value in metrics.items():
            values[name].add(value)

    # A comparison of figures that never vary would say little.
    assert {name for name, seen in values.items() if len(seen - {None, 0}) < 3} <= {
        "n_lapsed",
        "n_pending",
    }


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("costs", COSTS[:4], ids=["default", "close", "classic", "free"])
def test_metrics_of_a_run_on_real_bars_are_those_of_other_programs(real_data: Path, costs: Costs) -> None:
    stream = reversal_stream(real_bars(real_data / "bars" / "em2015_1m.parquet", "SPY"))
    assert stream.source.market.n_sessions == 153

    for threshold in (5e-5, 2e-4):
        metrics, different = differences(stream, TrialSetup(threshold, costs))

        assert different == []
        assert metrics["n_trades"] > 100
        assert np.isfinite([value for value in metrics.values() if value is not None]).all()

"""Trials of one source on several threads: same figures as alone, failures kept to themselves."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from quantmill.core.instants import day_of_date
from quantmill.optimize.batch_setup import BatchSetup
from quantmill.optimize.ledger import configuration_of, evidence_of
from quantmill.optimize.ranking import LEADERBOARD_COLUMNS
from quantmill.optimize.space import ParameterSpace
from quantmill.optimize.stream_trials import filters_of, stream_trials
from quantmill.optimize.sweep import sweep
from quantmill.optimize.trials import TRIAL_SCHEMA
from quantmill.simulation.gates import GateColumn
from quantmill.simulation.market import Market
from quantmill.simulation.metrics import METRIC_NAMES
from quantmill.simulation.rules import NO_RULES, Rules
from quantmill.simulation.run import parameters_of, run_id_of
from quantmill.simulation.signal import Filters, SignalSource, prepare_stream
from quantmill.simulation.trial import TrialSetup, run_trial

FIRST_DAY = day_of_date(date(2023, 1, 3))
N_SESSIONS, SESSION_BARS = 12, 60
UNGATED = ParameterSpace.parse({"gates": "none"})


def make_source(seed: int = 0, *, has_auto: bool = True) -> SignalSource:
    random = np.random.default_rng(seed)
    n_bars = N_SESSIONS * SESSION_BARS
    returns = random.normal(0, 1e-3, n_bars)
    close = 100 * np.exp(np.cumsum(returns))
    day = np.repeat(np.arange(FIRST_DAY, FIRST_DAY + N_SESSIONS), SESSION_BARS)
    minute = np.tile(np.arange(SESSION_BARS), N_SESSIONS)
    market = Market(
        symbol="SPY",
        ts_us=(day * 86_400 + 52_200 + 60 * minute) * 1_000_000,
        open=close * (1 + 1e-5),
        high=close * 1.001,
        low=close * 0.999,
        close=close,
        session=day,
        session_end=np.arange(1, N_SESSIONS + 1) * SESSION_BARS,
        volume=np.full(n_bars, 1000.0),
        vwap=np.full(n_bars, np.nan),
        minute=minute,
        session_minutes=np.full(n_bars, SESSION_BARS),
    )
    half = n_bars // 2
    percentiles = np.array([[1e-5, 1e-4, 2e-4, 4e-4], [2e-5, 2e-4, 4e-4, 8e-4]])
    return SignalSource(
        market=market,
        prediction=random.normal(0, 2e-4, n_bars),
        z_score=random.normal(0, 1.5, n_bars),
        volatility_ratio=np.exp(random.normal(0, 0.2, n_bars)),
        realized=np.append(returns[1:], np.nan),
        segment_end=np.array([half, n_bars]),
        auto_thresholds={False: percentiles, True: percentiles * 1.1} if has_auto else {},
        model_id="m-aaaaaaaaaa",
        model_name="noise",
    )


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def all_trials(
    source: SignalSource, space: ParameterSpace, executor: Executor, rules: Rules = NO_RULES
) -> pl.DataFrame:
    groups = stream_trials(enumerate(space))
    frame = pl.concat(sweep(source, groups, BatchSetup(rules=rules), executor=executor, n_threads=2))
    assert frame.schema == TRIAL_SCHEMA
    return frame.sort("trial")


def all_rows(source: SignalSource, space: ParameterSpace, executor: Executor) -> list[dict[str, object]]:
    return all_trials(source, space, executor).to_dicts()


def test_each_trial_has_the_figures_of_the_same_trial_run_alone(executor: Executor) -> None:
    source, space = make_source(), UNGATED

    rows = all_rows(source, space, executor)

    assert [row["trial"] for row in rows] == list(range(16))
    for row, parameters in zip(rows, space, strict=True):
        alone = run_trial(
            prepare_stream(source, filters_of(parameters)), TrialSetup(str(parameters["threshold"]))
        )
        assert {name: row[name] for name in METRIC_NAMES} == alone.metrics


def test_gated_trials_have_the_figures_of_the_same_trial_run_alone(executor: Executor) -> None:
    bare = make_source()
    state = np.random.default_rng(1).integers(0, 2, bare.market.n_bars).astype(np.float64)
    state[:100] = np.nan
    source = replace(bare, gate_columns={"regime_sma": GateColumn(state, "of the states")})
    space = ParameterSpace.parse({"gates": ["none", "sma:0", "sma:1"]})

    rows = all_rows(source, space, executor)

    assert [row["regime_col"] for row in rows] == [None] * 16 + ["regime_sma"] * 32
    assert [row["allowed_regimes"] for row in rows] == [None] * 16 + ["0"] * 16 + ["1"] * 16
    assert len({row["run_id"] for row in rows}) == len({row["configuration"] for row in rows}) == 48
    for row, parameters in zip(rows, space, strict=True):
        filters = filters_of(parameters)
        setup = TrialSetup(str(parameters["threshold"]))
        alone = run_trial(prepare_stream(source, filters), setup)
        assert {name: row[name] for name in METRIC_NAMES} == alone.metrics
        assert row["run_id"] == run_id_of(source, filters, setup)
    assert all(row["exposure_frac"] < rows[0]["exposure_frac"] for row in rows[16:48:16])


def test_trials_under_rules_have_the_figures_and_the_identity_of_the_same_run_alone(
    executor: Executor,
) -> None:
    source, rules = make_source(), Rules(side="short", size="volatility:0.2", trailing_stop_frac=0.01)

    frame = all_trials(source, UNGATED, executor, rules)

    assert frame["n_trades"].min() > 0
    for row, parameters in zip(frame.to_dicts(), UNGATED, strict=True):
        filters, setup = filters_of(parameters), TrialSetup(str(parameters["threshold"]), rules=rules)
        alone = run_trial(prepare_stream(source, filters), setup)
        assert {name: row[name] for name in METRIC_NAMES} == alone.metrics
        assert row["run_id"] == run_id_of(source, filters, setup)
        assert row["configuration"] == configuration_of(source, filters, setup)
        assert row["configuration"] != configuration_of(source, filters, replace(setup, rules=NO_RULES))
    columns = frame.select("side", "position_size", "trailing_stop_frac", "stop_loss_frac").unique()
    assert columns.rows() == [("short", "volatility:0.2", 0.01, None)]


def test_rules_that_are_off_are_no_part_of_a_configuration() -> None:
    rules = Rules("both", "usd:5", 0.1, 0.1, 0.1, flat_at_close=True, borrow_bps=1.0)

    assert parameters_of(Filters(), TrialSetup("p90")).keys().isdisjoint(rules.parameters)
    assert rules.parameters.keys() <= TRIAL_SCHEMA.keys()
    assert {*rules.parameters} <= {*LEADERBOARD_COLUMNS}


def test_a_regime_without_values_fails_its_own_trials_alone(executor: Executor) -> None:
    bare = make_source()
    nowhere = np.full(bare.market.n_bars, np.nan)
    source = replace(bare, gate_columns={"regime_gmm": GateColumn(nowhere, "nothing")})
    space = ParameterSpace.parse({"gates": ["none", "gmm:0"], "threshold": "p90"})

    frame = all_trials(source, space, executor)

    assert frame["status"].to_list() == ["completed"] * 4 + ["failed"] * 4
    assert "needs 42 sessions of QQQ" in frame["error"][4]
    assert frame["allowed_regimes"].to_list() == [None] * 4 + ["0"] * 4


def test_a_trial_that_fails_is_a_row_with_its_error_and_takes_no_other_along(executor: Executor) -> None:
    space = ParameterSpace.parse({"threshold": ["p90", 0.0001], "z_score_check": False, "gates": "none"})

    frame = all_trials(make_source(has_auto=False), space, executor)

    failed = frame.filter(status="failed")
    assert failed["threshold_rule"].to_list() == ["p90", "p90"]
    assert all("p90" in error for error in failed["error"])
    assert failed["symbol"].to_list() == ["SPY", "SPY"]
    assert frame.filter(status="completed")["threshold"].to_list() == [0.0001, 0.0001]


def test_an_automatic_threshold_is_shown_as_the_mean_over_bars(executor: Executor) -> None:
    space = ParameterSpace.parse(
        {"threshold": "p90", "z_score_check": False, "volatility_normalization": False, "gates": "none"}
    )

    (row,) = all_rows(make_source(), space, executor)

    # Two refits of equally many bars with thresholds 2e-4 and 4e-4.
    assert row["threshold"] == pytest.approx(3e-4, rel=1e-12)
    assert row["threshold_rule"] == "p90"


def test_moments_of_session_returns_rebuild_the_sharpe_ratio(executor: Executor) -> None:
    rows = all_rows(make_source(), UNGATED, executor)

    for row in rows:
        rebuilt = float(row["session_return_mean"]) / float(row["session_return_std"]) * np.sqrt(252)
        assert rebuilt == pytest.approx(row["sharpe"], rel=1e-12)


def test_a_trial_that_never_trades_has_no_sharpe_ratio_and_says_why(executor: Executor) -> None:
    space = ParameterSpace.parse(
        {"threshold": 0.5, "z_score_check": False, "volatility_normalization": False, "gates": "none"}
    )

    (row,) = all_rows(make_source(), space, executor)

    assert row["status"] == "completed"
    assert row["n_trades"] == 0
    assert row["sharpe"] is None
    assert '"sharpe":' in str(row["null_reasons"])


def test_evidence_is_the_sessions_of_the_bars() -> None:
    evidence = evidence_of(make_source())

    assert (evidence.symbol, evidence.first_session, evidence.last_session) == (
        "SPY",
        FIRST_DAY,
        FIRST_DAY + N_SESSIONS - 1,
    )


def test_a_grid_and_a_run_of_its_own_share_the_identity_of_a_configuration() -> None:
    source = make_source()
    parameters = {"threshold": "p90", "z_score_check": True, "volatility_normalization": False}

    in_grid = configuration_of(source, filters_of(parameters), BatchSetup().trial("p90"))
    alone = configuration_of(source, Filters(z_score_check=True), TrialSetup("p90"))

    assert in_grid == alone

"""A simulation from a file of predictions to a recorded run, in a real lake and state database."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sqlalchemy import update

from quantmill.core.bars import BAR_SCHEMA
from quantmill.errors import DataError, NotFoundError, UsageError
from quantmill.jobs.queue import JobQueue
from quantmill.lake.store import Lake
from quantmill.optimize.significance import significance_of
from quantmill.simulation.band import BAND_METRICS
from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.fills import Costs
from quantmill.simulation.history import get_run, list_runs, read_equity, read_trades
from quantmill.simulation.presets import CLASSIC
from quantmill.simulation.rules import Rules
from quantmill.simulation.run import simulate
from quantmill.simulation.signal import Filters, prepare_stream
from quantmill.simulation.source import file_source
from quantmill.simulation.trial import TrialSetup, Workspace, run_trial
from quantmill.state.tables.runs import RUN
from quantmill.testing.lakes import open_lake
from quantmill.verbs.simulate import run_lines
from tests.databases import Place
from tests.synthetic_sessions import random_bars

N_SESSIONS = 12
SETUP = TrialSetup(threshold=2e-4)


@pytest.fixture
def lake(tmp_path: Path, state_place: Place) -> Iterator[Lake]:
    bars = random_bars(1, n_sessions=N_SESSIONS, bars_per_session=60)
    rng = np.random.default_rng(2)
    spread = bars.close * 5e-4
    lake = open_lake(tmp_path, state=state_place)
    frame = pl.DataFrame(
        {
            "symbol": "SPY",
            "ts": bars.ts_us,
            "open": bars.close + rng.normal(0, 1, bars.n_bars) * spread * 0.3,
            "high": bars.close + spread,
            "low": bars.close - spread,
            "close": bars.close,
            "volume": 100.0,
            "provider": "sim",
            "feed": "sim",
        },
        schema_overrides={"ts": BAR_SCHEMA["ts"]},
    )
    lake.write("bars", frame)
    yield lake
    lake.state.close()


@pytest.fixture
def predictions(tmp_path: Path, lake: Lake) -> Path:
    bars = lake.read_bars("SPY")
    rng = np.random.default_rng(3)
    path = tmp_path / "mine.parquet"
    bars.select("ts", prediction=pl.Series(rng.normal(0, 2e-4, bars.height))).write_parquet(path)
    return path


def queue_of(lake: Lake) -> JobQueue:
    return JobQueue(lake.state, lake.clock)


def test_a_run_is_recorded_with_its_curves(lake: Lake, predictions: Path) -> None:
    result = simulate(lake, queue_of(lake), file_source(lake, predictions, "SPY"), setup=SETUP)

    run = result.run
    assert result.is_new
    assert run.run_id.startswith("r-")
    assert (run.symbol, run.source, run.model_id, run.model_name) == ("SPY", "file", None, "mine.parquet")
    assert {"synthetic", "external_predictions", "few_sessions"} <= set(run.labels)
    assert run.n_sessions == N_SESSIONS
    assert run.params["fill"] == "next_open"
    assert run.metrics["n_trades"] > 5
    assert run.metrics["final_equity_usd"] == result.equity["equity"][-1]
    assert run.metrics["n_trades"] == result.trades["exit_ts"].count()
    closed = result.trades.drop_nulls("exit_ts")
    assert closed["pnl_usd"].mean() == pytest.approx(run.metrics["expectancy_usd"])
    assert get_run(lake.state, run.run_id) == run
    assert read_equity(lake, run.run_id).equals(result.equity)
    assert read_trades(lake, run.run_id).equals(result.trades)
    assert lake.verify().ok


def test_a_run_keeps_its_figures_under_every_fill(lake: Lake, predictions: Path) -> None:
    source = file_source(lake, predictions, "SPY")

    run = simulate(lake, queue_of(lake), source, setup=SETUP).run
    vwap = simulate(lake, queue_of(lake), source, setup=replace(SETUP, costs=Costs("vwap"))).run

    assert run.band is not None
    assert set(run.band) == set(FILL_MODELS)
    assert run.band["next_open"] == {name: run.metrics[name] for name in BAND_METRICS}
    assert run.band["vwap"] == {name: vwap.metrics[name] for name in BAND_METRICS}
    assert vwap.counts["fill_windows_without_volume"] == 0
    assert "over all fill models: return from " in run_lines(run, significance_of(run, 1))[3]


def test_a_run_that_was_made_before_there_were_bands_is_shown_without(lake: Lake, predictions: Path) -> None:
    run = simulate(lake, queue_of(lake), file_source(lake, predictions, "SPY"), setup=SETUP).run
    with lake.state.write() as connection:
        old = json.dumps({name: run.params[name] for name in run.params if name not in SETUP.costs.idle})
        connection.execute(update(RUN).values(band=None, params=old))

    read = get_run(lake.state, run.run_id)

    assert read.band is None
    assert not any("fill models" in line for line in run_lines(read, significance_of(read, 1)))


def test_the_same_run_is_not_repeated_unless_forced(lake: Lake, predictions: Path) -> None:
    first = simulate(lake, queue_of(lake), file_source(lake, predictions, "SPY"), setup=SETUP)
    snapshot = lake.snapshot()

    again = simulate(lake, queue_of(lake), file_source(lake, predictions, "SPY"), setup=SETUP)
    forced = simulate(lake, queue_of(lake), file_source(lake, predictions, "SPY"), setup=SETUP, force=True)

    assert (again.is_new, forced.is_new) == (False, True)
    assert first.run.run_id == again.run.run_id == forced.run.run_id
    assert first.run.metrics == again.run.metrics == forced.run.metrics
    assert lake.snapshot() == snapshot, "the same curves are not stored twice"
    assert len(list_runs(lake.state)) == 1


def test_other_parameters_make_another_run(lake: Lake, predictions: Path) -> None:
    source = file_source(lake, predictions, "SPY")
    queue = queue_of(lake)

    ids = {
        simulate(lake, queue, source, setup=SETUP).run.run_id,
        simulate(lake, queue, source, setup=TrialSetup(threshold=3e-4)).run.run_id,
        simulate(lake, queue, source, setup=TrialSetup(2e-4, CLASSIC)).run.run_id,
        simulate(lake, queue, source, setup=SETUP, filters=Filters(z_score_check=True)).run.run_id,
    }

    assert len(ids) == 4
    assert {run.run_id for run in list_runs(lake.state, symbol="SPY")} == ids
    assert len(list_runs(lake.state, limit=2)) == 2
    assert list_runs(lake.state, symbol="QQQ") == []


def test_a_run_has_the_metrics_of_its_trial_in_a_grid(lake: Lake, predictions: Path) -> None:
    source = file_source(lake, predictions, "SPY")
    workspace = Workspace.of(source.market)
    stream = prepare_stream(source, Filters(z_score_check=True))
    setups = [TrialSetup(threshold, CLASSIC) for threshold in (0.0, 1e-4, 2e-4, 4e-4)]

    in_grid = [run_trial(stream, setup, workspace=workspace).metrics for setup in setups]
    alone = [
        simulate(lake, queue_of(lake), source, filters=Filters(z_score_check=True), setup=setup).run.metrics
        for setup in setups
    ]

    assert in_grid == alone


def test_rules_are_kept_with_the_run_and_its_trades_say_why_they_ended(lake: Lake, predictions: Path) -> None:
    source = file_source(lake, predictions, "SPY")
    rules = Rules(side="both", size="volatility:0.1", stop_loss_frac=0.002, flat_at_close=True)

    plain = simulate(lake, queue_of(lake), source, setup=SETUP)
    ruled = simulate(lake, queue_of(lake), source, setup=replace(SETUP, rules=rules))

    assert plain.run.params.keys().isdisjoint(rules.parameters)
    assert rules.parameters.items() <= ruled.run.params.items()
    assert set(plain.trades["exit_reason"].drop_nulls()) == {"signal"}
    assert {"stop", "close"} <= set(ruled.trades["exit_reason"]) <= {"signal", "stop", "close"}
    assert ruled.trades["shares"].min() < 0 < ruled.trades["shares"].max()
    ended = ruled.trades["exit_reason"].value_counts()
    assert {f"trades_closed_by_{name}": n for name, n in ended.iter_rows()} == {
        name: n for name, n in ruled.run.counts.items() if name.startswith("trades_closed_by_")
    }
    assert not any(name.startswith("trades_closed_by_") for name in plain.run.counts)
    # Every fill model of the band keeps the rules.
    assert ruled.run.band is not None
    assert ruled.run.band[SETUP.costs.fill] == {name: ruled.run.metrics[name] for name in BAND_METRICS}
    assert ruled.run.band["close"] != plain.run.band["close"]
    # Flat at every session's end.
    last_bars = source.market.session_end - 1
    assert not ruled.equity["position_shares"].to_numpy()[last_bars].any()
    earned = ruled.run.metrics["final_equity_usd"] - SETUP.initial_cash_usd
    assert ruled.trades["pnl_usd"].sum() == pytest.approx(earned)


def test_trades_recorded_before_reasons_were_kept_are_read_without_them(
    lake: Lake, predictions: Path
) -> None:
    new = simulate(lake, queue_of(lake), file_source(lake, predictions, "SPY"), setup=SETUP)
    old = new.trades.drop("exit_reason").with_columns(run_id=pl.lit("r-old"))
    lake.commit([lake.stage("trades", old, key="r-old")])

    trades = read_trades(lake, "r-old")

    assert trades.columns == new.trades.columns
    assert trades["exit_reason"].is_null().all()
    assert trades.drop("exit_reason").equals(old)


def test_a_run_without_trades_has_reasons_instead_of_figures(lake: Lake, predictions: Path) -> None:
    result = simulate(
        lake, queue_of(lake), file_source(lake, predictions, "SPY"), setup=TrialSetup(threshold=1.0)
    )

    assert result.trades.height == 0
    assert result.run.metrics["sharpe"] is None
    assert result.run.metrics["total_return_frac"] == 0.0
    assert result.run.null_reasons["win_rate_frac"] == "no completed round trip"
    assert set(result.run.null_reasons) == {k for k, v in result.run.metrics.items() if v is None}


def test_bars_of_a_single_venue_are_told_from_others(lake: Lake, predictions: Path) -> None:
    bars = lake.read_bars("SPY").drop("ingested_at")
    is_venue = pl.col("ts").rank() <= 60
    provider = pl.when(is_venue).then(pl.lit("iex")).otherwise(pl.lit("files"))
    lake.write("bars", bars.with_columns(symbol=pl.lit("IWM"), provider=provider, feed=pl.lit("tops")))

    source = file_source(lake, predictions, "IWM")
    run = simulate(lake, queue_of(lake), source, setup=SETUP).run

    assert source.grades == {"single venue": 60, "recorded": bars.height - 60}
    assert run.labels["single_venue"].startswith(f"60 of {bars.height:,} bars")


def test_what_cannot_be_simulated_says_why(lake: Lake, predictions: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="QQQ"):
        file_source(lake, predictions, "QQQ")
    with pytest.raises(UsageError, match="needs a model"):
        simulate(lake, queue_of(lake), file_source(lake, predictions, "SPY"), setup=TrialSetup("p90"))
    with pytest.raises(NotFoundError, match="no run 'r-none'"):
        get_run(lake.state, "r-none")
    shifted = tmp_path / "shifted.parquet"
    pl.read_parquet(predictions).with_columns(pl.col("ts") + pl.duration(seconds=7)).write_parquet(shifted)
    with pytest.raises(DataError, match="none of the"):
        file_source(lake, shifted, "SPY")

    assert list_runs(lake.state) == []

"""A trained model simulated: its walk-forward sessions alone, its own thresholds, the grid's figures."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import polars as pl
import pytest

from quantmill.core.clock import FixedClock
from quantmill.core.instants import date_of_day
from quantmill.datasets.recipe import DatasetRecipe
from quantmill.errors import NoDataError
from quantmill.jobs.queue import JobQueue
from quantmill.models.predictions import read_predictions
from quantmill.models.recipe import TrainingRecipe
from quantmill.models.record import ModelRecord
from quantmill.models.training import train
from quantmill.simulation.fills import Costs, execution_of
from quantmill.simulation.kernel import run_kernel
from quantmill.simulation.run import simulate
from quantmill.simulation.signal import Filters, prepare_stream
from quantmill.simulation.source import Sessions, model_source
from quantmill.simulation.thresholds import AUTO_RULES, segment_thresholds
from quantmill.simulation.trial import TrialSetup, Workspace, run_trial
from tests.databases import Databases
from tests.trained_home import TrainedHome, fill_home

FREE = Costs(fill="next_open", half_spread_bps=0.0, half_spread_min_usd=0.0, fee_usd=0.0)


@pytest.fixture(scope="module")
def trained(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TrainedHome, ModelRecord]]:
    root = tmp_path_factory.mktemp("home")
    home = fill_home(root, n_sessions=40, state=databases.fresh(root))
    recipe = TrainingRecipe(DatasetRecipe(symbol="SPY"))
    yield home, train(home.lake, home.state, recipe, models_path=home.models_path, name="bounce").record
    home.state.close()


def test_only_walk_forward_sessions_are_traded(trained: tuple[TrainedHome, ModelRecord]) -> None:
    home, model = trained

    source = model_source(home.lake, model)

    # Sessions 16 … 33 of 40: from 40 % to 85 %.
    sessions = home.lake.sessions("SPY")["session"].to_list()
    traded = [date_of_day(day) for day in np.unique(source.market.session)]
    assert traded == sessions[16:34]
    assert np.isfinite(source.prediction).all()
    predictions = read_predictions(home.lake, model.id)
    assert source.prediction.tolist() == predictions["prediction"].to_list()
    assert source.counts["predictions_outside_test_sessions"] == 0
    assert (source.model_id, source.feature_set, source.feature_version) == (
        model.id,
        "core",
        model.feature_version,
    )
    # Each refit has the thresholds of its own training part.
    stream = prepare_stream(source, Filters())
    wanted = [fold["abs_e_quantiles"]["plain"][2] for fold in model.folds]
    assert segment_thresholds(stream, "p90").tolist() == wanted
    assert len(set(wanted)) == len(wanted) == source.segment_end.size
    for fold, end in zip(model.folds, source.segment_end, strict=True):
        assert date_of_day(source.market.session[end - 1]) == date.fromisoformat(str(fold["test_last"]))


def test_a_planted_pattern_is_earned_at_no_cost(trained: tuple[TrainedHome, ModelRecord]) -> None:
    home, model = trained
    queue = JobQueue(home.state, FixedClock(home.lake.clock.now()))

    result = simulate(home.lake, queue, model_source(home.lake, model), setup=TrialSetup("p50", FREE))

    # Opens equal the close before, so the bounce is tradable; at no cost it must pay far more than chance.
    assert result.run.metrics["hit_rate_frac"] > 0.55
    assert result.run.metrics["total_return_frac"] > 0.02
    assert result.run.labels.keys() - {"open_position", "overnight_fills"} == {"few_sessions"}


def test_sessions_can_be_narrowed_but_not_into_the_holdout(trained: tuple[TrainedHome, ModelRecord]) -> None:
    home, model = trained
    sessions = home.lake.sessions("SPY")["session"].to_list()

    part = model_source(home.lake, model, sessions=Sessions(sessions[20], None))

    assert date_of_day(part.market.session[0]) == sessions[20]
    assert date_of_day(part.market.session[-1]) == sessions[33]
    with pytest.raises(NoDataError, match="no bar of SPY"):
        model_source(home.lake, model, sessions=Sessions(start=sessions[34]))


def test_bars_after_the_test_sessions_change_nothing(trained: tuple[TrainedHome, ModelRecord]) -> None:
    home, model = trained
    before = model_source(home.lake, model)
    last = home.lake.read_bars("SPY").tail(60)
    home.lake.write(
        "bars", last.with_columns(pl.col("open", "high", "low", "close") * 3), on_conflict="replace"
    )

    after = model_source(home.lake, model)

    assert after.input_digest == before.input_digest


def test_two_threads_give_what_one_gives_and_compile_once(trained: tuple[TrainedHome, ModelRecord]) -> None:
    home, model = trained
    source = model_source(home.lake, model)
    setups = [
        TrialSetup(rule, costs) for rule in AUTO_RULES for costs in (FREE, Costs(), Costs(fill="close"))
    ]
    streams = [prepare_stream(source, Filters(z, v)) for z in (True, False) for v in (True, False)]
    trials = [(stream, setup) for stream in streams for setup in setups]

    alone = [run_trial(stream, setup).metrics for stream, setup in trials]
    with ThreadPoolExecutor(2) as threads:
        together = list(
            threads.map(
                lambda trial: (
                    run_trial(
                        *trial,
                        execution=execution_of(source.market, trial[1].costs),
                        workspace=Workspace.of(source.market),
                    ).metrics
                ),
                trials,
            )
        )

    assert alone == together
    # Another set of argument types would compile again in every process.
    assert len(run_kernel.signatures) == 1

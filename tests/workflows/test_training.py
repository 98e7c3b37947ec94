import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sqlalchemy import Connection, delete, update

from quantmill.core.bars import UTC_TIME
from quantmill.datasets.build import build_dataset
from quantmill.datasets.recipe import DatasetRecipe
from quantmill.errors import (
    ArtifactError,
    DataError,
    FeatureMismatchError,
    ModelError,
    NotFoundError,
    UsageError,
)
from quantmill.features.build import build_features
from quantmill.features.read import read_features
from quantmill.features.sets import feature_set_named
from quantmill.models.algorithms import find_algorithm
from quantmill.models.loading import load_pipeline
from quantmill.models.predictions import read_predictions
from quantmill.models.recipe import TrainingRecipe
from quantmill.models.registry import find_model, list_models
from quantmill.models.training import train
from quantmill.state.tables.features import FEATURE_CERTIFICATE
from tests.databases import Databases
from tests.trained_home import TrainedHome, bouncing_bars, fill_home, open_home

RECIPE = TrainingRecipe(DatasetRecipe(symbol="SPY"), params={"alpha": 0.01, "l1_ratio": 0.5})


@pytest.fixture(scope="module")
def filled(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainedHome]:
    root = tmp_path_factory.mktemp("home")
    home = fill_home(root, state=databases.fresh(root))
    yield home
    home.state.close()


def test_training_publishes_model_and_predictions(filled: TrainedHome) -> None:
    trained = train(
        filled.lake, filled.state, RECIPE, models_path=filled.models_path, name="bounce", force=True
    )

    record = trained.record
    predictions = read_predictions(filled.lake, record.id)
    bars = filled.lake.read_bars("SPY")
    assert trained.is_new
    assert find_model(filled.state, "bounce", "SPY") == record
    assert record.metrics["walk_forward"]["ic"] > 0.1
    assert record.metrics["walk_forward"]["naive_price_rmse_usd"] > 0.0
    assert record.report["x_shape"] == [24 * 60, len(record.features)]
    assert record.report["final"]["n_purged"] == 1
    assert "sma_20" not in record.features
    assert "sma_20_dist" in record.features
    # Sessions 9 to 19 of 24 are predicted, every bar of them.
    wanted = bars["ts"].to_list()[9 * 60 : 20 * 60]
    assert predictions["ts"].to_list() == wanted
    assert predictions.columns == ["model_id", "symbol", "ts", "prediction", "fold"]
    assert predictions["prediction"].null_count() == 0
    assert predictions["fold"].unique().sort().to_list() == [0, 1, 2, 3, 4]


def test_the_same_recipe_trains_nothing_again(filled: TrainedHome) -> None:
    first = train(filled.lake, filled.state, RECIPE, models_path=filled.models_path).record
    snapshot = filled.lake.snapshot()

    again = train(filled.lake, filled.state, RECIPE, models_path=filled.models_path)
    renamed = train(filled.lake, filled.state, RECIPE, models_path=filled.models_path, name="renamed")

    assert not again.is_new
    assert again.record == first
    assert renamed.record.name == "renamed"
    assert filled.lake.snapshot() == snapshot
    assert len([model for model in list_models(filled.state) if model.id == first.id]) == 1


def test_force_trains_again_with_the_same_result(filled: TrainedHome) -> None:
    first = train(filled.lake, filled.state, RECIPE, models_path=filled.models_path).record
    before = read_predictions(filled.lake, first.id)

    again = train(filled.lake, filled.state, RECIPE, models_path=filled.models_path, force=True)

    assert again.is_new
    assert again.record.id == first.id
    assert again.record.metrics == first.metrics
    assert read_predictions(filled.lake, first.id).equals(before)
    load_pipeline(again.record, filled.models_path)
    assert [file.name for file in filled.models_path.glob(f"{first.id}*")] == [again.record.artifact]


def test_loaded_model_takes_raw_feature_rows(filled: TrainedHome) -> None:
    record = train(filled.lake, filled.state, RECIPE, models_path=filled.models_path).record
    features = read_features(filled.lake, filled.state, "SPY")

    model = load_pipeline(record, filled.models_path)

    predicted = model.predict(features)
    shuffled = model.predict(features.select(reversed(features.columns)))
    assert predicted.shape == (features.height,)
    assert np.isfinite(predicted).all()
    np.testing.assert_array_equal(shuffled, predicted)
    with pytest.raises(FeatureMismatchError, match="missing: rsi_14"):
        model.predict(features.drop("rsi_14"))


def test_a_lost_artifact_is_told_and_trained_again(filled: TrainedHome) -> None:
    record = train(filled.lake, filled.state, RECIPE, models_path=filled.models_path).record
    (filled.models_path / record.artifact).unlink()

    with pytest.raises(ArtifactError, match="cannot be read"):
        load_pipeline(record, filled.models_path)
    again = train(filled.lake, filled.state, RECIPE, models_path=filled.models_path)

    assert again.is_new
    load_pipeline(again.record, filled.models_path)


def test_nothing_is_published_when_the_completing_transaction_fails(filled: TrainedHome) -> None:
    recipe = TrainingRecipe(DatasetRecipe(symbol="SPY"), seed=17)
    snapshot = filled.lake.snapshot()

    @contextmanager
    def losing() -> Iterator[Connection]:
        with filled.state.write() as connection:
            yield connection
            raise RuntimeError("the lease is lost")

    with pytest.raises(RuntimeError, match="the lease is lost"):
        train(filled.lake, filled.state, recipe, models_path=filled.models_path, completing=losing)

    model_id = recipe.model_id(build_dataset(filled.lake, filled.state, recipe.dataset))
    assert filled.lake.snapshot() == snapshot
    assert read_predictions(filled.lake, model_id).height == 0
    assert not list(filled.models_path.glob(f"{model_id}*"))
    assert filled.lake.verify().ok
    with pytest.raises(NotFoundError):
        find_model(filled.state, model_id)


@pytest.mark.parametrize(
    ("features", "error", "message", "hint"),
    [
        (("sma_20",), UsageError, "sma_20 is a price level", "use sma_20_dist"),
        (("close",), UsageError, "close is a raw price", "use log_return_1m"),
        (("rsi_15",), NotFoundError, "no feature 'rsi_15'", "use rsi_14"),
        (("ts",), UsageError, "ts is an identifier", "stationary features"),
    ],
)
def test_columns_that_may_not_enter_are_refused(
    filled: TrainedHome, features: tuple[str, ...], error: type[Exception], message: str, hint: str
) -> None:
    recipe = TrainingRecipe(DatasetRecipe(symbol="SPY", features=features))

    with pytest.raises(error, match=message) as caught:
        train(filled.lake, filled.state, recipe, models_path=filled.models_path)

    assert hint in getattr(caught.value, "hint")  # noqa: B009 - both errors have it


def test_levels_enter_when_allowed_and_it_is_said(filled: TrainedHome) -> None:
    recipe = DatasetRecipe(symbol="SPY", features=("sma_20", "rsi_14"), levels="allow")

    dataset = build_dataset(filled.lake, filled.state, recipe)

    assert set(dataset.names) == {"sma_20", "rsi_14"}
    assert any("price levels enter the model" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("recipe", "error", "message"),
    [
        (DatasetRecipe(symbol="NONE"), NotFoundError, "NONE"),
        (DatasetRecipe(symbol="SPY", feature_set="gore"), NotFoundError, "no feature set 'gore'"),
        (DatasetRecipe(symbol="SPY", feature_version="ffffffff"), NotFoundError, "core@ffffffff"),
        (DatasetRecipe(symbol="SPY", hours="extended"), UsageError, "is made of regular bars"),
        (DatasetRecipe(symbol="SPY", horizon_bars=60), DataError, "no bar has both features and a label"),
    ],
)
def test_datasets_that_cannot_be_built_are_refused(
    filled: TrainedHome, recipe: DatasetRecipe, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        build_dataset(filled.lake, filled.state, recipe)


def test_uncertified_features_are_never_trained_on(tmp_path: Path) -> None:
    home = fill_home(tmp_path, n_sessions=20)
    with home.state.write() as connection:
        unproved = FEATURE_CERTIFICATE.c.name == "rsi_14"
        connection.execute(update(FEATURE_CERTIFICATE).where(unproved).values(ok=False))

    dataset = build_dataset(home.lake, home.state, DatasetRecipe(symbol="SPY"))

    assert "rsi_14" not in dataset.names
    assert "left out, not proved to see no future: rsi_14" in dataset.notes
    with pytest.raises(
        ModelError, match=r"1 of 2 features of core@.* are not proved to see no future: rsi_14"
    ):
        build_dataset(home.lake, home.state, DatasetRecipe(symbol="SPY", features=("rsi_14", "ibs")))

    with home.state.write() as connection:
        connection.execute(delete(FEATURE_CERTIFICATE))
    with pytest.raises(ModelError, match="are not proved"):
        build_dataset(home.lake, home.state, DatasetRecipe(symbol="SPY"))


def test_too_few_sessions_and_stale_features_are_told(tmp_path: Path) -> None:
    home = fill_home(tmp_path, n_sessions=12)

    with pytest.raises(DataError, match="12 sessions, a model needs at least 20"):
        train(home.lake, home.state, RECIPE, models_path=home.models_path)

    home.lake.write("bars", bouncing_bars("SPY", n_sessions=14, bars_per_session=60))
    notes = build_dataset(home.lake, home.state, RECIPE.dataset).notes
    assert any("120 bars of SPY have no features" in note for note in notes)
    assert any("the bars changed after the features were built" in note for note in notes)


# Of each library one, and one that searches.
ALGORITHMS = ("elasticnet", "xgboost_regressor", "lightgbm_classifier", "random_forest_regressor")

_TRAIN_ELSEWHERE = """
import sys
from pathlib import Path
from tests.trained_home import fill_home
from tests.workflows.test_training import ALGORITHMS, fingerprint
home = fill_home(Path(sys.argv[1]))
print("fingerprints", *(fingerprint(home, algorithm) for algorithm in ALGORITHMS), sep="\\n")
"""


def fingerprint(home: TrainedHome, algorithm: str) -> str:
    declared = find_algorithm(algorithm)
    params = {} if algorithm == "elasticnet" else {"n_estimators": 8}
    recipe = TrainingRecipe(
        DatasetRecipe(symbol="SPY", kind=declared.target_kind), algorithm=algorithm, params=params
    )
    model_id = train(home.lake, home.state, recipe, models_path=home.models_path).record.id
    values = read_predictions(home.lake, model_id)["prediction"].to_numpy()
    return f"{model_id} {hashlib.sha256(values.tobytes()).hexdigest()}"


def test_another_process_gets_the_same_ids_and_the_same_bits(filled: TrainedHome, tmp_path: Path) -> None:
    here = [fingerprint(filled, algorithm) for algorithm in ALGORITHMS]
    repository = Path(__file__).resolve().parents[2]
    paths = os.pathsep.join([str(repository / "src"), str(repository)])

    finished = subprocess.run(
        [sys.executable, "-c", _TRAIN_ELSEWHERE, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout.split("fingerprints\n")[1].split("\n")[:-1] == here


@pytest.fixture(scope="module")
def real_home(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainedHome:
    """Half a year of SPY."""
    home = open_home(tmp_path_factory.mktemp("real"))
    bars = pl.read_parquet(real_data / "bars" / "em2015_1m.parquet").filter(pl.col("symbol") == "SPY")
    home.lake.write(
        "bars",
        bars.select(
            "symbol",
            pl.col("ts").cast(UTC_TIME),
            *(pl.col(name).cast(pl.Float64) for name in ("open", "high", "low", "close", "volume")),
            provider=pl.lit("files"),
            feed=pl.lit("em2015"),
        ),
    )
    build_features(home.lake, home.state, feature_set_named("core"), "SPY")
    return home


def test_real_bars_of_half_a_year_train_within_five_cpu_seconds(real_home: TrainedHome) -> None:
    started = time.process_time()

    record = train(real_home.lake, real_home.state, RECIPE, models_path=real_home.models_path).record

    cpu_s = time.process_time() - started
    walk_forward = record.metrics["walk_forward"]
    # 153 sessions: 61 to 130 are predicted; each has one bar without a label.
    assert record.report["n_sessions"] == 153
    assert record.report["final"]["n_purged"] == 1
    assert walk_forward["n"] == record.report["walk_forward_rows"] - 69
    assert record.report["missing_values"]["log_return_1m"] == 153
    assert abs(walk_forward["price_rmse_gain_frac"]) < 0.01
    assert min(record.metrics["n_nonzero_by_fold"]) > 0
    assert all(fold["abs_e_quantiles"]["vol_normalized"] for fold in record.folds)
    assert cpu_s < 5.0


@pytest.mark.parametrize(("algorithm", "neutral"), [("elasticnet", 0.0), ("lightgbm_classifier", 0.5)])
def test_each_default_threshold_trades_a_different_share_of_real_bars(
    real_home: TrainedHome, algorithm: str, neutral: float
) -> None:
    recipe = TrainingRecipe(
        DatasetRecipe(symbol="SPY", kind=find_algorithm(algorithm).target_kind), algorithm=algorithm
    )

    record = train(real_home.lake, real_home.state, recipe, models_path=real_home.models_path).record

    predictions = read_predictions(real_home.lake, record.id)
    strength = np.abs(predictions["prediction"].to_numpy() - neutral)
    fold = predictions["fold"].to_numpy()
    shares: list[float] = []
    for at in range(4):
        threshold = np.array([one["abs_e_quantiles"]["plain"][at] for one in record.folds])[fold]
        shares.append(float((strength > threshold).mean()))
    assert all(more > 1.5 * less > 0.0 for more, less in pairwise(shares))

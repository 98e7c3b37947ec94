import hashlib
import time
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from quantmill.errors import ArtifactError
from quantmill.models.algorithms import ALGORITHMS, find_algorithm
from quantmill.models.artifact import (
    ALLOWED_TYPES,
    check_predictions,
    load_artifact,
    make_check,
    save_artifact,
)
from quantmill.models.fit import fit
from quantmill.models.fitting import fit_recipe
from quantmill.models.learning import TrainingRows
from quantmill.models.pipeline import FitSettings
from quantmill.models.recipe import TrainingRecipe
from quantmill.models.sklearn_adapter import SklearnPipeline
from tests.synthetic_sessions import planted_dataset

DATASET = planted_dataset()
LABELED = np.flatnonzero(DATASET.has_label)
# The last column holds labels: categories and one-hot columns are kept as well.
X = np.column_stack([DATASET.x[:, :3], np.arange(DATASET.n_rows) % 3])
SCALING = ("standard", "robust", "passthrough", "category")
PENALTY = {"alpha": 0.01, "l1_ratio": 0.5}


@pytest.fixture(scope="module")
def pipeline() -> SklearnPipeline:
    return fit_recipe(TrainingRecipe(DATASET.recipe, params=PENALTY), DATASET).final.pipeline


def foreign(x: np.ndarray) -> np.ndarray:
    return x


def test_loaded_pipeline_predicts_the_same_bits(pipeline: SklearnPipeline, tmp_path: Path) -> None:
    path, sha256 = save_artifact(pipeline, tmp_path / "models", "m-aaaaaaaaaa")

    loaded = load_artifact(path, sha256)

    np.testing.assert_array_equal(loaded.predict(DATASET.x), pipeline.predict(DATASET.x))
    assert loaded.names == DATASET.names
    assert [file.name for file in path.parent.iterdir()] == [f"m-aaaaaaaaaa.{sha256[:8]}.skops"]


def fitted(algorithm: str) -> SklearnPipeline:
    declared = find_algorithm(algorithm)
    few: dict[str, int | str] = (
        {"n_estimators": 5} if "n_estimators" in {one.name for one in declared.parameters} else {}
    )
    y = DATASET.y[LABELED]
    part = TrainingRows(
        X[LABELED],
        y if declared.kind == "regressor" else (y > 0.0).astype(np.float64),
        DATASET.rows.take(LABELED),
        embargo_bars=5,
    )
    if declared.name.startswith(("xgboost", "lightgbm")):
        few |= {"regime_encoding": "category"}
    return fit(FitSettings(algorithm, declared.resolve(few), DATASET.names, SCALING, seed=1), part).pipeline


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_every_algorithm_comes_back_bit_for_bit(algorithm: str, tmp_path: Path) -> None:
    model = fitted(algorithm)
    path, sha256 = save_artifact(model, tmp_path, "m-aaaaaaaaaa")

    started = time.process_time()
    loaded = load_artifact(path, sha256)

    assert time.process_time() - started < 2.0
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_no_type_is_allowed_that_no_algorithm_needs(tmp_path: Path) -> None:
    found: set[str] = set()
    for algorithm in ALGORITHMS:
        found |= set(skops.io.get_untrusted_types(data=skops.io.dumps(fitted(algorithm).estimator)))

    assert found <= set(ALLOWED_TYPES)
    assert set(ALLOWED_TYPES) - found <= {"numpy.dtype"}  # known to newer versions of skops


def test_a_boosted_model_with_a_changed_byte_is_refused(tmp_path: Path) -> None:
    path, sha256 = save_artifact(fitted("xgboost_regressor"), tmp_path, "m-aaaaaaaaaa")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(ArtifactError, match="was altered"):
        load_artifact(path, sha256)


def test_one_changed_byte_is_found(pipeline: SklearnPipeline, tmp_path: Path) -> None:
    path, sha256 = save_artifact(pipeline, tmp_path, "m-aaaaaaaaaa")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(ArtifactError, match="was altered"):
        load_artifact(path, sha256)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot be read: No such file"):
        load_artifact(tmp_path / "gone.skops", "0" * 64)


def test_a_file_that_is_no_skops_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.skops"
    path.write_bytes(b"not a zip file")

    with pytest.raises(ArtifactError, match="no readable skops file"):
        load_artifact(path, hashlib.sha256(b"not a zip file").hexdigest())


def test_a_foreign_type_is_refused_even_with_the_right_hash(tmp_path: Path) -> None:
    content = skops.io.dumps(Pipeline([("select", FunctionTransformer(foreign))]))
    path = tmp_path / "foreign.skops"
    path.write_bytes(content)

    with pytest.raises(ArtifactError, match="foreign type"):
        load_artifact(path, hashlib.sha256(content).hexdigest())


def test_a_pipeline_of_other_steps_is_refused(tmp_path: Path) -> None:
    content = skops.io.dumps(Pipeline([("scale", StandardScaler())]))
    path = tmp_path / "other.skops"
    path.write_bytes(content)

    with pytest.raises(ArtifactError, match="not a pipeline of select, impute, scale, model"):
        load_artifact(path, hashlib.sha256(content).hexdigest())


def test_prediction_check_tells_another_model(pipeline: SklearnPipeline) -> None:
    check = make_check(pipeline, DATASET.x)
    other = planted_dataset(9)
    other_pipeline = fit_recipe(TrainingRecipe(other.recipe, params=PENALTY), other).final.pipeline

    check_predictions(pipeline, check)
    with pytest.raises(ArtifactError, match="where it predicted"):
        check_predictions(other_pipeline, check)

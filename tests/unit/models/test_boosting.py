from dataclasses import replace

import numpy as np
import pytest

from quantmill.datasets.dataset import Dataset
from quantmill.datasets.inner_folds import stopping_fold
from quantmill.errors import UsageError
from quantmill.models.algorithms import find_algorithm
from quantmill.models.fit import Fitted, fit
from quantmill.models.fitting import fit_recipe
from quantmill.models.learning import TrainingRows
from quantmill.models.pipeline import FitSettings
from quantmill.models.recipe import TrainingRecipe
from tests.synthetic_sessions import planted_dataset

DATASET = planted_dataset(n_sessions=24, bars_per_session=40, strength=0.5)
LABELED = np.flatnonzero(DATASET.has_label)
PART = TrainingRows(DATASET.x[LABELED], DATASET.y[LABELED], DATASET.rows.take(LABELED), embargo_bars=5)
BOOSTED = ("xgboost_regressor", "lightgbm_regressor")


def direction(dataset: Dataset) -> Dataset:
    rose = np.where(dataset.has_label, dataset.y > 0.0, np.nan)
    return replace(dataset, recipe=replace(dataset.recipe, kind="direction"), y=rose)


def learn(algorithm: str, part: TrainingRows = PART, **params: float) -> Fitted:
    resolved = find_algorithm(algorithm).resolve({"learning_rate": 0.2, "n_estimators": 60} | params)
    return fit(FitSettings(algorithm, resolved, DATASET.names, DATASET.scaling, seed=3), part)


@pytest.mark.parametrize("algorithm", BOOSTED)
def test_boosting_stops_when_later_sessions_gain_nothing(algorithm: str) -> None:
    stopped = learn(algorithm, early_stopping_rounds=5)
    whole = learn(algorithm, early_stopping_rounds=0)

    assert stopped.details["n_trees"] < whole.details["n_trees"] == 60


@pytest.mark.parametrize("algorithm", BOOSTED)
def test_trees_grow_on_the_rows_before_those_held_back(algorithm: str) -> None:
    fold = stopping_fold(PART.rows, embargo_bars=5)
    stopped = learn(algorithm, early_stopping_rounds=60)
    alone = learn(
        algorithm, PART.take(fold.train), n_estimators=stopped.details["n_trees"], early_stopping_rounds=0
    )

    np.testing.assert_array_equal(alone.pipeline.predict(DATASET.x), stopped.pipeline.predict(DATASET.x))


@pytest.mark.parametrize("algorithm", BOOSTED)
def test_scale_of_the_target_does_not_change_the_trees(algorithm: str) -> None:
    # Gamma 0.1 on raw 1-minute returns would allow no split.
    small = learn(algorithm)
    large = learn(algorithm, replace(PART, y=1024.0 * PART.y))

    assert small.details == large.details
    np.testing.assert_allclose(
        large.pipeline.predict(DATASET.x), 1024.0 * small.pipeline.predict(DATASET.x), rtol=1e-4, atol=1e-8
    )


@pytest.mark.parametrize("algorithm", ["xgboost_classifier", "logistic"])
def test_a_classifier_predicts_probabilities_and_is_judged_as_one(algorithm: str) -> None:
    dataset = direction(DATASET)
    params = {} if algorithm == "logistic" else {"n_estimators": 20}

    fits = fit_recipe(TrainingRecipe(dataset.recipe, algorithm=algorithm, params=params), dataset)

    assert ((fits.predictions > 0.0) & (fits.predictions < 1.0)).all()
    assert fits.metrics["walk_forward"]["roc_auc"] > 0.55
    for record in fits.fold_records:
        quantiles = record["abs_e_quantiles"]
        assert quantiles["plain"] == quantiles["vol_normalized"]
        assert 0.0 < quantiles["plain"][0] < quantiles["plain"][3] < 0.5


@pytest.mark.parametrize(
    ("algorithm", "dataset"), [("xgboost_classifier", DATASET), ("ridge", direction(DATASET))]
)
def test_an_algorithm_refuses_a_target_of_the_other_kind(algorithm: str, dataset: Dataset) -> None:
    with pytest.raises(UsageError, match="and learns"):
        TrainingRecipe(dataset.recipe, algorithm=algorithm)


def test_two_phases_drop_what_the_filter_drops_in_each_training_part() -> None:
    recipe = TrainingRecipe(
        DATASET.recipe, algorithm="xgboost_regressor", params={"n_estimators": 10}, two_phase=True
    )
    fits = fit_recipe(recipe, DATASET)

    assert "signal" not in fits.final.details["dropped"]
    assert "empty" in fits.final.details["dropped"]
    assert fits.final.pipeline.names == DATASET.names
    assert fits.metrics["n_filter_fallbacks"] == 0
    unused = {row["feature"]: row["importance"] for row in fits.importance if row["kind"] == "shap"}
    assert unused["empty"] == 0.0
    assert recipe.model_id(DATASET) != replace(recipe, two_phase=False).model_id(DATASET)


def test_a_filter_that_finds_nothing_lets_all_features_pass_and_says_so() -> None:
    rng = np.random.default_rng(11)
    noise = replace(DATASET, y=np.where(DATASET.has_label, rng.standard_normal(DATASET.n_rows), np.nan))
    recipe = TrainingRecipe(
        noise.recipe, algorithm="xgboost_regressor", params={"n_estimators": 3}, two_phase=True
    )

    fits = fit_recipe(recipe, noise)

    fallbacks = sum("finds no feature that helps" in warning for warning in fits.warnings)
    assert fits.metrics["n_filter_fallbacks"] == fallbacks > 0

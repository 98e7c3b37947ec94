"""What a walk-forward refit predicts does not depend on anything that comes after its test part."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quantmill.models.fitting import fit_recipe
from quantmill.models.recipe import TrainingRecipe
from tests.synthetic_sessions import planted_dataset

Way = tuple[str, dict[str, float], bool]
# Fixed and searched parameters, trees that stop early, features chosen first.
WAYS: list[Way] = [
    ("elasticnet", {"alpha": 1e-3, "l1_ratio": 0.5}, False),
    ("elasticnet", {}, False),
    ("xgboost_regressor", {"n_estimators": 8, "early_stopping_rounds": 2}, False),
    ("xgboost_regressor", {"n_estimators": 4}, True),
    ("lightgbm_regressor", {"n_estimators": 8, "early_stopping_rounds": 2}, False),
    ("random_forest_regressor", {"n_estimators": 2}, False),
]


@settings(max_examples=12)
@given(seed=st.integers(0, 1_000), fold=st.integers(0, 4), way=st.sampled_from(WAYS))
def test_predictions_ignore_the_future(seed: int, fold: int, way: Way) -> None:
    dataset = planted_dataset(seed, n_sessions=24, bars_per_session=40)
    algorithm, params, two_phase = way
    recipe = TrainingRecipe(dataset.recipe, algorithm=algorithm, params=params, two_phase=two_phase)
    whole = fit_recipe(recipe, dataset)
    end = int(whole.folds[fold].test[-1]) + 1
    rng = np.random.default_rng(seed)
    x, y, scale = dataset.x.copy(), dataset.y.copy(), dataset.volatility_ratio.copy()
    x[end:] = rng.normal(0.0, 100.0, x[end:].shape)
    y[end:] = np.where(dataset.has_label[end:], rng.normal(0.0, 1.0, y[end:].shape), np.nan)
    scale[end:] = 7.0

    other = fit_recipe(recipe, replace(dataset, x=x, y=y, volatility_ratio=scale))

    known = whole.rows < end
    np.testing.assert_array_equal(whole.predictions[known], other.predictions[known])
    assert whole.fold_records[: fold + 1] == other.fold_records[: fold + 1]


@settings(max_examples=4)
@given(seed=st.integers(0, 1_000))
def test_final_fit_ignores_validation_and_holdout(seed: int) -> None:
    dataset = planted_dataset(seed, n_sessions=24, bars_per_session=40)
    recipe = TrainingRecipe(dataset.recipe, params={"alpha": 1e-3, "l1_ratio": 0.5})
    whole = fit_recipe(recipe, dataset)
    start = int(whole.parts.final.test[0])
    x, y = dataset.x.copy(), dataset.y.copy()
    x[start:] *= -3.0
    y[start:] *= -5.0

    other = fit_recipe(recipe, replace(dataset, x=x, y=y))

    assert whole.importance == other.importance
    np.testing.assert_array_equal(
        whole.final.pipeline.predict(dataset.x), other.final.pipeline.predict(dataset.x)
    )

from dataclasses import replace

import numpy as np
import pytest

from quantmill.errors import DataError, UsageError
from quantmill.models.fit import fit
from quantmill.models.fitting import fit_recipe
from quantmill.models.learning import TrainingRows
from quantmill.models.pipeline import FitSettings
from quantmill.models.recipe import TrainingRecipe
from tests.synthetic_sessions import planted_dataset

DATASET = planted_dataset()
# Given, so that nothing is searched.
PENALTY = {"alpha": 0.01, "l1_ratio": 0.5}


def test_planted_signal_is_found_out_of_sample() -> None:
    fits = fit_recipe(TrainingRecipe(DATASET.recipe, params=PENALTY), DATASET)

    assert fits.importance[0]["feature"] == "signal"
    assert fits.metrics["walk_forward"]["ic"] > 0.2
    assert fits.metrics["validation"]["ic"] > 0.2
    assert len(fits.warnings) == 2  # the volatility scale of the first two refits has not warmed up


def test_each_refit_predicts_its_own_sessions_and_the_holdout_stays_untouched() -> None:
    # 40 sessions: test parts from session 16 to 34, edges 16, 19, 23, 26, 30, 34; every bar is predicted.
    fits = fit_recipe(TrainingRecipe(DATASET.recipe, params=PENALTY), DATASET)

    sessions = np.unique(DATASET.session)
    predicted = np.searchsorted(sessions, DATASET.session[fits.rows])
    assert np.unique(predicted).tolist() == list(range(16, 34))
    assert [np.unique(predicted[fits.fold == k]).tolist() for k in range(5)] == [
        [16, 17, 18],
        [19, 20, 21, 22],
        [23, 24, 25],
        [26, 27, 28, 29],
        [30, 31, 32, 33],
    ]
    assert fits.rows.size == 18 * 60
    assert fits.metrics["walk_forward"]["n"] == 18 * 59
    assert [record["n_train"] for record in fits.fold_records] == [n * 59 - 5 for n in (16, 19, 23, 26, 30)]


def test_no_row_of_the_holdout_changes_anything() -> None:
    first_holdout = np.unique(DATASET.session)[34]
    later = DATASET.session >= first_holdout
    x, y = DATASET.x.copy(), DATASET.y.copy()
    x[later], y[later] = 1e6, 1.0
    corrupted = replace(DATASET, x=x, y=y)

    one, other = (
        fit_recipe(TrainingRecipe(DATASET.recipe, params=PENALTY), data) for data in (DATASET, corrupted)
    )

    np.testing.assert_array_equal(one.predictions, other.predictions)
    assert one.metrics == other.metrics
    assert one.fold_records == other.fold_records


def test_a_model_without_any_coefficient_says_so() -> None:
    fits = fit_recipe(TrainingRecipe(DATASET.recipe, params={"alpha": 100.0, "l1_ratio": 0.5}), DATASET)

    assert fits.metrics["n_nonzero"] == 0
    assert fits.metrics["walk_forward"]["ic"] is not None  # five constants, one per refit
    assert sum("no feature carries any weight" in warning for warning in fits.warnings) == 6


def test_too_few_rows_are_refused() -> None:
    small = planted_dataset(n_sessions=20, bars_per_session=20)

    with pytest.raises(DataError, match="147 labeled training rows, 4 features need at least 200"):
        fit_recipe(TrainingRecipe(small.recipe), small)


def test_the_first_refit_is_a_fit_on_its_training_rows_alone() -> None:
    recipe = TrainingRecipe(DATASET.recipe, params=PENALTY, embargo_bars=0)
    fits = fit_recipe(recipe, DATASET)
    early = DATASET.session < np.unique(DATASET.session)[16]
    keep = early & DATASET.has_label

    settings = FitSettings("elasticnet", recipe.resolved_params(), DATASET.names, DATASET.scaling, seed=0)
    alone = fit(
        settings, TrainingRows(DATASET.x[keep], DATASET.y[keep], DATASET.rows.take(np.flatnonzero(keep)), 0)
    )

    test = fits.folds[0].test
    np.testing.assert_array_equal(fits.predictions[: test.size], alone.pipeline.predict(DATASET.x[test]))


def test_recipe_decides_the_id() -> None:
    base = TrainingRecipe(DATASET.recipe).model_id(DATASET)

    assert base == TrainingRecipe(DATASET.recipe, params={"alpha": "auto"}).model_id(DATASET)
    others = {
        TrainingRecipe(DATASET.recipe, params={"alpha": 0.02}).model_id(DATASET),
        TrainingRecipe(DATASET.recipe, seed=1).model_id(DATASET),
        TrainingRecipe(DATASET.recipe, embargo_bars=6).model_id(DATASET),
        TrainingRecipe(DATASET.recipe).model_id(planted_dataset(1)),
    }
    assert len({base, *others}) == 5
    assert base.startswith("m-")
    assert len(base) == 12


def test_a_negative_embargo_is_refused() -> None:
    with pytest.raises(UsageError, match="an embargo of -1 bars"):
        TrainingRecipe(DATASET.recipe, embargo_bars=-1)

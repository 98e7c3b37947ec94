import numpy as np
import pytest

from quantmill.models.algorithms import find_algorithm
from quantmill.models.fit import Fitted, fit
from quantmill.models.learning import TrainingRows
from quantmill.models.pipeline import FitSettings
from quantmill.models.preprocessing import fit_preprocessing, linear_selection
from tests.synthetic_sessions import rows_of_sessions

NAMES = ("regime_vix", "rsi", "regime_sma", "regime_sma_dist")
SCALING = ("category", "passthrough", "passthrough", "standard")


def settings(algorithm: str, **params: float | str) -> FitSettings:
    return FitSettings(algorithm, find_algorithm(algorithm).resolve(params), NAMES, SCALING, seed=0)


def market(n_rows: int = 480) -> tuple[np.ndarray, np.ndarray]:
    """The target rises in regime 2 and falls where the regime is missing; the other features are noise."""
    rng = np.random.default_rng(0)
    regime = rng.integers(0, 4, n_rows).astype(np.float64)
    regime[rng.random(n_rows) < 0.2] = np.nan
    x = np.column_stack([regime, rng.standard_normal((n_rows, 3))])
    x[:, 2] = x[:, 3] > 0.0
    return x, 1e-4 * (np.where(np.isnan(regime), -2.0, regime == 2.0) + 0.1 * rng.standard_normal(n_rows))


def learn(how: FitSettings) -> Fitted:
    x, y = market()
    return fit(how, TrainingRows(x, y, rows_of_sessions([40] * 12, horizon_bars=1), embargo_bars=0))


def test_linear_models_see_one_column_per_label_and_one_for_missing() -> None:
    x = np.array([[0.0, 5.0, 1.0, 2.0], [3.0, 7.0, 0.0, 4.0], [np.nan, np.nan, 1.0, 6.0]])

    prepared = fit_preprocessing(settings("linear"), x, NAMES[:2], takes="scaled")

    assert [column.label for column in prepared.columns] == [
        "rsi",
        "regime_vix=0",
        "regime_vix=3",
        "regime_vix=missing",
    ]
    # The missing number becomes the median of 5 and 7.
    np.testing.assert_array_equal(
        prepared.encode(x, NAMES), [[5.0, 1.0, 0.0, 0.0], [7.0, 0.0, 1.0, 0.0], [6.0, 0.0, 0.0, 1.0]]
    )


def test_a_label_that_training_never_had_is_none_of_the_known_ones() -> None:
    x = np.array([[0.0, 5.0, 1.0, 2.0], [3.0, 7.0, 0.0, 4.0]])
    prepared = fit_preprocessing(settings("linear"), x, NAMES[:2], takes="scaled")

    unknown = prepared.encode(np.array([[2.0, 5.0, 1.0, 2.0], [np.nan, 5.0, 1.0, 2.0]]), NAMES)

    np.testing.assert_array_equal(unknown[:, 1:], np.zeros((2, 2)))


def test_trees_keep_labels_as_numbers_and_missing_values_missing() -> None:
    x = np.array([[0.0, 5.0, 1.0, 2.0], [3.0, np.nan, 0.0, 4.0], [np.nan, 7.0, 1.0, 6.0]])

    prepared = fit_preprocessing(settings("xgboost_regressor"), x, NAMES, takes="raw")

    np.testing.assert_array_equal(prepared.encode(x, NAMES), x[:, [1, 2, 3, 0]])
    assert not any(column.is_category for column in prepared.columns)


def test_linear_models_take_the_distance_instead_of_the_side() -> None:
    assert linear_selection(NAMES) == ("regime_vix", "rsi", "regime_sma_dist")
    assert linear_selection(("regime_sma", "rsi")) == ("regime_sma", "rsi")
    fitted = learn(settings("linear"))
    assert fitted.uses.tolist() == [True, True, False, True]
    assert fitted.pipeline.names == NAMES


@pytest.mark.parametrize(
    ("algorithm", "encoding"),
    [
        ("ridge", None),
        ("random_forest_regressor", "ordinal"),
        ("random_forest_regressor", "onehot"),
        ("gradient_boosting_regressor", "onehot"),
        *((f"{library}_regressor", how) for library in ("xgboost", "lightgbm") for how in ("ordinal", "category", "onehot")),
    ],
)  # fmt: skip
def test_every_encoding_finds_what_labels_and_missing_ones_mean(algorithm: str, encoding: str | None) -> None:
    params: dict[str, float | str] = {} if encoding is None else {"regime_encoding": encoding}
    if algorithm != "ridge":
        params |= {"n_estimators": 40}
    if algorithm.startswith("gradient"):
        params |= {"learning_rate": 0.2, "max_features": 1.0}
    if algorithm.startswith("random_forest"):
        params |= {"min_samples_leaf": 5, "max_features": 1.0}
    if algorithm.startswith("lightgbm"):
        params |= {"min_child_samples": 5}
    rows = np.array([[2.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [np.nan, 0.0, 0.0, 0.0]])

    rise, flat, fall = learn(settings(algorithm, **params)).pipeline.predict(rows)

    assert rise > flat + 2e-5
    assert fall < flat - 2e-5

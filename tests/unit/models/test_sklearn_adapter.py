import numpy as np
import pytest
from sklearn.linear_model import ElasticNet

from quantmill.errors import ArtifactError, FeatureMismatchError, ModelError
from quantmill.models.algorithms import find_algorithm
from quantmill.models.importance import standardized_coefficients
from quantmill.models.pipeline import FitSettings
from quantmill.models.sklearn_adapter import fit, wrap

NAMES = ("bounded", "returns", "counts", "empty")
SCALING = ("passthrough", "standard", "robust", "standard")


def settings(**params: float) -> FitSettings:
    return FitSettings("elasticnet", find_algorithm("elasticnet").resolve(params), NAMES, SCALING, seed=0)


def market(seed: int = 0, n_rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_rows, 4))
    x[:, 1] *= 1e-4
    x[:, 2] = np.exp(8.0 * np.abs(x[:, 2]))
    x[:7, 1] = np.nan
    x[:, 3] = np.nan
    y = 1e-4 * (0.5 * x[:, 0] + np.nan_to_num(x[:, 1]) / 1e-4 + 0.1 * rng.standard_normal(n_rows) + 0.2)
    return x, y


def test_pipeline_equals_the_same_steps_done_by_hand() -> None:
    x, y = market()

    fitted = fit(settings(alpha=0.01, l1_ratio=0.5), x, y)

    filled = np.where(np.isnan(x[:, 1]), np.nanmedian(x[:, 1]), x[:, 1])
    quarter, half, three = np.quantile(x[:, 2], [0.25, 0.5, 0.75])
    by_hand = np.column_stack(
        [(x[:, 2] - half) / (three - quarter), (filled - filled.mean()) / filled.std(), x[:, 0]]
    )
    model = ElasticNet(alpha=0.01, l1_ratio=0.5, tol=1e-8, max_iter=100_000).fit(by_hand, y / y.std())
    expected = model.predict(by_hand) * y.std()
    np.testing.assert_allclose(fitted.pipeline.predict(x), expected, atol=1e-4 * y.std())
    np.testing.assert_allclose(fitted.coefficients[[2, 1, 0]], model.coef_, atol=1e-4)


def test_scale_of_the_target_does_not_change_the_model() -> None:
    # On raw 1-minute returns alpha 0.01 would leave no coefficient.
    x, y = market()

    small, large = fit(settings(), x, y), fit(settings(), x, 1e6 * y)

    np.testing.assert_allclose(large.coefficients, small.coefficients, rtol=1e-9)
    np.testing.assert_allclose(large.pipeline.predict(x), 1e6 * small.pipeline.predict(x), rtol=1e-9)
    assert small.n_nonzero >= 2


def test_a_column_without_training_values_has_no_weight_and_no_influence() -> None:
    x, y = market()
    fitted = fit(settings(), x, y)
    later = x.copy()
    later[:, 3] = 1e9

    np.testing.assert_array_equal(fitted.pipeline.predict(later), fitted.pipeline.predict(x))
    assert fitted.coefficients[3] == 0.0


def test_missing_values_become_the_training_median() -> None:
    x, y = market()
    fitted = fit(settings(), x, y)
    missing, median = x[50:51].copy(), x[50:51].copy()
    missing[0, 0], median[0, 0] = np.nan, np.median(x[:, 0])

    np.testing.assert_array_equal(fitted.pipeline.predict(missing), fitted.pipeline.predict(median))


def test_wrong_number_of_columns_is_refused() -> None:
    x, y = market()

    with pytest.raises(FeatureMismatchError, match="takes 4 features, found an array of shape"):
        fit(settings(), x, y).pipeline.predict(x[:, :3])


def test_no_rows_give_no_predictions() -> None:
    x, y = market()

    assert fit(settings(), x, y).pipeline.predict(x[:0]).shape == (0,)


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_a_target_that_never_changes_is_refused(value: float) -> None:
    x, _ = market()

    with pytest.raises(ModelError, match="nothing to learn"):
        fit(settings(), x, np.full(x.shape[0], value))


def test_fitting_that_stops_early_says_so() -> None:
    x, y = market()

    assert any("converge" in message for message in fit(settings(max_iter=1, alpha=1e-6), x, y).warnings)


def test_an_object_that_is_no_pipeline_of_ours_is_refused() -> None:
    with pytest.raises(ArtifactError, match="holds a ElasticNet"):
        wrap(ElasticNet())


def test_importance_is_per_standard_deviation_of_the_feature() -> None:
    # Weights 2 × 0.5, -3 × 1, 0: shares 1/4, 3/4, 0.
    rows = standardized_coefficients(("a", "b", "c"), np.array([2.0, -3.0, -0.0]), np.array([0.5, 1.0, 4.0]))

    assert [(row["feature"], row["importance"], row["importance_frac"], row["rank"]) for row in rows] == [
        ("b", -3.0, 0.75, 1),
        ("a", 1.0, 0.25, 2),
        ("c", 0.0, 0.0, 3),
    ]

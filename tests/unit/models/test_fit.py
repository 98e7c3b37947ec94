import numpy as np
import pytest
from sklearn.linear_model import ElasticNet

from quantmill.errors import ArtifactError, FeatureMismatchError, ModelError
from quantmill.models.algorithms import find_algorithm
from quantmill.models.fit import Fitted, fit
from quantmill.models.learning import TrainingRows
from quantmill.models.linear_family import coefficients
from quantmill.models.pipeline import FitSettings
from quantmill.models.sklearn_adapter import wrap
from tests.synthetic_sessions import rows_of_sessions

NAMES = ("bounded", "returns", "counts", "empty")
SCALING = ("passthrough", "standard", "robust", "standard")


def settings(**params: float) -> FitSettings:
    given = {"alpha": 0.01, "l1_ratio": 0.5} | params
    return FitSettings("elasticnet", find_algorithm("elasticnet").resolve(given), NAMES, SCALING, seed=0)


def learn(how: FitSettings, x: np.ndarray, y: np.ndarray) -> Fitted:
    rows = rows_of_sessions([40] * (y.size // 40), horizon_bars=1)
    return fit(how, TrainingRows(x, y, rows, embargo_bars=0))


def weights(fitted: Fitted) -> np.ndarray:
    """Coefficients in the order of `NAMES`."""
    found = np.zeros(len(NAMES))
    found[[column.feature for column in fitted.preprocessing.columns]] = coefficients(
        fitted.pipeline.estimator[-1]
    )
    return found


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

    fitted = learn(settings(alpha=0.01, l1_ratio=0.5), x, y)

    filled = np.where(np.isnan(x[:, 1]), np.nanmedian(x[:, 1]), x[:, 1])
    quarter, half, three = np.quantile(x[:, 2], [0.25, 0.5, 0.75])
    by_hand = np.column_stack(
        [(x[:, 2] - half) / (three - quarter), (filled - filled.mean()) / filled.std(), x[:, 0]]
    )
    model = ElasticNet(alpha=0.01, l1_ratio=0.5, tol=1e-8, max_iter=100_000).fit(by_hand, y / y.std())
    expected = model.predict(by_hand) * y.std()
    np.testing.assert_allclose(fitted.pipeline.predict(x), expected, atol=1e-4 * y.std())
    np.testing.assert_allclose(weights(fitted)[[2, 1, 0]], model.coef_, atol=1e-4)


def test_scale_of_the_target_does_not_change_the_model() -> None:
    # On raw 1-minute returns alpha 0.01 would leave no coefficient.
    x, y = market()

    small, large = learn(settings(), x, y), learn(settings(), x, 1e6 * y)

    np.testing.assert_allclose(weights(large), weights(small), rtol=1e-9)
    np.testing.assert_allclose(large.pipeline.predict(x), 1e6 * small.pipeline.predict(x), rtol=1e-9)
    assert small.n_used >= 2


def test_a_column_without_training_values_has_no_weight_and_no_influence() -> None:
    x, y = market()
    fitted = learn(settings(), x, y)
    later = x.copy()
    later[:, 3] = 1e9

    np.testing.assert_array_equal(fitted.pipeline.predict(later), fitted.pipeline.predict(x))
    assert weights(fitted)[3] == 0.0
    assert not fitted.uses[3]


def test_missing_values_become_the_training_median() -> None:
    x, y = market()
    fitted = learn(settings(), x, y)
    missing, median = x[50:51].copy(), x[50:51].copy()
    missing[0, 0], median[0, 0] = np.nan, np.median(x[:, 0])

    np.testing.assert_array_equal(fitted.pipeline.predict(missing), fitted.pipeline.predict(median))


def test_wrong_number_of_columns_is_refused() -> None:
    x, y = market()

    with pytest.raises(FeatureMismatchError, match="takes 4 features, found an array of shape"):
        learn(settings(), x, y).pipeline.predict(x[:, :3])


def test_no_rows_give_no_predictions() -> None:
    x, y = market()

    assert learn(settings(), x, y).pipeline.predict(x[:0]).shape == (0,)


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_a_target_that_never_changes_is_refused(value: float) -> None:
    x, _ = market()

    with pytest.raises(ModelError, match="nothing to learn"):
        learn(settings(), x, np.full(x.shape[0], value))


def test_fitting_that_stops_early_says_so() -> None:
    x, y = market()

    assert any("converge" in message for message in learn(settings(max_iter=1, alpha=1e-6), x, y).warnings)


def test_an_object_that_is_no_pipeline_of_ours_is_refused() -> None:
    with pytest.raises(ArtifactError, match="holds a ElasticNet"):
        wrap(ElasticNet())

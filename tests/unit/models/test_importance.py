import numpy as np
import pytest

from quantmill.models.algorithms import ALGORITHMS
from quantmill.models.families import FAMILIES
from quantmill.models.fit import Fitted, fit
from quantmill.models.importance import ranking
from quantmill.models.learning import TrainingRows
from quantmill.models.pipeline import FitSettings
from quantmill.models.target_scaling import inner_model
from tests.synthetic_sessions import rows_of_sessions

NAMES = ("strong", "weak", "empty")
ROWS = rows_of_sessions([50] * 12, horizon_bars=1)
PARAMS = {"n_estimators": 8, "min_child_samples": 10, "min_samples_leaf": 10, "max_features": 1.0}


def learn(algorithm: str) -> tuple[Fitted, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((600, 3))
    x[:, 2] = np.nan
    y = x[:, 0] + 0.3 * x[:, 1] + 0.3 * rng.standard_normal(600)
    known = {parameter.name for parameter in ALGORITHMS[algorithm].parameters}
    params = ALGORITHMS[algorithm].resolve({name: value for name, value in PARAMS.items() if name in known})
    if ALGORITHMS[algorithm].kind == "classifier":
        y = (y > 0.0).astype(np.float64)
    settings = FitSettings(algorithm, params, NAMES, ("standard",) * 3, seed=5)
    return fit(settings, TrainingRows(x, y, ROWS, embargo_bars=0)), x


def test_ranking_by_absolute_weight() -> None:
    # Weights 1, -3, 0: 25, 75 and 0 percent.
    rows = ranking("coefficient", ("a", "b", "c"), np.array([1.0, -3.0, -0.0]))

    assert [(row["feature"], row["importance"], row["importance_pct"], row["rank"]) for row in rows] == [
        ("b", -3.0, 75.0, 1),
        ("a", 1.0, 25.0, 2),
        ("c", 0.0, 0.0, 3),
    ]
    assert {row["kind"] for row in rows} == {"coefficient"}


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_the_stronger_feature_ranks_first_and_the_unused_one_weighs_nothing(algorithm: str) -> None:
    fitted, x = learn(algorithm)

    importance = fitted.importance(x)

    kinds = {row["kind"] for row in importance}
    assert importance[0]["kind"] == "shap"
    for kind in kinds:
        weight = {row["feature"]: row["importance"] for row in importance if row["kind"] == kind}
        assert weight["empty"] == 0.0
        if kind in {"shap", "coefficient", "total_gain", "impurity"}:
            assert weight["strong"] > weight["weak"] > 0.0
    assert fitted.uses.tolist() == [True, True, False]


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_shap_values_add_up_to_the_prediction(algorithm: str) -> None:
    fitted, x = learn(algorithm)
    family, model = FAMILIES[algorithm], fitted.pipeline.estimator[-1]
    encoded = fitted.preprocessing.encode(x, NAMES)

    values = family.contributions(model, encoded)

    raw = fitted.pipeline.predict(x)
    if (
        algorithm.endswith("classifier") and not algorithm.startswith("random_forest")
    ) or algorithm == "logistic":
        raw = np.log(raw / (1.0 - raw))
    if inner_model(model) is not model:
        raw = raw / model.transformer_.scale_[0]
    rest = raw - values.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=2e-5)


def test_linear_shap_is_the_weight_times_the_distance_from_the_mean() -> None:
    fitted, x = learn("linear")
    model = fitted.pipeline.estimator[-1].regressor_

    shap = {row["feature"]: row["importance"] for row in fitted.importance(x) if row["kind"] == "shap"}

    scaled = (x[:, 0] - x[:, 0].mean()) / x[:, 0].std()
    assert shap["strong"] == pytest.approx(abs(model.coef_[0]) * np.abs(scaled).mean(), rel=1e-9)

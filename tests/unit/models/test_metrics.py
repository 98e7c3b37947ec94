import math

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from quantmill.models.metrics import regression_metrics


def test_price_error_in_dollars_worked_by_hand() -> None:
    # Base 100 and 200 become 110 and 180. Predicted: 105 and 200. Errors -5 and 20; naive errors -10 and 20.
    y = np.log([1.1, 0.9])
    predicted = np.log([1.05, 1.0])

    metrics = regression_metrics(y, predicted, np.array([100.0, 200.0]))

    assert metrics["price_rmse_usd"] == pytest.approx(math.sqrt((25 + 400) / 2), rel=1e-12)
    assert metrics["naive_price_rmse_usd"] == pytest.approx(math.sqrt((100 + 400) / 2), rel=1e-12)
    assert metrics["price_rmse_gain_frac"] == pytest.approx(1 - math.sqrt(425 / 500), rel=1e-12)


def test_hit_rate_counts_signs_and_leaves_out_predictions_of_zero() -> None:
    # Hits: first and last. The second misses, the third predicts nothing, a flat return is no hit.
    y = np.array([0.1, 0.1, 0.1, 0.0, -0.1])
    predicted = np.array([0.2, -0.2, 0.0, 0.2, -0.2])

    metrics = regression_metrics(y, predicted, np.ones(5))

    assert (metrics["hit_rate_frac"], metrics["n_hit_rows"], metrics["flat_frac"]) == (0.5, 4, 0.2)


def test_metrics_agree_with_reference_libraries() -> None:
    rng = np.random.default_rng(5)
    y = np.round(rng.normal(0.0, 1e-3, 500), 4)  # rounding makes ties
    predicted = np.round(0.2 * y + rng.normal(0.0, 1e-3, 500), 4)

    metrics = regression_metrics(y, predicted, np.full(500, 50.0))

    assert metrics["rmse"] == pytest.approx(root_mean_squared_error(y, predicted), rel=1e-12)
    assert metrics["mae"] == pytest.approx(mean_absolute_error(y, predicted), rel=1e-12)
    assert metrics["r2"] == pytest.approx(r2_score(y, predicted), rel=1e-12)
    assert metrics["ic"] == pytest.approx(pearsonr(y, predicted).statistic, rel=1e-12)
    assert metrics["rank_ic"] == pytest.approx(spearmanr(y, predicted).statistic, rel=1e-12)


def test_a_metric_that_cannot_be_computed_is_none() -> None:
    constant = regression_metrics(np.array([0.1, -0.1]), np.array([0.3, 0.3]), np.ones(2))
    empty = regression_metrics(np.empty(0), np.empty(0), np.empty(0))

    assert (constant["ic"], constant["rank_ic"]) == (None, None)
    assert set(empty) == set(constant)
    assert empty["n"] == 0
    assert empty["rmse"] is None


def test_values_are_plain_numbers() -> None:
    metrics = regression_metrics(np.array([0.1, -0.1, 0.2]), np.array([0.3, 0.1, 0.2]), np.ones(3))

    assert {type(value) for value in metrics.values()} == {int, float}

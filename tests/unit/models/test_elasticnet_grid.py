import numpy as np
import pytest
from sklearn.linear_model import ElasticNet

from quantmill.datasets.inner_folds import inner_folds
from quantmill.models.algorithms import find_algorithm
from quantmill.models.elasticnet_grid import ALPHAS, L1_RATIOS, search_elasticnet
from quantmill.models.fit import fit
from quantmill.models.learning import EncodedColumn, Lesson, TrainingRows
from quantmill.models.pipeline import FitSettings
from tests.synthetic_sessions import rows_of_sessions

ROWS = rows_of_sessions([40] * 12, horizon_bars=1)
NAMES = ("a", "b", "c", "d")


def market(strength: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((480, 4))
    return x, strength * x[:, 0] + rng.standard_normal(480)


def lesson(x: np.ndarray, y: np.ndarray, **params: float | str) -> Lesson:
    columns = tuple(EncodedColumn(at, name) for at, name in enumerate(NAMES))
    given = find_algorithm("elasticnet").resolve(params)
    return Lesson(x, y, given, columns, seed=0, folds=inner_folds(ROWS, embargo_bars=2))


def test_grid_covers_the_range_of_the_specification() -> None:
    assert (ALPHAS[0], ALPHAS[-1]) == (1e-4, 1.0)
    assert (L1_RATIOS[0], L1_RATIOS[-1]) == (0.1, 0.99)


def test_the_choice_is_that_of_fitting_every_point_on_every_fold() -> None:
    x, y = market(0.4)
    task = lesson(x, y)
    errors = {}
    for ratio in L1_RATIOS:
        for alpha in ALPHAS:
            total = 0.0
            for fold in task.folds:
                model = ElasticNet(alpha=alpha, l1_ratio=ratio, tol=1e-8)
                model.fit(x[fold.train], y[fold.train] / y.std())
                total += np.sum((y[fold.scored] / y.std() - model.predict(x[fold.scored])) ** 2)
            errors[alpha, ratio] = total

    choice = search_elasticnet(task)

    assert errors[choice.alpha, choice.l1_ratio] == pytest.approx(min(errors.values()), rel=1e-6)
    assert choice.n_points == 78
    assert not choice.prefers_nothing
    assert 0.05 < choice.gain_frac < 0.25


def test_a_given_parameter_is_not_searched() -> None:
    choice = search_elasticnet(lesson(*market(0.5), alpha=0.05))

    assert choice.alpha == 0.05
    assert choice.n_points == len(L1_RATIOS)


def test_a_model_of_nothing_is_never_returned_silently() -> None:
    x, y = market(0.0, seed=2)
    settings = FitSettings(
        "elasticnet", find_algorithm("elasticnet").resolve({}), NAMES, ("passthrough",) * 4, seed=0
    )

    fitted = fit(settings, TrainingRows(x, y, ROWS, embargo_bars=2))

    assert fitted.details["prefers_nothing"]
    assert fitted.n_used > 0
    assert "no point of the grid does better than no features at all" in fitted.warnings[0]

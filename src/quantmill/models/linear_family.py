"""Linear models by scikit-learn: least squares, penalized, and of the log odds."""

# pyright: basic
# scikit-learn ships no types.

from typing import Any, Final

import numpy as np
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge

from quantmill.core.arrays import Floats
from quantmill.models.elasticnet_grid import search_elasticnet
from quantmill.models.learning import Family, Learned, Lesson, LibraryModel
from quantmill.models.parameters import AUTO
from quantmill.models.target_scaling import inner_model, scaled_target

__all__ = ["LINEAR_FAMILIES", "coefficients"]

# With far more rows than columns the Gram matrix halves the time; cyclic order needs no random numbers.
_DESCENT: Final[dict[str, Any]] = {"precompute": True, "selection": "cyclic"}


def coefficients(model: LibraryModel) -> Floats:
    """One coefficient per column, in target standard deviations or log odds."""
    return np.ravel(inner_model(model).coef_)


def _linear(lesson: Lesson) -> Learned:
    return Learned(scaled_target(LinearRegression()).fit(lesson.x, lesson.y))


def _ridge(lesson: Lesson) -> Learned:
    # Per row, as in ElasticNet: scikit-learn's own alpha grows with the number of rows.
    alpha = float(lesson.parameters["alpha"]) * lesson.y.size
    return Learned(scaled_target(Ridge(alpha=alpha)).fit(lesson.x, lesson.y))


def _lasso(lesson: Lesson) -> Learned:
    parameters: dict[str, Any] = dict(lesson.parameters)
    return Learned(scaled_target(Lasso(**parameters, **_DESCENT)).fit(lesson.x, lesson.y))


def _elasticnet(lesson: Lesson) -> Learned:
    parameters: dict[str, Any] = dict(lesson.parameters)
    details: dict[str, Any] = {}
    said: tuple[str, ...] = ()
    if AUTO in parameters.values():
        choice = search_elasticnet(lesson)
        details = choice.details
        parameters |= {"alpha": choice.alpha, "l1_ratio": choice.l1_ratio}
        if choice.prefers_nothing:
            said = (
                f"on the inner folds no point of the grid does better than no features at all: took alpha "
                f"{choice.alpha:g} and l1_ratio {choice.l1_ratio:g}, the best that keeps a feature",
            )
    model = scaled_target(ElasticNet(**parameters, **_DESCENT)).fit(lesson.x, lesson.y)
    return Learned(model, details, said)


def _logistic(lesson: Lesson) -> Learned:
    # The penalty per row, as in ElasticNet: C weighs the sum over all rows against it.
    strength = 1.0 / (float(lesson.parameters["alpha"]) * lesson.y.size)
    # Newton's steps on few columns take an eighth of the time of the default, which heavy tails slow down.
    model = LogisticRegression(
        C=strength,
        tol=float(lesson.parameters["tol"]),
        max_iter=int(lesson.parameters["max_iter"]),
        solver="newton-cholesky",
    )
    return Learned(model.fit(lesson.x, lesson.y))


def _contributions(model: LibraryModel, x: Floats) -> Floats:
    return (x - x.mean(axis=0)) * coefficients(model)


def _weights(model: LibraryModel, x: Floats) -> dict[str, Floats]:
    return {"coefficient": coefficients(model) * x.std(axis=0)}


_FITS: Final = {
    "linear": _linear,
    "ridge": _ridge,
    "lasso": _lasso,
    "elasticnet": _elasticnet,
    "logistic": _logistic,
}
LINEAR_FAMILIES: Final = {
    name: Family(fit, _contributions, _weights, takes="scaled") for name, fit in _FITS.items()
}

"""Fits scikit-learn pipelines: selection by name, imputation, scaling by declared kind, model."""

# pyright: basic
# scikit-learn ships no types; this is the one module that touches it.

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler
from threadpoolctl import threadpool_limits

from quantmill.core.arrays import Floats
from quantmill.errors import ArtifactError, FeatureMismatchError, ModelError
from quantmill.models.pipeline import FitSettings

__all__ = ["FITTERS", "N_THREADS", "Fitted", "SklearnPipeline", "fit", "wrap"]

# Sums over several threads end in other bits: one thread is part of every recipe.
N_THREADS: Final = 1

_SCALERS: Final[dict[str, Callable[[], Any]]] = {
    "robust": RobustScaler,
    "standard": StandardScaler,
    "passthrough": lambda: "passthrough",
}
_STEPS: Final = ["select", "impute", "scale", "model"]


@dataclass(frozen=True, slots=True)
class SklearnPipeline:
    """A fitted scikit-learn Pipeline that takes raw feature rows by name."""

    estimator: Any

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in the order in which `predict` takes them."""
        return tuple(str(name) for name in self.estimator.feature_names_in_)

    def predict(self, x: Floats) -> Floats:
        """Expected log return of each row of raw features, shape (n_rows, n_features); NaN is missing.

        Raises:
            FeatureMismatchError: If the number of columns is not that of `names`.
        """
        if x.ndim != 2 or x.shape[1] != len(self.names):
            raise FeatureMismatchError(
                f"the model takes {len(self.names)} features, found an array of shape {x.shape}",
                hint=f"give the columns {', '.join(self.names)}",
            )
        if x.shape[0] == 0:
            return np.empty(0)
        with threadpool_limits(limits=N_THREADS):
            predicted = self.estimator.predict(_frame(x, self.names))
        return np.asarray(predicted, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted pipeline with what fitting told.

    `coefficients` belong to `names` and to the scaled columns, in target standard deviations;
    `column_deviation` is the standard deviation of each scaled column in the training part.
    """

    pipeline: SklearnPipeline
    coefficients: Floats
    column_deviation: Floats
    target_deviation: float
    warnings: tuple[str, ...]

    @property
    def n_nonzero(self) -> int:
        """How many features the model uses."""
        return int(np.count_nonzero(self.coefficients))


def fit(settings: FitSettings, x: Floats, y: Floats) -> Fitted:
    """Fit a pipeline; the same input gives the same pipeline to the last bit.

    The target is divided by its training standard deviation inside the pipeline and predictions come
    back in the target's unit, so penalties and tolerances mean the same for every symbol and horizon.
    A column without any value in the training part is held at 0 and gets no weight. Missing values
    become the training median; that they were missing is no feature of its own: nearly all are warm-up
    at the start of history or a session's first minute, which the time features already tell.

    Args:
        settings: Algorithm, parameters, columns.
        x: Raw training features, shape (n_rows, n_features); a missing value is NaN.
        y: Target, shape (n_rows,), without NaN.

    Raises:
        ModelError: If the target never changes.
    """
    target_deviation = float(np.std(y))
    # A constant series leaves a deviation of rounding size, not exactly zero.
    if not target_deviation > 1e-12 * float(np.max(np.abs(y), initial=0.0)):
        raise ModelError(
            f"the target has the value {y[0] if y.size else 'none'} in all {y.size} training rows: nothing to learn",
            hint="choose another symbol, target or horizon",
        )
    estimator: Any = _pipeline(settings)
    frame = _frame(x, settings.names)
    with threadpool_limits(limits=N_THREADS), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(frame, y)
        scaled = np.asarray(estimator[:-1].transform(frame))
    order = _scaled_order(settings.scaling)
    coefficients = np.empty(len(settings.names))
    coefficients[order] = estimator[-1].regressor_.coef_
    column_deviation = np.empty(len(settings.names))
    column_deviation[order] = scaled.std(axis=0)
    messages = dict.fromkeys(" ".join(str(entry.message).split()) for entry in caught)
    return Fitted(
        SklearnPipeline(estimator), coefficients, column_deviation, target_deviation, tuple(messages)
    )


def wrap(loaded: object) -> SklearnPipeline:
    """A pipeline that was loaded from an artifact.

    Raises:
        ArtifactError: If it is no pipeline of ours.
    """
    if not isinstance(loaded, Pipeline) or [name for name, _ in loaded.steps] != _STEPS:
        raise ArtifactError(
            f"the artifact holds a {type(loaded).__name__}, not a pipeline of {', '.join(_STEPS)}",
            hint="train the model again with --force",
        )
    return SklearnPipeline(loaded)


def _pipeline(settings: FitSettings) -> Pipeline:
    blocks = [
        (kind, make(), [at for at, declared in enumerate(settings.scaling) if declared == kind])
        for kind, make in _SCALERS.items()
    ]
    return Pipeline(
        [
            ("select", ColumnTransformer([("by_name", "passthrough", list(settings.names))])),
            ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("scale", ColumnTransformer([block for block in blocks if block[2]])),
            (
                "model",
                TransformedTargetRegressor(
                    regressor=FITTERS[settings.algorithm](settings),
                    transformer=StandardScaler(with_mean=False),
                    check_inverse=False,
                ),
            ),
        ]
    )


def _elasticnet(settings: FitSettings) -> ElasticNet:
    # With far more rows than columns the Gram matrix halves the time; cyclic order needs no random numbers.
    parameters: dict[str, Any] = dict(settings.parameters)
    return ElasticNet(**parameters, precompute=True, selection="cyclic")


FITTERS: Final[dict[str, Callable[[FitSettings], Any]]] = {"elasticnet": _elasticnet}


def _scaled_order(scaling: Sequence[str]) -> list[int]:
    """Positions of the columns in the order in which the scaling step puts them out: kind by kind."""
    return [at for kind in _SCALERS for at, declared in enumerate(scaling) if declared == kind]


def _frame(x: Floats, names: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(x, schema=list(names), orient="row")

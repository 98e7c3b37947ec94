"""One fit: preprocessing, feature filter and model on the rows of one training part."""

# pyright: basic
# scikit-learn ships no types.

import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from quantmill.core.arrays import Bools, Floats
from quantmill.errors import ModelError
from quantmill.models.algorithms import find_algorithm
from quantmill.models.families import FAMILIES
from quantmill.models.feature_filter import filter_features
from quantmill.models.importance import feature_importance
from quantmill.models.learning import Lesson, TrainingRows
from quantmill.models.pipeline import N_THREADS, FitSettings
from quantmill.models.preprocessing import Preprocessing, fit_preprocessing, linear_selection
from quantmill.models.sklearn_adapter import SklearnPipeline

__all__ = ["Fitted", "fit"]

# Of the kinds of importance that a family tells, the one that says whether a column is used at all.
_USE: Final = ("coefficient", "weight")


@dataclass(frozen=True)
class Fitted:
    """A fitted pipeline with what fitting told.

    Attributes:
        pipeline: Takes raw feature rows.
        settings: How it was fitted.
        preprocessing: Its steps before the model, with the columns that the model sees.
        uses: Which features change a prediction, shape (n_features,).
        target_deviation: Standard deviation of the target in the rows fitted on.
        details: What fitting decided, as plain values: parameters found, number of trees, survivors.
        warnings: What a person must know.
    """

    pipeline: SklearnPipeline
    settings: FitSettings
    preprocessing: Preprocessing
    uses: Bools
    target_deviation: float
    details: dict[str, Any]
    warnings: tuple[str, ...]

    @property
    def n_used(self) -> int:
        """How many features the model uses."""
        return int(np.count_nonzero(self.uses))

    def importance(self, x: Floats) -> list[dict[str, Any]]:
        """What each feature weighs, told from raw feature rows: see `feature_importance`."""
        with threadpool_limits(limits=N_THREADS):
            return feature_importance(
                FAMILIES[self.settings.algorithm],
                self.pipeline.estimator[-1],
                self.preprocessing.encode(x, self.settings.names),
                names=self.settings.names,
                columns=self.preprocessing.columns,
            )


def fit(settings: FitSettings, rows: TrainingRows) -> Fitted:
    """Fit a pipeline; the same input gives the same pipeline to the last bit.

    Regressors learn the target in units of its standard deviation; predictions come back in its own. With
    early stopping, the last 20 % of the sessions tell when to stop and are used for nothing else.

    Args:
        settings: Algorithm, parameters, columns.
        rows: The training part.

    Raises:
        ModelError: If the target never changes.
        DataError: If there are too few sessions to hold some back.
    """
    algorithm = find_algorithm(settings.algorithm)
    family = FAMILIES[settings.algorithm]
    stops_early = bool(settings.parameters.get("early_stopping_rounds", 0))
    taught, stop = rows.held_back() if stops_early else (rows, None)
    target_deviation = _deviation(taught.y)
    with threadpool_limits(limits=N_THREADS), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        filtered = filter_features(settings, taught) if settings.two_phase else None
        selected = settings.names if filtered is None else filtered.survivors
        if family.takes == "scaled":
            selected = linear_selection(selected)
        prepared = fit_preprocessing(settings, taught.x, selected, takes=family.takes)
        x = prepared.encode(taught.x, settings.names)
        learned = family.fit(
            Lesson(
                x,
                taught.y,
                settings.parameters,
                prepared.columns,
                settings.seed,
                stop_x=None if stop is None else prepared.encode(stop.x, settings.names),
                stop_y=None if stop is None else stop.y,
                folds=taught.inner_folds() if algorithm.is_searched(settings.parameters) else (),
            )
        )
        weights = family.weights(learned.model, x)
    uses = np.zeros(len(settings.names), dtype=np.bool_)
    weight = next(weights[kind] for kind in _USE if kind in weights)
    uses[[column.feature for column, value in zip(prepared.columns, weight, strict=True) if value != 0.0]] = (
        True
    )
    messages = dict.fromkeys(" ".join(str(entry.message).split()) for entry in caught)
    said = (filtered.warning,) if filtered is not None and filtered.warning else ()
    return Fitted(
        SklearnPipeline(Pipeline([*prepared.steps.steps, ("model", learned.model)])),
        settings,
        prepared,
        uses,
        target_deviation,
        learned.details | ({} if filtered is None else filtered.details),
        (*said, *learned.warnings, *messages),
    )


def _deviation(y: Floats) -> float:
    deviation = float(np.std(y))
    # A constant series leaves a deviation of rounding size, not exactly zero.
    if not deviation > 1e-12 * float(np.max(np.abs(y), initial=0.0)):
        raise ModelError(
            f"the target has the value {y[0] if y.size else 'none'} in all {y.size} training rows: nothing to learn",
            hint="choose another symbol, target or horizon",
        )
    return deviation

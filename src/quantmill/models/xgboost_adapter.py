"""Boosted trees by XGBoost, stopped on rows held back, with its own SHAP values and importances."""

# pyright: basic
# XGBoost's types are incomplete; this is the one module that touches it.

from typing import Any, Final

import numpy as np
import xgboost
from xgboost import DMatrix, XGBClassifier, XGBRegressor

from quantmill.core.arrays import Floats
from quantmill.models.learning import Family, Learned, Lesson, LibraryModel
from quantmill.models.pipeline import N_THREADS
from quantmill.models.target_scaling import inner_model, scaled_target

__all__ = ["XGBOOST_FAMILIES", "XGBOOST_VERSION"]

XGBOOST_VERSION: Final[str] = xgboost.__version__
_KINDS: Final = ("gain", "weight", "cover", "total_gain", "total_cover")


def _regressor(lesson: Lesson) -> Learned:
    model = scaled_target(XGBRegressor(**_options(lesson), eval_metric="rmse"))
    return _fitted(model, lesson, stop_scale=float(np.std(lesson.y)))


def _classifier(lesson: Lesson) -> Learned:
    return _fitted(XGBClassifier(**_options(lesson), eval_metric="logloss"), lesson, stop_scale=1.0)


def _options(lesson: Lesson) -> dict[str, Any]:
    options: dict[str, Any] = dict(lesson.parameters)
    del options["regime_encoding"]
    options["early_stopping_rounds"] = options["early_stopping_rounds"] or None
    if lesson.categories:
        kinds = ["c" if column.is_category else "q" for column in lesson.columns]
        options |= {"enable_categorical": True, "feature_types": kinds}
    return options | {
        "tree_method": "hist",
        "random_state": lesson.seed,
        "n_jobs": N_THREADS,
        "missing": np.nan,
    }


def _fitted(model: LibraryModel, lesson: Lesson, *, stop_scale: float) -> Learned:
    if lesson.stop_x is None or lesson.stop_y is None:
        model.fit(lesson.x, lesson.y, verbose=False)
    else:
        model.fit(lesson.x, lesson.y, eval_set=[(lesson.stop_x, lesson.stop_y / stop_scale)], verbose=False)
    return Learned(model, {"n_trees": _n_trees(inner_model(model))})


def _n_trees(booster: LibraryModel) -> int:
    """How many trees predict: those up to the best one when stopping was on."""
    grown = booster.get_booster().num_boosted_rounds()
    return grown if booster.early_stopping_rounds is None else int(booster.best_iteration) + 1


def _contributions(model: LibraryModel, x: Floats) -> Floats:
    booster = inner_model(model)
    rows = DMatrix(
        x,
        missing=np.nan,
        nthread=N_THREADS,
        feature_types=booster.feature_types,
        enable_categorical=bool(booster.enable_categorical),
    )
    values = booster.get_booster().predict(rows, pred_contribs=True, iteration_range=(0, _n_trees(booster)))
    # The last column is the mean that all contributions start from.
    return np.asarray(values[:, :-1], dtype=np.float64)


def _weights(model: LibraryModel, x: Floats) -> dict[str, Floats]:
    booster = inner_model(model)
    used = booster.get_booster()[: _n_trees(booster)]
    found: dict[str, Floats] = {}
    for kind in _KINDS:
        scores: dict[str, float] = used.get_score(importance_type=kind)
        found[kind] = np.array([scores.get(f"f{at}", 0.0) for at in range(x.shape[1])], dtype=np.float64)
    return found


XGBOOST_FAMILIES: Final = {
    "xgboost_regressor": Family(_regressor, _contributions, _weights, takes="raw"),
    "xgboost_classifier": Family(_classifier, _contributions, _weights, takes="raw"),
}

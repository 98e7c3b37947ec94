"""Boosted trees by LightGBM, stopped on rows held back, with its own SHAP values and importances."""

# pyright: basic
# LightGBM's types are incomplete; this is the one module that touches it.

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from lightgbm import LGBMClassifier, LGBMRegressor, early_stopping

from quantmill.core.arrays import Floats
from quantmill.models.learning import Family, Learned, Lesson, LibraryModel
from quantmill.models.pipeline import N_THREADS
from quantmill.models.target_scaling import inner_model, scaled_target

__all__ = ["LIGHTGBM_FAMILIES"]


def _regressor(lesson: Lesson) -> Learned:
    model = scaled_target(LGBMRegressor(**_options(lesson)))
    return _fitted(model, lesson, stop_scale=float(np.std(lesson.y)), metric="l2")


def _classifier(lesson: Lesson) -> Learned:
    return _fitted(LGBMClassifier(**_options(lesson)), lesson, stop_scale=1.0, metric="binary_logloss")


def _options(lesson: Lesson) -> dict[str, Any]:
    options: dict[str, Any] = dict(lesson.parameters)
    del options["regime_encoding"], options["early_stopping_rounds"]
    return options | {
        "subsample_freq": 1,
        "random_state": lesson.seed,
        "n_jobs": N_THREADS,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def _fitted(model: LibraryModel, lesson: Lesson, *, stop_scale: float, metric: str) -> Learned:
    options: dict[str, Any] = {"categorical_feature": lesson.categories} if lesson.categories else {}
    if lesson.stop_x is not None and lesson.stop_y is not None:
        patience = int(lesson.parameters["early_stopping_rounds"])
        options |= {
            "eval_X": lesson.stop_x,
            "eval_y": lesson.stop_y / stop_scale,
            "eval_metric": metric,
            "callbacks": [early_stopping(patience, first_metric_only=True, verbose=False)],
        }
    model.fit(lesson.x, lesson.y, **options)
    return Learned(model, {"n_trees": _n_trees(inner_model(model))})


def _n_trees(booster: LibraryModel) -> int:
    """How many trees predict: those up to the best one when stopping was on."""
    return int(booster.best_iteration_ or booster.booster_.current_iteration())


def _contributions(model: LibraryModel, x: Floats) -> Floats:
    booster = inner_model(model)
    values = booster.booster_.predict(x, pred_contrib=True, num_iteration=_n_trees(booster))
    # The last column is the mean that all contributions start from.
    return np.asarray(values[:, :-1], dtype=np.float64)


def _weights(model: LibraryModel, x: Floats) -> dict[str, Floats]:
    booster = inner_model(model)
    dumped = booster.booster_.dump_model(num_iteration=_n_trees(booster))
    weight, gain, cover = np.zeros(x.shape[1]), np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for tree in dumped["tree_info"]:
        for split in _splits(tree["tree_structure"]):
            at = int(split["split_feature"])
            weight[at] += 1.0
            gain[at] += float(split["split_gain"])
            cover[at] += float(split["internal_count"])
    per_split = np.maximum(weight, 1.0)
    return {
        "gain": gain / per_split,
        "weight": weight,
        "cover": cover / per_split,
        "total_gain": gain,
        "total_cover": cover,
    }


def _splits(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "split_feature" in node:
        yield node
        yield from _splits(node["left_child"])
        yield from _splits(node["right_child"])


LIGHTGBM_FAMILIES: Final = {
    "lightgbm_regressor": Family(_regressor, _contributions, _weights, takes="raw"),
    "lightgbm_classifier": Family(_classifier, _contributions, _weights, takes="raw"),
}

"""Random forests and gradient boosting by scikit-learn."""

# pyright: basic
# scikit-learn ships no types.

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from quantmill.core.arrays import Floats
from quantmill.models.learning import Family, Learned, Lesson, LibraryModel
from quantmill.models.pipeline import N_THREADS
from quantmill.models.target_scaling import inner_model, scaled_target
from quantmill.models.tree_shap import TreeArrays, tree_shap

__all__ = ["FOREST_FAMILIES"]


def _forest_regressor(lesson: Lesson) -> Learned:
    model = RandomForestRegressor(**_options(lesson), n_jobs=N_THREADS)
    return _learned(scaled_target(model), lesson)


def _forest_classifier(lesson: Lesson) -> Learned:
    return _learned(RandomForestClassifier(**_options(lesson), n_jobs=N_THREADS), lesson)


def _boosting_regressor(lesson: Lesson) -> Learned:
    return _learned(scaled_target(GradientBoostingRegressor(**_options(lesson))), lesson)


def _boosting_classifier(lesson: Lesson) -> Learned:
    return _learned(GradientBoostingClassifier(**_options(lesson)), lesson)


def _options(lesson: Lesson) -> dict[str, Any]:
    options: dict[str, Any] = dict(lesson.parameters)
    del options["regime_encoding"]
    return options | {"random_state": lesson.seed}


def _learned(model: LibraryModel, lesson: Lesson) -> Learned:
    return Learned(model.fit(lesson.x, lesson.y), {"n_trees": int(lesson.parameters["n_estimators"])})


def _contributions(model: LibraryModel, x: Floats) -> Floats:
    ensemble = inner_model(model)
    # Trees compare single-precision values.
    seen = np.ascontiguousarray(x, dtype=np.float32).astype(np.float64)
    total = np.zeros(x.shape)
    for tree in _trees(ensemble):
        total += tree_shap(tree, seen)
    return total * _tree_weight(ensemble)


def _tree_weight(ensemble: LibraryModel) -> float:
    rate = getattr(ensemble, "learning_rate", None)
    return 1.0 / len(ensemble.estimators_) if rate is None else float(rate)


def _weights(model: LibraryModel, x: Floats) -> dict[str, Floats]:
    ensemble = inner_model(model)
    splits = np.zeros(x.shape[1])
    for tree in _trees(ensemble):
        splits += np.bincount(tree.feature[tree.left >= 0], minlength=x.shape[1])
    return {"impurity": np.asarray(ensemble.feature_importances_), "weight": splits}


def _trees(ensemble: LibraryModel) -> Iterator[TreeArrays]:
    """Every tree; a leaf's value is a target, a log odds or, in a forest of classifiers, the share of rises."""
    for fitted in np.ravel(ensemble.estimators_):
        tree = fitted.tree_
        yield TreeArrays(
            left=tree.children_left.astype(np.int64),
            right=tree.children_right.astype(np.int64),
            feature=tree.feature.astype(np.int64),
            threshold=tree.threshold.astype(np.float64),
            missing_left=tree.missing_go_to_left.astype(np.bool_),
            value=np.ascontiguousarray(tree.value[:, 0, -1], dtype=np.float64),
            cover=tree.weighted_n_node_samples.astype(np.float64),
        )


FOREST_FAMILIES: Final = {
    "random_forest_regressor": Family(_forest_regressor, _contributions, _weights, takes="raw"),
    "random_forest_classifier": Family(_forest_classifier, _contributions, _weights, takes="raw"),
    "gradient_boosting_regressor": Family(_boosting_regressor, _contributions, _weights, takes="complete"),
    "gradient_boosting_classifier": Family(_boosting_classifier, _contributions, _weights, takes="complete"),
}

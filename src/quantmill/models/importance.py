"""What each feature weighs in a model: SHAP values, coefficients, gain, weight and cover."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.models.learning import EncodedColumn, Family

__all__ = ["N_SAMPLED_ROWS", "feature_importance", "ranking"]

N_SAMPLED_ROWS: Final = 2_000
_SHAP: Final = "shap"
_COEFFICIENT: Final = "coefficient"
# Means per split, which do not add up over the columns of one feature.
_PER_SPLIT: Final = {"gain": "total_gain", "cover": "total_cover"}


def feature_importance(
    family: Family, model: object, x: Floats, *, names: Sequence[str], columns: Sequence[EncodedColumn]
) -> list[dict[str, Any]]:
    """Features by weight, one ranking per kind of importance; a feature that the model does not use weighs 0.

    Args:
        family: How the model is read.
        model: The fitted model.
        x: Encoded rows, shape (n_rows, n_columns): the training part.
        names: All features.
        columns: The columns of `x`.

    Returns:
        Entries as of `ranking`. Kind `shap` comes first: the mean absolute SHAP value over at most 2,000 rows spread
        evenly, in target standard deviations, of a classifier in log odds, of a forest of classifiers in
        probability. `coefficient`: by how many of its standard deviations the target moves with one standard
        deviation of the column; labels have one per value. The others are the library's own.
    """
    n_rows = x.shape[0]
    at: Ints = np.linspace(0, n_rows - 1, min(N_SAMPLED_ROWS, n_rows), dtype=np.int64)
    sample = x[at]
    owners = [column.feature for column in columns]
    contributions = np.zeros((len(names), sample.shape[0]))
    np.add.at(contributions, owners, family.contributions(model, sample).T)
    found = ranking(_SHAP, names, np.mean(np.abs(contributions), axis=1))
    weights = family.weights(model, x)
    by_feature = {kind: _summed(values, owners, len(names)) for kind, values in weights.items()}
    for kind, values in weights.items():
        if kind == _COEFFICIENT:
            unused = [name for at, name in enumerate(names) if at not in owners]
            labels = [column.label for column in columns] + unused
            found += ranking(kind, labels, np.append(values, np.zeros(len(unused))))
        elif kind in _PER_SPLIT:
            splits = np.maximum(by_feature["weight"], 1.0)
            found += ranking(kind, names, by_feature[_PER_SPLIT[kind]] / splits)
        else:
            found += ranking(kind, names, by_feature[kind])
    return found


def ranking(kind: str, names: Sequence[str], weight: Floats) -> list[dict[str, Any]]:
    """Features by absolute weight, the heaviest first, equal weights by name.

    Returns:
        One entry per feature: `feature`; `importance`; `importance_pct`, its part of the sum of absolute values in
        percent, 0 when all are 0; `rank` from 1; `kind`.
    """
    total = float(np.abs(weight).sum())
    order = sorted(range(len(names)), key=lambda at: (-abs(float(weight[at])), names[at]))
    return [
        {
            "feature": names[at],
            # Adding 0 turns -0 into 0.
            "importance": float(weight[at]) + 0.0,
            "importance_pct": 100.0 * abs(float(weight[at])) / total if total > 0.0 else 0.0,
            "rank": rank,
            "kind": kind,
        }
        for rank, at in enumerate(order, start=1)
    ]


def _summed(values: Floats, owners: Sequence[int], n_features: int) -> Floats:
    total = np.zeros(n_features)
    np.add.at(total, owners, values)
    return total

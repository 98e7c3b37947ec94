"""What each feature weighs in a linear model."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantmill.core.arrays import Floats

__all__ = ["standardized_coefficients"]


def standardized_coefficients(
    names: Sequence[str], coefficients: Floats, column_deviation: Floats
) -> list[dict[str, Any]]:
    """Features by weight, the heaviest first, equal weights by name.

    Args:
        names: Feature names.
        coefficients: Coefficient of each scaled column, in target standard deviations.
        column_deviation: Standard deviation of each scaled column in the training part.

    Returns:
        One entry per feature: `feature`; `importance`, by how many of its standard deviations the target is
        expected to move with one standard deviation of the feature; `importance_frac`, its share of the sum of
        absolute values, 0 when all are 0; `rank` from 1.
    """
    # Adding 0 turns -0 into 0.
    weight = coefficients * column_deviation + 0.0
    total = float(np.abs(weight).sum())
    order = sorted(range(len(names)), key=lambda at: (-abs(float(weight[at])), names[at]))
    return [
        {
            "feature": names[at],
            "importance": float(weight[at]),
            "importance_frac": abs(float(weight[at])) / total if total > 0.0 else 0.0,
            "rank": rank,
        }
        for rank, at in enumerate(order, start=1)
    ]

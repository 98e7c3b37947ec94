"""The linear algorithms with their parameters."""

from typing import Final

from quantmill.models.algorithm import Algorithm
from quantmill.models.parameters import Parameter

__all__ = ["LINEAR_ALGORITHMS"]

_TOLERANCE: Final = Parameter("tol", 1e-6, "duality gap at which fitting stops", low=1e-12, high=1e-1)
_PASSES: Final = Parameter("max_iter", 5_000, "passes over the features at most", low=1, high=1_000_000)
_RATIO: Final = Parameter(
    "l1_ratio",
    0.5,
    "share of the absolute penalty, which sets coefficients to zero",
    low=0.0,
    high=1.0,
    searched=True,
)


def _penalty(default: float, *, searched: bool = False) -> Parameter:
    # In units of the target's training standard deviation a feature enters when its correlation with the target
    # exceeds alpha × l1_ratio; pure noise on 40,000 bars stays below 0.005 two times out of three.
    return Parameter(
        "alpha",
        default,
        "strength of the penalty, in target standard deviations",
        low=1e-8,
        high=1e3,
        searched=searched,
    )


LINEAR_ALGORITHMS: Final = (
    Algorithm("linear", "regressor", (), "linear model by least squares"),
    Algorithm("ridge", "regressor", (_penalty(0.01),), "linear model with squared penalty"),
    Algorithm(
        "lasso",
        "regressor",
        (_penalty(0.005), _TOLERANCE, _PASSES),
        "linear model with absolute penalty; drops features that carry nothing",
    ),
    Algorithm(
        "elasticnet",
        "regressor",
        (_penalty(0.01, searched=True), _RATIO, _TOLERANCE, _PASSES),
        "linear model with absolute and squared penalty; drops features that carry nothing",
    ),
    Algorithm(
        "logistic",
        "classifier",
        (
            _penalty(0.01),
            Parameter("tol", 1e-4, "gradient at which fitting stops", low=1e-12, high=1.0),
            Parameter("max_iter", 1_000, "steps at most", low=1, high=1_000_000),
        ),
        "linear model of the log odds with squared penalty",
    ),
)

"""The one registry of algorithms that can be trained."""

from typing import Final

from quantmill.datasets.targets import TargetKind
from quantmill.errors import NotFoundError
from quantmill.models.algorithm import Algorithm, suggestion
from quantmill.models.linear_algorithms import LINEAR_ALGORITHMS
from quantmill.models.tree_algorithms import TREE_ALGORITHMS

__all__ = ["ALGORITHMS", "default_algorithm", "find_algorithm"]

ALGORITHMS: Final[dict[str, Algorithm]] = {
    algorithm.name: algorithm for algorithm in (*LINEAR_ALGORITHMS, *TREE_ALGORITHMS)
}


def find_algorithm(name: str) -> Algorithm:
    """The algorithm of a name.

    Raises:
        NotFoundError: If there is none.
    """
    if name not in ALGORITHMS:
        raise NotFoundError(f"no algorithm {name!r}", hint=suggestion(name, sorted(ALGORITHMS), "algorithms"))
    return ALGORITHMS[name]


def default_algorithm(kind: TargetKind | None = None, *, two_phase: bool = False) -> str:
    """The algorithm when none is named: a linear one, or XGBoost on the survivors of a linear filter."""
    if two_phase:
        return "xgboost_classifier" if kind == "direction" else "xgboost_regressor"
    return "logistic" if kind == "direction" else "elasticnet"

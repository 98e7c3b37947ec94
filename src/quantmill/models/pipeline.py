"""What the rest of the package needs of a fitted pipeline, whichever library made it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from quantmill.core.arrays import Floats
from quantmill.models.parameters import ParameterValue

__all__ = ["N_THREADS", "FitSettings", "FittedPipeline"]

# Sums over several threads end in other bits: one thread is part of every recipe.
N_THREADS: Final = 1


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to fit: the algorithm with all its parameters, and the declared scaling of each column.

    With `two_phase`, the algorithm sees only the features to which an ElasticNet gives a coefficient.
    """

    algorithm: str
    parameters: Mapping[str, ParameterValue]
    names: tuple[str, ...]
    scaling: tuple[str, ...]
    seed: int
    two_phase: bool = False


class FittedPipeline(Protocol):
    """Imputation, scaling and model in one; takes raw feature rows."""

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in the order in which `predict` takes them."""
        ...

    def predict(self, x: Floats) -> Floats:
        """Expected log return of each row, or with a classifier the probability that the price rises.

        Args:
            x: Raw features, shape (n_rows, n_features); a missing value is NaN.

        Returns:
            Shape (n_rows,).
        """
        ...

"""What the rest of the package needs of a fitted pipeline, whichever library made it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from quantmill.core.arrays import Floats
from quantmill.models.algorithms import ParameterValue

__all__ = ["FitSettings", "FittedPipeline"]


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to fit: the algorithm with all its parameters, and the declared scaling of each column."""

    algorithm: str
    parameters: Mapping[str, ParameterValue]
    names: tuple[str, ...]
    scaling: tuple[str, ...]
    seed: int


class FittedPipeline(Protocol):
    """Imputation, scaling and model in one; takes raw feature rows."""

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in the order in which `predict` takes them."""
        ...

    def predict(self, x: Floats) -> Floats:
        """Expected log return of each row.

        Args:
            x: Raw features, shape (n_rows, n_features); a missing value is NaN.

        Returns:
            Shape (n_rows,).
        """
        ...

"""The choices that fix a model: its dataset, algorithm, parameters, embargo and seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from quantmill.core.digest import short_id
from quantmill.core.version import VERSION
from quantmill.datasets.dataset import Dataset
from quantmill.datasets.recipe import DatasetRecipe
from quantmill.errors import UsageError
from quantmill.models.algorithm import Algorithm
from quantmill.models.algorithms import find_algorithm
from quantmill.models.parameters import ParameterValue
from quantmill.models.pipeline import N_THREADS

__all__ = ["TrainingRecipe"]

# Raised when the same recipe would give another model: part of every id.
_REVISION: Final = 1


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """What a model is made of; equal recipes on equal data give the same id and the same predictions.

    `params` may leave out any parameter or give it as text; `embargo_bars` are left out before each
    test part in addition to the rows whose label reaches into it. With `two_phase`, an ElasticNet chooses the features
    within each training part.
    """

    dataset: DatasetRecipe
    algorithm: str = "elasticnet"
    params: Mapping[str, ParameterValue] = field(default_factory=dict[str, ParameterValue])
    embargo_bars: int = 5
    seed: int = 0
    two_phase: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be trained, before anything is read.

        Raises:
            NotFoundError: If there is no such algorithm.
            UsageError: If a parameter is unknown or out of range, the embargo is negative, or the target is not
                of the kind that the algorithm learns.
        """
        if self.embargo_bars < 0:
            raise UsageError(f"an embargo of {self.embargo_bars} bars", hint="give 0 or more")
        self.resolved_params()
        needed = self.resolved_algorithm.target_kind
        if self.dataset.kind != needed:
            raise UsageError(
                f"{self.algorithm} is a {self.resolved_algorithm.kind} and learns {needed}, not {self.dataset.kind}",
                hint=f"leave --kind out, or choose an algorithm for {self.dataset.kind}",
            )

    @property
    def resolved_algorithm(self) -> Algorithm:
        """The algorithm itself."""
        return find_algorithm(self.algorithm)

    def resolved_params(self) -> dict[str, ParameterValue]:
        """All parameters, defaults filled in."""
        return self.resolved_algorithm.resolve(self.params)

    def as_dict(self, dataset: Dataset) -> dict[str, Any]:
        """The recipe as plain values, with what `dataset` settled: feature version and columns."""
        return {
            "algorithm": self.algorithm,
            "params": self.resolved_params(),
            "embargo_bars": self.embargo_bars,
            "seed": self.seed,
            "two_phase": self.two_phase,
            "n_threads": N_THREADS,
            "dataset": dataset.recipe.as_dict() | {"features": list(dataset.names)},
            "code_version": VERSION,
            "revision": _REVISION,
        }

    def model_id(self, dataset: Dataset) -> str:
        """Id of the model that this recipe gives on `dataset`: digest of recipe, data and code version."""
        return short_id("m", self.as_dict(dataset), dataset.digest)

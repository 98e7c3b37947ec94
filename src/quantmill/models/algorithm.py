"""What an algorithm declares about itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from quantmill.datasets.targets import TargetKind
from quantmill.errors import UsageError
from quantmill.models.parameters import AUTO, Parameter, ParameterValue

__all__ = ["Algorithm", "AlgorithmKind", "suggestion"]

AlgorithmKind = Literal["regressor", "classifier"]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One way to fit a model; a regressor predicts a log return, a classifier the probability of a rise."""

    name: str
    kind: AlgorithmKind
    parameters: tuple[Parameter, ...]
    explains: str

    @property
    def target_kind(self) -> TargetKind:
        """The form of target that it learns."""
        return "log_return" if self.kind == "regressor" else "direction"

    def is_searched(self, parameters: Mapping[str, ParameterValue]) -> bool:
        """Whether training has to find a parameter."""
        return any(one.searched and parameters[one.name] == AUTO for one in self.parameters)

    def resolve(self, given: Mapping[str, ParameterValue]) -> dict[str, ParameterValue]:
        """All parameters in name order: those given, checked, and the defaults of the others.

        Raises:
            UsageError: If a parameter is unknown or its value out of range.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise UsageError(
                    f"{self.name} has no parameter {name!r}",
                    hint=suggestion(name, sorted(known), "parameters"),
                )
        return {
            name: known[name].read(given[name]) if name in given else known[name].default
            for name in sorted(known)
        }


def suggestion(name: str, known: list[str], what: str) -> str:
    """The nearest known name and all others, for a hint."""
    close = get_close_matches(name, known, n=1, cutoff=0.4)
    return f"{f'did you mean {close[0]}? ' if close else ''}known {what}: {', '.join(known) or 'none'}"

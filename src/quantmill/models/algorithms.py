"""The algorithms that can be trained, with their parameters and ranges."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Final, Literal

from quantmill.errors import NotFoundError, UsageError

__all__ = ["ALGORITHMS", "Algorithm", "AlgorithmKind", "Parameter", "ParameterValue", "find_algorithm"]

AlgorithmKind = Literal["regressor", "classifier"]
ParameterValue = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an algorithm: its default, and the range [low, high] or the choices that it may take."""

    name: str
    default: ParameterValue
    explains: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def read(self, value: ParameterValue) -> ParameterValue:
        """The value in the parameter's own type; text is read as a person writes it on a command line.

        Raises:
            UsageError: If the value has another type or lies outside the range.
        """
        read = _convert(value, type(self.default))
        if read is None:
            raise UsageError(
                f"{self.name}={value} is not of type {type(self.default).__name__}", hint=self._range()
            )
        if self.choices and read not in self.choices:
            raise UsageError(f"{self.name}={value} is not among the choices", hint=self._range())
        if isinstance(read, int | float) and not isinstance(read, bool):
            above = self.low is None or read >= self.low
            below = self.high is None or read <= self.high
            if not (above and below):
                raise UsageError(f"{self.name}={value} is out of range", hint=self._range())
        return read

    def _range(self) -> str:
        if self.choices:
            return f"{self.name} is one of {', '.join(self.choices)} [{self.default}]"
        return f"{self.name} goes from {self.low} to {self.high} [{self.default}]: {self.explains}"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One way to fit a model."""

    name: str
    kind: AlgorithmKind
    parameters: tuple[Parameter, ...]
    explains: str

    def resolve(self, given: Mapping[str, ParameterValue]) -> dict[str, ParameterValue]:
        """All parameters in name order: those given, checked, and the defaults of the others.

        Raises:
            UsageError: If a parameter is unknown or its value out of range.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise UsageError(
                    f"{self.name} has no parameter {name!r}", hint=_nearest(name, sorted(known), "parameters")
                )
        return {
            name: known[name].read(given[name]) if name in given else known[name].default
            for name in sorted(known)
        }


# In units of the target's training standard deviation a feature enters when its correlation with the target
# exceeds alpha × l1_ratio; pure noise on 40,000 bars stays below 0.005 two times out of three.
_ELASTICNET: Final = Algorithm(
    name="elasticnet",
    kind="regressor",
    explains="linear model with absolute and squared penalty; drops features that carry nothing",
    parameters=(
        Parameter(
            "alpha", 0.01, "strength of the penalty, in target standard deviations", low=1e-8, high=1e3
        ),
        Parameter(
            "l1_ratio",
            0.5,
            "share of the absolute penalty, which sets coefficients to zero",
            low=0.0,
            high=1.0,
        ),
        Parameter("tol", 1e-6, "duality gap at which fitting stops", low=1e-12, high=1e-1),
        Parameter("max_iter", 5_000, "passes over the features at most", low=1, high=1_000_000),
    ),
)

ALGORITHMS: Final[dict[str, Algorithm]] = {algorithm.name: algorithm for algorithm in (_ELASTICNET,)}


def find_algorithm(name: str) -> Algorithm:
    """The algorithm of a name.

    Raises:
        NotFoundError: If there is none.
    """
    if name not in ALGORITHMS:
        raise NotFoundError(f"no algorithm {name!r}", hint=_nearest(name, sorted(ALGORITHMS), "algorithms"))
    return ALGORITHMS[name]


def _nearest(name: str, known: list[str], what: str) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.4)
    return f"{f'did you mean {close[0]}? ' if close else ''}known {what}: {', '.join(known)}"


def _convert(value: ParameterValue, wanted: type) -> ParameterValue | None:
    """`value` as `wanted`, or None when it is something else."""
    if wanted is bool:
        if isinstance(value, str):
            return {"true": True, "false": False}.get(value.lower())
        return value if isinstance(value, bool) else None
    if isinstance(value, bool):
        return None
    if wanted is str:
        return value if isinstance(value, str) else None
    try:
        number = float(value)
        if not isfinite(number):
            return None
        if wanted is int:
            return int(number) if number == int(number) else None
    except ValueError:
        return None
    return number

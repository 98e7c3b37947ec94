"""The parameter grid: which configurations a batch tries, in a fixed order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod

from quantmill.optimize.axis import DEFAULT_AXES, Axis, Value

__all__ = ["ParameterSpace"]


@dataclass(frozen=True, slots=True)
class ParameterSpace:
    """All combinations of the axes' values; the first axis varies fastest.

    Configurations are computed from their number, so a grid of a million costs no memory.
    The slow axes are those that need another stream of signals; thresholds only move along one.
    """

    axes: tuple[Axis, ...] = field(default=DEFAULT_AXES)

    @classmethod
    def parse(cls, parameters: Mapping[str, object]) -> "ParameterSpace":
        """A space from a configuration's `parameters`; parameters left out keep their default values.

        Raises:
            UsageError: If a parameter is unknown or its values are not usable.
        """
        given = {name: Axis.parse(name, values) for name, values in parameters.items()}
        return cls(tuple(given.get(axis.name, axis) for axis in DEFAULT_AXES))

    @property
    def n_streams(self) -> int:
        """How many different signals there are: combinations of filters and gates."""
        return prod(len(axis.values) for axis in self.axes if axis.name != "threshold")

    def __len__(self) -> int:
        """How many configurations there are."""
        return prod(len(axis.values) for axis in self.axes)

    def __getitem__(self, number: int) -> dict[str, Value]:
        """The configuration of a number from 0 on."""
        if not 0 <= number < len(self):
            raise IndexError(f"configuration {number} of {len(self)}")
        chosen: dict[str, Value] = {}
        for axis in self.axes:
            number, place = divmod(number, len(axis.values))
            chosen[axis.name] = axis.values[place]
        return chosen

    def __iter__(self) -> Iterator[dict[str, Value]]:
        """All configurations in order."""
        return (self[number] for number in range(len(self)))

    def values_of(self, name: str) -> tuple[Value, ...]:
        """The values of one parameter."""
        return next(axis.values for axis in self.axes if axis.name == name)

    def with_values(self, name: str, values: tuple[Value, ...]) -> "ParameterSpace":
        """The space with other values of one parameter."""
        return ParameterSpace(tuple(Axis(name, values) if axis.name == name else axis for axis in self.axes))

    def recipe(self) -> dict[str, object]:
        """The axes as JSON values, for digests and records."""
        return {axis.name: list(axis.values) for axis in self.axes}

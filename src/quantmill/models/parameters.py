"""One parameter of an algorithm: its default, and what it may be."""

from dataclasses import dataclass
from math import isfinite
from typing import Final

from quantmill.errors import UsageError

__all__ = ["AUTO", "Parameter", "ParameterValue"]

ParameterValue = bool | int | float | str
AUTO: Final = "auto"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter's default, and the range [low, high] or the choices that it may take.

    With `searched`, it may also be `auto`, which is then its default: training finds the value. The
    number of the declaration then only tells its type.
    """

    name: str
    number: ParameterValue
    explains: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    searched: bool = False

    @property
    def default(self) -> ParameterValue:
        """The value when none is given."""
        return AUTO if self.searched else self.number

    def read(self, value: ParameterValue) -> ParameterValue:
        """The value in the parameter's own type; text is read as a person writes it on a command line.

        Raises:
            UsageError: If the value has another type or lies outside the range.
        """
        if self.searched and value == AUTO:
            return AUTO
        read = _convert(value, type(self.number))
        if read is None:
            raise UsageError(
                f"{self.name}={value} is not of type {type(self.number).__name__}", hint=self._range()
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
        also = f", or {AUTO}" if self.searched else ""
        return f"{self.name} goes from {self.low} to {self.high}{also} [{self.default}]: {self.explains}"


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

"""A continuous range of a parameter's values, from which a sample draws."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from quantmill.core.arrays import Floats
from quantmill.errors import UsageError

__all__ = ["ValueRange", "is_range"]

_LOG: Final = "log:"
_DOTS: Final = ".."
_HINT: Final = "give LOW..HIGH, or log:LOW..HIGH for even steps of the logarithm, such as log:0.0001..0.002"
# Narrower than this, a sample of millions would run into neighboring floating-point numbers.
_LEAST_WIDTH: Final = 1e-6


def is_range(given: object) -> bool:
    """Whether a value is written as a range."""
    return isinstance(given, str) and _DOTS in given


@dataclass(frozen=True, slots=True)
class ValueRange:
    """All numbers from `low` up to, not including, `high`, evenly or evenly in their logarithm."""

    name: str
    low: float
    high: float
    is_log: bool = False

    def __post_init__(self) -> None:
        """Refuse ends that are no thresholds, and ranges without room."""
        if not 0.0 <= self.low < self.high < math.inf:
            raise UsageError(
                f"parameter {self.name!r} ranges from {self.low} to {self.high}; it must begin at 0 or above and "
                "end above its beginning",
                hint=_HINT,
            )
        if self.is_log and self.low == 0.0:
            raise UsageError(
                f"parameter {self.name!r} begins at 0, which has no logarithm", hint="begin above 0"
            )
        if self.high - self.low < _LEAST_WIDTH * self.high:
            raise UsageError(
                f"parameter {self.name!r} ranges from {self.low} to {self.high}, which is one value for all that "
                "matters",
                hint="list values instead",
            )

    @classmethod
    def parse(cls, name: str, text: str) -> "ValueRange":
        """A range as people write it: `0.0001..0.002` or `log:0.0001..0.002`.

        Raises:
            UsageError: If it is not of this form or its ends do not fit.
        """
        is_log = text.startswith(_LOG)
        low, _, high = text.removeprefix(_LOG).partition(_DOTS)
        try:
            return cls(name, float(low), float(high), is_log)
        except ValueError:
            raise UsageError(f"parameter {name!r} is {text!r}, no range of numbers", hint=_HINT) from None

    @property
    def text(self) -> str:
        """As people write it."""
        return f"{_LOG if self.is_log else ''}{self.low!r}{_DOTS}{self.high!r}"

    def at(self, fraction: Floats) -> Floats:
        """The values at fractions of the range in [0, 1), shape kept."""
        if not self.is_log:
            return self.low + (self.high - self.low) * fraction
        low, high = np.log(self.low), np.log(self.high)
        return np.clip(np.exp(low + (high - low) * fraction), self.low, self.high)

"""What a batch needs to know of its configurations, whether they are a full grid or drawn at random."""

from collections.abc import Mapping
from typing import Protocol

from quantmill.optimize.axis import Value

__all__ = ["TrialSpace"]


class TrialSpace(Protocol):
    """Configurations by number from 0 on, each exactly once; none is stored as a mapping."""

    @property
    def n_streams(self) -> int:
        """How many different signals there are: combinations of filters and gates."""
        ...

    def __len__(self) -> int:
        """How many configurations there are."""
        ...

    def __getitem__(self, number: int) -> Mapping[str, Value]:
        """The configuration of a number."""
        ...

    def values_of(self, name: str) -> tuple[Value, ...]:
        """The values that a listed parameter can take."""
        ...

    def with_values(self, name: str, values: tuple[Value, ...]) -> "TrialSpace":
        """The space with other values of one parameter."""
        ...

    def recipe(self) -> dict[str, object]:
        """All that decides which configurations there are and in which order, as JSON values."""
        ...

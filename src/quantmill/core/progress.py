"""How long work tells a person how far it is."""

from dataclasses import dataclass
from typing import Protocol

__all__ = ["NO_PROGRESS", "NullProgress", "Progress"]


class Progress(Protocol):
    """Receives progress; raising from a call is how a caller cancels."""

    def start(self, task: str, total: int) -> None:
        """Begin `task` of `total` steps; starting another task ends the one before."""
        ...

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        """Count `steps` as done; `note` says what is being done now."""
        ...

    def say(self, message: str) -> None:
        """Tell a person one line, such as a warning that must not be lost."""
        ...


@dataclass(frozen=True, slots=True)
class NullProgress:
    """Progress that nobody watches."""

    def start(self, task: str, total: int) -> None:
        """Nothing."""

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        """Nothing."""

    def say(self, message: str) -> None:
        """Nothing."""


NO_PROGRESS = NullProgress()

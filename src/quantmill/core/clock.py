"""The present moment, as a value that is passed in."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from quantmill.core.instants import to_us

__all__ = ["Clock", "FixedClock", "SystemClock"]


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        ...

    def now_us(self) -> int:
        """The present instant in microseconds since 1970 UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)

    def now_us(self) -> int:
        """The present instant in microseconds since 1970 UTC."""
        return to_us(self.now())


@dataclass(slots=True)
class FixedClock:
    """A clock that stands at `instant` until somebody moves it."""

    instant: datetime

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.instant

    def now_us(self) -> int:
        """The instant it was set to, in microseconds since 1970 UTC."""
        return to_us(self.instant)

"""A half-open stretch of time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from quantmill.core.instants import to_us

__all__ = ["Span"]


@dataclass(frozen=True, slots=True)
class Span:
    """All instants from `start` up to, not including, `end`; both in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse naive times and empty spans."""
        for name in ("start", "end"):
            value: datetime = getattr(self, name)
            if value.utcoffset() != timedelta(0):
                raise ValueError(f"{name} must be in UTC, got {value.isoformat()}")
        if self.start >= self.end:
            raise ValueError(f"start {self.start} is not before end {self.end}")

    @property
    def start_us(self) -> int:
        """Start in microseconds since 1970 UTC."""
        return to_us(self.start)

    @property
    def end_us(self) -> int:
        """End in microseconds since 1970 UTC."""
        return to_us(self.end)

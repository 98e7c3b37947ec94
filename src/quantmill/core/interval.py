"""The length of a bar: 1m, 5m, 15m, 30m, 1h, 4h, 8h, 1d."""

from dataclasses import dataclass
from datetime import timedelta

from quantmill.errors import UsageError

__all__ = ["ONE_MINUTE", "Interval"]

_MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "8h": 480, "1d": 1440}


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A bar's length in minutes; a bar with start `ts` is known at `ts + interval`."""

    minutes: int

    def __post_init__(self) -> None:
        """Refuse lengths that no bar of ours has."""
        if self.minutes not in _MINUTES.values():
            raise ValueError(f"no interval of {self.minutes} minutes; known are {', '.join(_MINUTES)}")

    @classmethod
    def parse(cls, text: str) -> "Interval":
        """Read an interval as people write it.

        Raises:
            UsageError: If the text names no known interval.
        """
        if text not in _MINUTES:
            raise UsageError(f"unknown interval {text!r}", hint=f"use one of {', '.join(_MINUTES)}")
        return cls(_MINUTES[text])

    def __str__(self) -> str:
        """The name people use: `5m`."""
        return next(name for name, minutes in _MINUTES.items() if minutes == self.minutes)

    @property
    def microseconds(self) -> int:
        """Length in microseconds, the unit of `ts` in arrays."""
        return self.minutes * 60_000_000

    @property
    def timedelta(self) -> timedelta:
        """Length as a `timedelta`."""
        return timedelta(minutes=self.minutes)


ONE_MINUTE = Interval(1)

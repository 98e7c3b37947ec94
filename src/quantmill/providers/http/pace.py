"""How fast one key may ask: a leaky bucket whose whole state is two instants, so that processes can share it."""

from dataclasses import dataclass, replace
from typing import Final, Self

__all__ = ["MINUTE_US", "Pace", "Quota"]

MINUTE_US: Final = 60_000_000
# Steady requests take nine tenths of the limit and a burst one twentieth: no window, wherever it starts, sees more
# than the limit, and a twentieth is left for requests that arrive late.
_STEADY_FRAC: Final = 0.90
_BURST_FRAC: Final = 0.05


@dataclass(frozen=True, slots=True)
class Quota:
    """What the headers of an answer say of the limit; None where they say nothing.

    Args:
        limit: Requests in the window.
        remaining: Requests left until `resets_us`.
        resets_us: When the count starts anew, microseconds since 1970 UTC.
    """

    limit: int | None = None
    remaining: int | None = None
    resets_us: int | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """The generic cell rate algorithm (ITU-T I.371) for a limit of requests in a window of time.

    Args:
        limit: Requests in any window.
        window_us: Its length in microseconds [a minute].
        due_us: When the next request would be due at a steady rate.
        blocked_until_us: Nothing is sent before.
    """

    limit: int
    window_us: int = MINUTE_US
    due_us: int = 0
    blocked_until_us: int = 0

    @property
    def interval_us(self) -> int:
        """Microseconds between steady requests."""
        return round(self.window_us / (_STEADY_FRAC * self.limit))

    def reserve(self, now_us: int) -> tuple[Self, int]:
        """Take the next place.

        Returns:
            The pace after it, and the instant from which the request may be sent.
        """
        burst = max(1, int(_BURST_FRAC * self.limit))
        due_us = max(self.due_us, now_us, self.blocked_until_us)
        at_us = max(now_us, self.blocked_until_us, due_us - (burst - 1) * self.interval_us)
        return replace(self, due_us=due_us + self.interval_us), at_us

    def learn(self, quota: Quota) -> Self:
        """The pace after an answer: a lower limit holds from now on, and a spent one blocks until it resets."""
        pace = self
        if quota.limit is not None and 0 < quota.limit < pace.limit:
            pace = replace(pace, limit=quota.limit)
        if quota.remaining is not None and quota.remaining <= 0 and quota.resets_us is not None:
            pace = pace.block(quota.resets_us)
        return pace

    def block(self, until_us: int) -> Self:
        """The pace with nothing sent before an instant."""
        return replace(self, blocked_until_us=max(self.blocked_until_us, until_us))

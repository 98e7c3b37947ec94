"""When a request is sent again, and after how long."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from quantmill.providers.http.pace import Quota

__all__ = ["RetryRules", "asked_pause_s", "is_passing", "quota_of"]

_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
# Some servers count the reset in seconds from now, others since 1970.
_AN_EPOCH_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RetryRules:
    """Exponential backoff with jitter.

    Args:
        attempts: Requests in all, the first one included.
        initial_s: Wait before the second attempt, seconds.
        base: Factor from each wait to the next.
        max_wait_s: No wait is longer; a server that asks for a longer pause is given up instead.
    """

    attempts: int = 6
    initial_s: float = 0.5
    base: float = 2.0
    max_wait_s: float = 60.0

    def backoff_s(self, attempt: int) -> float:
        """Seconds to wait after attempt number `attempt` (from 1): `initial * base^(attempt-1)`, half of it random."""
        full = min(self.initial_s * self.base ** (attempt - 1), self.max_wait_s)
        return full * random.uniform(0.5, 1.0)


def is_passing(status: int) -> bool:
    """Whether a status tells of a fault that may pass: 408, 425, 429 and 5xx."""
    return status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def quota_of(headers: Mapping[str, str], now_us: int) -> Quota:
    """What `X-RateLimit-Limit`, `-Remaining` and `-Reset` say, or the forms without `X-`.

    Args:
        headers: With names in lower case.
        now_us: The present instant, for a reset given in seconds from now.
    """
    limit, remaining, reset = (
        _number(headers.get(f"x-ratelimit-{name}") or headers.get(f"ratelimit-{name}"))
        for name in ("limit", "remaining", "reset")
    )
    resets_us = None
    if reset is not None:
        resets_us = round(reset * 1e6) if reset > _AN_EPOCH_S else now_us + round(reset * 1e6)
    return Quota(
        None if limit is None else int(limit), None if remaining is None else int(remaining), resets_us
    )


def asked_pause_s(headers: Mapping[str, str], now_us: int) -> float | None:
    """Seconds of pause that an answer asks for: `Retry-After` (seconds or a date), else the limit's reset."""
    text = headers.get("retry-after")
    if text is not None:
        seconds = _number(text)
        if seconds is not None:
            return max(0.0, seconds)
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        return max(0.0, until.timestamp() - now_us / 1e6)
    resets_us = quota_of(headers, now_us).resets_us
    return None if resets_us is None else max(0.0, (resets_us - now_us) / 1e6)


def _number(text: str | None) -> float | None:
    try:
        number = None if text is None else float(text)
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None

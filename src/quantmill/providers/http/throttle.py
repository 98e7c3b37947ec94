"""Who may send the next request when: threads of one process, or all processes on one state database."""

import threading
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Connection, select

from quantmill.core.clock import Clock
from quantmill.providers.http.pace import Pace, Quota
from quantmill.state.engine import State
from quantmill.state.statements import upsert
from quantmill.state.tables.providers import RATE_LIMIT

__all__ = ["LocalThrottle", "SharedThrottle", "Throttle"]


class Throttle(Protocol):
    """Hands out places under one limit."""

    def reserve(self) -> int:
        """The instant from which the next request may be sent, microseconds since 1970 UTC; the place is taken."""
        ...

    def learn(self, quota: Quota) -> None:
        """Heed what an answer said of the limit."""
        ...

    def block(self, until_us: int) -> None:
        """Send nothing before an instant."""
        ...


class LocalThrottle:
    """A limit that the threads of this process share."""

    def __init__(self, pace: Pace, clock: Clock) -> None:
        self._pace, self._clock, self._lock = pace, clock, threading.Lock()

    def reserve(self) -> int:
        """As `Throttle.reserve`."""
        with self._lock:
            self._pace, at_us = self._pace.reserve(self._clock.now_us())
        return at_us

    def learn(self, quota: Quota) -> None:
        """As `Throttle.learn`."""
        with self._lock:
            self._pace = self._pace.learn(quota)

    def block(self, until_us: int) -> None:
        """As `Throttle.block`."""
        with self._lock:
            self._pace = self._pace.block(until_us)


class SharedThrottle:
    """A limit that all processes on one state database share.

    Args:
        state: The database.
        bucket: Names the limit: the provider and a fingerprint of the key, never the key.
        pace: The configured limit; a lower one that the provider told of holds instead.
        clock: The machine's clock; processes on several machines need clocks that agree to a fraction of a second.
    """

    def __init__(self, state: State, bucket: str, pace: Pace, clock: Clock) -> None:
        self._state, self._bucket, self._configured, self._clock = state, bucket, pace, clock
        table = RATE_LIMIT.c
        self._row = select(table.per_window, table.due_us, table.blocked_until_us).where(
            table.bucket == bucket
        )

    def reserve(self) -> int:
        """As `Throttle.reserve`."""
        at_us = 0

        def take(pace: Pace) -> Pace:
            nonlocal at_us
            pace, at_us = pace.reserve(self._clock.now_us())
            return pace

        self._change(take)
        return at_us

    def learn(self, quota: Quota) -> None:
        """As `Throttle.learn`; the database is written only when something changes."""
        if quota.limit is None and quota.remaining is None:
            return
        with self._state.read() as connection:
            pace = self._find(connection)
        if pace.learn(quota) != pace:
            self._change(lambda pace: pace.learn(quota))

    def block(self, until_us: int) -> None:
        """As `Throttle.block`."""
        self._change(lambda pace: pace.block(until_us))

    def _change(self, step: Callable[[Pace], Pace]) -> None:
        with self._state.write() as connection:
            pace = step(self._find(connection))
            upsert(
                connection,
                RATE_LIMIT,
                {
                    "bucket": self._bucket,
                    "per_window": pace.limit,
                    "due_us": pace.due_us,
                    "blocked_until_us": pace.blocked_until_us,
                },
                key=("bucket",),
            )

    def _find(self, connection: Connection) -> Pace:
        row = connection.execute(self._row).first()
        if row is None:
            return self._configured
        return Pace(
            min(self._configured.limit, row.per_window),
            self._configured.window_us,
            row.due_us,
            row.blocked_until_us,
        )

"""How providers reach their servers: settings, limits shared through the state database, counted traffic."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from quantmill.config.settings import Settings
from quantmill.core.clock import Clock, SystemClock
from quantmill.core.digest import digest
from quantmill.errors import ConfigError
from quantmill.providers.http.pace import MINUTE_US, Pace
from quantmill.providers.http.retrying import RetryRules
from quantmill.providers.http.source import HttpSource, Judge, TimeLimits
from quantmill.providers.http.throttle import LocalThrottle, SharedThrottle
from quantmill.providers.http.traffic import Traffic
from quantmill.state.engine import State

__all__ = ["Access"]


@dataclass(frozen=True)
class Access:
    """What a provider with a server is made with.

    Args:
        settings: Credentials, addresses, limits.
        state: Database through which processes share limits; without one only this process heeds them.
        clock: Tells the time.
        sleep: Waits.
        traffic: Counts all requests.
    """

    settings: Settings
    state: State | None = None
    clock: Clock = field(default_factory=SystemClock)
    sleep: Callable[[float], None] = time.sleep
    traffic: Traffic = field(default_factory=Traffic)
    _sources: list[HttpSource] = field(default_factory=list[HttpSource], init=False, repr=False)

    def close(self) -> None:
        """Give back all connections."""
        while self._sources:
            self._sources.pop().close()

    def source(
        self,
        provider: str,
        base_url: str,
        *,
        limit: int,
        window_us: int = MINUTE_US,
        headers: Mapping[str, str] | None = None,
        secret_params: Mapping[str, str] | None = None,
        secrets: tuple[str, ...] = (),
        judge: Judge | None = None,
    ) -> HttpSource:
        """A server of a provider; all servers made with the same secrets share one limit.

        Args:
            provider: Name for errors and logs.
            base_url: Scheme, host and path prefix.
            limit: Requests that the key may send in a window.
            window_us: Length of the window, microseconds [a minute].
            headers: Sent with each request.
            secret_params: Sent in the query of each request, for a provider that wants its key nowhere else.
            secrets: Keys, kept out of errors and logs.
            judge: What the provider's refusals mean.
        """
        http = self.settings.http
        # Real time paces requests, also where a test or a replay moves the clock of the bars.
        clock = SystemClock()
        pace = Pace(limit, window_us)
        bucket = f"{provider}:{digest(provider, *secrets)[:12]}"
        throttle = (
            LocalThrottle(pace, clock)
            if self.state is None
            else SharedThrottle(self.state, bucket, pace, clock)
        )
        source = HttpSource(
            provider,
            base_url,
            throttle,
            headers=headers or {},
            secret_params=secret_params or {},
            secrets=secrets,
            judge=judge or (lambda _status, _text: None),
            rules=RetryRules(http.attempts, http.initial_wait_s, http.wait_base, http.max_wait_s),
            limits=TimeLimits(http.connect_timeout_s, http.read_timeout_s, http.total_timeout_s),
            traffic=self.traffic,
            clock=clock,
            sleep=self.sleep,
        )
        self._sources.append(source)
        return source

    def secret(self, value: SecretStr | None, provider: str, variables: str) -> str:
        """The text of a credential.

        Raises:
            ConfigError: If it is not set; the hint names the variables.
        """
        if value is None or not value.get_secret_value():
            raise ConfigError(
                f"{provider} has no credentials", hint=f"set {variables} in the environment or .env"
            )
        return value.get_secret_value()

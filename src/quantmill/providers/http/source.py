"""One provider's server: asks it, waits its turn, tries again what may pass, and never shows a key."""

import logging
import time
import weakref
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field
from typing import Final, TypeVar

import httpx2
import msgspec

from quantmill.core.clock import Clock, SystemClock
from quantmill.errors import (
    AuthError,
    NoDataError,
    ProviderError,
    RateLimitError,
    SchemaDriftError,
    UnavailableError,
)
from quantmill.providers.http.retrying import RetryRules, asked_pause_s, is_passing, quota_of
from quantmill.providers.http.throttle import Throttle
from quantmill.providers.http.traffic import Traffic

__all__ = ["HttpSource", "Judge", "TimeLimits", "judge_by_status"]

_LOG: Final = logging.getLogger(__name__)
_MAX_SHOWN: Final = 300
_TOO_MANY: Final = 429
_OK: Final = 200

Answer = TypeVar("Answer")

# What a refusal (a status of 3xx or 4xx that does not pass) means, from its status and text; None leaves it to
# `judge_by_status`.
Judge = Callable[[int, str], ProviderError | None]


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds after which a request is given up: to connect, between two parts of the answer, and in all."""

    connect_s: float = 10.0
    read_s: float = 30.0
    total_s: float = 120.0


@dataclass(frozen=True, slots=True)
class _Fault:
    """An answer that may pass: what it was, and how long its server asks to wait."""

    what: str
    pause_s: float | None = None
    is_limit: bool = False


class _SecretQuery(httpx2.HTTPTransport):
    """Puts parameters into the query on the way out, after the client has told its log of the request."""

    def __init__(self, params: Mapping[str, str]) -> None:
        super().__init__()
        self._params = dict(params)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer to the request with the parameters."""
        url = request.url.copy_merge_params(self._params)
        return super().handle_request(
            httpx2.Request(
                request.method,
                url,
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )


@dataclass
class HttpSource:
    """A server of one provider; share it between threads.

    Args:
        provider: Name for errors and logs.
        base_url: Scheme, host and path prefix; requests go nowhere else, and redirects are refused.
        throttle: The limit of the key.
        headers: Sent with each request; credentials belong here, never into parameters.
        secret_params: Sent in the query of each request, where a provider wants its key nowhere else; no log has them.
        secrets: Texts that are replaced wherever the provider's words are shown.
        judge: What the provider's refusals mean.
        rules: Retries.
        limits: Time-outs.
        traffic: Counts what is sent.
        clock: Tells the time.
        sleep: Waits; a test may hand in another.
    """

    provider: str
    base_url: str
    throttle: Throttle
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    secret_params: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    judge: Judge = field(default=lambda _status, _text: None)
    rules: RetryRules = field(default_factory=RetryRules)
    limits: TimeLimits = field(default_factory=TimeLimits)
    traffic: Traffic = field(default_factory=Traffic)
    clock: Clock = field(default_factory=SystemClock)
    sleep: Callable[[float], None] = time.sleep
    _client: httpx2.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the pool of connections."""
        limits = self.limits
        self._client = httpx2.Client(
            base_url=self.base_url,
            headers={"Accept-Encoding": "gzip, deflate", "User-Agent": "quantmill", **self.headers},
            timeout=httpx2.Timeout(limits.read_s, connect=limits.connect_s, pool=limits.total_s),
            follow_redirects=False,
            transport=_SecretQuery(self.secret_params) if self.secret_params else None,
        )
        # Providers live as long as they are used and are closed by nobody.
        weakref.finalize(self, self._client.close)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def get(
        self,
        path: str,
        decoder: msgspec.json.Decoder[Answer],
        params: Mapping[str, str | int] | None = None,
    ) -> Answer:
        """Ask for one thing.

        Args:
            path: Below `base_url`, with or without a query of its own; also an absolute URL, of which only path and
                query are used: a link to a next page never leads the key to another host.
            decoder: Turns the body into a value; a body it cannot parse counts as cut short.
            params: The query, when it is not in `path`.

        Raises:
            AuthError: If the credentials are refused; nothing was asked a second time.
            NoDataError: If the provider does not know what was asked for.
            RateLimitError: If the provider asks for a longer pause than the rules allow.
            UnavailableError: If no attempt got through.
            SchemaDriftError: If the answer has another form than the provider documents.
            ProviderError: If the provider refuses for another reason.
        """
        address = self._local(path)
        fault = _Fault("not asked")
        for attempt in range(1, self.rules.attempts + 1):
            self._await_turn()
            self.traffic.count(requests=1, retries=int(attempt > 1))
            fault_or_answer = self._attempt(address, decoder, params, attempt)
            if not isinstance(fault_or_answer, _Fault):
                return fault_or_answer
            fault = fault_or_answer
            if attempt < self.rules.attempts:
                self._pause(fault, attempt)
        what = f"{self.provider} did not answer {address} in {self.rules.attempts} attempts: {fault.what}"
        if fault.is_limit:
            raise RateLimitError(what, wait_s=fault.pause_s or self.rules.max_wait_s)
        raise UnavailableError(what, hint="try again later; what was stored stays")

    def _attempt(
        self,
        address: str,
        decoder: msgspec.json.Decoder[Answer],
        params: Mapping[str, str | int] | None,
        attempt: int,
    ) -> Answer | _Fault:
        began = time.perf_counter()
        status, n_bytes, rows, outcome = 0, 0, None, "ok"
        try:
            status, headers, body = self._fetch(address, params, began)
            n_bytes = len(body)
            self.traffic.count(n_bytes=n_bytes)
            now_us = self.clock.now_us()
            self.throttle.learn(quota_of(headers, now_us))
            if status != _OK:
                outcome = self._shown(body)
                return self._refused(status, headers, outcome, now_us)
            answer = decoder.decode(body)
            rows = len(answer) if isinstance(answer, Sized) else None
            return answer
        except httpx2.TransportError as error:
            outcome = self._clean(f"{type(error).__name__}: {error}")
            return _Fault(outcome)
        except msgspec.ValidationError as error:
            outcome = f"unexpected form: {error}"
            raise SchemaDriftError(
                f"{self.provider} answered {address} in an unexpected form: {error}"
            ) from error
        except msgspec.DecodeError as error:
            outcome = f"the body was cut short or is no JSON: {error}"
            return _Fault(outcome)
        finally:
            _LOG.info(
                "request",
                extra={
                    "provider": self.provider,
                    "path": address,
                    "query": dict(params or {}),
                    "status": status,
                    "attempt": attempt,
                    "rows": rows,
                    "bytes": n_bytes,
                    "latency_ms": round((time.perf_counter() - began) * 1e3, 1),
                    "outcome": outcome,
                },
            )

    def _fetch(
        self, address: str, params: Mapping[str, str | int] | None, began: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        with self._client.stream("GET", address, params=params) as response:
            parts: list[bytes] = []
            for part in response.iter_bytes():
                parts.append(part)
                if time.perf_counter() - began > self.limits.total_s:
                    raise httpx2.ReadTimeout(f"no whole answer in {self.limits.total_s:g} s")
            headers = {name.lower(): value for name, value in response.headers.items()}
            return response.status_code, headers, b"".join(parts)

    def _refused(self, status: int, headers: Mapping[str, str], text: str, now_us: int) -> _Fault:
        """A fault that may pass.

        Raises:
            ProviderError: If it will not.
        """
        if is_passing(status):
            pause_s = (
                asked_pause_s(headers, now_us) if status == _TOO_MANY or "retry-after" in headers else None
            )
            return _Fault(f"status {status}: {text}", pause_s, is_limit=status == _TOO_MANY)
        raise self.judge(status, text) or judge_by_status(self.provider, status, text)

    def _await_turn(self) -> None:
        wait_s = (self.throttle.reserve() - self.clock.now_us()) / 1e6
        if wait_s > 0:
            self.traffic.count(waited_s=wait_s)
            self.sleep(wait_s)

    def _pause(self, fault: _Fault, attempt: int) -> None:
        wait_s = self.rules.backoff_s(attempt) if fault.pause_s is None else fault.pause_s
        if wait_s > self.rules.max_wait_s:
            raise RateLimitError(
                f"{self.provider} asks for a pause of {wait_s:.0f} s ({fault.what})", wait_s=wait_s
            )
        if fault.is_limit:
            # All who share the key pause, not only this request.
            self.throttle.block(self.clock.now_us() + round(wait_s * 1e6))
        else:
            self.traffic.count(waited_s=wait_s)
            self.sleep(wait_s)

    def _local(self, path: str) -> str:
        if "://" not in path:
            return path
        url = httpx2.URL(path)
        return url.raw_path.decode()

    def _shown(self, body: bytes) -> str:
        # Cleaned before it is cut: half a key would not be found.
        return " ".join(self._clean(body.decode("utf-8", "replace")).split())[:_MAX_SHOWN]

    def _clean(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "********")
        return text


def judge_by_status(provider: str, status: int, text: str) -> ProviderError:
    """What a refusal means when the provider has no rule of its own for it."""
    if status in {401, 403}:
        return AuthError(
            f"{provider} refused the credentials (status {status}: {text})",
            hint="correct the key; it was not tried again",
        )
    if status == 404:
        return NoDataError(f"{provider} has nothing there (status 404: {text})")
    return ProviderError(f"{provider} refused the request (status {status}: {text})")

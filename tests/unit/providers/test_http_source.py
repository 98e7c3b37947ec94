"""The client of HTTP against servers of its own: time-outs, redirects, keys that never show."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import msgspec
import pytest

from quantmill.core.clock import SystemClock
from quantmill.errors import (
    AuthError,
    NoDataError,
    ProviderError,
    QuantmillError,
    RateLimitError,
    SchemaDriftError,
    UnavailableError,
)
from quantmill.providers.http.pace import Pace
from quantmill.providers.http.retrying import RetryRules
from quantmill.providers.http.source import HttpSource, TimeLimits
from quantmill.providers.http.throttle import LocalThrottle

SECRET = "k3y-that-must-not-show"
NUMBERS = msgspec.json.Decoder(list[int])
Reply = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(reply: Reply) -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and the keys with which it was asked."""
    keys: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            keys.append(self.headers.get("Authorization", ""))
            try:
                reply(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", keys
    finally:
        server.shutdown()
        server.server_close()


def answering(body: bytes, status: int = 200, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def source_of(url: str, **changes: Any) -> HttpSource:  # noqa: ANN401 - those of HttpSource
    options = {
        "headers": {"Authorization": f"Bearer {SECRET}"},
        "secrets": (SECRET,),
        "rules": RetryRules(2, 0.01, 1.0, 3.0),
        "limits": TimeLimits(0.3, 0.3, 1.0),
    }
    return HttpSource("test", url, LocalThrottle(Pace(100_000), SystemClock()), **{**options, **changes})


def test_an_answer_is_decoded_and_counted() -> None:
    with serving(answering(b"[1,2,3]")) as (url, keys):
        source = source_of(url)

        assert source.get("/numbers", NUMBERS, {"from": 1}) == [1, 2, 3]
        assert (source.traffic.requests, source.traffic.retries, source.traffic.bytes) == (1, 0, 7)
        assert keys == [f"Bearer {SECRET}"]


def test_a_silent_server_is_given_up() -> None:
    with serving(lambda _: time.sleep(1.0)) as (url, keys):
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="2 attempts"):
            source_of(url).get("/", NUMBERS)

        assert time.monotonic() - began < 2.0
        assert len(keys) == 2


def test_a_server_that_drips_is_given_up_in_all() -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)

    with serving(drip) as (url, _):
        began = time.monotonic()
        with pytest.raises(UnavailableError, match=r"no whole answer in 0\.5 s"):
            source_of(url, limits=TimeLimits(0.3, 0.3, 0.5)).get("/", NUMBERS)

        assert time.monotonic() - began < 3.0


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(UnavailableError):
        source_of("http://127.0.0.1:9").get("/", NUMBERS)


def test_a_redirect_is_refused_and_the_key_stays() -> None:
    with serving(answering(b"[1]")) as (other, keys_of_other):
        with (
            serving(answering(b"", 302, Location=f"{other}/numbers")) as (url, _),
            pytest.raises(ProviderError, match="302"),
        ):
            source_of(url).get("/", NUMBERS)

        assert keys_of_other == []


def test_a_link_to_another_host_is_asked_of_the_own_one() -> None:
    with (
        serving(answering(b"[1]")) as (url, keys),
        serving(answering(b"[2]")) as (other, keys_of_other),
    ):
        assert source_of(url).get(f"{other}/numbers?cursor=a%2Fb", NUMBERS) == [1]

        assert (len(keys), keys_of_other) == (1, [])


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answering(b'{"message": "bad key k3y-that-must-not-show"}', 401), AuthError),
        (answering(b"k3y-that-must-not-show is forbidden", 403), AuthError),
        (answering(b"no k3y-that-must-not-show here", 404), NoDataError),
        (answering(b"<p>k3y-that-must-not-show</p>", 422), ProviderError),
        (answering(b"k3y-that-must-not-show failed", 500), UnavailableError),
        (answering(b"k3y-that-must-not-show is too fast", 429), RateLimitError),
        (answering(b"wait, k3y-that-must-not-show", 429, Retry_After="600"), RateLimitError),
        (answering(b'["k3y-that-must-not-show"]'), SchemaDriftError),
        (answering(b"k3y-that-must-not-show"), UnavailableError),
    ],
)
def test_no_key_shows_in_an_error_a_log_or_a_form_of_the_client(
    reply: Reply, error: type[QuantmillError], logged: pytest.LogCaptureFixture
) -> None:
    with serving(reply) as (url, _):
        source = source_of(url)
        with pytest.raises(QuantmillError) as caught:
            source.get("/", NUMBERS)

    assert type(caught.value) is error
    lines = [str(vars(record)) for record in logged.records if record.name.startswith("quantmill")]
    shown = [
        str(caught.value),
        repr(caught.value),
        str(caught.value.hint),
        repr(source),
        str(source),
        *lines,
    ]
    assert len(lines) >= 1
    assert not [text for text in shown if SECRET in text]


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_a_refusal_is_not_tried_again(status: int) -> None:
    with serving(answering(b"no", status)) as (url, keys):
        with pytest.raises(ProviderError):
            source_of(url).get("/", NUMBERS)

        assert len(keys) == 1


def test_a_pause_that_is_asked_for_is_kept() -> None:
    with serving(answering(b"later", 429, Retry_After="1")) as (url, keys):
        began = time.monotonic()
        with pytest.raises(RateLimitError):
            source_of(url).get("/", NUMBERS)

        assert time.monotonic() - began >= 1.0
        assert len(keys) == 2

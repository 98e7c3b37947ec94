"""A provider's stand-in over real sockets: counts requests, enforces a limit, and breaks answers as told."""

import json
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl, urlsplit

__all__ = ["CONTENT_FAULTS", "TRANSPORT_FAULTS", "Answer", "Request", "StandIn", "json_answer"]

# Broken by the server below, whatever the answer is.
TRANSPORT_FAULTS = (
    "429 with headers",
    "429 without headers",
    "500",
    "503 HTML",
    "cut JSON",
    "cut connection",
    "hang",
    "401",
)
# Broken by each stand-in in the shape of its own answers.
CONTENT_FAULTS = (
    "duplicate bars",
    "shuffled bars",
    "null bars",
    "empty page with a link",
    "repeated link",
    "403 not entitled",
)


@dataclass(frozen=True)
class Request:
    """A request as it arrived."""

    number: int
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    at_s: float


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer of JSON."""
    return Answer(json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})})


class StandIn:
    """A server on a port of its own; use it as a context manager.

    Args:
        faults: What is broken, by the number of the request from 1; key 0 stands for all others.
        per_minute: Requests that it answers in any 60 s; more get 429 and are counted in `n_refused`.
        hang_s: How long a hanging answer takes.
    """

    def __init__(
        self,
        *,
        faults: Mapping[int, str] | None = None,
        per_minute: int | None = None,
        hang_s: float = 30.0,
    ) -> None:
        self.faults = dict(faults or {})
        self.per_minute = per_minute
        self.hang_s = hang_s
        self.requests: list[Request] = []
        self.n_refused = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def answer(self, request: Request) -> Answer:
        """The true answer."""
        raise NotImplementedError

    def broken(self, fault: str, request: Request) -> Answer:
        """The answer with one of `CONTENT_FAULTS`."""
        raise NotImplementedError

    def refused(self, status: int, message: str) -> Answer:
        """A refusal in the provider's form."""
        return json_answer({"message": message}, status)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                stand_in._serve(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        with self._lock:
            request = Request(
                len(self.requests) + 1,
                parts.path,
                dict(parse_qsl(parts.query)),
                {name.lower(): value for name, value in handler.headers.items()},
                time.monotonic(),
            )
            self.requests.append(request)
            is_over = self.per_minute is not None and self._recent(request) > self.per_minute
            self.n_refused += is_over
        fault = self.faults.get(request.number, self.faults.get(0))
        with suppress(BrokenPipeError, ConnectionResetError):
            if is_over:
                self._send(handler, self._too_many(with_headers=True))
            elif fault is None:
                self._send(handler, self.answer(request))
            elif fault in TRANSPORT_FAULTS:
                self._break(handler, fault, request)
            else:
                self._send(handler, self.broken(fault, request))

    def _recent(self, request: Request) -> int:
        return sum(request.at_s - other.at_s < 60.0 for other in self.requests)

    def _break(self, handler: BaseHTTPRequestHandler, fault: str, request: Request) -> None:
        if fault == "429 with headers":
            self._send(handler, self._too_many(with_headers=True))
        elif fault == "429 without headers":
            self._send(handler, self._too_many(with_headers=False))
        elif fault == "500":
            self._send(handler, self.refused(500, "internal server error"))
        elif fault == "503 HTML":
            body = b"<html><body><h1>503 Service Unavailable</h1></body></html>"
            self._send(handler, Answer(body, 503, {"Content-Type": "text/html"}))
        elif fault == "401":
            self._send(handler, self.refused(401, "forbidden."))
        elif fault == "cut JSON":
            whole = self.answer(request)
            self._send(handler, Answer(whole.body[: len(whole.body) // 2], 200, whole.headers))
        elif fault == "cut connection":
            whole = self.answer(request)
            self._send(handler, whole, n_bytes=len(whole.body) // 2)
        elif fault == "hang":
            self._stopped.wait(self.hang_s)
            handler.close_connection = True

    def _too_many(self, *, with_headers: bool) -> Answer:
        answer = self.refused(429, "too many requests")
        extra = {"Retry-After": "1", "X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "0"}
        return Answer(answer.body, 429, {**answer.headers, **(extra if with_headers else {})})

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer, n_bytes: int | None = None) -> None:
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body if n_bytes is None else answer.body[:n_bytes])
        if n_bytes is not None:
            handler.wfile.flush()
            handler.close_connection = True

"""The provider keeps quantmill's promises, on a small server of its own."""

import json
import threading
from collections.abc import Iterator
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from quantmill_bars_example import ArchiveProvider

from quantmill.config.settings import Settings
from quantmill.core.calendar import calendar_for
from quantmill.errors import AuthError, ConfigError
from quantmill.providers.access import Access
from quantmill.providers.protocol import BarProvider
from quantmill.testing.provider_contract import ProviderContract

FIRST, END = date(2024, 3, 6), date(2024, 3, 9)
KEY = "archive-s3cret"


class Archive(BaseHTTPRequestHandler):
    """Three sessions of SPY, every answer the wrong way round."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: datetime.fromisoformat(values[0]) for name, values in parse_qs(parts.query).items()}
        is_known = self.headers["Authorization"] == f"Bearer {KEY}"
        bars = market(query["start"], query["end"]) if parts.path == "/bars/SPY" else []
        body = json.dumps(bars[::-1]).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def market(start: datetime, end: datetime) -> list[tuple[float, ...]]:
    calendar = calendar_for("XNYS")
    minutes = [int(us) for day in calendar.sessions(FIRST, END) for us in calendar.regular_minutes(day)]
    wanted = [us for us in minutes if start.timestamp() <= us / 1e6 < end.timestamp()]
    return [(us // 1000, 100.0, 100.5, 99.5, 100.0 + us % 7 / 100, 10.0) for us in wanted]


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Archive)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("ARCHIVE_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("ARCHIVE_KEY", KEY)
    yield
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("archive")
class TestArchive(ProviderContract):
    symbol, unknown_symbol = "SPY", "QQQ"
    first, end = FIRST, END

    @pytest.fixture
    def provider(self) -> BarProvider:
        return ArchiveProvider(Access(Settings()))


@pytest.mark.usefixtures("archive")
def test_a_wrong_key_is_told_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIVE_KEY", "mistyped-s3cret")
    span = calendar_for("XNYS").day_span(FIRST, END)

    with pytest.raises(AuthError) as caught:
        list(ArchiveProvider(Access(Settings())).bars("SPY", span))

    assert "mistyped-s3cret" not in str(caught.value)


def test_without_a_server_it_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match="no server"):
        ArchiveProvider(Access(Settings()))

"""The provider keeps quantmill's promises of a provider of bars."""

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest

from quantmill.config.settings import Settings
from quantmill.core.calendar import calendar_for
from quantmill.errors import ConfigError
from quantmill.providers.access import Access
from quantmill.providers.protocol import BarProvider
from quantmill.providers.registry import make_provider
from quantmill.providers.sim.provider import SimProvider
from quantmill.testing.provider_contract import ProviderContract

FIRST, END = date(2024, 3, 7), date(2024, 3, 12)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of a synthetic SPY."""
    span = calendar_for("XNYS").day_span(FIRST, END)
    market = pl.concat(list(SimProvider().bars("SPY", span)))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            day = date.fromisoformat(parse_qs(url.query)["day"][0])
            rows = market.filter(pl.col("ts").dt.date() == day)
            columns = {name: rows[name].to_list() for name in ("open", "high", "low", "close", "volume")}
            body = json.dumps({"start": rows["ts"].dt.epoch("s").to_list(), **columns}).encode()
            known = url.path == "/bars/SPY"
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(body if known else b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it overrides
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


class TestExample(ProviderContract):
    """All that `ProviderContract` asks, of the provider as quantmill finds it: by its entry point."""

    symbol, unknown_symbol = "SPY", "NOSUCH"
    first, end = FIRST, END

    @pytest.fixture
    def provider(self, server: str, monkeypatch: pytest.MonkeyPatch) -> BarProvider:
        """The provider, with the server's address in its variable."""
        monkeypatch.setenv("EXAMPLE_BARS_URL", server)
        return make_provider("example", Access(Settings()))


def test_without_a_server_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint says what to set."""
    monkeypatch.delenv("EXAMPLE_BARS_URL", raising=False)

    with pytest.raises(ConfigError) as caught:
        make_provider("example", Access(Settings()))

    assert "EXAMPLE_BARS_URL" in caught.value.hint

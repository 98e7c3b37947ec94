"""SOURCE: massive 2.9, the vendor's own client: it sees the same bars on the stand-in, until an answer is cut."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from massive import RESTClient

from quantmill.config.settings import Settings
from quantmill.core.bars import us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.span import Span
from quantmill.errors import ProviderError, UnavailableError
from quantmill.providers.access import Access
from quantmill.providers.massive.bars import MassiveProvider
from quantmill.providers.massive.names import from_massive, to_massive
from quantmill.providers.sim.provider import SimProvider
from tests.standins.massive import MassiveStandIn
from tests.standins.server import Answer, Request

SPAN = calendar_for("XNYS").day_span(date(2023, 6, 26), date(2023, 7, 8))
FIELDS = ("open", "high", "low", "close", "volume", "vwap", "trade_count")


class Recorded(MassiveStandIn):
    """Answers every request with one body."""

    def __init__(self, body: object) -> None:
        super().__init__(pl.DataFrame(schema={"symbol": pl.String, "ts": pl.Datetime("us", "UTC")}))
        self._body = json.dumps(body).encode()

    def answer(self, request: Request) -> Answer:
        return Answer(self._body, 200, {"Content-Type": "application/json"})


def market(symbol: str) -> pl.DataFrame:
    return pl.concat(list(SimProvider().bars(symbol, SPAN)))


def provider_on(server: MassiveStandIn) -> MassiveProvider:
    settings = {**server.settings, "http": {"initial_wait_s": 0.01, "attempts": 3}}
    return MassiveProvider(Access(Settings.model_validate(settings)))


def ours(server: MassiveStandIn, symbol: str) -> list[tuple[Any, ...]]:
    rows = pl.concat(list(provider_on(server).bars(symbol, SPAN)))
    return rows.select(pl.col("ts").dt.epoch("ms"), *FIELDS).rows()


def theirs(server: MassiveStandIn, symbol: str) -> list[tuple[Any, ...]]:
    client = RESTClient(server.key, base=server.url, retries=0)
    first, last = SPAN.start_us // 1000, (SPAN.end_us - 1) // 1000
    bars = client.list_aggs(to_massive(symbol), 1, "minute", first, last, adjusted=False, limit=50_000)
    return [
        (bar.timestamp, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap, bar.transactions)
        for bar in bars
    ]


@pytest.mark.parametrize("symbol", ["SPY", "I:VIX"])
def test_the_vendors_client_sees_the_bars_that_our_provider_gives(symbol: str) -> None:
    # The vendor's client follows links to whatever host they name.
    with MassiveStandIn(market(symbol), page_rows=1000, link_host=None) as server:
        mine = ours(server, symbol)
        n_mine = len(server.requests)
        vendor = theirs(server, symbol)

    assert mine == vendor
    assert n_mine == len(server.requests) - n_mine == 4


def test_a_cut_page_costs_the_vendors_client_the_rest_and_ours_nothing() -> None:
    whole = market("SPY")
    with MassiveStandIn(whole, page_rows=1000, link_host=None, faults={2: "cut JSON"}) as server:
        mine = ours(server, "SPY")
    with MassiveStandIn(whole, page_rows=1000, link_host=None, faults={2: "cut JSON"}) as server:
        vendor = theirs(server, "SPY")

    assert len(mine) == whole.height == 9 * 390 - 180
    # Without an error: the first page is all that is left.
    assert len(vendor) == 1000


def test_links_are_led_back_to_the_configured_server() -> None:
    with MassiveStandIn(market("SPY"), page_rows=1000) as server:
        assert server.link_host == "https://api.massive.com:443"
        assert len(ours(server, "SPY")) == 9 * 390 - 180
        assert {request.headers["host"] for request in server.requests} == {
            server.url.removeprefix("http://")
        }


def test_a_recorded_answer(real_data: Path) -> None:
    name = "v2_aggs_ticker_AAPL_range_1_day_2005-04-01_2005-04-04.json"
    body = json.loads((real_data / "payloads" / "massive" / name).read_bytes())
    days = calendar_for("XNYS").day_span(date(2005, 4, 1), date(2005, 4, 5))

    with Recorded(body) as server:
        rows = pl.concat(list(provider_on(server).bars("AAPL", days)))

    # As the file says; times are midnight in New York, 04:00 and 05:00 UTC around the change to summer time.
    assert rows.select("open", "high", "low", "close", "volume", "vwap", "trade_count").rows() == [
        (1.5032, 1.5064, 1.4489, 1.4604, 642646396.0, 1.469, 82132),
        (1.4639, 1.4754, 1.4343, 1.4675, 578172308.0, 1.4589, 65543),
    ]
    assert us_of(rows["ts"]).tolist() == [1112331600000000, 1112587200000000]


def test_an_error_in_a_good_status_is_one() -> None:
    with (
        Recorded({"status": "ERROR", "error": "unsupported range"}) as server,
        pytest.raises(ProviderError, match="unsupported range"),
    ):
        ours(server, "SPY")


def test_a_page_with_fewer_bars_than_announced_is_refused() -> None:
    bar = {"t": 1688132400000, "o": 1.0, "h": 1.0, "l": 1.0, "c": 1.0}
    with (
        Recorded({"status": "OK", "resultsCount": 2, "results": [bar]}) as server,
        pytest.raises(UnavailableError, match="announced 2 bars of SPY and sent 1"),
    ):
        ours(server, "SPY")


@pytest.mark.parametrize(
    ("symbol", "ticker"),
    [
        ("SPY", "SPY"),
        ("BRK.B", "BRK.B"),
        ("I:VIX", "I:VIX"),
        ("X:BTC-USD", "X:BTCUSD"),
        ("O:SPY250304C00601000", "O:SPY250304C00601000"),
    ],
)
def test_symbols_both_ways(symbol: str, ticker: str) -> None:
    assert (to_massive(symbol), from_massive(ticker)) == (ticker, symbol)


def test_spans_are_half_open_to_the_millisecond() -> None:
    rows = market("SPY")
    start, end = rows["ts"][10], rows["ts"][20]
    with MassiveStandIn(rows) as server:
        part = pl.concat(list(provider_on(server).bars("SPY", Span(start, end))))

    assert part["ts"].to_list() == rows["ts"][10:20].to_list()

"""Answers of the news servers as frames, and the requests that lead from page to page."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from quantmill.core.news import NEWS_SCHEMA
from quantmill.core.span import Span
from quantmill.errors import ProviderError
from quantmill.providers.alpaca.news import AlpacaNews
from quantmill.providers.alpaca.news import decode_news as decode_alpaca
from quantmill.providers.massive.news import MassiveNews
from quantmill.providers.massive.news import decode_news as decode_massive
from quantmill.providers.news_protocol import Fetch, NewsPage, NewsProvider

SPAN = Span(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))


class Server:
    """Gives one answer after the other, and remembers what it was asked."""

    def __init__(self, *answers: Mapping[str, Any]) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, path: str, params: Mapping[str, str]) -> bytes:
        self.asked.append((path, dict(params)))
        return json.dumps(self._answers[min(len(self.asked), len(self._answers)) - 1]).encode()


def test_an_answer_of_massive_is_read_with_its_insights(real_data: Path) -> None:
    examples = json.loads((real_data / "payloads" / "massive_openapi_examples.json").read_text())
    body = json.dumps(examples["GET /v2/reference/news 200 application/json"]).encode()

    page = decode_massive(body)

    assert dict(page.articles.schema) == NEWS_SCHEMA
    assert page.next is not None
    assert page.next.startswith("https://api.massive.com:443/v2/reference/news?cursor=")
    row = page.articles.row(0, named=True)
    assert row["id"] == "8ec638777ca03b553ae516761c2a22ba2fdd2f37befae3ab6fdab74e9e5193eb"
    assert row["published_at"] == datetime(2024, 6, 24, 18, 33, 53, tzinfo=UTC)
    assert row["updated_at"] is None
    assert (row["author"], row["source"]) == ("Sam Boughedda", "Investing.com")
    assert (row["symbols"], row["keywords"]) == (
        ["UBS"],
        ["Federal Reserve", "interest rates", "economic data"],
    )
    assert [(said["symbol"], said["sentiment"]) for said in row["insights"]] == [("UBS", "positive")]
    assert row["insights"][0]["reasoning"].startswith("UBS analysts are providing a bullish outlook")


def test_an_article_of_massive_without_insights_is_read_too(real_data: Path) -> None:
    page = decode_massive(
        (real_data / "payloads" / "massive" / "v2_reference_news_ticker=NFLX.json").read_bytes()
    )

    row = page.articles.row(0, named=True)
    assert (page.articles.height, page.next) == (1, None)
    assert row["published_at"] == datetime(2022, 4, 28, 17, 8, tzinfo=UTC)
    assert (row["symbols"], row["insights"]) == (["MSFT", "TSN", "NFLX", "AMZN"], [])


def test_answers_of_alpaca_are_read_page_by_page(real_data: Path) -> None:
    folder = real_data / "payloads" / "alpaca"
    bodies = [(folder / f"historical_news_data__get_news{part}.json").read_bytes() for part in ("", "__p1")]

    first, second = map(decode_alpaca, bodies)

    assert (first.next, second.next) == ("MTczMDk3MTEwMTAwMDAwMDAwMHw0MTc5OTExNQ==", None)
    row = first.articles.row(0, named=True)
    assert (row["id"], row["title"], row["symbols"]) == ("40432158", "headline", ["AAPL", "QCOM"])
    row = second.articles.row(0, named=True)
    assert row["published_at"] == row["updated_at"] == datetime(2024, 11, 7, 9, 16, 41, tzinfo=UTC)
    assert (row["source"], row["summary"], row["insights"]) == ("benzinga", None, [])


@pytest.mark.parametrize("decode", [decode_massive, decode_alpaca])
@pytest.mark.parametrize(
    "body", [b"<html>busy</html>", b'{"results": [{"id": "a', b'{"results": 1, "news": 1}', b"[]"]
)
def test_what_is_no_answer_of_a_news_server_is_refused(
    decode: Callable[[bytes], NewsPage], body: bytes
) -> None:
    with pytest.raises(ProviderError, match="the answer holds no news"):
        decode(body)


def test_an_article_of_another_shape_keeps_its_text_alone() -> None:
    page = decode_massive(b'{"results": [{"id": "a", "tickers": "AAPL"}, {"id": "b", "extra": 1}]}')

    assert page.articles["id"].to_list() == [None, "b"]
    assert page.articles["raw"].to_list() == ['{"id": "a", "tickers": "AAPL"}', '{"id": "b", "extra": 1}']


def test_massive_is_asked_for_each_symbol_and_for_each_next_page_at_its_own_address() -> None:
    further = {"results": [{"id": "a"}], "next_url": "https://elsewhere.example/v2/reference/news?cursor=xyz"}
    server = Server(further, {"results": [{"id": "b"}]}, {"results": []})

    provider = MassiveNews(server)
    pages = list(provider.news(["AAPL", "MSFT"], SPAN))

    assert isinstance(provider, NewsProvider)
    assert [page["id"].to_list() for page in pages] == [["a"], ["b"]]
    assert server.asked == [
        (
            "/v2/reference/news",
            {
                "ticker": "AAPL",
                "published_utc.gte": "2024-01-01T00:00:00Z",
                "published_utc.lt": "2024-02-01T00:00:00Z",
                "order": "asc",
                "sort": "published_utc",
                "limit": "1000",
            },
        ),
        ("/v2/reference/news", {"cursor": "xyz"}),
        ("/v2/reference/news", {**server.asked[0][1], "ticker": "MSFT"}),
    ]


def test_alpaca_is_asked_for_all_symbols_and_for_each_next_page_by_its_token() -> None:
    server = Server(
        {"news": [{"id": 1}], "next_page_token": "two"}, {"news": [{"id": 2}], "next_page_token": None}
    )

    provider = AlpacaNews(server)
    pages = list(provider.news(["AAPL", "MSFT"], SPAN))

    assert isinstance(provider, NewsProvider)
    assert [page["id"].to_list() for page in pages] == [["1"], ["2"]]
    first = {
        "start": "2024-01-01T00:00:00Z",
        "end": "2024-01-31T23:59:59Z",
        "sort": "asc",
        "limit": "50",
        "symbols": "AAPL,MSFT",
    }
    assert server.asked == [("/v1beta1/news", first), ("/v1beta1/news", {**first, "page_token": "two"})]


def test_an_empty_page_with_a_next_one_does_not_end_the_news() -> None:
    server = Server({"news": None, "next_page_token": "two"}, {"news": [{"id": 2}]})

    assert [page["id"].to_list() for page in AlpacaNews(server).news([], SPAN)] == [["2"]]


@pytest.mark.parametrize("provider", [AlpacaNews, MassiveNews])
def test_a_page_that_leads_back_to_itself_is_refused(provider: Callable[[Fetch], NewsProvider]) -> None:
    round_trip = {
        "news": [{"id": 1}],
        "next_page_token": "again",
        "results": [{"id": "a"}],
        "next_url": "https://api.massive.com/v2/reference/news?cursor=again",
    }

    with pytest.raises(ProviderError, match="leads back"):
        list(provider(Server(round_trip)).news(["AAPL"], SPAN))

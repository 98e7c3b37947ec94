"""Answers of the news servers as frames, whatever the way there is like."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from quantmill.config.settings import Settings
from quantmill.core.news import NEWS_SCHEMA
from quantmill.core.span import Span
from quantmill.errors import (
    AuthError,
    ConfigError,
    NotEntitledError,
    ProviderError,
    SchemaDriftError,
    UsageError,
)
from quantmill.providers.access import Access
from quantmill.providers.alpaca.news import alpaca_articles
from quantmill.providers.massive.news import massive_articles
from quantmill.providers.news_protocol import NewsProvider
from quantmill.providers.news_registry import make_news_provider, news_provider_names
from tests.standins.news import AlpacaNewsStandIn, MassiveNewsStandIn, NewsStandIn
from tests.standins.server import Answer

SPAN = Span(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
DAYS = [(1, "AAPL"), (5, "MSFT"), (9, "AAPL"), (20, "AAPL"), (25, "SPY"), (31, "MSFT")]
MASSIVE = [
    {"id": f"m{day}", "published_utc": f"2024-01-{day:02}T12:00:00Z", "title": "T", "tickers": [symbol]}
    for day, symbol in DAYS
]
ALPACA = [
    {
        "id": day,
        "created_at": f"2024-01-{day:02}T12:00:00Z",
        "updated_at": f"2024-01-{day:02}T12:00:00Z",
        "headline": "H",
        "author": "A",
        "content": "",
        "images": [],
        "source": "benzinga",
        "summary": "",
        "url": "https://",
        "symbols": [symbol],
    }
    for day, symbol in DAYS
]
STAND_INS: list[tuple[type[NewsStandIn], list[dict[str, Any]]]] = [
    (MassiveNewsStandIn, MASSIVE),
    (AlpacaNewsStandIn, ALPACA),
]
both = pytest.mark.parametrize(("stand_in", "articles"), STAND_INS, ids=["massive", "alpaca"])


def provider_at(server: NewsStandIn) -> NewsProvider:
    quick = {"attempts": 3, "initial_wait_s": 0.01, "read_timeout_s": 0.3, "total_timeout_s": 2.0}
    settings = Settings(**server.settings, http=quick)
    name = "massive" if isinstance(server, MassiveNewsStandIn) else "alpaca"
    return make_news_provider(name, Access(settings, sleep=lambda _: None))


def ids(server: NewsStandIn, *symbols: str, span: Span = SPAN) -> list[str]:
    return [id_ for page in provider_at(server).news(symbols, span) for id_ in page["id"]]


def test_an_answer_of_massive_is_read_with_its_insights(real_data: Path) -> None:
    examples = json.loads((real_data / "payloads" / "massive_openapi_examples.json").read_text())
    answer = examples["GET /v2/reference/news 200 application/json"]

    articles = massive_articles(json.dumps(item).encode() for item in answer["results"])

    assert dict(articles.schema) == NEWS_SCHEMA
    row = articles.row(0, named=True)
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


def test_a_recorded_answer_of_massive_without_insights_is_read(real_data: Path) -> None:
    body = real_data / "payloads" / "massive" / "v2_reference_news_ticker=NFLX.json"

    with MassiveNewsStandIn([]) as server:
        server.answer = lambda request: Answer(body.read_bytes())  # type: ignore[method-assign] - what was recorded
        pages = list(provider_at(server).news(["NFLX"], SPAN))

    row = pages[0].row(0, named=True)
    assert (len(pages), pages[0].height) == (1, 1)
    assert row["published_at"] == datetime(2022, 4, 28, 17, 8, tzinfo=UTC)
    assert (row["symbols"], row["insights"]) == (["MSFT", "TSN", "NFLX", "AMZN"], [])


def test_recorded_answers_of_alpaca_are_read_page_by_page(real_data: Path) -> None:
    folder = real_data / "payloads" / "alpaca"
    bodies = [folder / f"historical_news_data__get_news{part}.json" for part in ("", "__p1")]

    with AlpacaNewsStandIn([]) as server:
        server.answer = lambda request: Answer(bodies[request.number - 1].read_bytes())  # type: ignore[method-assign] - as above
        first, second = provider_at(server).news(["AAPL"], SPAN)

    assert [request.query.get("page_token") for request in server.requests] == [
        None,
        "MTczMDk3MTEwMTAwMDAwMDAwMHw0MTc5OTExNQ==",
    ]
    row = first.row(0, named=True)
    assert (row["id"], row["title"], row["symbols"]) == ("40432158", "headline", ["AAPL", "QCOM"])
    row = second.row(0, named=True)
    assert row["published_at"] == row["updated_at"] == datetime(2024, 11, 7, 9, 16, 41, tzinfo=UTC)
    assert (row["source"], row["summary"], row["insights"]) == ("benzinga", None, [])


def test_an_article_of_another_shape_keeps_its_text_alone() -> None:
    articles = massive_articles([b'{"id": "a", "tickers": "AAPL"}', b'{"id": "b", "extra": 1}'])

    assert articles["id"].to_list() == [None, "b"]
    assert articles["raw"].to_list() == ['{"id": "a", "tickers": "AAPL"}', '{"id": "b", "extra": 1}']
    assert alpaca_articles([b'{"id": 1.5}', b'{"id": 7}'])["id"].to_list() == [None, "7"]


@both
def test_all_pages_of_a_span_are_read(stand_in: type[NewsStandIn], articles: list[dict[str, Any]]) -> None:
    with stand_in(articles) as server:
        assert ids(server) == [str(article["id"]) for article in articles]
        assert sorted(ids(server, "AAPL", "SPY")) == sorted(str(articles[at]["id"]) for at in (0, 2, 3, 4))
        five_days = Span(datetime(2024, 1, 5, 12, tzinfo=UTC), datetime(2024, 1, 9, 12, tzinfo=UTC))
        assert ids(server, span=five_days) == [str(articles[1]["id"])]
        assert isinstance(provider_at(server), NewsProvider)


def test_massive_s_key_goes_to_its_own_server_alone_and_into_no_address() -> None:
    with MassiveNewsStandIn(MASSIVE) as server:
        assert len(ids(server, "AAPL")) == 3

    assert [list(request.query) for request in server.requests] == [
        ["ticker", "published_utc.gte", "published_utc.lt", "order", "sort", "limit"],
        ["cursor"],
    ]
    assert server.requests[0].query["limit"] == "1000"


@both
@pytest.mark.parametrize(
    "fault",
    [
        "429 with headers",
        "429 without headers",
        "500",
        "503 HTML",
        "cut JSON",
        "cut connection",
        "hang",
        "empty page with a link",
        "null bars",
        "shuffled bars",
        "duplicate bars",
    ],
)
def test_no_article_is_lost_to_a_fault_that_passes(
    stand_in: type[NewsStandIn], articles: list[dict[str, Any]], fault: str
) -> None:
    with stand_in(articles, faults={2: fault}, hang_s=0.5) as server:
        found = ids(server)

    assert set(found) == {str(article["id"]) for article in articles}
    assert len(found) == len(articles) + (fault == "duplicate bars")


@both
@pytest.mark.parametrize(
    ("fault", "error", "n_requests"),
    [
        ("401", AuthError, 2),
        ("403 not entitled", NotEntitledError, 2),
        ("repeated link", ProviderError, None),
    ],
)
def test_what_does_not_pass_ends_the_news_with_a_clear_error(
    stand_in: type[NewsStandIn],
    articles: list[dict[str, Any]],
    fault: str,
    error: type[ProviderError],
    n_requests: int | None,
) -> None:
    faults = {0 if fault == "repeated link" else 2: fault}

    with stand_in(articles, faults=faults) as server, pytest.raises(error) as caught:
        ids(server)

    assert n_requests in {None, len(server.requests)}
    assert "s3cr3t" not in str(caught.value)


@both
def test_an_answer_of_another_form_is_drift(
    stand_in: type[NewsStandIn], articles: list[dict[str, Any]]
) -> None:
    with stand_in(articles) as server:
        server.answer = lambda request: Answer(b'{"results": 1, "news": 1}')  # type: ignore[method-assign] - another form
        with pytest.raises(SchemaDriftError):
            ids(server)


def test_a_source_without_key_or_of_another_name_is_refused() -> None:
    assert news_provider_names() == ["alpaca", "massive"]
    with pytest.raises(ConfigError, match="massive has no credentials"):
        make_news_provider("massive", Access(Settings(massive={"api_key": None})))
    with pytest.raises(UsageError, match="'yahoo' has no news"):
        make_news_provider("yahoo", Access(Settings()))


def test_the_vendors_own_clients_read_the_same_articles() -> None:
    from alpaca.data.historical.news import NewsClient
    from alpaca.data.requests import NewsRequest
    from massive import RESTClient

    with MassiveNewsStandIn(MASSIVE) as server:
        client = RESTClient(server.key, base=server.url)
        listed = client.list_ticker_news(
            published_utc_gte="2024-01-01", published_utc_lt="2024-02-01", order="asc"
        )
        assert [article.id for article in listed] == ids(server)
    with AlpacaNewsStandIn(ALPACA) as alpaca:
        news = NewsClient(*alpaca.key, url_override=alpaca.url).get_news(
            NewsRequest(start=SPAN.start, end=SPAN.end, sort="asc")
        )
        assert [str(article.id) for article in news.data["news"]] == ids(alpaca)

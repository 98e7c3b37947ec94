"""News of Massive (formerly Polygon.io): pages of `/v2/reference/news` as frames of articles."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import polars as pl

from quantmill.core.news import NEWS_SCHEMA, news_instant
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.errors import ProviderError
from quantmill.providers.news_protocol import Fetch, NewsPage, follow_pages

__all__ = ["PROVIDER", "MassiveNews", "decode_news", "massive_articles"]

PROVIDER: Final = "massive"

_PATH: Final = "/v2/reference/news"
_PAGE_ROWS: Final = 1000


class MassiveNews:
    """The news of Massive as a `NewsProvider`; symbols are asked for one by one.

    Args:
        fetch: Gets an answer of its server.
    """

    name: str = PROVIDER

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    def news(
        self, symbols: Sequence[str], span: Span, *, progress: Progress = NO_PROGRESS
    ) -> Iterator[pl.DataFrame]:
        """Pages in order of publication, per symbol; see `NewsProvider.news`."""
        asked = {
            "published_utc.gte": _utc(span.start),
            "published_utc.lt": _utc(span.end),
            "order": "asc",
            "sort": "published_utc",
            "limit": str(_PAGE_ROWS),
        }
        for ticker in symbols or [""]:
            first = urlencode({"ticker": ticker, **asked} if ticker else asked)
            yield from follow_pages(self.name, first, self._page, progress=progress)

    def _page(self, query: str) -> NewsPage:
        page = decode_news(self._fetch(_PATH, dict(parse_qsl(query))))
        # Whatever host the address names, the next page is asked of the server that gave this one.
        return NewsPage(page.articles, urlsplit(page.next).query if page.next else None)


def _utc(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


class _Publisher(msgspec.Struct):
    name: str | None = None


class _Insight(msgspec.Struct):
    ticker: str | None = None
    sentiment: str | None = None
    sentiment_reasoning: str | None = None


class _Article(msgspec.Struct):
    id: str | None = None
    publisher: _Publisher | None = None
    title: str | None = None
    author: str | None = None
    published_utc: str | int | None = None
    article_url: str | None = None
    tickers: Sequence[str] | None = None
    description: str | None = None
    keywords: Sequence[str] | None = None
    insights: Sequence[_Insight] | None = None


class _Answer(msgspec.Struct):
    results: list[msgspec.Raw] | None = None
    next_url: str | None = None


def decode_news(body: bytes) -> NewsPage:
    """The articles of one answer, and the address of the next one.

    Raises:
        ProviderError: If the body is no answer of this kind.
    """
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderError(f"massive: the answer holds no news: {error}") from error
    return NewsPage(massive_articles(bytes(raw) for raw in answer.results or ()), answer.next_url)


def massive_articles(items: Iterable[bytes]) -> pl.DataFrame:
    """Articles of Massive as a frame of `NEWS_SCHEMA`.

    Massive tells no time of updates: `updated_at` is null. An empty text is null too. A field of a wrong type makes the whole article unreadable,
    so that all but `raw` is null.

    Args:
        items: The JSON of each article.
    """
    return pl.DataFrame([_row(item) for item in items], schema=NEWS_SCHEMA, orient="row")


def _row(item: bytes) -> tuple[object, ...]:
    try:
        article = msgspec.json.decode(item, type=_Article)
    except msgspec.ValidationError:
        article = _Article()
    insights = [
        {"symbol": said.ticker, "sentiment": said.sentiment, "reasoning": said.sentiment_reasoning}
        for said in article.insights or ()
    ]
    return (
        article.id or None,
        news_instant(article.published_utc),
        None,
        article.title or None,
        article.author or None,
        article.publisher.name if article.publisher else None,
        article.article_url or None,
        list(article.tickers or ()),
        list(article.keywords or ()),
        article.description or None,
        insights,
        item.decode(),
    )

"""News of Massive (formerly Polygon.io): pages of `/v2/reference/news` as frames of articles."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
import polars as pl

from quantmill.core.news import NEWS_SCHEMA, news_instant
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.providers.access import Access
from quantmill.providers.massive.server import NAME, server
from quantmill.providers.pages import LoopGuard

__all__ = ["MassiveNews", "massive_articles"]

_PATH: Final = "/v2/reference/news"
_PAGE_ROWS: Final = 1000


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

    def __len__(self) -> int:
        return len(self.results or ())


_ANSWER: Final = msgspec.json.Decoder(_Answer)


class MassiveNews:
    """The news of Massive as a `NewsProvider`; symbols are asked for one by one.

    Args:
        access: Credentials, limits, clock.

    Raises:
        ConfigError: If no key is set.
    """

    name: str = NAME

    def __init__(self, access: Access) -> None:
        self._server = server(access)

    def news(
        self, symbols: Sequence[str], span: Span, *, progress: Progress = NO_PROGRESS
    ) -> Iterator[pl.DataFrame]:
        """Pages of up to 1,000 articles in order of publication, per symbol; see `NewsProvider.news`."""
        query: dict[str, str | int] = {
            "published_utc.gte": f"{span.start:%Y-%m-%dT%H:%M:%SZ}",
            "published_utc.lt": f"{span.end:%Y-%m-%dT%H:%M:%SZ}",
            "order": "asc",
            "sort": "published_utc",
            "limit": _PAGE_ROWS,
        }
        for ticker in symbols or [None]:
            asked = query if ticker is None else {"ticker": ticker, **query}
            for articles in self._pages(asked):
                progress.advance(
                    0, note=f"{NAME} {ticker or 'all'} {span.start:%Y-%m}: {articles.height} articles"
                )
                yield articles

    def _pages(self, query: dict[str, str | int]) -> Iterator[pl.DataFrame]:
        guard = LoopGuard(NAME)
        answer = self._server.get(_PATH, _ANSWER, query)
        while True:
            if len(answer):
                yield massive_articles(bytes(raw) for raw in answer.results or ())
            if not answer.next_url:
                return
            guard.check(answer.next_url)
            answer = self._server.get(answer.next_url, _ANSWER)


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

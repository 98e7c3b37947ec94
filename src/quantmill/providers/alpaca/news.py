"""News of Alpaca: pages of `/v1beta1/news` as frames of articles, which carry no sentiment."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final

import msgspec
import polars as pl

from quantmill.core.news import NEWS_SCHEMA, news_instant
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.errors import ProviderError
from quantmill.providers.news_protocol import Fetch, NewsPage, follow_pages

__all__ = ["PROVIDER", "AlpacaNews", "alpaca_articles", "decode_news"]

PROVIDER: Final = "alpaca"

_PATH: Final = "/v1beta1/news"
_PAGE_ROWS: Final = 50


class AlpacaNews:
    """The news of Alpaca as a `NewsProvider`; all symbols are asked for at once.

    Args:
        fetch: Gets an answer of its data server.
    """

    name: str = PROVIDER

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    def news(
        self, symbols: Sequence[str], span: Span, *, progress: Progress = NO_PROGRESS
    ) -> Iterator[pl.DataFrame]:
        """Pages of 50 articles in order of time; see `NewsProvider.news`."""
        # Both ends of the server's interval are included.
        last = span.end - timedelta(seconds=1)
        asked = {
            "start": f"{span.start:%Y-%m-%dT%H:%M:%SZ}",
            "end": f"{max(last, span.start):%Y-%m-%dT%H:%M:%SZ}",
            "sort": "asc",
            "limit": str(_PAGE_ROWS),
        }
        if symbols:
            asked["symbols"] = ",".join(symbols)

        def page_at(token: str) -> NewsPage:
            return decode_news(self._fetch(_PATH, {**asked, "page_token": token} if token else asked))

        yield from follow_pages(self.name, "", page_at, progress=progress)


class _Article(msgspec.Struct):
    id: int | str | None = None
    headline: str | None = None
    summary: str | None = None
    author: str | None = None
    source: str | None = None
    url: str | None = None
    symbols: Sequence[str] | None = None
    created_at: str | int | None = None
    updated_at: str | int | None = None


class _Answer(msgspec.Struct):
    news: list[msgspec.Raw] | None = None
    next_page_token: str | None = None


def decode_news(body: bytes) -> NewsPage:
    """The articles of one answer, and the token of the next one.

    Raises:
        ProviderError: If the body is no answer of this kind.
    """
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderError(f"alpaca: the answer holds no news: {error}") from error
    return NewsPage(alpaca_articles(bytes(raw) for raw in answer.news or ()), answer.next_page_token)


def alpaca_articles(items: Iterable[bytes]) -> pl.DataFrame:
    """Articles of Alpaca as a frame of `NEWS_SCHEMA`.

    An empty text is null. A field of a wrong type makes the whole article unreadable, so that all but `raw` is null.

    Args:
        items: The JSON of each article.
    """
    return pl.DataFrame([_row(item) for item in items], schema=NEWS_SCHEMA, orient="row")


def _row(item: bytes) -> tuple[object, ...]:
    try:
        article = msgspec.json.decode(item, type=_Article)
    except msgspec.ValidationError:
        article = _Article()
    return (
        None if article.id is None else str(article.id),
        news_instant(article.created_at),
        news_instant(article.updated_at),
        article.headline or None,
        article.author or None,
        article.source or None,
        article.url or None,
        list(article.symbols or ()),
        [],
        article.summary or None,
        [],
        item.decode(),
    )

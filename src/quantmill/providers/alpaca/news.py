"""News of Alpaca: pages of `/v1beta1/news` as frames of articles, which carry no sentiment."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final

import msgspec
import polars as pl

from quantmill.core.news import NEWS_SCHEMA, news_instant
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.providers.access import Access
from quantmill.providers.alpaca.server import NAME, data_server
from quantmill.providers.pages import LoopGuard

__all__ = ["AlpacaNews", "alpaca_articles"]

_PATH: Final = "/v1beta1/news"
_PAGE_ROWS: Final = 50


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

    def __len__(self) -> int:
        return len(self.news or ())


_ANSWER: Final = msgspec.json.Decoder(_Answer)


class AlpacaNews:
    """The news of Alpaca as a `NewsProvider`; all symbols are asked for at once.

    Args:
        access: Credentials, limits, clock.

    Raises:
        ConfigError: If no key is set.
    """

    name: str = NAME

    def __init__(self, access: Access) -> None:
        self._server = data_server(access)

    def news(
        self, symbols: Sequence[str], span: Span, *, progress: Progress = NO_PROGRESS
    ) -> Iterator[pl.DataFrame]:
        """Pages of 50 articles in order of time; see `NewsProvider.news`."""
        # Both ends of the server's interval are included.
        last = max(span.end - timedelta(seconds=1), span.start)
        query: dict[str, str | int] = {
            "start": f"{span.start:%Y-%m-%dT%H:%M:%SZ}",
            "end": f"{last:%Y-%m-%dT%H:%M:%SZ}",
            "sort": "asc",
            "limit": _PAGE_ROWS,
        }
        if symbols:
            query["symbols"] = ",".join(symbols)
        guard = LoopGuard(NAME)
        while True:
            answer = self._server.get(_PATH, _ANSWER, query)
            if len(answer):
                progress.advance(0, note=f"{NAME} {span.start:%Y-%m}: {len(answer)} articles")
                yield alpaca_articles(bytes(raw) for raw in answer.news or ())
            if not answer.next_page_token:
                return
            guard.check(answer.next_page_token)
            query["page_token"] = answer.next_page_token


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

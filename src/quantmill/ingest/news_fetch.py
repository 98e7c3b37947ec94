"""News of a provider into the lake, month by month."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import polars as pl

from quantmill.core.news import NEWS_SCHEMA
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.ingest.news import NewsBatch, NewsTally, store_news
from quantmill.lake.store import Lake
from quantmill.providers.news_protocol import NewsProvider

__all__ = ["fetch_news"]

_SOURCE = "api"


def fetch_news(
    lake: Lake,
    provider: NewsProvider,
    symbols: Sequence[str],
    span: Span,
    *,
    progress: Progress = NO_PROGRESS,
) -> NewsTally:
    """Ask for all articles of a span and store them, one commit per month; again it stores nothing new.

    Killed, it keeps the months that it stored. Articles may have changed and sentiment may have come since they were
    stored, so known months are asked for too.

    Args:
        lake: Where to.
        provider: Whom to ask.
        symbols: Canonical symbols; all articles when empty.
        span: When articles were published.
        progress: Told of each page.

    Raises:
        ProviderError: If the provider cannot deliver; earlier months stay.
    """
    tally = NewsTally(snapshot=lake.snapshot())
    months = list(_months(span))
    progress.start("Fetching news", len(months))
    for month in months:
        pages = [pl.DataFrame(schema=NEWS_SCHEMA), *provider.news(symbols, month, progress=progress)]
        batch = NewsBatch(provider.name, _SOURCE, pl.concat(pages))
        if batch.articles.height:
            tally.add(store_news(lake, [batch], note=f"news of {provider.name}, {month.start:%Y-%m}"))
        progress.advance(note=f"{month.start:%Y-%m}")
    return tally


def _months(span: Span) -> Iterator[Span]:
    """The span, cut where UTC months begin."""
    start = span.start
    while start < span.end:
        following = datetime(start.year + start.month // 12, start.month % 12 + 1, 1, tzinfo=UTC)
        yield Span(start, min(following, span.end))
        start = following

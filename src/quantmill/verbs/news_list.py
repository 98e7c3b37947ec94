"""The verb `news list`: articles with their sentiment, as they were known."""

from typing import Annotated, Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.verbs.known_at import known_instant
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, Symbol
from quantmill.verbs.sessions_request import SessionsRequest

__all__ = ["READS_ONLY", "NewsListRequest", "run"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = (
    "published_at",
    "symbol",
    "title",
    "sentiment",
    "sentiment_is_backfilled",
    "provider",
)
WHEN_EMPTY: Final = "no such news were known; `quantmill news import FILE` stores some"
_NEW_YORK: Final = "SPY"


class NewsListRequest(SessionsRequest):
    """List the stored articles with the sentiment of each of their symbols.

    Dates are those of publication in New York. With --known-at neither articles nor sentiment from later show:
    an article is known from its last update on, sentiment from when it was received.
    """

    symbols: Annotated[tuple[Symbol, ...], POSITIONAL] = Field(
        default=(), description="Symbols that the articles are about; all when left out."
    )
    known_at: str | None = Field(
        default=None,
        description="As known then, an instant in UTC such as 2026-11-20T15:30; now when left out.",
    )
    limit: int | None = Field(default=None, ge=1, description="The last N rows by time of publication.")


def run(mill: Mill, request: NewsListRequest, progress: Progress) -> pl.DataFrame:
    """One row per article and symbol, by time of publication: the columns of `quantmill.lake.news.NEWS_ROWS`.

    Raises:
        UsageError: If `known_at` is no instant up to now.
    """
    rows = mill.lake.read_news(
        request.symbols or None,
        request.span_of(_NEW_YORK),
        known_at=known_instant(request.known_at, mill.clock.now()),
    )
    return rows if request.limit is None else rows.tail(request.limit)

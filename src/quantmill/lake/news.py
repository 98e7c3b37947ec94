"""Articles joined with what providers say of their symbols, as both were known at an instant.

An article is known from the time that its provider gives its present text: `updated_at`, else `published_at`.
Sentiment carries no time of its own, so it is known from when it was received; where that is more than 15 minutes after
its article could be known, it is marked as back-filled. Asking again later about the same instant gives the same
sentiment, and the same articles but for those that were received afterwards: their `received_at` tells.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl

from quantmill.core.bars import UTC_TIME
from quantmill.core.instants import MINUTE_US
from quantmill.lake.datasets import NEWS, NEWS_SENTIMENT
from quantmill.lake.known import known_by

__all__ = ["NEWS_ROWS", "is_backfilled", "news_known_by"]

NEWS_ROWS: Final[dict[str, pl.DataType]] = {
    "published_at": UTC_TIME,
    "symbol": pl.String(),
    "title": pl.String(),
    "sentiment": pl.String(),
    "score": pl.Int32(),
    "reasoning": pl.String(),
    "sentiment_available_at": UTC_TIME,
    "sentiment_is_backfilled": pl.Boolean(),
    "id": pl.String(),
    "provider": pl.String(),
    "updated_at": UTC_TIME,
    "available_at": UTC_TIME,
    "received_at": UTC_TIME,
    "is_backfilled": pl.Boolean(),
    "author": pl.String(),
    "source": pl.String(),
    "url": pl.String(),
    "keywords": pl.List(pl.String()),
    "summary": pl.String(),
}

_LATENESS_US: Final = 15 * MINUTE_US
_ARTICLE: Final = ("provider", "id")
_ABOUT: Final = (*_ARTICLE, "symbol")


def is_backfilled(received_at: pl.Expr, available_at: pl.Expr) -> pl.Expr:
    """Whether something was received too late to have been followed live: more than 15 minutes after it was out."""
    return (received_at - available_at).dt.total_microseconds() > _LATENESS_US


def news_known_by(
    known_at: datetime,
    articles: pl.LazyFrame,
    sentiment: pl.LazyFrame,
    symbols: Sequence[str] | None,
) -> pl.LazyFrame:
    """One row per article and symbol, with the sentiment that was known; the columns of `NEWS_ROWS`.

    Args:
        known_at: The instant, in UTC.
        articles: Versions of dataset `news`.
        sentiment: Versions of dataset `news_sentiment`.
        symbols: Symbols to show; all, and articles about none, when None.
    """
    known = known_by(known_at, articles, NEWS).with_columns(
        pl.col("symbols", "keywords").str.json_decode(pl.List(pl.String())),
        pl.col("ingested_at").alias("received_at"),
        is_backfilled(pl.col("ingested_at"), pl.col("available_at")).alias("is_backfilled"),
    )
    said = known_by(known_at, sentiment, NEWS_SENTIMENT).select(
        *_ABOUT,
        "sentiment",
        "score",
        "reasoning",
        pl.col("available_at").alias("sentiment_available_at"),
        pl.col("is_backfilled").alias("sentiment_is_backfilled"),
    )
    # Sentiment may speak of a symbol that its article does not list.
    named = known.select(*_ARTICLE, pl.col("symbols").alias("symbol")).explode("symbol", empty_as_null=True)
    about = pl.concat([named, said.select(_ABOUT)]).unique()
    silent = about.filter(pl.col("symbol").is_null()).join(
        about.filter(pl.col("symbol").is_not_null()), on=_ARTICLE, how="anti"
    )
    wanted = (
        about.filter(pl.col("symbol").is_in(symbols)) if symbols is not None else about.drop_nulls("symbol")
    )
    chosen = wanted if symbols is not None else pl.concat([wanted, silent])
    rows = chosen.join(known.drop("symbols"), on=_ARTICLE, how="inner").join(said, on=_ABOUT, how="left")
    return rows.select(*NEWS_ROWS).sort("published_at", "provider", "id", "symbol")

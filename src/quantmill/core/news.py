"""Articles as providers give them: the columns of a page, and what a sentiment counts."""

from datetime import UTC, datetime
from typing import Final

import polars as pl

from quantmill.core.bars import UTC_TIME
from quantmill.core.instants import from_us

__all__ = ["INSIGHT", "NEWS_SCHEMA", "SENTIMENT_SCORES", "news_instant"]

SENTIMENT_SCORES: Final[dict[str, int]] = {"negative": -1, "neutral": 0, "positive": 1}

INSIGHT: Final = pl.Struct({"symbol": pl.String(), "sentiment": pl.String(), "reasoning": pl.String()})
"""What an article says of one symbol, in the provider's words."""

# Symbols are as the provider spells them. What cannot be read is null; `raw` is the article's JSON.
NEWS_SCHEMA: Final[dict[str, pl.DataType]] = {
    "id": pl.String(),
    "published_at": UTC_TIME,
    "updated_at": UTC_TIME,
    "title": pl.String(),
    "author": pl.String(),
    "source": pl.String(),
    "url": pl.String(),
    "symbols": pl.List(pl.String()),
    "keywords": pl.List(pl.String()),
    "summary": pl.String(),
    "insights": pl.List(INSIGHT),
    "raw": pl.String(),
}


def news_instant(value: str | int | None) -> datetime | None:
    """The UTC instant that ISO 8601 with a zone, or nanoseconds since 1970 UTC, stands for; None for all else."""
    try:
        if isinstance(value, int) or (value or "").isdecimal():
            return from_us(int(value or 0) // 1000)
        instant = datetime.fromisoformat(value or "")
        return None if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None

"""From a provider's answers to pages of bars: pieces of a span, columns, order."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final

import polars as pl

from quantmill.core.bars import UTC_TIME
from quantmill.core.span import Span
from quantmill.errors import ProviderError
from quantmill.providers.protocol import PAGE_SCHEMA

__all__ = ["LoopGuard", "cut", "in_order", "page_of", "within"]

_MAX_PAGES: Final = 100_000


def cut(span: Span, days: int) -> Iterator[Span]:
    """`span` in pieces of at most `days` days, in order."""
    start = span.start
    while start < span.end:
        end = min(start + timedelta(days=days), span.end)
        yield Span(start, end)
        start = end


def page_of(
    symbol: str | pl.Series,
    ts: pl.Series,
    columns: dict[str, Sequence[float | None] | pl.Series],
    *,
    provider: str,
    feed: str,
) -> pl.DataFrame:
    """A page from columns.

    Args:
        symbol: Canonical; one for all rows or one per row.
        ts: Starts of the bars, `datetime[µs, UTC]`.
        columns: `open` … `close`, and those of `volume`, `vwap`, `trade_count` that there are; the others are null.
        provider: Stored with each bar.
        feed: Stored with each bar.
    """
    frame = pl.DataFrame({"ts": ts.cast(UTC_TIME), **columns}).with_columns(
        symbol=pl.lit(symbol), provider=pl.lit(provider), feed=pl.lit(feed)
    )
    missing = [pl.lit(None).alias(name) for name in PAGE_SCHEMA if name not in frame.columns]
    return frame.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in PAGE_SCHEMA.items())


def in_order(pages: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """All rows of pages, sorted by symbol and time; the pages may repeat, overlap and come in any order.

    Of several rows of a minute the last one is kept.
    """
    frames = [page for page in pages if page.height]
    if not frames:
        return pl.DataFrame(schema=PAGE_SCHEMA)
    rows = pl.concat(frames)
    return rows.unique(("symbol", "ts"), keep="last", maintain_order=True).sort("symbol", "ts")


def within(rows: pl.DataFrame, span: Span) -> pl.DataFrame:
    """The bars that start in `span`."""
    return rows.filter(pl.col("ts").is_between(span.start, span.end, closed="left"))


class LoopGuard:
    """Notices links to pages that were read already."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._seen: set[str] = set()

    def check(self, link: str) -> None:
        """Remember a link.

        Raises:
            ProviderError: If it was followed before, or there are too many.
        """
        if link in self._seen or len(self._seen) >= _MAX_PAGES:
            raise ProviderError(
                f"{self._provider} sends the same page again and again (after {len(self._seen)} pages)",
                hint="try again later, or ask another provider with --provider",
            )
        self._seen.add(link)

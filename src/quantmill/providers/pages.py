"""From a provider's answers to pages of bars: pieces of a span, columns, order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

import polars as pl

from quantmill.core.calendar import calendar_for
from quantmill.core.columns import is_constant
from quantmill.core.instants import to_us
from quantmill.core.progress import Progress
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import NoDataError, ProviderError
from quantmill.providers.protocol import PAGE_SCHEMA

__all__ = ["LoopGuard", "cut", "has_regular_hours", "in_order", "page_of", "told", "within"]

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
    columns: Mapping[str, Sequence[float | None] | pl.Series],
    *,
    provider: str,
    feed: str,
) -> pl.DataFrame:
    """A page from columns.

    Args:
        symbol: Canonical; one for all rows or one per row.
        ts: Starts of the bars, `datetime[µs]` in UTC, with the zone or without.
        columns: `open` … `close`, and those of `volume`, `vwap`, `trade_count` that there are; the others are null.
        provider: Stored with each bar.
        feed: Stored with each bar.
    """
    given: dict[str, Sequence[float | None] | pl.Series | str] = {
        "symbol": symbol,
        "ts": ts,
        **columns,
        "provider": provider,
        "feed": feed,
    }
    return pl.DataFrame([_column(name, kind, given.get(name), len(ts)) for name, kind in PAGE_SCHEMA.items()])


def in_order(pages: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """All rows of pages, sorted by symbol and time; the pages may repeat, overlap and come in any order.

    Of several rows of a minute the last one is kept.
    """
    frames = [page for page in pages if page.height]
    if not frames:
        return pl.DataFrame(schema=PAGE_SCHEMA)
    rows = pl.concat(frames)
    if _is_in_order(rows):
        return rows
    return rows.unique(("symbol", "ts"), keep="last", maintain_order=True).sort("symbol", "ts")


def told(
    pages: Iterable[pl.DataFrame], provider: str, symbols: Sequence[str], span: Span, progress: Progress
) -> Iterator[pl.DataFrame]:
    """The pages that hold bars, each told of.

    Args:
        pages: Of one answer after the other.
        provider: Who gives them, in words for people.
        symbols: What was asked for.
        span: Of which time.
        progress: Told of each page.

    Raises:
        NoDataError: If none of them holds a bar, and the span has regular hours of one of the symbols.
    """
    names, found = ", ".join(symbols), False
    for page in pages:
        if page.height:
            found = True
            progress.advance(0, note=f"{provider} {names} {page['ts'][0]:%Y-%m-%d}: {page.height:,} bars")
            yield page
    if not found and any(has_regular_hours(symbol, span) for symbol in symbols):
        raise NoDataError(f"{provider} has no bars of {names} from {span.start} to {span.end}")


def within(rows: pl.DataFrame, span: Span) -> pl.DataFrame:
    """The bars that start in `span`."""
    us = rows["ts"].cast(pl.Int64).to_numpy()
    inside = (us >= to_us(span.start)) & (us < to_us(span.end))
    return rows if inside.all() else rows.filter(pl.Series(inside))


def has_regular_hours(symbol: str, span: Span) -> bool:
    """Whether the market of a symbol is open for some minute of `span`, so that having no bar of it means something."""
    calendar = calendar_for(describe_symbol(symbol).calendar)
    open_us, close_us = calendar.open_us, calendar.close_us
    return bool(((open_us < to_us(span.end)) & (close_us > to_us(span.start))).any())


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


def _column(
    name: str, kind: pl.DataType, values: Sequence[float | None] | pl.Series | str | None, n_rows: int
) -> pl.Series:
    """A column of a page; a text or nothing is the same in all rows."""
    if isinstance(values, pl.Series):
        return values.cast(kind).alias(name)
    if values is None or isinstance(values, str):
        return pl.Series(name, [values], dtype=kind).new_from_index(0, n_rows)
    return pl.Series(name, values, dtype=kind, strict=False)


def _is_in_order(rows: pl.DataFrame) -> bool:
    """Whether rows rise strictly by symbol and time; most answers do, and to see that is cheaper than to sort."""
    symbol, ts = rows["symbol"], rows["ts"]
    rises = ts.slice(1) > ts.slice(0, rows.height - 1)
    if is_constant(symbol):
        return rises.all()
    later, earlier = symbol.slice(1), symbol.slice(0, rows.height - 1)
    return bool(((later > earlier) | ((later == earlier) & rises)).all())

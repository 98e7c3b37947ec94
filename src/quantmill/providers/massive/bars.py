"""Massive's minute bars: equities, indices, options, crypto."""

from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec
import polars as pl

from quantmill.core.bars import UTC_TIME
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import ProviderError, UnavailableError
from quantmill.providers.access import Access
from quantmill.providers.grades import grade_of
from quantmill.providers.massive.names import to_massive
from quantmill.providers.massive.server import NAME, server
from quantmill.providers.pages import LoopGuard, cut, in_order, page_of, told, within
from quantmill.providers.protocol import Capability

__all__ = ["MassiveProvider"]

_MAX_ROWS: Final = 50_000
# Larger spans of minutes come with holes, as the provider says.
_PIECE_DAYS: Final = 31


class _Bar(msgspec.Struct, gc=False, kw_only=True):
    """A bar as Massive sends it: `t` is the start in milliseconds since 1970 UTC.

    Fields stand in the order in which they come, in which they are read with less search.
    """

    v: float | None = None
    vw: float | None = None
    o: float
    c: float
    h: float
    l: float  # noqa: E741 - the provider's name
    t: int
    n: float | None = None


class _Page(msgspec.Struct, rename="camel"):
    """`results` is absent when there is nothing."""

    status: str = ""
    results: list[_Bar] | None = None
    results_count: int | None = None
    error: str | None = None
    message: str | None = None
    next_url: str | None = msgspec.field(default=None, name="next_url")

    def __len__(self) -> int:
        return len(self.results or ())


_PAGE: Final = msgspec.json.Decoder(_Page)


class MassiveProvider:
    """Raw minute bars of US equities, indices such as the VIX, options and crypto, extended hours included.

    How far back they go depends on the plan, which Massive does not tell: what a plan lacks is refused when asked for.

    Args:
        access: Credentials, limits, clock.

    Raises:
        ConfigError: If no key is set.
    """

    name: str = NAME
    feed: str = "aggregates"
    is_synthetic: bool = False

    def __init__(self, access: Access) -> None:
        self._server = server(access)

    @property
    def capability(self) -> Capability:
        """All classes since September 2003."""
        return Capability(
            frozenset({"equity", "index", "option", "crypto"}),
            earliest=date(2003, 9, 10),
            has_live=True,
            adjustments=frozenset({"raw", "split"}),
            grade=grade_of(NAME, self.feed),
        )

    def bars(self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS) -> Iterator[pl.DataFrame]:
        """As `BarProvider.bars`: one page per month."""
        pages = (within(in_order(self._pages(symbol, piece)), piece) for piece in cut(span, _PIECE_DAYS))
        yield from told(pages, NAME, (symbol,), span, progress)

    def _pages(self, symbol: str, span: Span) -> Iterator[pl.DataFrame]:
        # Massive includes the last millisecond.
        first_ms, last_ms = span.start_us // 1000, (span.end_us - 1) // 1000
        path = f"/v2/aggs/ticker/{to_massive(symbol)}/range/1/minute/{first_ms}/{last_ms}"
        query: dict[str, str | int] | None = {"adjusted": "false", "sort": "asc", "limit": _MAX_ROWS}
        guard = LoopGuard(NAME)
        while True:
            page = self._server.get(path, _PAGE, query)
            _check(page, symbol)
            if page.results:
                yield self._frame(symbol, page.results)
            if not page.next_url:
                return
            guard.check(page.next_url)
            # The link carries the whole question; the client leads it to the configured host.
            path, query = page.next_url, None

    def _frame(self, symbol: str, bars: list[_Bar]) -> pl.DataFrame:
        columns: dict[str, list[float | None] | pl.Series] = {
            "open": [bar.o for bar in bars],
            "high": [bar.h for bar in bars],
            "low": [bar.l for bar in bars],
            "close": [bar.c for bar in bars],
        }
        if describe_symbol(symbol).asset_class != "index":
            columns |= {
                "volume": [bar.v for bar in bars],
                "vwap": [bar.vw for bar in bars],
                "trade_count": pl.Series([bar.n for bar in bars], dtype=pl.Float64).cast(pl.Int64),
            }
        ts = (pl.Series("ts", [bar.t for bar in bars], dtype=pl.Int64) * 1000).cast(UTC_TIME)
        return page_of(symbol, ts, columns, provider=NAME, feed=self.feed)


def _check(page: _Page, symbol: str) -> None:
    """Refuse an answer that tells of an error, or of more rows than it has, in a body that is whole JSON."""
    if page.status == "ERROR":
        raise ProviderError(
            f"{NAME} could not answer for {symbol}: {page.error or page.message or 'no reason given'}"
        )
    if page.results_count is not None and page.results_count != len(page):
        raise UnavailableError(
            f"{NAME} announced {page.results_count} bars of {symbol} and sent {len(page)}",
            hint="run it again; nothing of this part was stored",
        )

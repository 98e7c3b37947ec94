"""Alpaca's minute bars, of many symbols in one request."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final

import msgspec
import polars as pl

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import NoDataError, SchemaDriftError
from quantmill.providers.access import Access
from quantmill.providers.alpaca.server import NAME, data_server
from quantmill.providers.grades import grade_of
from quantmill.providers.pages import LoopGuard, cut, in_order, page_of, told, within
from quantmill.providers.protocol import Capability

__all__ = ["AlpacaProvider"]

_PATH: Final = "/v2/stocks/bars"
_MAX_ROWS: Final = 10_000
_PIECE_DAYS: Final = 31
_MAX_SYMBOLS: Final = 100
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"


class _Bar(msgspec.Struct, gc=False):
    """A bar as Alpaca sends it: `t` is the start, `n` counts trades, `vw` is the volume-weighted price."""

    t: str
    o: float
    h: float
    l: float  # noqa: E741 - the provider's name
    c: float
    v: float
    n: int | None = None
    vw: float | None = None


class _Page(msgspec.Struct):
    bars: dict[str, list[_Bar] | None] | None = None
    next_page_token: str | None = None

    def __len__(self) -> int:
        return sum(len(bars or ()) for bars in (self.bars or {}).values())


_PAGE: Final = msgspec.json.Decoder(_Page)


class AlpacaProvider:
    """Raw minute bars of US equities since 2016, extended hours included.

    Args:
        access: Credentials, limits, clock.
        feed: `iex` (one venue) or `sip` (consolidated), among others; the setting `alpaca.feed` when None.

    Raises:
        ConfigError: If no key is set.
    """

    name: str = NAME
    is_synthetic: bool = False

    def __init__(self, access: Access, *, feed: str | None = None) -> None:
        self.feed: str = feed or access.settings.alpaca.feed
        self._server = data_server(access)

    @property
    def capability(self) -> Capability:
        """US equities since 2016."""
        return Capability(
            frozenset({"equity"}),
            earliest=date(2016, 1, 4),
            has_live=True,
            adjustments=frozenset({"raw", "split", "dividend", "all"}),
            grade=grade_of(NAME, self.feed),
        )

    def bars(self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS) -> Iterator[pl.DataFrame]:
        """As `BarProvider.bars`: one page per month.

        Raises:
            NoDataError: If there is no bar of an equity in a span with regular hours, or the symbol is no equity.
        """
        return self.bars_of((symbol,), span, progress=progress)

    def bars_of(
        self, symbols: Sequence[str], span: Span, *, progress: Progress = NO_PROGRESS
    ) -> Iterator[pl.DataFrame]:
        """As `ManySymbols.bars_of`: one page per month and hundred symbols."""
        for symbol in symbols:
            if describe_symbol(symbol).asset_class != "equity":
                raise NoDataError(f"{NAME} has no minute bars of {symbol}: it serves US equities")
        parts = [symbols[at : at + _MAX_SYMBOLS] for at in range(0, len(symbols), _MAX_SYMBOLS)]
        pages = (
            within(in_order(self._pages(part, piece)), piece)
            for part in parts
            for piece in cut(span, _PIECE_DAYS)
        )
        yield from told(pages, f"{NAME} ({self.feed})", symbols, span, progress)

    def _pages(self, symbols: Sequence[str], span: Span) -> Iterator[pl.DataFrame]:
        query: dict[str, str | int] = {
            "symbols": ",".join(symbols),
            "timeframe": "1Min",
            "start": _text_of(span.start),
            # Alpaca includes the end; bars start on whole minutes.
            "end": _text_of(span.end),
            "limit": _MAX_ROWS,
            "adjustment": "raw",
            "feed": self.feed,
            "sort": "asc",
        }
        guard = LoopGuard(NAME)
        while True:
            page = self._server.get(_PATH, _PAGE, query)
            yield from (self._frame(symbol, bars) for symbol, bars in (page.bars or {}).items() if bars)
            if not page.next_page_token:
                return
            guard.check(page.next_page_token)
            query["page_token"] = page.next_page_token

    def _frame(self, symbol: str, bars: list[_Bar]) -> pl.DataFrame:
        texts = pl.Series("ts", [bar.t for bar in bars], dtype=pl.String)
        times = texts.str.to_datetime(_TIME_FORMAT, time_unit="us", strict=False, cache=False)
        if times.null_count():
            unread = texts.filter(times.is_null())[0]
            raise SchemaDriftError(
                f"{NAME} sent a bar of {symbol} at {unread!r}, needed 2024-01-31T14:30:00Z"
            )
        return page_of(
            symbol,
            times,
            {
                "open": [bar.o for bar in bars],
                "high": [bar.h for bar in bars],
                "low": [bar.l for bar in bars],
                "close": [bar.c for bar in bars],
                "volume": [bar.v for bar in bars],
                "vwap": [bar.vw for bar in bars],
                "trade_count": [bar.n for bar in bars],
            },
            provider=NAME,
            feed=self.feed,
        )


def _text_of(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")

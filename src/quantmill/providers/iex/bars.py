"""Tiingo's minute bars of the venue IEX, in the place of IEX Cloud."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import ConfigError, NoDataError, NotEntitledError, ProviderError
from quantmill.providers.access import Access
from quantmill.providers.grades import grade_of
from quantmill.providers.pages import cut, in_order, page_of, told, within
from quantmill.providers.protocol import PAGE_SCHEMA, Capability

__all__ = ["IexProvider"]

_NAME: Final = "iex"
_HOUR_US: Final = 3_600_000_000
# An answer has at most so many rows, without a word when it is cut.
_MAX_ROWS: Final = 10_000
_PIECE_DAYS: Final = 14
_ONE_DAY: Final = timedelta(days=1)
_NEW_YORK: Final = ZoneInfo("America/New_York")
# Words with which a plan is refused; a refused key is told in others.
_PLAN_WORDS: Final = ("permission", "subscri", "upgrade", "your plan")


class _Bar(msgspec.Struct, gc=False):
    """A bar as Tiingo sends it: `date` is its start, with an offset; the volume is that of IEX alone."""

    date: Annotated[datetime, msgspec.Meta(tz=True)]
    open: float
    high: float
    low: float
    close: float
    volume: float | None = None


_BARS: Final = msgspec.json.Decoder(list[_Bar])


class IexProvider:
    """Raw minute bars of US equities as traded on IEX, extended hours included.

    Args:
        access: Credentials, limits, clock.

    Raises:
        ConfigError: If no key is set; a token of IEX Cloud is none any more.
    """

    name: str = _NAME
    feed: str = "tiingo"
    is_synthetic: bool = False

    def __init__(self, access: Access) -> None:
        settings = access.settings.tiingo
        if settings.api_key is None and settings.iex_token is not None:
            raise ConfigError(
                "IEX Cloud was shut down on 2024-08-31, IEX_TOKEN is of no use",
                hint="set TIINGO_API_KEY: Tiingo has minutes of the same venue",
            )
        key = access.secret(settings.api_key, f"{_NAME} (Tiingo)", "TIINGO_API_KEY")
        self._server = access.source(
            _NAME,
            settings.base_url,
            limit=settings.requests_per_hour,
            window_us=_HOUR_US,
            headers={"Authorization": f"Token {key}"},
            secrets=(key,),
            judge=_judge,
        )

    @property
    def capability(self) -> Capability:
        """US equities; how far back is not told, so what is too old comes back empty."""
        return Capability(frozenset({"equity"}), grade=grade_of(_NAME, self.feed))

    def bars(self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS) -> Iterator[pl.DataFrame]:
        """As `BarProvider.bars`: one page for each two weeks."""
        if describe_symbol(symbol).asset_class != "equity":
            raise NoDataError(f"{_NAME} has no bars of {symbol}: it serves US equities")
        pages = (within(in_order(self._pages(symbol, piece)), piece) for piece in cut(span, _PIECE_DAYS))
        yield from told(pages, _NAME, (symbol,), span, progress)

    def _pages(self, symbol: str, span: Span) -> Iterator[pl.DataFrame]:
        """Answers for a span, in halves as long as an answer is as large as it can be."""
        bars = self._ask(symbol, span)
        if len(bars) < _MAX_ROWS:
            yield self._frame(symbol, bars)
            return
        if span.end - span.start <= _ONE_DAY:
            raise ProviderError(
                f"{_NAME} sends {len(bars):,} bars of {symbol} for one day, and may have cut them"
            )
        middle = span.start + (span.end - span.start) / 2
        yield from self._pages(symbol, Span(span.start, middle))
        yield from self._pages(symbol, Span(middle, span.end))

    def _ask(self, symbol: str, span: Span) -> list[_Bar]:
        query: dict[str, str | int] = {
            "startDate": _first_day(span).isoformat(),
            "endDate": _last_day(span).isoformat(),
            "resampleFreq": "1min",
            "columns": "open,high,low,close,volume",
            "afterHours": "true",
            "forceFill": "false",
        }
        ticker = symbol.replace(".", "-").lower()
        try:
            return self._server.get(f"/iex/{ticker}/prices", _BARS, query)
        except NoDataError as error:
            raise NoDataError(f"{_NAME} has no bars of {symbol}: {error}") from error

    def _frame(self, symbol: str, bars: list[_Bar]) -> pl.DataFrame:
        if not bars:
            return pl.DataFrame(schema=PAGE_SCHEMA)
        times = pl.Series("ts", [bar.date.astimezone(UTC) for bar in bars], dtype=pl.Datetime("us", "UTC"))
        return page_of(
            symbol,
            times,
            {
                "open": [bar.open for bar in bars],
                "high": [bar.high for bar in bars],
                "low": [bar.low for bar in bars],
                "close": [bar.close for bar in bars],
                "volume": [bar.volume for bar in bars],
            },
            provider=_NAME,
            feed=self.feed,
        )


# Days are whole and both included. Whether they are those of New York or of UTC does not matter: both are asked for.
def _first_day(span: Span) -> date:
    return span.start.astimezone(_NEW_YORK).date()


def _last_day(span: Span) -> date:
    return (span.end - timedelta(microseconds=1)).astimezone(UTC).date()


def _judge(status: int, text: str) -> ProviderError | None:
    """A 403 may be a refused key or a plan that lacks the data; only the words tell."""
    if status == 403 and any(word in text.lower() for word in _PLAN_WORDS):
        return NotEntitledError(
            f"the Tiingo plan does not include this (status 403: {text})",
            hint="ask another provider with --provider, or see the plan of the key",
        )
    return None

"""Yahoo's minute bars of the last 30 days: unofficial, with holes, and a last bar that is not over."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec
import numpy as np
import polars as pl

from quantmill.core.bars import PRICE_COLUMNS, UTC_TIME
from quantmill.core.instants import MINUTE_US
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import NoDataError, ProviderError
from quantmill.providers.access import Access
from quantmill.providers.grades import grade_of
from quantmill.providers.pages import cut, in_order, page_of, told, within
from quantmill.providers.protocol import PAGE_SCHEMA, Capability

__all__ = ["YahooProvider", "to_yahoo"]

_NAME: Final = "yahoo"
_PIECE_DAYS: Final = 7
# Yahoo has 30 days to the second; a whole session less is safe to ask for.
_DAYS_BACK: Final = 29
# What is a second older than 30 days when the request arrives is refused with all the rest of it.
_OLDEST: Final = timedelta(days=30) - timedelta(minutes=5)
_FIELDS: Final = ("open", "high", "low", "close", "volume")


class _Quote(msgspec.Struct):
    open: list[float | None] = []
    high: list[float | None] = []
    low: list[float | None] = []
    close: list[float | None] = []
    volume: list[float | None] = []


class _Indicators(msgspec.Struct):
    quote: list[_Quote] = []


class _Result(msgspec.Struct):
    indicators: _Indicators
    timestamp: list[int] | None = None

    def __len__(self) -> int:
        return len(self.timestamp or ())


class _Error(msgspec.Struct):
    code: str = ""
    description: str = ""


class _Chart(msgspec.Struct):
    result: list[_Result] | None = None
    error: _Error | None = None


class _Answer(msgspec.Struct):
    chart: _Chart

    def __len__(self) -> int:
        return sum(map(len, self.chart.result or ()))


_ANSWER: Final = msgspec.json.Decoder(_Answer)


class YahooProvider:
    """Raw minute bars of equities, indices and crypto pairs, extended hours included.

    Rows without a price are dropped and counted; bars of minutes that are not over, or that begin between minutes, are
    left out. A volume of an index, always 0 there, is null.

    Args:
        access: Limits, clock.
    """

    name: str = _NAME
    feed: str = "chart"
    is_synthetic: bool = False

    def __init__(self, access: Access) -> None:
        settings = access.settings.yahoo
        self._clock = access.clock
        self._server = access.source(
            _NAME,
            settings.base_url,
            limit=settings.requests_per_minute,
            headers={"User-Agent": "Mozilla/5.0"},
            judge=_judge,
        )

    @property
    def capability(self) -> Capability:
        """Equities, indices and crypto of the last 30 days, as of now."""
        return Capability(
            frozenset({"equity", "index", "crypto"}),
            earliest=(self._clock.now() - timedelta(days=_DAYS_BACK)).date(),
            grade=grade_of(_NAME, self.feed),
        )

    def bars(self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS) -> Iterator[pl.DataFrame]:
        """As `BarProvider.bars`: one page for each seven days; what is older than 30 days is not asked for."""
        yield from told(self._pieces(symbol, span, progress), _NAME, (symbol,), span, progress)

    def _pieces(self, symbol: str, span: Span, progress: Progress) -> Iterator[pl.DataFrame]:
        oldest = self._clock.now() - _OLDEST
        dropped = 0
        if span.end > oldest:
            for piece in cut(Span(max(span.start, oldest), span.end), _PIECE_DAYS):
                rows, n_dropped = self._piece(symbol, piece)
                dropped += n_dropped
                yield rows
        if dropped:
            progress.say(f"{_NAME} {symbol}: {dropped} rows had no price or no whole minute; left out")

    def _piece(self, symbol: str, span: Span) -> tuple[pl.DataFrame, int]:
        """Bars of at most seven days, and how many rows were dropped."""
        query: dict[str, str | int] = {
            "period1": span.start_us // 1_000_000,
            # Yahoo includes neither bars that begin at the end nor ones after it.
            "period2": -(-span.end_us // 1_000_000),
            "interval": "1m",
            "includePrePost": "true",
        }
        try:
            chart = self._server.get(f"/v8/finance/chart/{to_yahoo(symbol)}", _ANSWER, query).chart
        except NoDataError as error:
            raise NoDataError(f"{_NAME} has no bars of {symbol}: {error}") from error
        if chart.error is not None:
            raise _error_of(chart.error.code, chart.error.description)
        frames = [self._frame(symbol, result) for result in chart.result or () if result.timestamp]
        if not frames:
            return pl.DataFrame(schema=PAGE_SCHEMA), 0
        rows = pl.concat(frames)
        whole = rows.drop_nulls(list(PRICE_COLUMNS)).filter(pl.col("ts").cast(pl.Int64) % MINUTE_US == 0)
        over = whole.filter(pl.col("ts").cast(pl.Int64) <= self._clock.now_us() - MINUTE_US)
        return within(in_order([over]), span), rows.height - whole.height

    def _frame(self, symbol: str, result: _Result) -> pl.DataFrame:
        seconds = np.array(result.timestamp, dtype=np.int64)
        quote = result.indicators.quote[0] if result.indicators.quote else _Quote()
        columns = {name: getattr(quote, name) or [None] * seconds.size for name in _FIELDS}
        if any(len(values) != seconds.size for values in columns.values()):
            raise ProviderError(f"{_NAME} sent columns of unequal length for {symbol}")
        if describe_symbol(symbol).asset_class == "index":
            del columns["volume"]
        ts = pl.Series("ts", seconds * 1_000_000).cast(UTC_TIME)
        return page_of(symbol, ts, columns, provider=_NAME, feed=self.feed)


def to_yahoo(symbol: str) -> str:
    """A canonical symbol as Yahoo writes it: `^VIX`, `BRK-B`, `BTC-USD`."""
    kind = describe_symbol(symbol).asset_class
    if kind == "index":
        return f"^{symbol.removeprefix('I:')}"
    if kind == "crypto":
        return symbol.removeprefix("X:")
    return symbol.replace(".", "-")


def _judge(status: int, text: str) -> ProviderError | None:
    """Refusals carry the error of a chart in their body."""
    if status in {401, 403}:
        return None
    try:
        error = msgspec.json.decode(text.encode(), type=_Answer).chart.error
    except msgspec.DecodeError:
        return None
    return None if error is None else _error_of(error.code, error.description)


def _error_of(code: str, description: str) -> ProviderError:
    text = f"{_NAME}: {description or code}"
    return NoDataError(text) if code == "Not Found" or "No data found" in description else ProviderError(text)

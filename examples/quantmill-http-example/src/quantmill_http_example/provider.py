"""Minute bars from a server that answers `/bars/SPY?day=2024-03-08` with JSON columns."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import msgspec
import polars as pl

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import ConfigError, NoDataError
from quantmill.providers.access import Access
from quantmill.providers.pages import has_regular_hours, in_order, page_of, within
from quantmill.providers.protocol import Capability

__all__ = ["ExampleProvider"]


class Day(msgspec.Struct):
    """An answer: one list per column; `start` is the minute at which a bar opens, seconds since 1970 UTC."""

    start: list[int]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]


DECODER = msgspec.json.Decoder(Day)


class ExampleProvider:
    """Raw minute bars of US equities, one request per day.

    Args:
        access: Given by quantmill: settings, limits that processes share, the counted client of HTTP.

    Raises:
        ConfigError: If EXAMPLE_BARS_URL is not set.
    """

    name = "example"
    feed = "days"
    is_synthetic = False

    def __init__(self, access: Access) -> None:
        base_url = os.environ.get("EXAMPLE_BARS_URL", "")
        if not base_url:
            raise ConfigError(
                "example has no server", hint="set EXAMPLE_BARS_URL, such as http://localhost:8000"
            )
        # Retries, time-outs and the limit come with the source. A key belongs into `headers` and `secrets`.
        self._server = access.source(self.name, base_url, limit=600)

    @property
    def capability(self) -> Capability:
        """US equities since 2020."""
        return Capability(frozenset({"equity"}), earliest=date(2020, 1, 2), grade="best effort")

    def bars(self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS) -> Iterator[pl.DataFrame]:
        """One page per day with bars.

        Raises:
            NoDataError: If the server does not know the symbol, or has nothing though the market was open.
        """
        if describe_symbol(symbol).asset_class != "equity":
            raise NoDataError(f"{self.name} has no bars of {symbol}: it serves US equities")
        found = False
        for day in _days(span):
            # The server's days are whole; `within` keeps what was asked for, `in_order` drops what comes twice.
            page = within(in_order([self._day(symbol, day)]), span)
            if page.height:
                found = True
                progress.advance(0, note=f"{self.name} {symbol} {day}: {page.height:,} bars")
                yield page
        if not found and has_regular_hours(symbol, span):
            raise NoDataError(f"{self.name} has no bars of {symbol} from {span.start} to {span.end}")

    def _day(self, symbol: str, day: date) -> pl.DataFrame:
        try:
            answer = self._server.get(f"/bars/{symbol}", DECODER, {"day": day.isoformat()})
        except NoDataError as error:
            raise NoDataError(f"{self.name} does not know {symbol}") from error
        ts = pl.Series("ts", answer.start, dtype=pl.Int64) * 1_000_000
        columns = {name: getattr(answer, name) for name in ("open", "high", "low", "close", "volume")}
        return page_of(symbol, ts.cast(pl.Datetime("us", "UTC")), columns, provider=self.name, feed=self.feed)


def _days(span: Span) -> Iterator[date]:
    """The UTC days that a span touches."""
    day = span.start.date()
    while datetime.combine(day, time(), UTC) < span.end:
        yield day
        day += timedelta(days=1)

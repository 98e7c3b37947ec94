"""A provider of bars from a server of one's own, in one file."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec
import polars as pl

from quantmill.core.bars import UTC_TIME
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.errors import ConfigError
from quantmill.providers.access import Access
from quantmill.providers.pages import cut, in_order, page_of, told, within
from quantmill.providers.protocol import Capability

__all__ = ["ArchiveProvider"]

# One bar: start in milliseconds since 1970 UTC, open, high, low, close, volume.
_BARS: Final = msgspec.json.Decoder(list[tuple[int, float, float, float, float, float]])
_MONTH_DAYS: Final = 31


class ArchiveProvider:
    """Bars of US equities from the server that ARCHIVE_URL names.

    Args:
        access: Given by quantmill: its client, limits and clock.

    Raises:
        ConfigError: If ARCHIVE_URL or ARCHIVE_KEY is not set; a chain of providers then passes over this one.
    """

    name = "archive"
    feed = "archive"
    is_synthetic = False
    capability = Capability(frozenset({"equity"}), grade="best effort")

    def __init__(self, access: Access) -> None:
        url, key = os.environ.get("ARCHIVE_URL"), os.environ.get("ARCHIVE_KEY")
        if not url or not key:
            raise ConfigError("archive has no server", hint="set ARCHIVE_URL and ARCHIVE_KEY")
        # Keys belong into headers; `secrets` keeps them out of errors and logs.
        self._server = access.source(
            self.name, url, limit=600, headers={"Authorization": f"Bearer {key}"}, secrets=(key,)
        )

    def bars(self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS) -> Iterator[pl.DataFrame]:
        """Pages of one symbol's bars, a month at a time."""
        yield from told(self._months(symbol, span), self.name, (symbol,), span, progress)

    def _months(self, symbol: str, span: Span) -> Iterator[pl.DataFrame]:
        for month in cut(span, _MONTH_DAYS):
            answer = self._server.get(
                f"/bars/{symbol}",
                _BARS,
                {"start": month.start.isoformat(), "end": (month.end + timedelta(minutes=1)).isoformat()},
            )
            if answer:
                milliseconds, opens, highs, lows, closes, volumes = zip(*answer, strict=True)
                ts = (pl.Series("ts", milliseconds, dtype=pl.Int64) * 1000).cast(UTC_TIME)
                columns = {"open": opens, "high": highs, "low": lows, "close": closes, "volume": volumes}
                page = page_of(symbol, ts, columns, provider=self.name, feed=self.feed)
                # Whatever the server repeats, shuffles or adds is put right here.
                yield within(in_order([page]), month)

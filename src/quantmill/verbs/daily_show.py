"""The verb `daily show`: daily prices of one symbol, as they were known."""

from typing import Annotated, Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.errors import NoDataError
from quantmill.verbs.known_at import known_instant
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, Symbol
from quantmill.verbs.sessions_request import SessionsRequest

__all__ = ["READS_ONLY", "DailyShowRequest", "run"]

READS_ONLY: Final = True


class DailyShowRequest(SessionsRequest):
    """Show the stored daily prices of one symbol.

    These are rows of daily files; `bars --interval 1d` makes daily bars of stored minutes. A day shows from its
    `available_at` on; with --known-at neither later days nor later corrections show.
    """

    symbol: Annotated[Symbol, POSITIONAL] = Field(description="Symbol, such as I:VIX.")
    known_at: str | None = Field(
        default=None,
        description="As known then, an instant in UTC such as 2026-11-20T15:30; now when left out.",
    )
    limit: int | None = Field(
        default=None, ge=1, description="The last N days of those asked for, in time order."
    )


def run(mill: Mill, request: DailyShowRequest, progress: Progress) -> pl.DataFrame:
    """The days in order: session, open, high, low, close, volume, available_at, provider.

    Raises:
        NotFoundError: If no daily rows of the symbol are stored.
        NoDataError: If it has none in the sessions asked for, or none were known then.
        UsageError: If `known_at` is no instant up to now.
    """
    known_at = known_instant(request.known_at, mill.clock.now())
    rows = mill.lake.read_daily(request.symbol, request.start, request.end, known_at=known_at)
    if rows.is_empty():
        raise NoDataError(
            f"{request.symbol} had no daily rows from {request.start or 'the start'} to {request.end or 'the end'} "
            f"that were known at {known_at:%Y-%m-%dT%H:%M} UTC",
            hint=f"`quantmill daily show {request.symbol}` shows all that are known now",
        )
    chosen = rows.select("session", "open", "high", "low", "close", "volume", "available_at", "provider")
    return chosen if request.limit is None else chosen.tail(request.limit)

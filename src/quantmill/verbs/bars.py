"""The verb `bars`: bars of one symbol, as stored or of a longer interval."""

from typing import Annotated, Final, Literal

import polars as pl
from pydantic import Field

from quantmill.core.interval import ONE_MINUTE, Interval
from quantmill.core.progress import Progress
from quantmill.errors import NoDataError
from quantmill.lake.phases import with_phase
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, Symbol
from quantmill.verbs.sessions_request import SessionsRequest

__all__ = ["READS_ONLY", "BarsRequest", "run"]

READS_ONLY: Final = True


class BarsRequest(SessionsRequest):
    """Show bars of one symbol, as stored or put together to longer ones.

    Times are the starts of bars in UTC; a bar is known at its start plus its interval. Longer bars are made session by
    session from the open on, so a session's last one may be short; 1d is one bar per session, or with extended hours
    one per session and phase.
    """

    symbol: Annotated[Symbol, POSITIONAL] = Field(description="Symbol, such as SPY.")
    interval: Literal["1m", "5m", "15m", "30m", "1h", "4h", "8h", "1d"] = Field(
        default="1m", description="Length of a bar."
    )
    limit: int | None = Field(
        default=None, ge=1, description="The last N bars of those asked for, in time order."
    )
    hours: Literal["regular", "extended"] = Field(
        default="regular", description="Regular sessions only, or all stored bars with pre- and post-market."
    )
    adjust: Literal["none", "forward", "back"] = Field(
        default="none", description="Split adjustment: none, forward as features see it, back as charts do."
    )


def run(mill: Mill, request: BarsRequest, progress: Progress) -> pl.DataFrame:
    """The bars in time order: ts, open, high, low, close, volume.

    Longer ones also say how many minutes they hold (n_bars), extended ones their phase: pre, regular or post.

    Raises:
        NotFoundError: If the symbol is not stored.
        NoDataError: If it has no bar in the sessions asked for.
    """
    bars = _bars(mill, request)
    if bars.is_empty():
        asked = f"from {request.start or 'the start'} to {request.end or 'the end'}"
        raise NoDataError(
            f"{request.symbol} has no {request.hours} bars {asked}",
            hint=f"`quantmill gaps {request.symbol}` shows which sessions are stored",
        )
    further = [name for name in ("n_bars", "phase") if name in bars.columns]
    chosen = bars.select("ts", "open", "high", "low", "close", "volume", *further)
    return chosen if request.limit is None else chosen.tail(request.limit)


def _bars(mill: Mill, request: BarsRequest) -> pl.DataFrame:
    span, interval = request.span_of(request.symbol), Interval.parse(request.interval)
    if interval != ONE_MINUTE:
        return mill.lake.resampled_bars(
            request.symbol, interval, span, hours=request.hours, adjust=request.adjust
        )
    bars = mill.lake.read_bars(request.symbol, span, hours=request.hours, adjust=request.adjust)
    return with_phase(bars) if request.hours == "extended" else bars

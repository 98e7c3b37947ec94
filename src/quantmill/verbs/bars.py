"""The verb `bars`: stored bars of one symbol."""

from typing import Annotated, Final, Literal

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.errors import NoDataError
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, Symbol
from quantmill.verbs.sessions_request import SessionsRequest

__all__ = ["READS_ONLY", "BarsRequest", "run"]

READS_ONLY: Final = True


class BarsRequest(SessionsRequest):
    """Show stored bars of one symbol.

    Times are the starts of bars in UTC.
    """

    symbol: Annotated[Symbol, POSITIONAL] = Field(description="Symbol, such as SPY.")
    interval: Literal["1m"] = Field(default="1m", description="Length of a bar.")
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

    Raises:
        NotFoundError: If the symbol is not stored.
        NoDataError: If it has no bar in the sessions asked for.
    """
    span = request.span_of(request.symbol)
    bars = mill.lake.read_bars(request.symbol, span, hours=request.hours, adjust=request.adjust)
    if bars.is_empty():
        asked = f"from {request.start or 'the start'} to {request.end or 'the end'}"
        raise NoDataError(
            f"{request.symbol} has no {request.hours} bars {asked}",
            hint=f"`quantmill gaps {request.symbol}` shows which sessions are stored",
        )
    chosen = bars.select("ts", "open", "high", "low", "close", "volume")
    return chosen if request.limit is None else chosen.tail(request.limit)

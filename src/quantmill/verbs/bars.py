"""The verb `bars`: stored bars of one symbol."""

from typing import Annotated, Final, Literal

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.errors import NoDataError
from quantmill.lake.actions import DIVIDEND, SPLIT
from quantmill.lake.adjusting import Adjust
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
    adjust: Adjust = Field(
        default="none",
        description="none as traded, forward by splits as features see it, back by splits as charts do, total back by "
        "splits and dividends.",
    )


def run(mill: Mill, request: BarsRequest, progress: Progress) -> pl.DataFrame:
    """The bars in time order: ts, open, high, low, close, volume.

    Raises:
        NotFoundError: If the symbol is not stored, or a view of total returns needs a close that is not.
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
    if request.adjust != "none":
        progress.say(_adjustment(mill, request.symbol, request.adjust))
    chosen = bars.select("ts", "open", "high", "low", "close", "volume")
    return chosen if request.limit is None else chosen.tail(request.limit)


def _adjustment(mill: Mill, symbol: str, adjust: Adjust) -> str:
    """What the adjustment rests on, in words."""
    actions = mill.lake.scan("corporate_actions", keys=[symbol]).collect()
    if actions.is_empty():
        return f"no splits or dividends of {symbol} are stored: its prices are as traded"
    splits, dividends = (actions.filter(pl.col("kind") == kind) for kind in (SPLIT, DIVIDEND))
    said = f"stored of {symbol}: {splits.height} splits, {dividends.height} dividends"
    if adjust != "total":
        return f"{said}; prices are adjusted {adjust} by the splits alone"
    last = mill.lake.sessions(symbol)["session"].max()
    n_late = dividends.filter(pl.col("ex_date") > last).height
    late = f"; {n_late} after the last stored session are left out, which changes no return" if n_late else ""
    return f"{said}; prices are adjusted back by both{late}"

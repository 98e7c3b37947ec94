"""The verb `bars`: bars of one symbol, as stored or of a longer interval."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import polars as pl
from pydantic import Field

from quantmill.core.interval import ONE_MINUTE, Interval
from quantmill.core.progress import Progress
from quantmill.errors import NoDataError, UsageError
from quantmill.lake.actions import DIVIDEND, SPLIT
from quantmill.lake.adjusting import Adjust
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
    adjust: Adjust = Field(
        default="none",
        description="none as traded, forward by splits as features see it, back by splits as charts do, total back by "
        "splits and dividends.",
    )
    as_of: str | None = Field(
        default=None,
        description="As known then: a snapshot's number, or an instant in UTC such as 2026-11-20T15:30; now when left out.",
    )


def run(mill: Mill, request: BarsRequest, progress: Progress) -> pl.DataFrame:
    """The bars in time order: ts, open, high, low, close, volume.

    Longer ones also say how many minutes they hold (n_bars), extended ones their phase: pre, regular or post.

    Raises:
        NotFoundError: If the symbol is not stored, or a view of total returns needs a close that is not.
        NoDataError: If it has no bar in the sessions asked for, or had none then.
        UsageError: If `as_of` is neither a snapshot nor an instant up to now.
    """
    bars = _bars(mill, request)
    if bars.is_empty():
        raise _nothing(request)
    if request.adjust != "none":
        progress.say(_adjustment(mill, request.symbol, request.adjust))
    further = [name for name in ("n_bars", "phase") if name in bars.columns]
    chosen = bars.select("ts", "open", "high", "low", "close", "volume", *further)
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


def _bars(mill: Mill, request: BarsRequest) -> pl.DataFrame:
    span, interval = request.span_of(request.symbol), Interval.parse(request.interval)
    as_of = None if request.as_of is None else _moment(request.as_of, mill.clock.now())
    if interval != ONE_MINUTE:
        return mill.lake.resampled_bars(
            request.symbol, interval, span, hours=request.hours, adjust=request.adjust, as_of=as_of
        )
    bars = mill.lake.read_bars(request.symbol, span, hours=request.hours, adjust=request.adjust, as_of=as_of)
    return with_phase(bars) if request.hours == "extended" else bars


def _nothing(request: BarsRequest) -> NoDataError:
    found = f"{request.hours} bars from {request.start or 'the start'} to {request.end or 'the end'}"
    if request.as_of is None:
        return NoDataError(
            f"{request.symbol} has no {found}",
            hint=f"`quantmill gaps {request.symbol}` shows which sessions are stored",
        )
    return NoDataError(
        f"{request.symbol} had no {found} as of {request.as_of}",
        hint="--as-of counts when bars were stored, not when they traded; without it those of now are shown",
    )


def _moment(text: str, now: datetime) -> int | datetime:
    """A snapshot or an instant as a person writes it.

    Raises:
        UsageError: If it is neither, or the instant is yet to come.
    """
    if text.isdecimal():
        return int(text)
    try:
        instant = datetime.fromisoformat(text)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--as-of is {text!r}, needed is a snapshot's number or an instant",
            hint="such as --as-of 12 or --as-of 2026-11-20T15:30",
        ) from error
    if instant > now:
        raise UsageError(
            f"--as-of is {text!r}, which is yet to come: it is {now:%Y-%m-%dT%H:%M:%S} UTC",
            hint="without --as-of the newest bars are shown",
        )
    return instant

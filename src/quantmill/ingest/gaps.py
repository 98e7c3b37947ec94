"""Regular minutes that are missing, by grade: whole or short sessions, runs of minutes, minutes here and there."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.bars import UTC_TIME, ts_of, us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.instants import MINUTE_US
from quantmill.core.symbols import describe_symbol
from quantmill.errors import UsageError
from quantmill.ingest.coverage import count_minutes, usual_share
from quantmill.lake.store import Lake

__all__ = ["CONFIRMED_SCHEMA", "GAP_SCHEMA", "find_gaps", "gaps_of_symbol", "hole_limit"]

GAP_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "session": pl.Date(),
    "grade": pl.String(),
    "kind": pl.String(),
    "expected_bars": pl.Int64(),
    "found_bars": pl.Int64(),
    "first_ts": UTC_TIME,
    "last_ts": UTC_TIME,
    "confirmed": pl.String(),
}

CONFIRMED_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "session": pl.Date(),
    "outcome": pl.String(),
    "provider": pl.String(),
}
"""Sessions of which a provider said that they are `empty` or `short`; other outcomes confirm nothing."""

_GRADES: Final = {"missing": "session", "short": "session", "hole": "run", "isolated": "isolated"}
# A run counts as a hole when chance makes one so long less often than once in so many sessions.
_SESSIONS_PER_CHANCE: Final = 100
_SESSION_MINUTES: Final = 390
_DEVIATIONS: Final = 3.0


def find_gaps(
    lake: Lake,
    symbols: Sequence[str] | None = None,
    *,
    start: date | None = None,
    end: date | None = None,
    min_share: float = 0.9,
    hole_minutes: int | None = None,
    confirmed: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Gaps by exchange calendar; only regular minutes are expected, on half days fewer.

    Where a symbol usually lacks minutes (a thin name, a feed of one venue), an absent minute is no gap: sessions are
    short by what is usual, and runs are holes from `hole_limit` on.

    Args:
        lake: Where to look; sessions are counted from the catalogue, no bars are read unless holes are asked for.
        symbols: Canonical symbols, all stored ones when None.
        start: First session to look at [the symbol's first stored one].
        end: Sessions before it [up to the symbol's last stored one]; open sessions are left out.
        min_share: A session with a smaller share of the minutes that it usually has is `short`; where minutes are
            usually absent, by three standard deviations of their number (binomial) more.
        hole_minutes: Also list runs of at least so many missing minutes as `hole`s and count the other missing
            minutes of each session as `isolated` [5 is usual]; None lists neither.
        confirmed: Columns of `CONFIRMED_SCHEMA`.

    Returns:
        Columns of `GAP_SCHEMA`, sorted by symbol, session and time; grade is `session` (kind `missing` or `short`),
        `run` (kind `hole`) or `isolated`. Expected less found bars are the missing minutes. `first_ts` and `last_ts`
        are the first and last missing minute of a hole, null otherwise. `confirmed` names who said that there is
        nothing (more) to be had, null when nobody did.

    Raises:
        NotFoundError: If nothing is stored of a symbol.
        UsageError: If a limit is out of range.
    """
    if not 0.0 <= min_share <= 1.0:
        raise UsageError(f"min_share is {min_share}, needed 0 to 1")
    if hole_minutes is not None and hole_minutes < 1:
        raise UsageError(f"hole_minutes is {hole_minutes}, needed at least 1")
    found = [pl.DataFrame(schema=GAP_SCHEMA)]
    for symbol in lake.keys("bars") if symbols is None else symbols:
        every = count_minutes(lake, symbol)
        sessions = (
            every if start is None and end is None else count_minutes(lake, symbol, start=start, end=end)
        )
        found.append(
            gaps_of_symbol(
                lake,
                symbol,
                sessions,
                usual=usual_share(every),
                min_share=min_share,
                hole_minutes=hole_minutes,
                confirmed=confirmed,
            )
        )
    return pl.concat(found).sort("symbol", maintain_order=True)


def gaps_of_symbol(
    lake: Lake,
    symbol: str,
    sessions: pl.DataFrame,
    *,
    usual: float,
    min_share: float = 0.9,
    hole_minutes: int | None = None,
    confirmed: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """What `find_gaps` gives for one symbol, of the sessions that `count_minutes` gives.

    Args:
        lake: Where to look.
        symbol: A canonical symbol.
        sessions: The sessions to look at.
        usual: What `usual_share` says of all that is stored.
        min_share: As for `find_gaps`, as are the others.
        hole_minutes: None looks for no holes.
        confirmed: Columns of `CONFIRMED_SCHEMA`.
    """
    parts = [_gaps_of_sessions(sessions, min_share, usual)]
    if hole_minutes is not None and (sessions["found_bars"] > 0).any():
        parts.append(_runs(lake, symbol, sessions, hole_limit(usual, hole_minutes)))
    gaps = pl.concat(parts).with_columns(
        pl.lit(symbol).alias("symbol"), pl.col("kind").replace_strict(_GRADES).alias("grade")
    )
    marked = _with_confirmed(gaps, confirmed)
    return marked.select(*GAP_SCHEMA).sort("session", "first_ts", nulls_last=False, maintain_order=True)


def hole_limit(usual: float, hole_minutes: int) -> int:
    """From how many missing minutes in a row on a run is a hole, given the share of minutes that usually have a bar.

    With minutes absent by chance, each with probability q = 1 - usual, a session of 390 minutes has a run of k with
    probability up to 390 q^k; k is such that this is below 1 in 100, and at least `hole_minutes`.
    """
    if usual >= 1.0:
        return hole_minutes
    by_chance = -math.log(_SESSIONS_PER_CHANCE * _SESSION_MINUTES) / math.log(1.0 - usual)
    return max(hole_minutes, math.ceil(by_chance))


def _gaps_of_sessions(sessions: pl.DataFrame, min_share: float, usual: float) -> pl.DataFrame:
    found, expected = pl.col("found_bars"), pl.col("expected_bars")
    by_chance = _DEVIATIONS * (expected * usual * (1.0 - usual)).sqrt()
    needed = min_share * usual * expected - by_chance
    kind = pl.when(found == 0).then(pl.lit("missing")).otherwise(pl.lit("short"))
    return _shaped(sessions.filter((found == 0) | (found < needed)).with_columns(kind.alias("kind")))


def _runs(lake: Lake, symbol: str, sessions: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Holes, and what else is missing of each session that has bars."""
    calendar = calendar_for(describe_symbol(symbol).calendar)
    span = calendar.day_span(sessions["session"][0], sessions["session"][-1] + timedelta(days=1))
    bars = lake.scan("bars", keys=[symbol], span=span, columns=["ts"]).collect()["ts"].sort()
    ts_us = us_of(bars)
    labels = calendar.label(ts_us)
    ts_us, session = ts_us[labels.is_regular], labels.session[labels.is_regular]
    minute, n_minutes = labels.minute[labels.is_regular], labels.n_minutes[labels.is_regular]
    opens = np.append(True, session[1:] != session[:-1])
    closes = np.append(opens[1:], True)
    # Missing minutes before each bar (from the open for a session's first) and after a session's last.
    before = np.where(opens, minute, np.diff(minute, prepend=0) - 1)
    after = np.where(closes, n_minutes - 1 - minute, 0)
    lead, trail = np.flatnonzero(before), np.flatnonzero(after)
    starts = np.concatenate([ts_us[lead] - before[lead] * MINUTE_US, ts_us[trail] + MINUTE_US])
    counts = np.concatenate([before[lead], after[trail]])
    runs = pl.DataFrame(
        {
            "session": pl.Series(np.concatenate([session[lead], session[trail]]), dtype=pl.Int32).cast(
                pl.Date
            ),
            "expected_bars": pl.Series(counts, dtype=pl.Int64),
            "found_bars": pl.Series(np.zeros_like(counts), dtype=pl.Int64),
            "first_ts": ts_of(starts),
            "last_ts": ts_of(starts + (counts - 1) * MINUTE_US),
        }
    )
    is_hole = pl.col("expected_bars") >= limit
    holes = runs.filter(is_hole).with_columns(pl.lit("hole").alias("kind"))
    rest = runs.filter(~is_hole).group_by("session").agg(pl.col("expected_bars", "found_bars").sum())
    return pl.concat([_shaped(holes), _shaped(rest.with_columns(pl.lit("isolated").alias("kind")))])


def _shaped(rows: pl.DataFrame) -> pl.DataFrame:
    absent = [
        pl.lit(None, dtype=GAP_SCHEMA[name]).alias(name)
        for name in ("first_ts", "last_ts")
        if name not in rows.columns
    ]
    columns = ("session", "kind", "expected_bars", "found_bars", "first_ts", "last_ts")
    return rows.with_columns(*absent).select(columns)


def _with_confirmed(gaps: pl.DataFrame, confirmed: pl.DataFrame | None) -> pl.DataFrame:
    if confirmed is None or confirmed.height == 0:
        return gaps.with_columns(pl.lit(None, dtype=pl.String()).alias("confirmed"))
    said = confirmed.filter(pl.col("outcome").is_in(["empty", "short"])).select(
        "symbol", "session", (pl.col("outcome") == "empty").alias("is_empty"), "provider"
    )
    names = said.group_by("symbol", "session", "is_empty").agg(
        pl.col("provider").unique().sort().str.join(", ").alias("confirmed")
    )
    is_missing = (pl.col("kind") == "missing").alias("is_empty")
    return gaps.with_columns(is_missing).join(
        names, on=["symbol", "session", "is_empty"], how="left", maintain_order="left"
    )

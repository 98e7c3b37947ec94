"""SQL of the views that resample bars and name their phase, and the table of sessions that these views join."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from quantmill.core.bars import UTC_TIME
from quantmill.core.calendar import SessionCalendar, calendar_for
from quantmill.core.instants import DAY_US
from quantmill.core.interval import Interval
from quantmill.lake.exact_sums import exact_parts_sql, exact_sum_sql
from quantmill.lake.resampling import SOURCE_SEPARATOR

__all__ = ["BAR_VIEWS", "SESSIONS", "bar_views", "phase_select", "resampled_select", "sessions_table"]

SESSIONS: Final = "sessions"
_PHASE_VIEW: Final = "bars_with_phase"
_RESAMPLED: Final[Mapping[str, Interval]] = {
    f"bars_{name}": Interval.parse(name) for name in ("5m", "15m", "30m", "1h", "4h", "8h", "1d")
}
BAR_VIEWS: Final = (*_RESAMPLED, _PHASE_VIEW)
_CALENDARS: Final = ("24/7", "XNYS")
# What `describe_symbol` says.
_CALENDAR_OF_SYMBOL: Final = "CASE WHEN starts_with(b.symbol, 'X:') THEN '24/7' ELSE 'XNYS' END"


def bar_views(*, bars: str = "bars", sessions: str = SESSIONS) -> dict[str, str]:
    """The query of each of `BAR_VIEWS`; arguments as in `resampled_select`."""
    selects = {
        name: resampled_select(interval, bars=bars, sessions=sessions)
        for name, interval in _RESAMPLED.items()
    }
    return selects | {_PHASE_VIEW: phase_select(bars=bars, sessions=sessions)}


def sessions_table() -> pl.DataFrame:
    """Every session of every calendar that symbols have, 1990 to 2035.

    Returns:
        `calendar`, `session` (its date), the regular hours [`open_ts`, `close_ts`) and the whole date in exchange
        time [`day_start_ts`, `day_end_ts`), in which its pre- and post-market bars lie; times in UTC.
    """
    return pl.concat([_sessions_of(calendar_for(name)) for name in _CALENDARS])


def resampled_select(interval: Interval, *, bars: str = "bars", sessions: str = SESSIONS) -> str:
    """The query of a view of resampled regular bars: rows as `resample_bars` gives them, in no order.

    Args:
        interval: Longer than a minute.
        bars: Table or view with the columns of `BAR_SCHEMA`.
        sessions: Table or view with the columns of `sessions_table`.
    """
    step_us = interval.microseconds
    return f"""\
WITH placed AS (
  SELECT
    b.symbol, b.ts, b.open, b.high, b.low, b.close, b.volume, b.trade_count, b.provider, b.feed, b.ingested_at,
    epoch_us(b.ts) - (epoch_us(b.ts) - epoch_us(s.open_ts)) % {step_us} AS start_us,
    b.vwap * b.volume AS dollars,
    CASE WHEN b.vwap IS NOT NULL THEN b.volume END AS shares
  FROM {_joined(bars, sessions, "open_ts", "close_ts")}
), parted AS (
  SELECT
    *,
    {exact_parts_sql("volume")},
    {exact_parts_sql("dollars")},
    {exact_parts_sql("shares")}
  FROM placed
)
SELECT
  symbol,
  make_timestamptz(start_us) AS ts,
  arg_min(open, ts) AS open,
  max(high) AS high,
  min(low) AS low,
  arg_max(close, ts) AS close,
  {exact_sum_sql("volume")} AS volume,
  {exact_sum_sql("dollars")} / nullif({exact_sum_sql("shares")}, 0) AS vwap,
  sum(trade_count)::BIGINT AS trade_count,
  {_names_sql("provider")} AS provider,
  {_names_sql("feed")} AS feed,
  max(ingested_at) AS ingested_at,
  count(*) AS n_bars,
  make_timestamptz(start_us + {step_us}) AS known_at
FROM parted
GROUP BY symbol, start_us"""


def phase_select(*, bars: str = "bars", sessions: str = SESSIONS) -> str:
    """The query of a view of all bars that lie on a day with a session, with `session` and `phase` at the end.

    Args:
        bars: Table or view with the columns of `BAR_SCHEMA`.
        sessions: Table or view with the columns of `sessions_table`.
    """
    return f"""\
SELECT
  b.*,
  s.session,
  CASE WHEN b.ts < s.open_ts THEN 'pre' WHEN b.ts < s.close_ts THEN 'regular' ELSE 'post' END AS phase
FROM {_joined(bars, sessions, "day_start_ts", "day_end_ts")}"""


def _joined(bars: str, sessions: str, start: str, end: str) -> str:
    """Bars `b` with the session `s` whose [start, end) they lie in, joined by date in UTC, which is a hash join."""
    first_day, last_day = f"epoch_us({start}) // {DAY_US}", f"(epoch_us({end}) - 1) // {DAY_US}"
    return f"""\
{bars} b
  JOIN (SELECT *, unnest(range({first_day}, {last_day} + 1)) AS utc_day FROM {sessions}) s
    ON s.calendar = {_CALENDAR_OF_SYMBOL} AND s.utc_day = epoch_us(b.ts) // {DAY_US}
    AND b.ts >= s.{start} AND b.ts < s.{end}"""


def _names_sql(column: str) -> str:
    # Not string_agg(DISTINCT …): it takes a join per column, also where nobody asks for the names.
    return f"array_to_string(list_sort(list_distinct(list({column}))), '{SOURCE_SEPARATOR}')"


def _sessions_of(calendar: SessionCalendar) -> pl.DataFrame:
    times = {
        "open_ts": calendar.open_us,
        "close_ts": calendar.close_us,
        "day_start_ts": calendar.midnights(calendar.days),
        "day_end_ts": calendar.midnights(calendar.days + 1),
    }
    return pl.DataFrame(
        {
            "calendar": pl.repeat(calendar.name, calendar.days.size, eager=True),
            "session": pl.Series(calendar.days).cast(pl.Int32).cast(pl.Date),
            **{name: pl.Series(us).cast(UTC_TIME) for name, us in times.items()},
        }
    )

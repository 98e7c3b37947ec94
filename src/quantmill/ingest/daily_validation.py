"""Which daily rows can be stored, what is wrong with the others, and from when each could be known."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from quantmill.core.bars import PRICE_COLUMNS, UTC_TIME
from quantmill.core.calendar import FIRST_DATE, LAST_DATE, SessionCalendar
from quantmill.core.daily import known_from_us
from quantmill.core.instants import from_us
from quantmill.core.symbols import SymbolInfo

__all__ = ["REASONS", "ValidatedDaily", "validate_daily"]

REASONS: Final[dict[str, str]] = {
    "unreadable_symbol": "the symbol cannot be read",
    "unreadable_date": "the date cannot be read",
    "outside_calendar": f"the date lies outside {FIRST_DATE:%Y} to {LAST_DATE:%Y}",
    "no_session": "the exchange is closed that day, or it is a weekend",
    "unfinished": "the day's prices are not known yet: its session has not ended",
    "missing_price": "a price is missing or no number",
    "price_not_finite": "a price is not finite",
    "price_not_positive": "a price is at or below zero, and the symbol is no index",
    "high_below_low": "high is below low",
    "outside_range": "open or close is above high or below low",
    "bad_volume": "volume is negative or not finite",
}

_SATURDAY: Final = 6


@dataclass(frozen=True, slots=True)
class ValidatedDaily:
    """One symbol's rows, sorted out.

    `good` has each session once, sorted, and `available_at` besides; `bad` has `reason` besides. `n_duplicates` rows
    came again for their session, of which the last one counts; `n_open_left_out` are good rows whose open is null because
    it cannot be right.
    """

    good: pl.DataFrame
    bad: pl.DataFrame
    n_duplicates: int
    n_open_left_out: int


def validate_daily(
    frame: pl.DataFrame, info: SymbolInfo, calendar: SessionCalendar, *, now_us: int, lag_minutes: int = 0
) -> ValidatedDaily:
    """Sort one symbol's daily rows into good and bad ones; each bad row has the first reason of `REASONS` that holds.

    An index is taken from its publisher as it is: it may have a date on which the exchange is closed, and where only
    its open lies outside high and low, as on 47 days of the CBOE's history of the VIX, the open alone is left out.

    Args:
        frame: Rows with at least the columns of `DAILY_SCHEMA`; `symbol` is the same throughout.
        info: What the symbol is.
        calendar: Its calendar.
        now_us: The present; a row that cannot be known by then is refused.
        lag_minutes: Minutes that the source needs after the close.
    """
    is_index = info.asset_class == "index"
    in_range = pl.col("session").is_between(FIRST_DATE, LAST_DATE)
    sessions = frame.select(pl.when(in_range).then("session").otherwise(FIRST_DATE)).to_series()
    available = pl.Series(known_from_us(info, calendar, sessions.to_list(), lag_minutes=lag_minutes)).cast(
        UTC_TIME
    )
    is_open_day = pl.Series([calendar.is_session(day) for day in sessions], dtype=pl.Boolean)
    is_weekday = sessions.dt.weekday() < _SATURDAY
    prices = pl.col(PRICE_COLUMNS)
    open_is_off = ~pl.col("open").is_between("low", "high")
    close_is_off = ~pl.col("close").is_between("low", "high")
    rests = {
        "unreadable_date": pl.col("session").is_null(),
        "outside_calendar": ~in_range,
        "no_session": ~pl.lit(is_open_day | is_weekday if is_index else is_open_day),
        "unfinished": pl.col("available_at") > from_us(now_us),
        "missing_price": pl.any_horizontal(prices.is_null()),
        "price_not_finite": pl.any_horizontal(~prices.is_finite()),
        "price_not_positive": pl.any_horizontal(prices <= 0) & (not info.may_be_negative),
        "high_below_low": pl.col("high") < pl.col("low"),
        "outside_range": close_is_off if is_index else open_is_off | close_is_off,
        "bad_volume": (pl.col("volume") < 0) | ~pl.col("volume").is_finite(),
    }
    reason = pl.coalesce(
        pl.when(broken.fill_null(value=False)).then(pl.lit(name)) for name, broken in rests.items()
    )
    judged = frame.with_columns(available.alias("available_at")).with_columns(reason.alias("reason"))
    sound = judged.filter(pl.col("reason").is_null()).drop("reason")
    good = sound.unique("session", keep="last", maintain_order=True).sort("session")
    n_open_left_out = good.filter(open_is_off).height
    return ValidatedDaily(
        good.with_columns(pl.when(~open_is_off).then("open").alias("open")),
        judged.filter(pl.col("reason").is_not_null()),
        sound.height - good.height,
        n_open_left_out,
    )

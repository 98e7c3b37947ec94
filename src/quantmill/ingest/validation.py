"""Which bars of a page are fit to be stored, and what is wrong with the others."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Bools
from quantmill.core.bars import BAR_KEY, PRICE_COLUMNS, us_of
from quantmill.core.calendar import FIRST_DATE, LAST_DATE, SessionCalendar
from quantmill.core.instants import DAY_US, MINUTE_US, day_of_date
from quantmill.core.symbols import SymbolInfo
from quantmill.ingest.spikes import SpikeLimits, find_spikes
from quantmill.ingest.split_signs import NO_SPLITS, Splits, opens_ex_date, without_splits

__all__ = ["DEFAULT_RULES", "REASONS", "Validated", "ValidationRules", "validate_bars"]

_FIRST_US: Final = (day_of_date(FIRST_DATE) + 1) * DAY_US
_LAST_US: Final = day_of_date(LAST_DATE) * DAY_US
_VALUES: Final = (*PRICE_COLUMNS, "volume", "vwap", "trade_count")


@dataclass(frozen=True, slots=True)
class ValidationRules:
    """What is judged beyond what a bar is; `spikes` None judges no spikes."""

    spikes: SpikeLimits | None = field(default_factory=SpikeLimits)


DEFAULT_RULES: Final = ValidationRules()

REASONS: Final[dict[str, str]] = {
    "unreadable_symbol": "the symbol cannot be read",
    "unreadable_time": "the time cannot be read, or a clock change skips or doubles it",
    "off_minute": "the time is not on a whole minute",
    "outside_calendar": f"the date lies outside {FIRST_DATE:%Y} to {LAST_DATE:%Y}",
    "no_session": "the exchange is closed that day",
    "future": "the bar starts after the present",
    "missing_price": "a price is missing or no number",
    "price_not_finite": "a price is not finite",
    "price_not_positive": "a price is at or below zero, and the symbol is no index",
    "high_below_low": "high is below low",
    "outside_range": "open or close is above high or below low",
    "bad_volume": "volume is negative or not finite",
    "spike": "a price is far from those right before and right after",
}


@dataclass(frozen=True, slots=True)
class Validated:
    """One symbol's rows, sorted out.

    `good` has the columns of the offered frame, sorted by `ts`, no `ts` twice; `bad` has the column
    `reason` besides. `n_duplicates` rows repeated another one value for value, `overruled` rows had
    another one's time and other values (the row further down counts), `n_unsorted` rows
    came after a later one.
    """

    good: pl.DataFrame
    bad: pl.DataFrame
    overruled: pl.DataFrame
    n_duplicates: int
    n_unsorted: int


def validate_bars(
    frame: pl.DataFrame,
    info: SymbolInfo,
    calendar: SessionCalendar,
    *,
    now_us: int,
    rules: ValidationRules = DEFAULT_RULES,
    splits: Splits = NO_SPLITS,
) -> Validated:
    """Sort one symbol's rows into good and bad ones.

    Each bad row has the first reason of `REASONS` that holds. Being outside regular hours is none.

    Args:
        frame: Rows with at least the bar columns, in any order; `symbol` is the same throughout.
        info: What the symbol is.
        calendar: Its calendar.
        now_us: The present; a bar that starts later is from the future.
        rules: Limits that are a matter of judgment.
        splits: The symbol's splits; the jump of an ex-date is none that spikes are measured against.
    """
    us = frame["ts"].cast(pl.Int64).fill_null(0).to_numpy()
    labels = calendar.label(np.clip(us, _FIRST_US, _LAST_US))
    prices = pl.col(PRICE_COLUMNS)
    ts_us = pl.col("ts").to_physical()
    rests = {
        "unreadable_time": pl.col("ts").is_null(),
        "off_minute": ts_us % MINUTE_US != 0,
        "outside_calendar": ~ts_us.is_between(_FIRST_US, _LAST_US, closed="left"),
        "no_session": pl.lit(pl.Series(~labels.is_session)),
        "future": ts_us > now_us,
        "missing_price": pl.any_horizontal(prices.is_null()),
        "price_not_finite": pl.any_horizontal(~prices.is_finite()),
        "price_not_positive": pl.any_horizontal(prices <= 0) & (not info.may_be_negative),
        "high_below_low": pl.col("high") < pl.col("low"),
        "outside_range": (pl.max_horizontal("open", "close") > pl.col("high"))
        | (pl.min_horizontal("open", "close") < pl.col("low")),
        "bad_volume": (pl.col("volume") < 0) | ~pl.col("volume").is_finite() | ~pl.col("vwap").is_finite(),
    }
    is_bad = frame.select(pl.any_horizontal(rests.values()).fill_null(value=False)).to_series()
    sound, bad = frame, frame.clear().with_columns(pl.lit(None, pl.String).alias("reason"))
    # Most pages have no bad row, and to see that takes less than to look for reasons.
    if is_bad.any():
        reason = pl.coalesce(
            pl.when(broken.fill_null(value=False)).then(pl.lit(name)) for name, broken in rests.items()
        )
        sound, bad = frame.filter(~is_bad), frame.with_columns(reason.alias("reason")).filter(is_bad)
    steps = np.diff(us_of(sound["ts"]))
    n_unsorted = int((steps < 0).sum())
    unique, overruled, n_duplicates = sound, sound.clear(), 0
    if not (steps > 0).all():
        unique, overruled, n_duplicates = _each_time_once(sound)
    if rules.spikes is not None and info.asset_class in {"equity", "crypto"}:
        spiking = _spikes(unique, calendar, rules.spikes, splits)
        bad = pl.concat([bad, _with_reason(unique, spiking, "spike")])
        unique = unique.filter(pl.Series(~spiking))
    return Validated(unique, bad, overruled, n_duplicates, n_unsorted)


def _each_time_once(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    ordered = rows.sort("ts", maintain_order=True)
    if ordered["ts"].n_unique() == ordered.height:
        return ordered, ordered.clear(), 0
    distinct = ordered.unique([*BAR_KEY, *_VALUES], keep="last", maintain_order=True)
    is_last = distinct["ts"].is_last_distinct()
    return distinct.filter(is_last), distinct.filter(~is_last), ordered.height - distinct.height


def _spikes(rows: pl.DataFrame, calendar: SessionCalendar, limits: SpikeLimits, splits: Splits) -> Bools:
    """Spikes on the basis of one share; what the first bar of an ex-date spans between both prices is none."""
    if not splits:
        return find_spikes(rows, limits)
    spiking = find_spikes(without_splits(rows, calendar, splits), limits)
    return spiking & (~opens_ex_date(rows, calendar, splits) | find_spikes(rows, limits))


def _with_reason(rows: pl.DataFrame, chosen: Bools, reason: str) -> pl.DataFrame:
    return rows.filter(pl.Series(chosen)).with_columns(pl.lit(reason).alias("reason"))

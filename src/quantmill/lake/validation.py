"""The check at the lake's edge: a frame fits its dataset, or the error names the column."""

from collections.abc import Mapping
from functools import lru_cache

import polars as pl

from quantmill.core.bars import PRICE_COLUMNS
from quantmill.core.calendar import FIRST_DATE, LAST_DATE
from quantmill.core.instants import DAY_US, MINUTE_US, day_of_date, from_us
from quantmill.core.symbols import canonical_symbol, describe_symbol
from quantmill.errors import BadBarsError, SchemaDriftError
from quantmill.lake.actions import check_actions
from quantmill.lake.datasets import BARS, CORPORATE_ACTIONS, Dataset
from quantmill.lake.schemas import type_name

__all__ = ["check_frame"]

_FIRST_US = day_of_date(FIRST_DATE) * DAY_US + DAY_US
_LAST_US = day_of_date(LAST_DATE) * DAY_US


def check_frame(
    name: str, dataset: Dataset, frame: pl.DataFrame, *, now_us: int, may_repeat: bool = False
) -> pl.DataFrame:
    """`frame` with exactly the columns of its dataset, in declared order.

    Optional columns that are absent are filled with null, `ingested_at` with the present instant. With `may_repeat`
    several rows may have the same key.

    Raises:
        SchemaDriftError: If a column is missing, unknown, of another type, or holds null or NaN.
        BadBarsError: If bars cannot be what they say.
        DataError: If corporate actions cannot be what they say.
    """
    columns = _fill_optional(dataset, frame, now_us)
    _check_columns(name, dataset, columns)
    further = [column for column in columns.columns if column not in dataset.columns]
    # In one piece: a frame put together of many would be slow in every step that follows.
    checked = columns[[*dataset.columns, *further]].rechunk()
    _check_missing(name, dataset, checked)
    if dataset.unique and not may_repeat:
        _check_unique(name, dataset, checked)
    if dataset is BARS:
        _check_bars(checked)
    if dataset is CORPORATE_ACTIONS:
        check_actions(checked)
    return checked


def _fill_optional(dataset: Dataset, frame: pl.DataFrame, now_us: int) -> pl.DataFrame:
    absent = [column for column in dataset.optional if column not in frame.columns]
    values = {column: from_us(now_us) if column == "ingested_at" else None for column in absent}
    return frame.hstack(
        [
            pl.Series(column, [value], dtype=dataset.columns[column]).new_from_index(0, frame.height)
            for column, value in values.items()
        ]
    )


def _check_columns(name: str, dataset: Dataset, frame: pl.DataFrame) -> None:
    missing = [column for column in dataset.columns if column not in frame.columns]
    if missing:
        raise SchemaDriftError(
            f"{name}: column {missing[0]!r} is missing; found {', '.join(frame.columns)}",
            hint=f"needed are {', '.join(c for c in dataset.columns if c not in dataset.optional)}",
        )
    for column, dtype in frame.schema.items():
        declared = dataset.columns.get(column)
        if declared is None and not dataset.is_open:
            raise SchemaDriftError(
                f"{name}: column {column!r} is not declared", hint="drop it before the write"
            )
        if declared is not None and dtype != declared:
            raise SchemaDriftError(f"{name}: column {column!r} is {dtype}, needed is {declared}")
        if type_name(dtype) is None:
            raise SchemaDriftError(f"{name}: column {column!r} is {dtype}, which the lake does not store")


def _check_missing(name: str, dataset: Dataset, frame: pl.DataFrame) -> None:
    needed = [column for column in dataset.columns if column not in dataset.nullable]
    floats = [column for column, dtype in frame.schema.items() if dtype.is_float()]
    counts = [("null", column, frame[column].null_count()) for column in needed]
    if floats and frame.height:
        is_nan = frame.select(pl.col(floats).is_nan().sum()).row(0)
        counts += [("NaN", column, count) for column, count in zip(floats, is_nan, strict=True)]
    error = BadBarsError if dataset is BARS else SchemaDriftError
    for kind, column, count in counts:
        if count:
            raise error(
                f"{name}: column {column!r} is {kind} in {count} of {frame.height} rows",
                hint="a missing value is null, never NaN"
                if kind == "NaN"
                else f"{column!r} may not be missing",
            )


def _check_unique(name: str, dataset: Dataset, frame: pl.DataFrame) -> None:
    # One column of the key without a repetition is enough, as the symbols of one minute are.
    if any(frame[column].n_unique() == frame.height for column in dataset.unique):
        return
    n_twice = frame.height - frame.select(pl.struct(dataset.unique).n_unique()).item()
    if n_twice:
        twice = frame.filter(pl.struct(dataset.unique).is_duplicated()).select(dataset.unique).row(0)
        error = BadBarsError if dataset is BARS else SchemaDriftError
        raise error(
            f"{name}: {n_twice} rows repeat the key ({', '.join(dataset.unique)}), first {_named(twice)}",
            hint="offer each row once",
        )


def _check_bars(frame: pl.DataFrame) -> None:
    symbols = frame["symbol"].unique().to_list()
    for symbol in symbols:
        if canonical_symbol(symbol) != symbol:
            raise BadBarsError(f"bars: symbol {symbol!r} is stored as {canonical_symbol(symbol)!r}")
    rules = _bar_rules(tuple(sorted(name for name in symbols if describe_symbol(name).may_be_negative)))
    counts = frame.select(rule.sum().alias(text) for text, rule in rules.items())
    for text, count in counts.row(0, named=True).items() if frame.height else ():
        if count:
            first = frame.filter(rules[text]).row(0, named=True)
            raise BadBarsError(f"bars: {text} in {count} rows, first {first['symbol']} {first['ts']}")


@lru_cache(maxsize=16)
def _bar_rules(may_be_negative: tuple[str, ...]) -> Mapping[str, pl.Expr]:
    """What is wrong with a bar, by the words for it; kept, since building them takes as long as the check of a minute."""
    us = pl.col("ts").to_physical()
    highest, lowest = pl.max_horizontal(PRICE_COLUMNS), pl.min_horizontal(PRICE_COLUMNS)
    not_positive = lowest <= 0
    if may_be_negative:
        not_positive &= ~pl.col("symbol").is_in(may_be_negative)
    return {
        f"ts lies outside {FIRST_DATE} to {LAST_DATE}": ~us.is_between(_FIRST_US, _LAST_US, closed="left"),
        "ts is not a whole minute": us % MINUTE_US != 0,
        "a price is not finite": ~pl.all_horizontal(pl.col(PRICE_COLUMNS).is_finite()),
        "high is not the highest price": pl.col("high") < highest,
        "low is not the lowest price": pl.col("low") > lowest,
        "a price is not above zero": not_positive,
        "vwap is not finite": ~pl.col("vwap").is_finite(),
        "volume is negative or not finite": ~pl.col("volume").is_finite() | (pl.col("volume") < 0),
    }


def _named(row: tuple[object, ...]) -> str:
    return ", ".join(str(value) for value in row)

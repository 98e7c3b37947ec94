"""The check at the lake's edge: a frame fits its dataset, or the error names the column."""

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import polars as pl

from quantmill.core.arrays import Bools, Floats
from quantmill.core.bars import PRICE_COLUMNS, us_of
from quantmill.core.calendar import FIRST_DATE, LAST_DATE
from quantmill.core.columns import distinct
from quantmill.core.instants import DAY_US, MINUTE_US, day_of_date
from quantmill.core.symbols import canonical_symbol, group_symbols
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
    # Column by column: for the bars of one minute, work on a frame takes longer to be set up than to be done.
    offered = {column.name: column for column in frame.get_columns()}
    offered |= _absent_columns(dataset, offered, frame.height, now_us)
    _check_columns(name, dataset, offered)
    further = [column for column in offered if column not in dataset.columns]
    # In one piece: a frame put together of many would be slow in every step that follows.
    columns = {column: offered[column].rechunk() for column in (*dataset.columns, *further)}
    checked = pl.DataFrame(list(columns.values()))
    floats = {column: values.to_numpy() for column, values in columns.items() if values.dtype.is_float()}
    _check_missing(name, dataset, columns, floats)
    if dataset.unique and not may_repeat:
        _check_unique(name, dataset, checked)
    if dataset is BARS:
        _check_bars(checked, floats)
    if dataset is CORPORATE_ACTIONS:
        check_actions(checked)
    return checked


def _absent_columns(
    dataset: Dataset, offered: Mapping[str, pl.Series], n_rows: int, now_us: int
) -> dict[str, pl.Series]:
    """The optional columns that are not offered, as they are stored."""
    absent = {column: dataset.columns[column] for column in dataset.optional if column not in offered}
    values = {"ingested_at": now_us}
    ones = [pl.Series(column, [values.get(column)], pl.Int64).cast(dtype) for column, dtype in absent.items()]
    return {one.name: one.new_from_index(0, n_rows) for one in ones}


def _check_columns(name: str, dataset: Dataset, offered: Mapping[str, pl.Series]) -> None:
    missing = [column for column in dataset.columns if column not in offered]
    if missing:
        raise SchemaDriftError(
            f"{name}: column {missing[0]!r} is missing; found {', '.join(offered)}",
            hint=f"needed are {', '.join(c for c in dataset.columns if c not in dataset.optional)}",
        )
    for column, values in offered.items():
        dtype, declared = values.dtype, dataset.columns.get(column)
        if declared is None and not dataset.is_open:
            raise SchemaDriftError(
                f"{name}: column {column!r} is not declared", hint="drop it before the write"
            )
        if declared is not None and dtype != declared:
            raise SchemaDriftError(f"{name}: column {column!r} is {dtype}, needed is {declared}")
        if type_name(dtype) is None:
            raise SchemaDriftError(f"{name}: column {column!r} is {dtype}, which the lake does not store")


def _check_missing(
    name: str, dataset: Dataset, columns: Mapping[str, pl.Series], floats: Mapping[str, Floats]
) -> None:
    n_null = {column: values.null_count() for column, values in columns.items()}
    counts = [
        ("null", column, n_null[column]) for column in dataset.columns if column not in dataset.nullable
    ]
    # An array has NaN for null too.
    counts += [("NaN", column, int(np.isnan(floats[column]).sum()) - n_null[column]) for column in floats]
    error = BadBarsError if dataset is BARS else SchemaDriftError
    for kind, column, count in counts:
        if count:
            raise error(
                f"{name}: column {column!r} is {kind} in {count} of {len(columns[column])} rows",
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


def _check_bars(frame: pl.DataFrame, floats: Mapping[str, Floats]) -> None:
    groups = group_symbols(tuple(distinct(frame["symbol"])))
    if groups.strangers:
        symbol = groups.strangers[0]
        raise BadBarsError(f"bars: symbol {symbol!r} is stored as {canonical_symbol(symbol)!r}")
    for text, is_broken in _broken_rules(frame, floats, groups.may_be_negative):
        if is_broken.any():
            first = frame.row(int(is_broken.argmax()), named=True)
            count = int(is_broken.sum())
            raise BadBarsError(f"bars: {text} in {count} rows, first {first['symbol']} {first['ts']}")


def _broken_rules(
    frame: pl.DataFrame, floats: Mapping[str, Floats], may_be_negative: Collection[str]
) -> Iterator[tuple[str, Bools]]:
    """What may be wrong with a bar, in words, and of each row whether it is.

    On arrays, as above. NaN is refused before and stands for null.
    """
    us = us_of(frame["ts"])
    yield f"ts lies outside {FIRST_DATE} to {LAST_DATE}", (us < _FIRST_US) | (us >= _LAST_US)
    yield "ts is not a whole minute", us % MINUTE_US != 0
    prices = np.stack([floats[column] for column in PRICE_COLUMNS])
    lowest, highest = prices.min(axis=0), prices.max(axis=0)
    yield "a price is not finite", np.isinf(lowest) | np.isinf(highest)
    yield "high is not the highest price", floats["high"] < highest
    yield "low is not the lowest price", floats["low"] > lowest
    is_exempt = frame["symbol"].is_in(may_be_negative).to_numpy() if may_be_negative else False
    yield "a price is not above zero", (lowest <= 0) & ~np.asarray(is_exempt)
    yield "vwap is not finite", np.isinf(floats["vwap"])
    volume = floats["volume"]
    yield "volume is negative or not finite", np.isinf(volume) | (volume < 0)


def _named(row: tuple[object, ...]) -> str:
    return ", ".join(str(value) for value in row)

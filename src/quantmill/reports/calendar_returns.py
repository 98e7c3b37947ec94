"""Returns by month and year of a run, beside those of buy and hold."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats, Ints

__all__ = ["CalendarReturns", "calendar_returns"]

_VALUES: Final = {"return_frac": "equity", "buy_hold_return_frac": "buy_hold"}


@dataclass(frozen=True, slots=True, eq=False)
class CalendarReturns:
    """Returns as fractions; the first and last month and year may be parts.

    Attributes:
        months: Columns year, month, return_frac, buy_hold_return_frac, in time order.
        years: Columns year, return_frac, buy_hold_return_frac.
    """

    months: pl.DataFrame
    years: pl.DataFrame


def calendar_returns(session: Ints, equity: Floats, buy_hold: Floats, *, start: float) -> CalendarReturns:
    """Returns from the last bar of a month, or year, to the last bar of the next one.

    Args:
        session: Date of each bar's session, days since 1970, ascending, shape (n_bars,).
        equity: At each bar's close, same shape.
        buy_hold: Value of the share bought with `start` at the first close, same shape.
        start: What both began with; the base of the first month and year.

    Returns:
        A return is null where the value before was not above zero.
    """
    dates = session.astype("datetime64[D]")
    frame = pl.DataFrame({"date": dates, "equity": equity, "buy_hold": buy_hold}).with_columns(
        year=pl.col("date").dt.year(), month=pl.col("date").dt.month()
    )
    return CalendarReturns(
        _returns(frame, ["year", "month"], start=start), _returns(frame, ["year"], start=start)
    )


def _returns(frame: pl.DataFrame, period: list[str], *, start: float) -> pl.DataFrame:
    ends = frame.group_by(period, maintain_order=True).last()
    columns = {name: _changes(ends[value].to_numpy(), start) for name, value in _VALUES.items()}
    return ends.select(period).with_columns(**columns)


def _changes(values: Floats, start: float) -> pl.Series:
    before = np.concatenate(([start], values[:-1]))
    usable = np.where(before > 0.0, before, np.nan)
    return pl.Series(values / usable - 1.0, nan_to_null=True)

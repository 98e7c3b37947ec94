"""Adjusted views of raw bars: split ratios applied forward, which never changes the past, or back."""

from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import PRICE_COLUMNS
from quantmill.core.instants import day_of_date

__all__ = ["Adjust", "adjust_bars", "split_factors"]

Adjust = Literal["forward", "none", "back"]


def split_factors(session: Ints, ex_dates: list[date], ratios: list[float], *, adjust: Adjust) -> Floats:
    """What each bar's price is multiplied by.

    Args:
        session: Session of each bar as days since 1970, shape (n_bars,).
        ex_dates: First session of each split at the new price, in any order.
        ratios: New shares for one old: 7.0 for a split of 7 to 1, above zero.
        adjust: `forward`: product of the ratios with ex-date up to the bar's session, known at that session;
            `back`: one over the product of the ratios with later ex-dates; `none`: 1.

    Returns:
        Shape (n_bars,); forward values use splits up to the bar's session only.
    """
    if adjust == "none" or not ex_dates:
        return np.ones(session.size)
    days = np.array([day_of_date(day) for day in ex_dates], dtype=np.int64)
    order = np.argsort(days, kind="stable")
    steps = np.asarray(ratios, dtype=np.float64)[order]
    n_past = np.searchsorted(days[order], session, side="right")
    if adjust == "forward":
        return np.concatenate(([1.0], np.cumprod(steps)))[n_past]
    later = np.concatenate((np.cumprod(steps[::-1])[::-1], [1.0]))
    return 1.0 / later[n_past]


def adjust_bars(bars: pl.DataFrame, factors: Floats) -> pl.DataFrame:
    """Prices times the factor, volume divided by it: dollars traded stay what they were."""
    if np.all(factors == 1.0):
        return bars
    factor = pl.Series("factor", factors)
    return bars.with_columns(
        *(bars[name] * factor for name in (*PRICE_COLUMNS, "vwap")),
        bars["volume"] / factor,
    )

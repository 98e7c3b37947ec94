"""Adjusted views of raw bars: splits applied forward, which never changes the past, or back; dividends back."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import PRICE_COLUMNS
from quantmill.core.instants import day_of_date

__all__ = ["Adjust", "adjust_bars", "dividend_factors", "split_factors"]

Adjust = Literal["none", "forward", "back", "total"]
"""`none`: as traded. `forward`: times the splits up to each bar's session. `back`: divided by later splits. `total`:
`back`, and times 1 - dividend / close before it for each later dividend, so that returns are total returns."""


def split_factors(
    session: Ints, ex_dates: Sequence[date], ratios: Sequence[float], *, adjust: Adjust
) -> Floats:
    """What splits multiply each bar's price by.

    Args:
        session: Session of each bar as days since 1970, shape (n_bars,).
        ex_dates: First session of each split at the new price, in any order.
        ratios: New shares for one old: 7.0 for a split of 7 to 1, above zero.
        adjust: `forward`: product of the ratios with ex-date up to the bar's session, known at that session;
            `back` and `total`: one over the product of the ratios with later ex-dates; `none`: 1.

    Returns:
        Shape (n_bars,); forward values use splits up to the bar's session only.
    """
    if adjust == "none" or not ex_dates:
        return np.ones(session.size)
    if adjust != "forward":
        return 1.0 / _product_of_later(session, ex_dates, ratios)
    days, steps = _in_order(ex_dates, ratios)
    n_past = np.searchsorted(days, session, side="right")
    return np.concatenate(([1.0], np.cumprod(steps)))[n_past]


def dividend_factors(session: Ints, ex_dates: Sequence[date], kept_fracs: Sequence[float]) -> Floats:
    """What dividends multiply each bar's price by in the view `total`.

    Args:
        session: Session of each bar as days since 1970, shape (n_bars,).
        ex_dates: First session of each dividend at the price without it, in any order.
        kept_fracs: 1 - dividend / close before the ex-date, each above zero.

    Returns:
        Shape (n_bars,): the product of the fractions with later ex-dates.

    Source:
        The backward adjustment of CRSP, and of LEAN's factor files (`CorporateFactorRow.Apply`): the factor before
        a dividend D with close C before it is (C - D) / C times the factor after it.
    """
    return _product_of_later(session, ex_dates, kept_fracs)


def adjust_bars(bars: pl.DataFrame, price_factors: Floats, share_factors: Floats) -> pl.DataFrame:
    """Prices times their factor, volume divided by that of the splits: dollars traded stay what they were."""
    if np.all(price_factors == 1.0):
        return bars
    price, shares = pl.Series("price", price_factors), pl.Series("shares", share_factors)
    return bars.with_columns(
        *(bars[name] * price for name in (*PRICE_COLUMNS, "vwap")),
        bars["volume"] / shares,
    )


def _product_of_later(session: Ints, ex_dates: Sequence[date], steps: Sequence[float]) -> Floats:
    days, in_order = _in_order(ex_dates, steps)
    later = np.concatenate((np.cumprod(in_order[::-1])[::-1], [1.0]))
    return later[np.searchsorted(days, session, side="right")]


def _in_order(ex_dates: Sequence[date], steps: Sequence[float]) -> tuple[Ints, Floats]:
    days = np.array([day_of_date(day) for day in ex_dates], dtype=np.int64)
    order = np.argsort(days, kind="stable")
    return days[order], np.asarray(steps, dtype=np.float64)[order]

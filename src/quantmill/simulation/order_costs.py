"""What an order costs besides the price of its fill, and how many shares cash can buy at that, compiled."""

from typing import NamedTuple

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled

__all__ = [
    "LEAST",
    "N_FEES",
    "OF_SALE_VALUE",
    "OF_VALUE",
    "PER_ORDER",
    "PER_SHARE",
    "PER_SHARE_SOLD",
    "SOLD_SHARES_MOST",
    "FeeRates",
    "affordable_shares",
    "fee_rates",
    "next_period",
    "order_fee",
]


class FeeRates(NamedTuple):
    """A row of a table of fees.

    Attributes:
        per_order: Dollars per order.
        least: Least dollars per order.
        per_share: Dollars per share.
        of_value: Fraction of the value.
        of_sale_value: Fraction of the value of a sale, besides.
        per_share_sold: Dollars per share sold, besides.
        sold_shares_most: Most dollars of the latter per order.
    """

    per_order: float
    least: float
    per_share: float
    of_value: float
    of_sale_value: float
    per_share_sold: float
    sold_shares_most: float


# Columns of a table of fees, one row per period.
PER_ORDER, LEAST, PER_SHARE, OF_VALUE, OF_SALE_VALUE, PER_SHARE_SOLD, SOLD_SHARES_MOST = range(7)
N_FEES = 7


@compiled
def fee_rates(fees: Floats, period: int) -> FeeRates:
    """One row of a table of fees, shape (n_periods, N_FEES): plain numbers are handed on faster than arrays."""
    return FeeRates(
        fees[period, PER_ORDER],
        fees[period, LEAST],
        fees[period, PER_SHARE],
        fees[period, OF_VALUE],
        fees[period, OF_SALE_VALUE],
        fees[period, PER_SHARE_SOLD],
        fees[period, SOLD_SHARES_MOST],
    )


@compiled
def next_period(fee_end: Ints, period: int, bar: int) -> int:
    """The period of fees that holds in a bar, at or after `period`; `fee_end` are exclusive last bars."""
    while bar >= fee_end[period]:
        period += 1
    return period


@compiled
def order_fee(rates: FeeRates, shares: float, price: float, is_sale: bool) -> float:
    """Dollars that an order pays.

    Args:
        rates: What holds in the bar of the fill.
        shares: Shares of the order, > 0.
        price: Price of the fill, spread included.
        is_sale: Whether shares are sold, of which the regulators take their part.
    """
    value = shares * price
    fee = rates.per_order + rates.per_share * shares + rates.of_value * value
    fee = max(fee, rates.least)
    if is_sale:
        fee += rates.of_sale_value * value
        fee += min(rates.per_share_sold * shares, rates.sold_shares_most)
    return fee


@compiled
def affordable_shares(rates: FeeRates, cash: float, price: float) -> float:
    """The most whole shares that cash buys with the fee of the order; below 1, or NaN, when it buys none.

    Args:
        rates: What holds in the bar of the fill.
        cash: Dollars at hand.
        price: Price of the fill, spread included; NaN when there is none.
    """
    wanted = np.floor((cash - rates.per_order) / (price * (1.0 + rates.of_value) + rates.per_share))
    if rates.least > 0.0:
        wanted = min(wanted, np.floor((cash - rates.least) / price))
    # The division may round up to a whole number that cash does not cover.
    while wanted >= 1.0 and wanted * price + order_fee(rates, wanted, price, False) > cash:
        wanted -= 1.0
    return wanted

"""What an order costs besides the price of its fill, and how many shares cash can buy at that, compiled."""

import numpy as np

from quantmill.core.arrays import Floats
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
    "affordable_shares",
    "order_fee",
]

# Columns of a table of fees, one row per bar: dollars per order, least dollars per order, dollars per share,
# fraction of the value; and for sales besides: fraction of the value, dollars per share, most dollars of the latter.
(
    PER_ORDER,
    LEAST,
    PER_SHARE,
    OF_VALUE,
    OF_SALE_VALUE,
    PER_SHARE_SOLD,
    SOLD_SHARES_MOST,
) = range(7)
N_FEES = 7


@compiled
def order_fee(fees: Floats, shares: float, price: float, is_sale: bool) -> float:
    """Dollars that an order pays.

    Args:
        fees: One bar's row of the table of fees, shape (N_FEES,).
        shares: Shares of the order, > 0.
        price: Price of the fill, spread included.
        is_sale: Whether shares are sold, of which the regulators take their part.
    """
    value = shares * price
    fee = fees[PER_ORDER] + fees[PER_SHARE] * shares + fees[OF_VALUE] * value
    fee = max(fee, fees[LEAST])
    if is_sale:
        fee += fees[OF_SALE_VALUE] * value
        fee += min(fees[PER_SHARE_SOLD] * shares, fees[SOLD_SHARES_MOST])
    return fee


@compiled
def affordable_shares(fees: Floats, cash: float, price: float) -> float:
    """The most whole shares that cash buys with the fee of the order; below 1, or NaN, when it buys none.

    Args:
        fees: One bar's row of the table of fees, shape (N_FEES,).
        cash: Dollars at hand.
        price: Price of the fill, spread included; NaN when there is none.
    """
    by_rates = np.floor((cash - fees[PER_ORDER]) / (price * (1.0 + fees[OF_VALUE]) + fees[PER_SHARE]))
    by_least = np.floor((cash - fees[LEAST]) / price)
    wanted = min(by_rates, by_least)
    # The division may round up to a whole number that cash does not cover.
    while wanted >= 1.0 and wanted * price + order_fee(fees, wanted, price, False) > cash:
        wanted -= 1.0
    return wanted

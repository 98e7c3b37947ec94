"""The table of fees that orders on one market pay, from plain rates."""

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.simulation.market import Market
from quantmill.simulation.order_costs import (
    LEAST,
    N_FEES,
    OF_SALE_VALUE,
    OF_VALUE,
    PER_ORDER,
    PER_SHARE,
    PER_SHARE_SOLD,
    SOLD_SHARES_MOST,
)
from quantmill.simulation.regulatory_fees import has_regulatory_fees, regulatory_rates

__all__ = ["fee_table"]


def fee_table(
    market: Market, *, usd: float, per_share_usd: float, min_usd: float, bps: float, regulatory: bool
) -> tuple[Ints, Floats]:
    """What an order pays in each period of equal fees, as kernels take it.

    Args:
        market: Tells symbol and sessions.
        usd: Per order.
        per_share_usd: Per share; of a split-adjusted market per adjusted share, like everything else.
        min_usd: Least of what the broker takes per order.
        bps: Basis points of the order's value.
        regulatory: Whether sales pay the regulators too; nothing for symbols that pay none.

    Returns:
        Exclusive last bar of each period, shape (n_periods,), and what holds in it, shape (n_periods, N_FEES).
    """
    fees = np.zeros((market.n_sessions, N_FEES))
    fees[:, PER_ORDER] = usd
    fees[:, PER_SHARE] = per_share_usd
    fees[:, LEAST] = min_usd
    fees[:, OF_VALUE] = bps * 1e-4
    if regulatory and has_regulatory_fees(market.symbol):
        rates = regulatory_rates(market.session[market.session_end - 1])
        fees[:, OF_SALE_VALUE], fees[:, PER_SHARE_SOLD], fees[:, SOLD_SHARES_MOST] = rates
    ends_period = np.append((fees[1:] != fees[:-1]).any(axis=1), True)
    return market.session_end[ends_period], fees[ends_period]

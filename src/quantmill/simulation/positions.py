"""A position of either side: how many shares it takes, and what it writes into the trade table, compiled."""

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled
from quantmill.simulation.kernel import (
    ENTRY_BAR,
    ENTRY_PRICE,
    EXIT_BAR,
    EXIT_PRICE,
    FEES,
    MAE,
    MFE,
    PNL,
    SHARES,
    SPREAD,
)
from quantmill.simulation.order_costs import FeeRates, affordable_shares, order_fee

__all__ = [
    "EXIT_REASONS",
    "OF_CLOSE",
    "OF_GATE",
    "OF_MARGIN",
    "OF_SIGNAL",
    "OF_STOP",
    "OF_TARGET",
    "OF_TRAILING",
    "STILL_OPEN",
    "shares_within",
    "write_entry",
    "write_exit",
]

# Why a position was closed; signals, gates among them, come first.
OF_SIGNAL, OF_GATE, OF_STOP, OF_TARGET, OF_TRAILING, OF_CLOSE, OF_MARGIN = range(7)
STILL_OPEN = -1
EXIT_REASONS = ("signal", "gate", "stop", "target", "trailing", "close", "margin")
"""Names of the reasons by their number."""


@compiled
def shares_within(rates: FeeRates, budget_usd: float, price: float, is_sale: bool) -> float:
    """The most whole shares whose value and fee stay within a budget; below 1 when none do, or without a price.

    Args:
        rates: What holds in the bar of the fill.
        budget_usd: Dollars; NaN allows nothing.
        price: Price of the fill, spread included; NaN when there is none.
        is_sale: Whether shares are sold short, whose fee has the parts of a sale besides.
    """
    # False also for NaN.
    if not (price > 0.0 and budget_usd > 0.0):
        return 0.0
    wanted = affordable_shares(rates, budget_usd, price)
    if is_sale:
        while wanted >= 1.0 and wanted * price + order_fee(rates, wanted, price, True) > budget_usd:
            wanted -= 1.0
    return wanted


@compiled
def write_entry(
    row: int,
    bar: int,
    shares: float,
    price: float,
    half_spread: float,
    fee_usd: float,
    trade_bars_out: Ints,
    trade_values_out: Floats,
    exit_reason_out: Ints,
) -> None:
    """Begin the trade of an order of `shares` (below zero: sold short) filled at `price`, spread included."""
    trade_bars_out[row, ENTRY_BAR] = bar
    trade_bars_out[row, EXIT_BAR] = -1
    trade_values_out[row, SHARES] = shares
    trade_values_out[row, ENTRY_PRICE] = price
    trade_values_out[row, FEES] = fee_usd
    trade_values_out[row, SPREAD] = abs(shares) * half_spread
    exit_reason_out[row] = STILL_OPEN


@compiled
def write_exit(
    row: int,
    bar: int,
    reason: int,
    price: float,
    half_spread: float,
    fee_usd: float,
    lowest: float,
    highest: float,
    trade_bars_out: Ints,
    trade_values_out: Floats,
    exit_reason_out: Ints,
) -> None:
    """End a trade at `price`, spread included, which may widen its lowest and highest price; excursions have its sign."""
    shares, entry = trade_values_out[row, SHARES], trade_values_out[row, ENTRY_PRICE]
    fees_usd = trade_values_out[row, FEES] + fee_usd
    down, up = min(lowest, price) / entry - 1.0, max(highest, price) / entry - 1.0
    trade_bars_out[row, EXIT_BAR] = bar
    trade_values_out[row, EXIT_PRICE] = price
    trade_values_out[row, FEES] = fees_usd
    trade_values_out[row, SPREAD] += abs(shares) * half_spread
    trade_values_out[row, PNL] = shares * (price - entry) - fees_usd
    trade_values_out[row, MAE] = down if shares > 0.0 else 0.0 - up
    trade_values_out[row, MFE] = up if shares > 0.0 else 0.0 - down
    exit_reason_out[row] = reason

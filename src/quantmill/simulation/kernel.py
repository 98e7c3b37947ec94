"""The reference simulation: one pass over the bars that turns signal strength into fills, trades, equity."""

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled
from quantmill.simulation.order_costs import affordable_shares, fee_rates, next_period, order_fee

__all__ = [
    "ENTRY_BAR",
    "ENTRY_PRICE",
    "EXIT_BAR",
    "EXIT_PRICE",
    "FEES",
    "MAE",
    "MFE",
    "PNL",
    "SHARES",
    "SPREAD",
    "max_trades",
    "run_kernel",
]

# Columns of `trade_bars_out`.
ENTRY_BAR, EXIT_BAR = 0, 1
# Columns of `trade_values_out`.
SHARES, ENTRY_PRICE, EXIT_PRICE, FEES, SPREAD, PNL, MAE, MFE = range(8)


def max_trades(n_bars: int) -> int:
    """Rows that the trade table of `n_bars` bars can need, an open position included.

    At most one order fills per bar, so a round trip takes two bars.
    """
    return n_bars // 2 + 1


@compiled
def run_kernel(
    strength: Floats,
    mark_price: Floats,
    fill_price: Floats,
    half_spread: Floats,
    most_shares: Floats,
    fee_end: Ints,
    fees: Floats,
    delay_bars: int,
    segment_end: Ints,
    segment_threshold: Floats,
    initial_cash_usd: float,
    equity_out: Floats,
    position_out: Floats,
    trade_bars_out: Ints,
    trade_values_out: Floats,
) -> tuple[int, int, int, int]:
    """Long-only, all in and all out, in whole shares; writes what happened into the caller's arrays.

    The signal of bar `s` is known at its close. At bar `b` the order of bar `b - delay_bars` is
    carried out if it fits the position at `b`: flat and strength above the threshold buys the most
    whole shares that cash, fees and the bar allow, at least one; long and strength at or below minus the threshold
    sells all. An order that finds no price, or too little cash, lapses. An order whose bar lies past the
    end never fills; the last position is valued at the last `mark_price`.

    Args:
        strength: Signal strength e per bar, shape (n_bars,). NaN holds; -inf closes the position (outside a gate).
        mark_price: Value of a share at each bar's close, shape (n_bars,), > 0, without NaN.
        fill_price: Price at which an order fills in this bar, shape (n_bars,), before the spread; NaN fills nothing.
        half_spread: Paid per share beside `fill_price`, shape (n_bars,), USD, at most the price.
        most_shares: Most shares that can be bought in this bar, shape (n_bars,), infinite without a limit.
        fee_end: Exclusive last bar of each period of fees, increasing, shape (n_periods,); the last is n_bars.
        fees: What an order filled in that period pays, shape (n_periods, N_FEES); see `order_costs`.
        delay_bars: Bars from signal to fill: 0 fills in the bar whose close made the signal.
        segment_end: Exclusive last bar of each segment, increasing, shape (n_segments,); the last is n_bars.
        segment_threshold: Threshold of signals from each segment, shape (n_segments,), >= 0; NaN opens and
            closes nothing but what a gate closes.
        initial_cash_usd: Cash before the first bar.
        equity_out: Cash plus shares × mark price at each bar's close, shape (n_bars,).
        position_out: Shares held at each bar's close, shape (n_bars,).
        trade_bars_out: Entry and exit bar per trade, shape (max_trades(n_bars), 2). A position open at
            the end stands in the row after the last trade, its exit bar -1.
        trade_values_out: Per trade shares, entry and exit price (spread included), fees, spread paid, profit after
            both, and the lowest and highest excursion from the entry price as fractions, over the closes while
            held and the exit price, 0 at most and at least; shape (max_trades(n_bars), 8).

    Returns:
        Completed trades, orders filled, orders lapsed, signals that ask for an order whose bar lies past the end.

    Source:
        Ours, after contracts 20, 22, 23 and requirements SIM-4 and SIM-5.
    """
    n_bars = mark_price.size
    cash = initial_cash_usd
    shares = 0.0
    is_long = False
    entry_price = 0.0
    entry_fee = 0.0
    lowest = 0.0
    highest = 0.0
    n_trades = 0
    n_filled = 0
    n_lapsed = 0
    period = 0
    rates, period_end = fee_rates(fees, 0), fee_end[0]
    n_signals = max(n_bars - delay_bars, 0)
    equity_out[:delay_bars] = cash
    position_out[:delay_bars] = 0.0
    first = 0
    for segment in range(segment_end.size):
        threshold = segment_threshold[segment]
        # Views indexed from zero spare a check per access, which doubles the speed of this loop.
        stop = min(segment_end[segment], n_signals)
        first_bar = first + delay_bars
        strengths = strength[first:stop]
        marks = mark_price[first_bar : stop + delay_bars]
        equities = equity_out[first_bar : stop + delay_bars]
        positions = position_out[first_bar : stop + delay_bars]
        for offset in range(strengths.size):
            e = strengths[offset]
            if not is_long:
                if e > threshold:
                    bar = first_bar + offset
                    if bar >= period_end:
                        period = next_period(fee_end, period, bar)
                        rates, period_end = fee_rates(fees, period), fee_end[period]
                    price = fill_price[bar] + half_spread[bar]
                    wanted = min(affordable_shares(rates, cash, price), most_shares[bar])
                    if wanted >= 1.0:
                        is_long = True
                        shares = wanted
                        fee = order_fee(rates, shares, price, False)
                        cash -= shares * price + fee
                        entry_price, entry_fee = price, fee
                        lowest = highest = price
                        n_filled += 1
                        trade_bars_out[n_trades, ENTRY_BAR] = bar
                        trade_bars_out[n_trades, EXIT_BAR] = -1
                        trade_values_out[n_trades, SHARES] = shares
                        trade_values_out[n_trades, ENTRY_PRICE] = price
                        trade_values_out[n_trades, FEES] = fee
                        trade_values_out[n_trades, SPREAD] = shares * half_spread[bar]
                    else:
                        n_lapsed += 1
            elif e <= -threshold or e == -np.inf:
                bar = first_bar + offset
                if bar >= period_end:
                    period = next_period(fee_end, period, bar)
                    rates, period_end = fee_rates(fees, period), fee_end[period]
                price = fill_price[bar] - half_spread[bar]
                fee = order_fee(rates, shares, price, True)
                cash_after = cash + (shares * price - fee)
                # False also for a price of NaN; a fee beyond cash and proceeds cannot be paid.
                if cash_after >= 0.0:
                    is_long = False
                    cash = cash_after
                    n_filled += 1
                    lowest = min(lowest, price)
                    highest = max(highest, price)
                    trade_bars_out[n_trades, EXIT_BAR] = bar
                    trade_values_out[n_trades, EXIT_PRICE] = price
                    trade_values_out[n_trades, FEES] = entry_fee + fee
                    trade_values_out[n_trades, SPREAD] += shares * half_spread[bar]
                    trade_values_out[n_trades, PNL] = shares * (price - entry_price) - (entry_fee + fee)
                    trade_values_out[n_trades, MAE] = lowest / entry_price - 1.0
                    trade_values_out[n_trades, MFE] = highest / entry_price - 1.0
                    n_trades += 1
                    shares = 0.0
                else:
                    n_lapsed += 1
            mark = marks[offset]
            if is_long:
                lowest = min(lowest, mark)
                highest = max(highest, mark)
            equities[offset] = cash + shares * mark
            positions[offset] = shares
        first = segment_end[segment]
    n_pending = 0
    segment = 0
    for signal in range(n_signals, n_bars):
        while signal >= segment_end[segment]:
            segment += 1
        threshold = segment_threshold[segment]
        wants_long = not is_long and strength[signal] > threshold
        wants_flat = is_long and (strength[signal] <= -threshold or strength[signal] == -np.inf)
        if wants_long or wants_flat:
            n_pending += 1
    return n_trades, n_filled, n_lapsed, n_pending

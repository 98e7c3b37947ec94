"""The bar loop for positions beyond long, all in and all out: short side, sizing, stops, flat at the close."""

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled
from quantmill.simulation.kernel import FEES
from quantmill.simulation.order_costs import fee_rates, next_period, order_fee
from quantmill.simulation.positions import (
    OF_CLOSE,
    OF_GATE,
    OF_MARGIN,
    OF_SIGNAL,
    STILL_OPEN,
    shares_within,
    write_entry,
    write_exit,
)
from quantmill.simulation.rules import AT_OPEN, INSIDE, RuleNumbers
from quantmill.simulation.stops import known_half_spread, stopped_at

__all__ = ["most_trades", "run_rules_kernel"]

# What may close a position in a bar, in this order: stops of what the bar found, the signal, stops of what the signal
# left or opened, the end of the session, and the loss of all equity.
_HELD, _SIGNAL, _AFTER, _SESSION_END, _MARGIN = range(5)
_N_STEPS = 5


def most_trades(n_bars: int) -> int:
    """Rows that the trade table of `n_bars` bars can need here: a bar opens at most one position."""
    return n_bars


@compiled
def run_rules_kernel(
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
    open_price: Floats,
    high_price: Floats,
    low_price: Floats,
    session_end: Ints,
    size_weight: Floats,
    rules: RuleNumbers,
    equity_out: Floats,
    position_out: Floats,
    trade_bars_out: Ints,
    trade_values_out: Floats,
    exit_reason_out: Ints,
) -> tuple[int, int, int, int]:
    """Positions of either side in whole shares under rules; writes what happened into the caller's arrays.

    Signals, orders, delay, lapsing and the end are those of `run_kernel`, which this equals to the last bit while
    every rule is off. Beyond it:

    - A buy signal closes a short, a sell signal a long position; where the rules allow that side, the same bar then
      opens the other one, by an order of its own. Strength -inf only closes.
    - Shares times price plus fee of the opening order stay within the budget of the position and the cash. A short
      sale keeps its proceeds as cash; equity is cash plus shares × mark price, shares being below zero.
    - Stops and targets act inside bars, see `stopped_at`. Where orders fill at the open, the signal's order comes
      first in a bar and both act in the bar of the entry; where they fill inside, the position held comes first,
      and in the bar of the entry the stop alone acts; where they fill at the close, neither does.
    - The trailing stop follows the highs (short: lows) of bars that the position was held through and that are completed.
    - Flat at the close sells or covers at the mark price of a session's last bar, in which no order opens a position.
    - A short position pays for its borrowed shares at each session's end. One whose equity is zero or less at a
      bar's close is closed there, at the mark price; without cash nothing opens again.

    Orders of rules pay the half spread and the fee of their bar; see `close_position` and `known_half_spread`.

    Args:
        strength: As `run_kernel` takes it, like all up to `initial_cash_usd`.
        mark_price: Close of each bar.
        fill_price: Price before spread at which signals' orders fill.
        half_spread: Per share.
        most_shares: Most shares that an order can open, bought or sold short; what closes a position is never cut.
        fee_end: Exclusive last bar of each period of fees.
        fees: Table of fees.
        delay_bars: Bars from signal to fill.
        segment_end: Exclusive last bar of each segment.
        segment_threshold: Threshold of each segment.
        initial_cash_usd: Cash before the first bar.
        open_price: First price of each bar, shape (n_bars,), > 0, without NaN.
        high_price: Highest price of each bar, likewise.
        low_price: Lowest price of each bar, likewise.
        session_end: Exclusive last bar of each session, increasing, the last n_bars.
        size_weight: Part of the equity at the signal's close that a position may use, shape (n_bars,), NaN lets
            the order lapse; shape (0,) when `rules.position_usd` alone is the budget.
        rules: See `RuleNumbers`.
        equity_out: As `run_kernel` writes it, like the next.
        position_out: Shares held at each bar's close, below zero when short.
        trade_bars_out: As `run_kernel` writes it, shape (most_trades(n_bars), 2).
        trade_values_out: Likewise, shape (most_trades(n_bars), 8); shares are below zero for a short position, whose
            excursions are of its own side; fees hold what borrowing cost.
        exit_reason_out: Place in `EXIT_REASONS` per trade, `STILL_OPEN` for an open position, shape (most_trades(n_bars),).

    Returns:
        Completed trades, orders filled, orders lapsed, signals that ask for an order whose bar lies past the end.

    Source:
        Ours, after requirement SIM-12: docs/decisions/0013.
    """
    n_bars = mark_price.size
    n_signals = max(n_bars - delay_bars, 0)
    stop_loss, take_profit = rules.stop_loss_frac, rules.take_profit_frac
    trailing_stop, moment = rules.trailing_stop_frac, rules.moment
    has_stops = min(stop_loss, take_profit, trailing_stop) < np.inf
    # Where orders fill at the open, nothing of a bar can close a position before the signal's order.
    first_step = _SIGNAL if moment == AT_OPEN or not has_stops else _HELD
    first_quiet_step = _MARGIN if not has_stops else _AFTER if moment == AT_OPEN else _HELD
    cash = equity = initial_cash_usd
    shares = 0.0
    entry = best = lowest = highest = 0.0
    n_trades = 0
    n_filled = 0
    n_lapsed = 0
    period = 0
    rates, period_end = fee_rates(fees, 0), fee_end[0]
    equity_out[:delay_bars] = cash
    position_out[:delay_bars] = 0.0
    session = min(np.searchsorted(session_end, delay_bars, side="right"), session_end.size - 1)
    last_bar = session_end[session] - 1
    first = 0
    for segment in range(segment_end.size):
        threshold = segment_threshold[segment]
        stop = min(segment_end[segment], n_signals)
        first_bar = first + delay_bars
        # Views indexed from zero spare a check per access, as in `run_kernel`.
        strengths = strength[first:stop]
        marks = mark_price[first_bar : stop + delay_bars]
        equities = equity_out[first_bar : stop + delay_bars]
        positions = position_out[first_bar : stop + delay_bars]
        for offset in range(strengths.size):
            bar = first_bar + offset
            ends_session = bar == last_bar
            if ends_session:
                session += 1
                last_bar = session_end[min(session, session_end.size - 1)] - 1
            e = strengths[offset]
            buys, sells, is_gate = e > threshold, e <= -threshold, e == -np.inf
            is_signal = buys or sells or is_gate
            if shares == 0.0 and not is_signal:
                equities[offset] = cash
                positions[offset] = 0.0
                continue
            if bar >= period_end:
                period = next_period(fee_end, period, bar)
                rates, period_end = fee_rates(fees, period), fee_end[period]
            mark = marks[offset]
            entered = False
            for step in range(first_step if is_signal or ends_session else first_quiet_step, _N_STEPS):
                reason = STILL_OPEN
                level = half = np.nan
                if step == _SIGNAL:
                    if not is_signal:
                        continue
                    half = half_spread[bar]
                    equity = cash + shares * mark if delay_bars == 0 else equity_out[first + offset]
                    if (shares > 0.0 and (sells or is_gate)) or (shares < 0.0 and (buys or is_gate)):
                        reason = OF_GATE if is_gate else OF_SIGNAL
                        level = fill_price[bar]
                elif shares == 0.0:
                    continue
                elif step <= _AFTER:
                    # After the signal it is the turn of what the step before it did not look at.
                    if not has_stops or (
                        step == _AFTER and moment != AT_OPEN and not (entered and moment == INSIDE)
                    ):
                        continue
                    # An order worked over several bars may fill at a price that its last bar never had.
                    first_price = open_price[bar]
                    if entered and low_price[bar] <= fill_price[bar] <= high_price[bar]:
                        first_price = fill_price[bar]
                    level, reason = stopped_at(
                        shares > 0.0,
                        entry,
                        best,
                        stop_loss,
                        take_profit,
                        trailing_stop,
                        first_price,
                        high_price[bar],
                        low_price[bar],
                        not (entered and moment == INSIDE),
                    )
                elif step == _SESSION_END:
                    if not ends_session:
                        continue
                    if rules.flat_at_close:
                        level, reason = mark, OF_CLOSE
                    elif shares < 0.0:
                        borrowed_usd = rules.borrow_frac * -shares * mark
                        cash -= borrowed_usd
                        trade_values_out[n_trades, FEES] += borrowed_usd
                elif shares < 0.0 and cash + shares * mark <= 0.0:
                    level, reason = mark, OF_MARGIN

                if reason != STILL_OPEN:
                    if step != _SIGNAL:
                        half = known_half_spread(half_spread, bar, level)
                        if rules.stays_in_range:
                            half = min(
                                half, level - low_price[bar] if shares > 0.0 else high_price[bar] - level
                            )
                    price = level - half if shares > 0.0 else level + half
                    fee = order_fee(rates, abs(shares), price, shares > 0.0)
                    cash_after = cash + (shares * price - fee)
                    # A sale for a signal lapses when its fee cannot be paid; everything else fills, and is owed.
                    must_pay = shares > 0.0 and step == _SIGNAL
                    if np.isnan(price) or (must_pay and not cash_after >= 0.0):
                        n_lapsed += 1
                        continue
                    write_exit(
                        n_trades,
                        bar,
                        reason,
                        price,
                        half,
                        fee,
                        lowest,
                        highest,
                        trade_bars_out,
                        trade_values_out,
                        exit_reason_out,
                    )
                    cash = cash_after
                    shares = 0.0
                    n_trades += 1
                    n_filled += 1
                shorts = rules.opens_short and sells and not is_gate
                if step == _SIGNAL and shares == 0.0 and (shorts or (rules.opens_long and buys)):
                    budget = (
                        size_weight[first + offset] * equity if size_weight.size > 0 else rules.position_usd
                    )
                    # A minimum would hide a budget of NaN.
                    budget = cash if budget > cash else budget
                    price = fill_price[bar] - half if shorts else fill_price[bar] + half
                    wanted = min(shares_within(rates, budget, price, shorts), most_shares[bar])
                    if not wanted >= 1.0 or (ends_session and rules.flat_at_close):
                        n_lapsed += 1
                        continue
                    entered = True
                    shares = -wanted if shorts else wanted
                    fee = order_fee(rates, wanted, price, shorts)
                    cash -= shares * price + fee
                    entry = best = lowest = highest = price
                    n_filled += 1
                    write_entry(
                        n_trades,
                        bar,
                        shares,
                        price,
                        half,
                        fee,
                        trade_bars_out,
                        trade_values_out,
                        exit_reason_out,
                    )
            if shares != 0.0:
                lowest = min(lowest, mark)
                highest = max(highest, mark)
                if not entered or moment == AT_OPEN:
                    best = max(best, high_price[bar]) if shares > 0.0 else min(best, low_price[bar])
            equities[offset] = cash + shares * mark
            positions[offset] = shares
        first = segment_end[segment]
    n_pending = _pending(strength, segment_end, segment_threshold, n_signals, shares, rules)
    return n_trades, n_filled, n_lapsed, n_pending


@compiled
def _pending(
    strength: Floats,
    segment_end: Ints,
    segment_threshold: Floats,
    n_signals: int,
    held: float,
    rules: RuleNumbers,
) -> int:
    """Signals from `n_signals` on that ask for an order, given what is held at the end."""
    n_pending = 0
    segment = 0
    for signal in range(n_signals, strength.size):
        while signal >= segment_end[segment]:
            segment += 1
        e, threshold = strength[signal], segment_threshold[segment]
        is_gate = e == -np.inf
        buys, sells = e > threshold, e <= -threshold
        if held == 0.0:
            n_pending += (rules.opens_long and buys) or (rules.opens_short and sells and not is_gate)
        elif held > 0.0:
            n_pending += sells or is_gate
        else:
            n_pending += buys or is_gate
    return n_pending

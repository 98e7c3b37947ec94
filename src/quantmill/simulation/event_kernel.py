"""The simulation of grids: searches for the next order instead of visiting every bar, with the bar loop's bits."""

from typing import Final

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled
from quantmill.simulation.blocks import BLOCK_BARS, HIGHEST, LOWEST
from quantmill.simulation.equity_path import (
    EquityPath,
    at_peak,
    deepest_fall,
    lower_path,
    start_path,
    step_path,
)
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
from quantmill.simulation.order_costs import affordable_shares, fee_rates, next_period, order_fee

__all__ = ["run_events"]

_MANY_BARS: Final = 3 * BLOCK_BARS


# One loop: a call hands over arrays with two atomic operations each, more than an order costs.
@compiled
def run_events(  # noqa: PLR0912, PLR0915 - see above
    strength: Floats,
    strength_extremes: Floats,
    mark_price: Floats,
    mark_extremes: Floats,
    fill_price: Floats,
    half_spread: Floats,
    most_shares: Floats,
    fee_end: Ints,
    fees: Floats,
    delay_bars: int,
    segment_end: Ints,
    segment_threshold: Floats,
    initial_cash_usd: float,
    session_end: Ints,
    session_equity_out: Floats,
    trade_bars_out: Ints,
    trade_values_out: Floats,
) -> tuple[int, int, int, int, float, int]:
    """What `run_kernel` does, to the last bit, without an equity per bar: that of session ends and the deepest fall.

    While flat, only a strength above the threshold matters; while long, only one at or below minus the
    threshold. Blocks of bars whose extremes exclude it are skipped. Equity while long rises with the price, so the
    extremes of a block's closes tell whether it holds a new peak or a new low.

    Args:
        strength: As `run_kernel` takes it, and so are all arguments that are not named here.
        strength_extremes: `block_extremes(strength)`.
        mark_price: Value of a share at each bar's close.
        mark_extremes: `block_extremes(mark_price)`.
        fill_price: Likewise.
        half_spread: Likewise.
        most_shares: Likewise.
        fee_end: Likewise.
        fees: Likewise.
        delay_bars: Likewise.
        segment_end: Likewise.
        segment_threshold: Likewise.
        initial_cash_usd: Likewise.
        session_end: Exclusive last bar of each session, shape (n_sessions,), the last n_bars.
        session_equity_out: Equity at each session's last close, shape (n_sessions,).
        trade_bars_out: Likewise.
        trade_values_out: Likewise.

    Returns:
        The four counts of `run_kernel`, the deepest fall as a fraction <= 0, and its length in sessions.
    """
    n_bars = mark_price.size
    n_signals = max(n_bars - delay_bars, 0)
    cash = initial_cash_usd
    shares = 0.0
    is_long = False
    entry_price = 0.0
    entry_fee = 0.0
    n_trades = 0
    n_filled = 0
    n_lapsed = 0
    period = 0
    rates, period_end = fee_rates(fees, 0), fee_end[0]
    path = start_path(initial_cash_usd)
    # Bars before `told` are in `path`, sessions before `session` in `session_equity_out`.
    told = 0
    session = 0
    next_session_end = session_end[0]
    first = 0
    for segment in range(segment_end.size):
        threshold = segment_threshold[segment]
        limit = -np.inf if np.isnan(threshold) else -threshold
        stop = min(segment_end[segment], n_signals)
        at = first
        while at < stop:
            if not is_long:
                while at < stop:
                    block = at // BLOCK_BARS
                    end = min((block + 1) * BLOCK_BARS, stop)
                    if strength_extremes[block, HIGHEST] > threshold:
                        while at < end and not strength[at] > threshold:
                            at += 1
                        if at < end:
                            break
                    at = end
                if at == stop:
                    break
                bar = at + delay_bars
                if bar >= period_end:
                    period = next_period(fee_end, period, bar)
                    rates, period_end = fee_rates(fees, period), fee_end[period]
                price = fill_price[bar] + half_spread[bar]
                wanted = min(affordable_shares(rates, cash, price), most_shares[bar])
                if wanted >= 1.0:
                    path = _tell_flat(path, told, bar, cash)
                    if next_session_end <= bar:
                        session = _tell_sessions(
                            bar, cash, shares, mark_price, session_end, session, session_equity_out
                        )
                        next_session_end = session_end[session]
                    told = bar
                    is_long = True
                    shares = wanted
                    fee = order_fee(rates, shares, price, False)
                    cash -= shares * price + fee
                    entry_price, entry_fee = price, fee
                    n_filled += 1
                    trade_bars_out[n_trades, ENTRY_BAR] = bar
                    trade_bars_out[n_trades, EXIT_BAR] = -1
                    trade_values_out[n_trades, SHARES] = shares
                    trade_values_out[n_trades, ENTRY_PRICE] = price
                    trade_values_out[n_trades, FEES] = fee
                    trade_values_out[n_trades, SPREAD] = shares * half_spread[bar]
                else:
                    n_lapsed += 1
            else:
                while at < stop:
                    block = at // BLOCK_BARS
                    end = min((block + 1) * BLOCK_BARS, stop)
                    if strength_extremes[block, LOWEST] <= limit:
                        while at < end and not strength[at] <= limit:
                            at += 1
                        if at < end:
                            break
                    at = end
                if at == stop:
                    break
                bar = at + delay_bars
                if bar >= period_end:
                    period = next_period(fee_end, period, bar)
                    rates, period_end = fee_rates(fees, period), fee_end[period]
                price = fill_price[bar] - half_spread[bar]
                fee = order_fee(rates, shares, price, True)
                cash_after = cash + (shares * price - fee)
                if cash_after >= 0.0:
                    if bar - told > _MANY_BARS:
                        low, high = _extremes(mark_price, mark_extremes, told, bar)
                    else:
                        low = high = mark_price[told]
                        for held in range(told + 1, bar):
                            mark = mark_price[held]
                            low = mark if mark < low else low
                            high = mark if mark > high else high
                    if cash + shares * high < path.peak:
                        path = lower_path(path, cash + shares * low)
                    else:
                        path = _tell_long(path, told, bar, cash, shares, mark_price, mark_extremes)
                    if next_session_end <= bar:
                        session = _tell_sessions(
                            bar, cash, shares, mark_price, session_end, session, session_equity_out
                        )
                        next_session_end = session_end[session]
                    told = bar
                    is_long = False
                    cash = cash_after
                    n_filled += 1
                    lowest = min(entry_price, low, price)
                    highest = max(entry_price, high, price)
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
            at += 1
        first = segment_end[segment]
    if is_long:
        path = _tell_long(path, told, n_bars, cash, shares, mark_price, mark_extremes)
    else:
        path = _tell_flat(path, told, n_bars, cash)
    _tell_sessions(n_bars, cash, shares, mark_price, session_end, session, session_equity_out)
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
    worst, length = deepest_fall(path, session_end)
    return n_trades, n_filled, n_lapsed, n_pending, worst, length


@compiled
def _extremes(values: Floats, extremes: Floats, first: int, stop: int) -> tuple[float, float]:
    """Lowest and highest value of the bars `first` … `stop - 1`, at least one block apart."""
    low = high = values[first]
    first_whole, end_whole = first // BLOCK_BARS + 1, stop // BLOCK_BARS
    for bar in range(first, first_whole * BLOCK_BARS):
        low, high = min(low, values[bar]), max(high, values[bar])
    for block in range(first_whole, end_whole):
        low, high = min(low, extremes[block, LOWEST]), max(high, extremes[block, HIGHEST])
    for bar in range(end_whole * BLOCK_BARS, stop):
        low, high = min(low, values[bar]), max(high, values[bar])
    return low, high


@compiled
def _tell_flat(path: EquityPath, first: int, stop: int, cash: float) -> EquityPath:
    """Bars `first` … `stop - 1` with nothing but cash."""
    if first == stop or cash < path.peak:
        return path if first == stop else lower_path(path, cash)
    return at_peak(step_path(path, cash, first), stop - 1)


@compiled
def _tell_long(
    path: EquityPath,
    first: int,
    stop: int,
    cash: float,
    shares: float,
    mark_price: Floats,
    mark_extremes: Floats,
) -> EquityPath:
    """Bars `first` … `stop - 1` with a position."""
    bar = first
    while bar < stop:
        block = bar // BLOCK_BARS
        end = min((block + 1) * BLOCK_BARS, stop)
        is_whole = bar == block * BLOCK_BARS and end == bar + BLOCK_BARS
        if is_whole and cash + shares * mark_extremes[block, 1] < path.peak:
            path = step_path(path, cash + shares * mark_extremes[block, 0], bar)
        else:
            for one in range(bar, end):
                path = step_path(path, cash + shares * mark_price[one], one)
        bar = end
    return path


@compiled
def _tell_sessions(
    stop: int,
    cash: float,
    shares: float,
    mark_price: Floats,
    session_end: Ints,
    session: int,
    session_equity_out: Floats,
) -> int:
    """Equity at the session ends up to `stop`; the next session."""
    while session < session_end.size and session_end[session] <= stop:
        session_equity_out[session] = cash + shares * mark_price[session_end[session] - 1]
        session += 1
    return session

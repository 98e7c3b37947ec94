"""Figures of one trial's trade table, compiled: wins, excursions, exposure, costs.

The field names are the metric names of `quantmill.simulation.metrics`; NaN means: cannot be computed.
"""

import math
from typing import NamedTuple

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

__all__ = ["TradeFigures", "measure_trades"]


class TradeFigures(NamedTuple):
    """Figures of the trade table; a position still open counts in costs, turnover and exposure alone."""

    win_rate_frac: float
    profit_factor: float
    expectancy_usd: float
    average_win_usd: float
    average_loss_usd: float
    worst_trade_frac: float
    mean_holding_bars: float
    mean_mae_frac: float
    mean_mfe_frac: float
    exposure_frac: float
    fees_usd: float
    spread_usd: float
    turnover_times: float
    cost_per_trade_usd: float
    cost_return_frac: float
    break_even_cost_bps: float
    fill_slippage_bps: float


@compiled
def measure_trades(
    n_trades: int,
    n_filled: int,
    trade_bars: Ints,
    trade_values: Floats,
    session_equity: Floats,
    mark_price: Floats,
    delay_bars: int,
    initial_cash_usd: float,
) -> TradeFigures:
    """Everything that the trade table tells.

    Args:
        n_trades: Completed trades.
        n_filled: Orders filled: two per trade, one more for an open position.
        trade_bars: As the kernel wrote it.
        trade_values: As the kernel wrote it.
        session_equity: At each session's last close, shape (n_sessions,).
        mark_price: Close per bar, shape (n_bars,).
        delay_bars: Bars from signal to fill.
        initial_cash_usd: Before the first bar.
    """
    n_wins = 0
    won = 0.0
    lost = 0.0
    n_losses = 0
    worst = math.nan
    closed_bars = 0
    mae = 0.0
    mfe = 0.0
    fees = 0.0
    spread = 0.0
    traded = 0.0
    slippage = 0.0
    for trade in range(n_trades):
        entry_bar = trade_bars[trade, ENTRY_BAR]
        exit_bar = trade_bars[trade, EXIT_BAR]
        entry_price = trade_values[trade, ENTRY_PRICE]
        exit_price = trade_values[trade, EXIT_PRICE]
        profit = trade_values[trade, PNL]
        if profit > 0.0:
            n_wins += 1
            won += profit
        elif profit < 0.0:
            n_losses += 1
            lost -= profit
        shares = abs(trade_values[trade, SHARES])
        # A short position sells at its entry and buys at its exit.
        side = 1.0 if trade_values[trade, SHARES] > 0.0 else -1.0
        result = profit / (shares * entry_price)
        if trade == 0 or result < worst:
            worst = result
        mae += trade_values[trade, MAE]
        mfe += trade_values[trade, MFE]
        closed_bars += exit_bar - entry_bar
        fees += trade_values[trade, FEES]
        spread += trade_values[trade, SPREAD]
        traded += shares * (entry_price + exit_price)
        slippage += side * (entry_price / mark_price[entry_bar - delay_bars] - 1.0)
        slippage -= side * (exit_price / mark_price[exit_bar - delay_bars] - 1.0)
    n_rows = n_filled - n_trades
    held_bars = closed_bars
    for row in range(n_trades, n_rows):
        entry_bar = trade_bars[row, ENTRY_BAR]
        entry_price = trade_values[row, ENTRY_PRICE]
        held_bars += mark_price.size - entry_bar
        fees += trade_values[row, FEES]
        spread += trade_values[row, SPREAD]
        side = 1.0 if trade_values[row, SHARES] > 0.0 else -1.0
        traded += abs(trade_values[row, SHARES]) * entry_price
        slippage += side * (entry_price / mark_price[entry_bar - delay_bars] - 1.0)
    equity_sum = 0.0
    for equity in session_equity:
        equity_sum += equity
    mean_equity = float(equity_sum / session_equity.size)
    return TradeFigures(
        n_wins / n_trades if n_trades else math.nan,
        won / lost if n_losses else math.nan,
        (won - lost) / n_trades if n_trades else math.nan,
        won / n_wins if n_wins else math.nan,
        -lost / n_losses if n_losses else math.nan,
        worst,
        closed_bars / n_trades if n_trades else math.nan,
        mae / n_trades if n_trades else math.nan,
        mfe / n_trades if n_trades else math.nan,
        held_bars / mark_price.size,
        fees,
        spread,
        traded / mean_equity if mean_equity > 0.0 else math.nan,
        (fees + spread) / n_rows if n_rows else math.nan,
        # Subtracted from zero, so that no costs are not -0.0.
        (0.0 - fees - spread) / initial_cash_usd,
        (session_equity[-1] - initial_cash_usd + fees + spread) / traded * 1e4 if traded > 0.0 else math.nan,
        slippage / n_filled * 1e4 if n_filled else math.nan,
    )

"""All figures of one trial as a row of numbers, compiled: single runs and grids fill it alike, bit for bit."""

from typing import Final

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled
from quantmill.simulation.measure import (
    HitFigures,
    PathFigures,
    SessionFigures,
    measure_sessions,
    session_end_returns,
)
from quantmill.simulation.session_metrics import mean, standard_deviation
from quantmill.simulation.trade_metrics import TradeFigures, measure_trades

__all__ = ["FIGURES", "N_FIGURES", "figure_columns", "write_figures"]

_COUNTS: Final = ("n_trades", "n_orders", "n_lapsed", "n_pending", "n_sessions")
_MOMENTS: Final = ("session_return_mean", "session_return_std")
FIGURES: Final = (
    *PathFigures._fields,
    *SessionFigures._fields,
    *TradeFigures._fields,
    *_COUNTS,
    *_MOMENTS,
    *HitFigures._fields,
)
"""Names of the columns of a row; NaN in it means: cannot be computed."""

N_FIGURES: Final = len(FIGURES)


def figure_columns(names: tuple[str, ...]) -> slice:
    """The columns of names that stand side by side in `FIGURES`."""
    first = FIGURES.index(names[0])
    return slice(first, first + len(names))


@compiled
def write_figures(
    n_trades: int,
    n_filled: int,
    n_lapsed: int,
    n_pending: int,
    deepest_fall: float,
    fall_sessions: int,
    session_equity: Floats,
    buy_hold_returns: Floats,
    trade_bars: Ints,
    trade_values: Floats,
    mark_price: Floats,
    delay_bars: int,
    initial_cash_usd: float,
    returns_out: Floats,
    ascending_out: Floats,
    row_out: Floats,
) -> None:
    """Fill a trial's row, all but the hits, from what a kernel wrote.

    Args:
        n_trades: Completed trades.
        n_filled: Orders filled.
        n_lapsed: Orders lapsed.
        n_pending: Signals whose order lies past the end.
        deepest_fall: Of equity per bar from its running peak, fraction <= 0.
        fall_sessions: Length of that fall.
        session_equity: At each session's last close, shape (n_sessions,).
        buy_hold_returns: Of the share itself over the same sessions.
        trade_bars: As the kernel wrote it.
        trade_values: As the kernel wrote it.
        mark_price: Close per bar, shape (n_bars,).
        delay_bars: Bars from signal to fill.
        initial_cash_usd: Before the first bar.
        returns_out: Filled with the session returns, shape (n_sessions,).
        ascending_out: Filled with them in ascending order.
        row_out: Shape (N_FIGURES,), in the order of `FIGURES`.
    """
    final = session_equity[-1]
    total_return = final / initial_cash_usd - 1.0
    session_end_returns(session_equity, initial_cash_usd, returns_out)
    sessions = measure_sessions(
        returns_out,
        buy_hold_returns,
        ascending_out,
        total_return,
        mark_price[-1] / mark_price[0] - 1.0,
        deepest_fall,
    )
    trades = measure_trades(
        n_trades,
        n_filled,
        trade_bars,
        trade_values,
        session_equity,
        mark_price,
        delay_bars,
        initial_cash_usd,
    )
    at = 0
    for figure in (final, total_return, deepest_fall, float(fall_sessions)):
        row_out[at] = figure
        at += 1
    for figure in sessions:
        row_out[at] = figure
        at += 1
    for figure in trades:
        row_out[at] = figure
        at += 1
    for count in (n_trades, n_filled, n_lapsed, n_pending, session_equity.size):
        row_out[at] = count
        at += 1
    row_out[at] = mean(returns_out)
    row_out[at + 1] = standard_deviation(returns_out)

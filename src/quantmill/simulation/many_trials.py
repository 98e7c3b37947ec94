"""Many thresholds on one signal: a row of figures each, by the event-search kernel."""

from dataclasses import dataclass

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled
from quantmill.simulation.blocks import block_extremes
from quantmill.simulation.event_kernel import run_events
from quantmill.simulation.figures import N_FIGURES, figure_columns, write_figures
from quantmill.simulation.fills import Execution
from quantmill.simulation.hits import hit_figures
from quantmill.simulation.kernel import max_trades
from quantmill.simulation.market import Market
from quantmill.simulation.measure import HitFigures, buy_hold_returns
from quantmill.simulation.signal import Stream

__all__ = ["GridWorkspace", "run_trials"]


@dataclass(frozen=True, slots=True, eq=False)
class GridWorkspace:
    """What all trials on one market read, and the arrays that they write into; one per thread."""

    mark_extremes: Floats
    buy_hold_returns: Floats
    session_equity: Floats
    returns: Floats
    ascending: Floats
    trade_bars: Ints
    trade_values: Floats

    @classmethod
    def of(cls, market: Market) -> "GridWorkspace":
        """Arrays for a market's bars and sessions."""
        n_rows = max_trades(market.n_bars)
        return cls(
            block_extremes(market.close),
            buy_hold_returns(market),
            np.empty(market.n_sessions),
            np.empty(market.n_sessions),
            np.empty(market.n_sessions),
            np.empty((n_rows, 2), dtype=np.int64),
            np.empty((n_rows, 8)),
        )


def run_trials(
    stream: Stream,
    execution: Execution,
    thresholds: Floats,
    initial_cash_usd: float,
    workspace: GridWorkspace,
) -> Floats:
    """The figures of each trial in the order of `FIGURES`, shape (n_trials, N_FIGURES): those of `run_trial`.

    Args:
        stream: The signal.
        execution: Costs of every bar.
        thresholds: Of each trial's segments, shape (n_trials, n_segments).
        initial_cash_usd: Before the first bar.
        workspace: Arrays of this market that no other thread uses.
    """
    market = stream.source.market
    figures = np.empty((thresholds.shape[0], N_FIGURES))
    _run_some(
        stream.strength,
        block_extremes(stream.strength),
        market.close,
        workspace.mark_extremes,
        execution.fill_price,
        execution.half_spread,
        execution.most_shares,
        execution.fee_end,
        execution.fees,
        execution.delay_bars,
        stream.segment_end,
        thresholds,
        float(initial_cash_usd),
        market.session_end,
        workspace.buy_hold_returns,
        workspace.session_equity,
        workspace.returns,
        workspace.ascending,
        workspace.trade_bars,
        workspace.trade_values,
        figures,
    )
    figures[:, figure_columns(HitFigures._fields)] = hit_figures(stream, thresholds)
    return figures


@compiled
def _run_some(
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
    thresholds: Floats,
    initial_cash_usd: float,
    session_end: Ints,
    buy_hold_returns: Floats,
    session_equity: Floats,
    returns: Floats,
    ascending: Floats,
    trade_bars: Ints,
    trade_values: Floats,
    figures_out: Floats,
) -> None:
    for trial in range(thresholds.shape[0]):
        n_trades, n_filled, n_lapsed, n_pending, fall, fall_sessions = run_events(
            strength,
            strength_extremes,
            mark_price,
            mark_extremes,
            fill_price,
            half_spread,
            most_shares,
            fee_end,
            fees,
            delay_bars,
            segment_end,
            thresholds[trial],
            initial_cash_usd,
            session_end,
            session_equity,
            trade_bars,
            trade_values,
        )
        write_figures(
            n_trades,
            n_filled,
            n_lapsed,
            n_pending,
            fall,
            fall_sessions,
            session_equity,
            buy_hold_returns,
            trade_bars,
            trade_values,
            mark_price,
            delay_bars,
            initial_cash_usd,
            returns,
            ascending,
            figures_out[trial],
        )

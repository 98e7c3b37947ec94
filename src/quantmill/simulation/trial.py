"""One parameter set simulated: the kernel and the figures of what it did."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import ts_of
from quantmill.errors import UsageError
from quantmill.simulation.exit_reasons import plain_exit_reasons, reason_names, signal_slippage_bps
from quantmill.simulation.figures import FIGURES, N_FIGURES, figure_columns, write_figures
from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.fills import DEFAULT_COSTS, Costs, Execution, execution_of
from quantmill.simulation.hits import hit_figures
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
    run_kernel,
)
from quantmill.simulation.market import Market
from quantmill.simulation.measure import HitFigures, buy_hold_returns, measure_fall
from quantmill.simulation.metrics import MetricValue, as_metrics
from quantmill.simulation.rules import NO_RULES, Rules
from quantmill.simulation.rules_kernel import most_trades, run_rules_kernel
from quantmill.simulation.signal import Stream
from quantmill.simulation.thresholds import Threshold, segment_thresholds

__all__ = [
    "DEFAULT_SETUP",
    "TrialResult",
    "TrialSetup",
    "Workspace",
    "equity_frame",
    "exit_reasons_of",
    "run_trial",
    "trades_frame",
]


@dataclass(frozen=True, slots=True)
class TrialSetup:
    """What one trial adds to its stream."""

    threshold: Threshold = "p90"
    costs: Costs = DEFAULT_COSTS
    initial_cash_usd: float = 100_000.0
    rules: Rules = NO_RULES

    def __post_init__(self) -> None:
        """Refuse a start without money."""
        if not 0.0 < self.initial_cash_usd < float("inf"):
            raise UsageError(f"initial_cash_usd is {self.initial_cash_usd}, it must be above zero")


DEFAULT_SETUP: Final = TrialSetup()
_VALUE_COLUMNS: Final = {
    "shares": SHARES,
    "entry_price": ENTRY_PRICE,
    "exit_price": EXIT_PRICE,
    "fees_usd": FEES,
    "spread_usd": SPREAD,
    "pnl_usd": PNL,
    "mae_frac": MAE,
    "mfe_frac": MFE,
}
_CLOSED_ONLY: Final = ("exit_ts", "exit_bar", "exit_price", "pnl_usd", "mae_frac", "mfe_frac")


@dataclass(frozen=True, slots=True, eq=False)
class Workspace:
    """The arrays that a trial writes into; one per thread, reused by every trial on the same market.

    `size_weights` keeps what `Rules.size_weight` gave, by size: trials that share a size find it there.
    """

    equity: Floats
    position: Floats
    trade_bars: Ints
    trade_values: Floats
    exit_reason: Ints
    session_returns: Floats
    buy_hold_returns: Floats
    ascending: Floats
    figures: Floats
    size_weights: dict[str, Floats] = field(default_factory=dict[str, Floats])

    @classmethod
    def of(cls, market: Market) -> "Workspace":
        """Arrays for a market's bars and sessions."""
        n_rows = most_trades(market.n_bars)
        return cls(
            np.empty(market.n_bars),
            np.empty(market.n_bars),
            np.empty((n_rows, 2), dtype=np.int64),
            np.empty((n_rows, 8)),
            np.empty(n_rows, dtype=np.int64),
            np.empty(market.n_sessions),
            buy_hold_returns(market),
            np.empty(market.n_sessions),
            np.empty(N_FIGURES),
        )


@dataclass(frozen=True, slots=True, eq=False)
class TrialResult:
    """Figures of a trial, and views of the workspace that hold until its next trial.

    `figures` are the metrics in the order of `FIGURES`, `equity` and `position` have shape (n_bars,), `trade_bars` and
    `trade_values` one row per completed trade and one more for a position that is still open (see `run_kernel`), like
    `exit_reason` (see `EXIT_REASONS`), which is None where signals alone close positions: see `exit_reasons_of`.
    """

    metrics: dict[str, MetricValue]
    figures: Floats
    equity: Floats
    position: Floats
    trade_bars: Ints
    trade_values: Floats
    exit_reason: Ints | None = None


def run_trial(
    stream: Stream,
    setup: TrialSetup,
    *,
    execution: Execution | None = None,
    workspace: Workspace | None = None,
) -> TrialResult:
    """Simulate one parameter set; the same arguments give the same figures to the last bit, alone or in a grid.

    Args:
        stream: The signal.
        setup: Threshold, costs and cash.
        execution: What `execution_of(market, setup.costs)` gives, when the caller has it already.
        workspace: Arrays to write into, new ones when None.

    Raises:
        UsageError: If the threshold cannot be used with this stream.
        ValueError: If `execution` is of other costs.
    """
    market = stream.source.market
    if execution is None:
        execution = execution_of(market, setup.costs)
    elif execution.costs != setup.costs:
        raise ValueError(f"execution is of {execution.costs}, the trial wants {setup.costs}")
    work = workspace or Workspace.of(market)
    thresholds = segment_thresholds(stream, setup.threshold)
    cash = float(setup.initial_cash_usd)
    inputs = (
        stream.strength,
        market.close,
        execution.fill_price,
        execution.half_spread,
        execution.most_shares,
        execution.fee_end,
        execution.fees,
        execution.delay_bars,
        stream.segment_end,
        thresholds,
        cash,
    )
    outputs = (work.equity, work.position, work.trade_bars, work.trade_values)
    if setup.rules:
        size = setup.rules.size
        if size not in work.size_weights:
            work.size_weights[size] = setup.rules.size_weight(market)
        n_trades, n_filled, n_lapsed, n_pending = run_rules_kernel(
            *inputs,
            market.open,
            market.high,
            market.low,
            market.session_end,
            work.size_weights[size],
            setup.rules.numbers(FILL_MODELS[setup.costs.fill]),
            *outputs,
            work.exit_reason,
        )
    else:
        n_trades, n_filled, n_lapsed, n_pending = run_kernel(*inputs, *outputs)
    fall, fall_sessions = measure_fall(work.equity, market.session_end, cash)
    write_figures(
        n_trades,
        n_filled,
        n_lapsed,
        n_pending,
        fall,
        fall_sessions,
        work.equity[market.session_end - 1],
        work.buy_hold_returns,
        work.trade_bars,
        work.trade_values,
        market.close,
        execution.delay_bars,
        cash,
        work.session_returns,
        work.ascending,
        work.figures,
    )
    work.figures[figure_columns(HitFigures._fields)] = hit_figures(stream, thresholds[None, :])[0]
    n_rows = n_filled - n_trades
    trade_bars, trade_values = work.trade_bars[:n_rows], work.trade_values[:n_rows]
    exit_reason = work.exit_reason[:n_rows] if setup.rules else None
    if exit_reason is not None:
        work.figures[FIGURES.index("fill_slippage_bps")] = signal_slippage_bps(
            trade_bars, trade_values, exit_reason, market.close, execution.delay_bars
        )
    return TrialResult(
        as_metrics(dict(zip(FIGURES, work.figures.tolist(), strict=True))),
        work.figures,
        work.equity,
        work.position,
        trade_bars,
        trade_values,
        exit_reason,
    )


def exit_reasons_of(result: TrialResult, stream: Stream, costs: Costs) -> Ints:
    """Why each trade ended, as places in `EXIT_REASONS`, `STILL_OPEN` for an open position, shape (n_rows,)."""
    if result.exit_reason is not None:
        return result.exit_reason
    return plain_exit_reasons(result.trade_bars, stream.strength, costs.delay_bars)


def equity_frame(result: TrialResult, market: Market) -> pl.DataFrame:
    """Equity, shares held and close at each bar's close."""
    return pl.DataFrame(
        {
            "ts": ts_of(market.ts_us),
            "equity": result.equity.copy(),
            "position_shares": result.position.copy(),
            "close": market.close,
        }
    )


def trades_frame(result: TrialResult, stream: Stream, setup: TrialSetup) -> pl.DataFrame:
    """One row per trade; a position still open has no exit, reason of one, profit or excursions."""
    market = stream.source.market
    bars, values = result.trade_bars, result.trade_values
    is_closed = pl.Series("is_closed", bars[:, EXIT_BAR] >= 0)
    last_bar = np.maximum(bars[:, EXIT_BAR], 0)
    columns = [
        pl.Series("trade", np.arange(1, bars.shape[0] + 1, dtype=np.int64)),
        ts_of(market.ts_us[bars[:, ENTRY_BAR]]).alias("entry_ts"),
        ts_of(market.ts_us[last_bar]).alias("exit_ts"),
        pl.Series("entry_bar", bars[:, ENTRY_BAR].copy()),
        pl.Series("exit_bar", last_bar),
        *(pl.Series(name, values[:, at].copy()) for name, at in _VALUE_COLUMNS.items()),
        reason_names(exit_reasons_of(result, stream, setup.costs)),
    ]
    closed_only = pl.when(is_closed).then(pl.col(*_CLOSED_ONLY)).otherwise(None).name.keep()
    return pl.DataFrame(columns).with_columns(closed_only)

"""The same simulation by vectorbt's `Portfolio.from_signals`, and its comparison with what a kernel wrote.

Shifted signals stand for the delay, half spread ÷ price for slippage, one share for the granularity.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from quantmill.core.arrays import Bools, Floats, Ints
from quantmill.simulation.fills import execution_of
from quantmill.simulation.kernel import (
    ENTRY_BAR,
    ENTRY_PRICE,
    EXIT_BAR,
    EXIT_PRICE,
    FEES,
    PNL,
    SHARES,
)
from quantmill.simulation.order_costs import (
    LEAST,
    OF_SALE_VALUE,
    OF_VALUE,
    PER_ORDER,
    PER_SHARE,
    PER_SHARE_SOLD,
)
from quantmill.simulation.signal import Stream
from quantmill.simulation.thresholds import segment_thresholds
from quantmill.simulation.trial import TrialSetup
from tests.kernel_inputs import KernelInputs, KernelOutputs, fees_per_order, simple_inputs

__all__ = [
    "agree",
    "agree_on_drawdown",
    "agree_on_equity",
    "agree_on_trades",
    "inputs_of",
    "vectorbt_portfolio",
    "with_order_fee",
]


def with_order_fee(inputs: KernelInputs, fee_usd: float, *, of_value: float = 0.0) -> KernelInputs:
    """The inputs with the same fee for each order filled, in dollars and as a fraction of its value: what vectorbt knows."""
    fees = fees_per_order(np.full(inputs.n_bars, fee_usd))
    fees[:, OF_VALUE] = of_value
    return replace(inputs, fees=fees)


def inputs_of(stream: Stream, setup: TrialSetup) -> KernelInputs:
    """What the kernel is given for a trial."""
    market = stream.source.market
    execution = execution_of(market, setup.costs)
    plain = simple_inputs(
        mark_price=market.close,
        strength=stream.strength,
        fill_price=execution.fill_price,
        half_spread=execution.half_spread,
        delay_bars=execution.delay_bars,
        segment_end=stream.segment_end,
        segment_threshold=segment_thresholds(stream, setup.threshold),
        initial_cash_usd=setup.initial_cash_usd,
    )
    return with_order_fee(plain, setup.costs.fee_usd)


def vectorbt_portfolio(
    inputs: KernelInputs,
    *,
    direction: str = "longonly",
    size: float = np.inf,
    size_type: str = "amount",
    **stops: Any,  # noqa: ANN401 - passed on
) -> Any:  # noqa: ANN401 - a Portfolio of a library without types
    """What vectorbt makes of a kernel's inputs; skips the test where vectorbt is missing.

    Args:
        inputs: As the kernel takes them.
        direction: "longonly", "shortonly" or "both"; with "both" a signal of the other side reverses in one order.
        size: Of an order, in the unit of `size_type`; infinite for all that cash allows.
        size_type: "amount" of shares, "value" in USD or "percent" of what is there, as a fraction.
        **stops: Further arguments of `from_signals`.
    """
    vectorbt = pytest.importorskip("vectorbt")
    threshold = np.array([inputs.threshold_of(bar) for bar in range(inputs.n_bars)])
    rises, closes = inputs.strength > threshold, np.isneginf(inputs.strength)
    falls = (inputs.strength <= -threshold) & ~closes
    is_long, is_short = direction != "shortonly", direction != "longonly"
    # What vectorbt has no word for.
    assert not inputs.fees[:, [LEAST, PER_SHARE, OF_SALE_VALUE, PER_SHARE_SOLD]].any()
    assert np.isposinf(inputs.most_shares).all()
    return vectorbt.Portfolio.from_signals(
        inputs.mark_price,
        _delayed(rises & is_long, inputs.delay_bars),
        _delayed((falls | closes) & is_long, inputs.delay_bars),
        _delayed(falls & is_short, inputs.delay_bars),
        _delayed((rises | closes) & is_short, inputs.delay_bars),
        upon_opposite_entry="reverse",
        price=inputs.fill_price,
        slippage=np.nan_to_num(inputs.half_spread / inputs.fill_price),
        fixed_fees=inputs.fees[:, PER_ORDER],
        fees=inputs.fees[:, OF_VALUE],
        size=size,
        size_type=size_type,
        size_granularity=1.0,
        min_size=1.0,
        init_cash=inputs.initial_cash_usd,
        log=True,
        freq="1min",
        **stops,
    )


def agree(inputs: KernelInputs, out: KernelOutputs, **sides_and_sizes: Any) -> None:  # noqa: ANN401 - passed on
    """Assert that a kernel's trades, lapsed orders and equity at each bar are vectorbt's."""
    portfolio = vectorbt_portfolio(inputs, **sides_and_sizes)
    agree_on_trades(portfolio, out.trade_bars, out.trade_values, out.n_trades)
    agree_on_equity(portfolio, out.equity)
    assert out.n_filled == portfolio.orders.count()
    assert out.n_lapsed == portfolio.logs.count() - portfolio.orders.count()


def agree_on_trades(portfolio: Any, trade_bars: Ints, trade_values: Floats, n_trades: int) -> None:  # noqa: ANN401 - see above
    """Assert that the trade table, with the open position in its last row, holds vectorbt's trades.

    Bars and shares, negative in a short position, are equal, prices and fees to 1e-12, profits to 1e-9 of the trade's value.
    """
    trades = portfolio.trades.records
    is_closed = trades["status"].to_numpy() == 1
    closed = trades[is_closed]
    values = trade_values[:n_trades]
    assert is_closed.sum() == n_trades
    assert trade_bars[:, ENTRY_BAR].tolist() == trades["entry_idx"].tolist()
    assert trade_bars[:n_trades, EXIT_BAR].tolist() == closed["exit_idx"].tolist()
    assert trade_values[:, SHARES].tolist() == (trades["size"] * (1 - 2 * trades["direction"])).tolist()
    np.testing.assert_allclose(trade_values[:, ENTRY_PRICE], trades["entry_price"], rtol=1e-12)
    np.testing.assert_allclose(values[:, EXIT_PRICE], closed["exit_price"], rtol=1e-12)
    np.testing.assert_allclose(values[:, FEES], closed["entry_fees"] + closed["exit_fees"], rtol=1e-12)
    np.testing.assert_array_less(
        np.abs(values[:, PNL] - closed["pnl"]), 1e-9 * closed["size"] * closed["entry_price"]
    )


def agree_on_equity(portfolio: Any, equity: Floats, *, bars: Ints | slice = slice(None)) -> None:  # noqa: ANN401 - see above
    """Assert that equity at the close of `bars`, all of them unless given, is vectorbt's to 1e-9."""
    np.testing.assert_allclose(equity, portfolio.value().to_numpy()[bars], rtol=1e-9)


def agree_on_drawdown(portfolio: Any, max_drawdown_frac: float) -> None:  # noqa: ANN401 - see above
    """Assert that the deepest fall over all bars is vectorbt's to 1e-9 of the equity."""
    pandas = pytest.importorskip("pandas")
    # The initial cash is the first peak.
    path = pandas.Series(np.append(portfolio.init_cash, portfolio.value()))
    # NaN there when equity never falls.
    deepest = np.nan_to_num(path.vbt.drawdowns.max_drawdown())
    assert max_drawdown_frac == pytest.approx(deepest, abs=1e-9)


def _delayed(signal: Bools, n_bars: int) -> Bools:
    """The signal as it reaches the market `n_bars` later."""
    return np.append(np.zeros(n_bars, dtype=np.bool_), signal)[: signal.size]

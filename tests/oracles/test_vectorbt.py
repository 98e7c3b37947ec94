"""SOURCE: vectorbt 1.2.0, `Portfolio.from_signals`: the same fills, trades and final equity on 50 random markets.

Shifted signals stand for the delay, half spread ÷ price for slippage, one share for the granularity.
"""

import numpy as np
import pytest

from quantmill.core.arrays import Bools
from quantmill.simulation.kernel import ENTRY_BAR, ENTRY_PRICE, EXIT_BAR, EXIT_PRICE, FEES, SHARES
from quantmill.simulation.order_costs import PER_ORDER
from tests.kernel_inputs import KernelInputs, KernelOutputs, call_kernel, fees_per_order

N_BARS = 400
DELAYS = (0, 4, 1)


def market_inputs(seed: int) -> KernelInputs:
    """A random market with continuous prices; spread, fee, threshold, cash and delay vary with the seed."""
    rng = np.random.default_rng(seed)
    close = rng.uniform(1.0, 500.0) * np.exp(np.cumsum(rng.normal(0.0, 0.004, N_BARS)))
    delay_bars = DELAYS[seed % len(DELAYS)]
    fill = close if delay_bars == 0 else close * np.exp(rng.normal(0.0, 0.002, N_BARS))
    strength = rng.normal(0.0, 1e-4, N_BARS)
    strength[rng.random(N_BARS) < 0.1] = np.nan
    strength[rng.random(N_BARS) < 0.03] = -np.inf
    has_spread, has_fee = rng.random(2) < 0.7
    return KernelInputs(
        strength=strength,
        mark_price=close,
        fill_price=fill.copy(),
        half_spread=np.maximum(0.005, 0.5e-4 * fill) * has_spread,
        most_shares=np.full(N_BARS, np.inf),
        fee_end=np.arange(1, N_BARS + 1),
        fees=fees_per_order(np.full(N_BARS, 0.02 * has_fee)),
        delay_bars=delay_bars,
        segment_end=np.array([N_BARS // 3, N_BARS]),
        segment_threshold=rng.choice([0.0, 5e-5, 1e-4], 2),
        initial_cash_usd=float(rng.choice([2_000.0, 100_000.0])),
    )


def delayed(signal: Bools, n_bars: int) -> Bools:
    """The signal as it reaches the market `n_bars` later."""
    return np.append(np.zeros(n_bars, dtype=np.bool_), signal)[: signal.size]


def agree(inputs: KernelInputs, out: KernelOutputs) -> None:
    vectorbt = pytest.importorskip("vectorbt")
    threshold = np.array([inputs.threshold_of(bar) for bar in range(inputs.n_bars)])
    portfolio = vectorbt.Portfolio.from_signals(
        inputs.mark_price,
        delayed(inputs.strength > threshold, inputs.delay_bars),
        delayed(inputs.strength <= -threshold, inputs.delay_bars),
        price=inputs.fill_price,
        slippage=inputs.half_spread / inputs.fill_price,
        fixed_fees=inputs.fees[:, PER_ORDER],
        size=np.inf,
        size_granularity=1.0,
        min_size=1.0,
        init_cash=inputs.initial_cash_usd,
        direction="longonly",
        freq="1min",
    )
    trades = portfolio.trades.records
    is_closed = trades["status"].to_numpy() == 1
    n = out.n_trades

    assert out.equity[-1] == pytest.approx(portfolio.final_value(), rel=1e-9)
    np.testing.assert_allclose(out.equity, portfolio.value().to_numpy(), rtol=1e-9)
    assert is_closed.sum() == n
    assert out.trade_bars[:, ENTRY_BAR].tolist() == trades["entry_idx"].tolist()
    assert out.trade_bars[:n, EXIT_BAR].tolist() == trades["exit_idx"][is_closed].tolist()
    assert out.trade_values[:, SHARES].tolist() == trades["size"].tolist()
    np.testing.assert_allclose(out.trade_values[:, ENTRY_PRICE], trades["entry_price"], rtol=1e-12)
    np.testing.assert_allclose(out.trade_values[:n, EXIT_PRICE], trades["exit_price"][is_closed], rtol=1e-12)
    paid = trades["entry_fees"] + trades["exit_fees"]
    np.testing.assert_allclose(out.trade_values[:n, FEES], paid[is_closed], rtol=1e-12)


def test_fifty_random_configurations_agree() -> None:
    n_trades = dict.fromkeys(DELAYS, 0)

    for seed in range(50):
        inputs = market_inputs(seed)
        out = call_kernel(inputs)
        agree(inputs, out)
        n_trades[inputs.delay_bars] += out.n_trades

    # The comparison would say nothing about markets that hardly trade.
    assert min(n_trades.values()) > 300

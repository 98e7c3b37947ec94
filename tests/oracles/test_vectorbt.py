"""SOURCE: vectorbt 1.2.0, `Portfolio.from_signals`: the same fills, trades and equity on 200 random markets."""

import numpy as np
import pytest

from quantmill.simulation.measure import measure_fall
from tests.kernel_inputs import KernelInputs, call_kernel, simple_inputs
from tests.vectorbt_oracle import agree, agree_on_drawdown, vectorbt_portfolio, with_order_fee

N_BARS = 400
DELAYS = (0, 4, 1)


def market_inputs(seed: int) -> KernelInputs:
    """A random market; spread, fee, threshold, cash, delay and bars without a price to fill at vary with the seed."""
    rng = np.random.default_rng(seed)
    close = rng.uniform(1.0, 500.0) * np.exp(np.cumsum(rng.normal(0.0, 0.004, N_BARS)))
    delay_bars = DELAYS[seed % len(DELAYS)]
    fill = close if delay_bars == 0 else close * np.exp(rng.normal(0.0, 0.002, N_BARS))
    strength = rng.normal(0.0, 1e-4, N_BARS)
    strength[rng.random(N_BARS) < 0.1] = np.nan
    strength[rng.random(N_BARS) < 0.03] = -np.inf
    has_spread, has_fee, has_holes = rng.random(3) < (0.7, 0.7, 0.3)
    fill = np.where(has_holes & (rng.random(N_BARS) < 0.05), np.nan, fill)
    inputs = simple_inputs(
        strength=strength,
        mark_price=close,
        fill_price=fill,
        half_spread=np.nan_to_num(np.maximum(0.005, 0.5e-4 * fill) * has_spread),
        delay_bars=delay_bars,
        segment_end=np.array([N_BARS // 3, N_BARS]),
        segment_threshold=rng.choice([0.0, 5e-5, 1e-4], 2),
        initial_cash_usd=float(rng.choice([300.0, 2_000.0, 100_000.0])),
    )
    return with_order_fee(inputs, 0.02 * has_fee, of_value=(0.0, 2e-4)[seed % 4 == 0])


def test_two_hundred_random_configurations_agree() -> None:
    n_trades, n_lapsed = dict.fromkeys(DELAYS, 0), 0

    for seed in range(200):
        inputs = market_inputs(seed)
        out = call_kernel(inputs)
        agree(inputs, out)
        n_trades[inputs.delay_bars] += out.n_trades
        n_lapsed += out.n_lapsed

    # The comparison would say nothing about markets that hardly trade.
    assert min(n_trades.values()) > 3000
    assert n_lapsed > 500


def test_twenty_random_drawdowns_agree() -> None:
    for seed in range(20):
        inputs = market_inputs(seed)
        equity = call_kernel(inputs).equity

        fall, _ = measure_fall(equity, np.array([N_BARS]), inputs.initial_cash_usd)

        agree_on_drawdown(vectorbt_portfolio(inputs), fall)


@pytest.mark.parametrize(
    ("direction", "sides", "profits"),
    [
        # Threshold 0, each order one share, filled a bar after its signal. Long: 10 → 13, 11 → 12; short: 13 → 11, 12 → 12.
        ("longonly", [0, 0], [3.0, 1.0]),
        ("shortonly", [1, 1], [2.0, 0.0]),
        # Both: long 10 → 13, short 13 → 11, long 11 → 12, short 12, closed by the gate at 12.
        ("both", [0, 1, 0, 1], [3.0, 2.0, 1.0, 0.0]),
    ],
)
def test_the_oracle_itself_takes_the_sides_that_it_is_asked_for(
    direction: str, sides: list[int], profits: list[float]
) -> None:
    inputs = simple_inputs(
        mark_price=[10.0, 10.0, 13.0, 11.0, 12.0, 12.0],
        strength=[1.0, -1.0, 1.0, -1.0, -np.inf, np.nan],
    )

    trades = vectorbt_portfolio(inputs, direction=direction, size=1.0).trades.records

    assert trades["direction"].tolist() == sides
    assert trades["pnl"].tolist() == profits
    assert (trades["status"] == 1).all()

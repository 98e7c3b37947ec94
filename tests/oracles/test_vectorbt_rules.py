"""SOURCE: vectorbt 1.2.0, `Portfolio.from_signals`: short and both sides, sizing by value and part of the equity, stops.

Where both mean the same. What differs is left out of the comparison: vectorbt turns a position in one order where we
send two, so turning is compared without fees; its percentages exclude the fee, so sizes are compared without fees; it
looks at stops from the bar after the entry on and sends one order per bar, so stops are compared for fills at the
close, on markets without a signal in a bar that stops a position; it has one stop where we have a fixed and a
trailing one; it knows neither flat at the close, nor volatility targets, nor borrowing.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from quantmill.core.arrays import Floats
from quantmill.simulation.kernel import EXIT_BAR
from quantmill.simulation.rules import Rules
from tests.kernel_inputs import KernelInputs, simple_inputs
from tests.rules_inputs import RulesInputs, RulesOutputs, call_rules, with_rules
from tests.vectorbt_oracle import agree_on_equity, agree_on_trades, vectorbt_portfolio

N_BARS = 400
pytest.importorskip("vectorbt")


def market_inputs(seed: int, *, delay_bars: int) -> KernelInputs:
    """A random market with continuous prices and no fees."""
    rng = np.random.default_rng(seed)
    close = rng.uniform(5.0, 300.0) * np.exp(np.cumsum(rng.normal(0.0, 0.004, N_BARS)))
    fill = close if delay_bars == 0 else close * np.exp(rng.normal(0.0, 0.002, N_BARS))
    strength = rng.normal(0.0, 1.0, N_BARS)
    strength[rng.random(N_BARS) < 0.1] = np.nan
    return simple_inputs(
        strength=strength,
        mark_price=close,
        fill_price=fill.copy(),
        delay_bars=delay_bars,
        segment_threshold=rng.choice([0.5, 1.0], 1),
        initial_cash_usd=100_000.0,
    )


def direction_of(side: str) -> str:
    """Our side in their words."""
    return side if side == "both" else f"{side}only"


def agree(out: RulesOutputs, portfolio: Any) -> None:  # noqa: ANN401 - see `vectorbt_portfolio`
    """Trades and equity are theirs."""
    agree_on_trades(portfolio, out.trade_bars, out.trade_values, out.n_trades)
    agree_on_equity(portfolio, out.equity)


@pytest.mark.parametrize("delay_bars", [0, 1, 4])
@pytest.mark.parametrize("side", ["short", "both", "long"])
def test_positions_of_fixed_dollars_agree(side: str, delay_bars: int) -> None:
    n_trades = 0

    for seed in range(20):
        inputs = market_inputs(seed, delay_bars=delay_bars)
        out = call_rules(with_rules(inputs, Rules(side=side, size="usd:20000")))  # pyright: ignore[reportArgumentType]
        agree(out, vectorbt_portfolio(inputs, direction=direction_of(side), size=20_000.0, size_type="value"))
        n_trades += out.n_trades

    assert n_trades > 500


@pytest.mark.parametrize("side", ["short", "long"])
def test_positions_of_a_part_of_the_equity_agree(side: str) -> None:
    n_trades = 0

    for seed in range(20):
        inputs = market_inputs(seed, delay_bars=0)
        rules = Rules(side=side, size="fraction:0.5")  # pyright: ignore[reportArgumentType]
        out = call_rules(with_rules(inputs, rules, size_weight=np.full(N_BARS, 0.5)))
        agree(out, vectorbt_portfolio(inputs, direction=direction_of(side), size=0.5, size_type="percent"))
        n_trades += out.n_trades

    assert n_trades > 300


def ranged(inputs: KernelInputs, rules: Rules, seed: int) -> RulesInputs:
    """Bars with gaps and ranges around the closes; no signal in a bar that stops a position."""
    rng = np.random.default_rng(1000 + seed)
    close = inputs.mark_price
    opened: Floats = np.append(close[0], close[:-1]) * np.exp(rng.normal(0.0, 0.002, N_BARS))
    bars = with_rules(
        inputs,
        rules,
        moment="close",
        open_price=opened,
        high_price=np.maximum(opened, close) * (1.0 + np.abs(rng.normal(0.0, 0.002, N_BARS))),
        low_price=np.minimum(opened, close) * (1.0 - np.abs(rng.normal(0.0, 0.002, N_BARS))),
    )
    while True:
        out = call_rules(bars)
        stopped = out.trade_bars[: out.n_trades, EXIT_BAR][
            np.isin(out.exit_reason[: out.n_trades], [2, 3, 4])
        ]
        limit = inputs.threshold_of(0)
        strength = bars.plain.strength.copy()
        clash = stopped[np.abs(np.nan_to_num(strength[stopped])) >= limit]
        if clash.size == 0:
            return bars
        strength[clash] = np.nan
        bars = replace(bars, plain=replace(bars.plain, strength=strength))


@pytest.mark.parametrize("side", ["long", "short", "both"])
@pytest.mark.parametrize(
    ("stop", "target", "trailing"),
    [(0.01, None, None), (None, 0.01, None), (0.01, 0.01, None), (None, None, 0.01), (None, 0.012, 0.01)],
)
def test_stops_agree(side: str, stop: float | None, target: float | None, trailing: float | None) -> None:
    n_stopped = 0

    for seed in range(10):
        rules = Rules(side, "usd:20000", stop, target, trailing)  # pyright: ignore[reportArgumentType]
        bars = ranged(market_inputs(seed, delay_bars=0), rules, seed)
        out = call_rules(bars)
        portfolio = vectorbt_portfolio(
            bars.plain,
            direction=direction_of(side),
            size=20_000.0,
            size_type="value",
            open=bars.open_price,
            high=bars.high_price,
            low=bars.low_price,
            sl_stop=stop or trailing or np.nan,
            sl_trail=trailing is not None,
            tp_stop=target or np.nan,
            stop_entry_price="FillPrice",
            stop_exit_price="StopLimit",
        )
        agree(out, portfolio)
        n_stopped += sum(reason in {"stop", "target", "trailing"} for reason in out.reasons)

    assert n_stopped > 50

"""What holds for every simulation: conservation, no look-ahead, and a second program that agrees."""

from dataclasses import replace
from fractions import Fraction
from math import floor, isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantmill.simulation.kernel import (
    ENTRY_BAR,
    ENTRY_PRICE,
    EXIT_BAR,
    EXIT_PRICE,
    FEES,
    PNL,
    SHARES,
    SPREAD,
)
from tests.kernel_inputs import KernelInputs, call_kernel, exact_fee, random_inputs
from tests.rules_inputs import dyadic_inputs

SEEDS = st.integers(0, 1_000_000)


def exact_account(inputs: KernelInputs) -> tuple[list[Fraction], list[dict[str, Fraction | int | None]]]:
    """Equity per bar and trades in exact fractions: orders go through a book, the account is a dictionary."""
    account = {"cash": Fraction(inputs.initial_cash_usd), "shares": Fraction(0)}
    book: dict[int, str] = {}
    trades: list[dict[str, Fraction | int | None]] = []
    equity: list[Fraction] = []
    for bar in range(inputs.n_bars):
        limit, e = inputs.threshold_of(bar), float(inputs.strength[bar])
        if e > limit:
            book[bar + inputs.delay_bars] = "buy"
        if e <= -limit or e == -np.inf:
            book[bar + inputs.delay_bars] = "sell"
        order = book.pop(bar, None)
        if order is not None and not isnan(inputs.fill_price[bar]):
            middle, half = Fraction(float(inputs.fill_price[bar])), Fraction(float(inputs.half_spread[bar]))
            if order == "buy" and account["shares"] == 0:
                shares = most_shares(inputs, bar, account["cash"])
                if shares >= 1:
                    paid = cost_of(inputs, bar, shares)
                    account = {"cash": account["cash"] - paid, "shares": Fraction(shares)}
                    trades.append(
                        {"entry": bar, "exit": None, "shares": Fraction(shares), "price": middle + half}
                    )
            elif order == "sell" and account["shares"] > 0:
                fee = exact_fee(inputs.fees[bar], account["shares"], middle - half, is_sale=True)
                cash = account["cash"] + account["shares"] * (middle - half) - fee
                if cash >= 0:
                    account = {"cash": cash, "shares": Fraction(0)}
                    trades[-1] |= {"exit": bar, "exit_price": middle - half}
        equity.append(account["cash"] + account["shares"] * Fraction(float(inputs.mark_price[bar])))
    return equity, trades


def cost_of(inputs: KernelInputs, bar: int, shares: int) -> Fraction:
    """What buying shares in a bar takes out of the cash."""
    price = Fraction(float(inputs.fill_price[bar])) + Fraction(float(inputs.half_spread[bar]))
    return shares * price + exact_fee(inputs.fees[bar], shares, price, is_sale=False)


def most_shares(inputs: KernelInputs, bar: int, cash: Fraction) -> int:
    """The most shares that cash pays and the bar allows, found by halving the range that holds it."""
    low, high = 0, floor(min(cash / Fraction(float(inputs.fill_price[bar])) + 1, 10**9))
    while low < high:
        middle = (low + high + 1) // 2
        if cost_of(inputs, bar, middle) <= cash:
            low = middle
        else:
            high = middle - 1
    limit = inputs.most_shares[bar]
    return low if limit == np.inf else min(low, int(limit))


@given(seed=SEEDS)
def test_an_exact_account_agrees(seed: int) -> None:
    inputs = random_inputs(seed)

    out = call_kernel(inputs)
    equity, trades = exact_account(inputs)

    assert out.equity == pytest.approx([float(value) for value in equity], rel=1e-11)
    assert out.trade_bars[:, ENTRY_BAR].tolist() == [trade["entry"] for trade in trades]
    assert out.trade_bars[: out.n_trades, EXIT_BAR].tolist() == [
        trade["exit"] for trade in trades if trade["exit"] is not None
    ]
    assert out.trade_values[:, SHARES].tolist() == [trade["shares"] for trade in trades]
    assert out.trade_values[:, ENTRY_PRICE] == pytest.approx([float(trade["price"]) for trade in trades])


@given(seed=SEEDS)
def test_every_cent_is_where_an_exact_account_has_it(seed: int) -> None:
    # Prices, spreads and fees that are short sums of powers of two: nothing is rounded, so equal means equal.
    inputs = dyadic_inputs(seed).plain

    out = call_kernel(inputs)
    equity, trades = exact_account(inputs)

    assert out.equity.tolist() == equity
    assert out.trade_values[:, ENTRY_PRICE].tolist() == [trade["price"] for trade in trades]


def fee_in(inputs: KernelInputs, bar: int, shares: float, price: float, *, is_sale: bool) -> float:
    """The fee of one fill, worked out in fractions."""
    return float(exact_fee(inputs.fees[bar], int(shares), Fraction(price), is_sale=is_sale))


@given(seed=SEEDS)
def test_money_is_conserved_at_every_bar(seed: int) -> None:
    inputs = random_inputs(seed)

    out = call_kernel(inputs)

    # What the fills so far took and gave, rebuilt from the trade table alone.
    cash = np.full(inputs.n_bars, inputs.initial_cash_usd)
    shares = np.zeros(inputs.n_bars)
    costs = np.zeros(inputs.n_bars)
    for row, (entry, leave) in enumerate(out.trade_bars):
        held, price = out.trade_values[row, SHARES], out.trade_values[row, ENTRY_PRICE]
        fee = fee_in(inputs, entry, held, price, is_sale=False)
        cash[entry:] -= held * price + fee
        costs[entry:] += fee + held * inputs.half_spread[entry]
        shares[entry:] += held
        if leave >= 0:
            got = out.trade_values[row, EXIT_PRICE]
            fee = fee_in(inputs, leave, held, got, is_sale=True)
            cash[leave:] += held * got - fee
            costs[leave:] += fee + held * inputs.half_spread[leave]
            shares[leave:] -= held
    scale = max(inputs.initial_cash_usd, float(np.abs(out.equity).max()))
    np.testing.assert_allclose(out.equity, cash + shares * inputs.mark_price, rtol=0, atol=1e-11 * scale)
    np.testing.assert_array_equal(out.position, shares)
    assert cash.min() >= -1e-11 * scale
    # Fees and spread in the table are those of its fills; profits add up to what was earned while flat.
    charged = out.trade_values[:, FEES].sum() + out.trade_values[:, SPREAD].sum()
    assert charged == pytest.approx(costs[-1], rel=1e-9, abs=1e-9)
    if out.position[-1] == 0.0:
        earned = out.equity[-1] - inputs.initial_cash_usd
        assert out.trade_values[: out.n_trades, PNL].sum() == pytest.approx(earned, abs=1e-9 * scale)


@given(seed=SEEDS, cut=st.integers(1, 119))
def test_the_future_changes_nothing_before_it(seed: int, cut: int) -> None:
    inputs = random_inputs(seed)
    other = random_inputs(seed + 1)

    def spliced(name: str) -> np.ndarray:
        return np.concatenate([getattr(inputs, name)[:cut], getattr(other, name)[cut:]])

    changed = replace(
        inputs,
        **{
            name: spliced(name)
            for name in ("strength", "mark_price", "fill_price", "half_spread", "fees", "most_shares")
        },
    )

    before, after = call_kernel(inputs), call_kernel(changed)

    np.testing.assert_array_equal(before.equity[:cut], after.equity[:cut])
    np.testing.assert_array_equal(before.position[:cut], after.position[:cut])


@given(seed=SEEDS)
def test_every_fill_answers_a_signal_that_was_known(seed: int) -> None:
    inputs = random_inputs(seed)

    out = call_kernel(inputs)

    for row, (entry, leave) in enumerate(out.trade_bars):
        signal = entry - inputs.delay_bars
        assert signal >= 0
        assert inputs.strength[signal] > inputs.threshold_of(signal)
        assert out.trade_values[row, ENTRY_PRICE] == inputs.fill_price[entry] + inputs.half_spread[entry]
        if leave >= 0:
            signal = leave - inputs.delay_bars
            assert leave > entry
            strength = inputs.strength[signal]
            assert strength <= -inputs.threshold_of(signal) or strength == -np.inf
            assert out.trade_values[row, EXIT_PRICE] == inputs.fill_price[leave] - inputs.half_spread[leave]


@given(seed=SEEDS, hole=st.integers(0, 119))
def test_a_bar_without_prediction_never_trades(seed: int, hole: int) -> None:
    inputs = random_inputs(seed)
    strength = inputs.strength.copy()
    strength[hole] = np.nan

    out = call_kernel(replace(inputs, strength=strength))

    assert hole + inputs.delay_bars not in out.trade_bars.ravel().tolist()

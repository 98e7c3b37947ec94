"""The bar loop against hand calculations, and against its own Python code."""

from dataclasses import replace

import numpy as np
import pytest

from quantmill.simulation.kernel import run_kernel
from tests.kernel_inputs import call_kernel, random_inputs, simple_inputs

NAN = float("nan")


def test_round_trip_at_next_bar_by_hand() -> None:
    # Signal at bar 0 buys in bar 1 at 50.01 + 0.05 = 50.06: floor((1000 - 1) / 50.06) = 19 shares for 951.14 and $1,
    # cash 47.86. Signal at bar 2 sells in bar 3 at 51 - 0.05 = 50.95: 968.05 - 1, cash 1014.91.
    inputs = simple_inputs(
        strength=[1.0, 1.0, -1.0, NAN],
        mark_price=[50.0, 50.5, 49.0, 51.5],
        fill_price=[49.9, 50.01, 50.4, 51.0],
        half_spread=[0.05] * 4,
        fee_usd=[1.0] * 4,
    )

    out = call_kernel(inputs)

    assert out.equity == pytest.approx([1000.0, 47.86 + 19 * 50.5, 47.86 + 19 * 49.0, 1014.91], abs=1e-9)
    assert out.position.tolist() == [0.0, 19.0, 19.0, 0.0]
    assert out.trade_bars.tolist() == [[1, 3]]
    # Shares, entry, exit, fees, spread 38 × 0.05, profit 19 × (50.95 - 50.06) - 2, lowest mark 49, highest 51 - 0.05.
    expected = [19.0, 50.06, 50.95, 2.0, 1.9, 14.91, 49.0 / 50.06 - 1, 50.95 / 50.06 - 1]
    assert out.trade_values[0] == pytest.approx(expected, abs=1e-9)
    assert (out.n_trades, out.n_filled, out.n_lapsed, out.n_pending) == (1, 2, 0, 0)


def test_delay_zero_fills_in_the_bar_of_the_signal() -> None:
    out = call_kernel(simple_inputs(strength=[NAN, 1.0, -1.0], mark_price=[10.0, 10.0, 11.0], delay_bars=0))

    assert out.trade_bars.tolist() == [[1, 2]]
    assert out.equity.tolist() == [1000.0, 1000.0, 1100.0]


def test_order_four_bars_later_uses_that_bar() -> None:
    out = call_kernel(
        simple_inputs(
            strength=[1.0] + [NAN] * 5, mark_price=[10.0, 11.0, 12.0, 13.0, 20.0, 21.0], delay_bars=4
        )
    )

    assert out.trade_bars.tolist() == [[4, -1]]
    assert out.position.tolist() == [0.0, 0.0, 0.0, 0.0, 50.0, 50.0]


def test_zero_strength_sells_at_threshold_zero_and_holds_above() -> None:
    strength = [1.0, 0.0, NAN, NAN]
    prices = [10.0, 10.0, 10.0, 10.0]

    at_zero = call_kernel(simple_inputs(strength=strength, mark_price=prices))
    above = call_kernel(
        simple_inputs(strength=strength, mark_price=prices, segment_threshold=np.array([0.5]))
    )

    assert at_zero.trade_bars.tolist() == [[1, 2]]
    assert above.trade_bars.tolist() == [[1, -1]]


def test_strength_at_the_threshold_does_not_buy_but_sells_at_minus_the_threshold() -> None:
    out = call_kernel(
        simple_inputs(
            strength=[0.5, 0.6, -0.4, -0.5, NAN], mark_price=[10.0] * 5, segment_threshold=np.array([0.5])
        )
    )

    assert out.trade_bars.tolist() == [[2, 4]]


def test_outside_a_gate_the_position_is_closed_whatever_the_threshold() -> None:
    out = call_kernel(
        simple_inputs(
            strength=[2.0, -np.inf, -np.inf, 0.5], mark_price=[10.0] * 4, segment_threshold=np.array([1.0])
        )
    )

    assert out.trade_bars.tolist() == [[1, 2]]


def test_threshold_is_that_of_the_signal_bar() -> None:
    # Bars 0-1 need 0.5, from bar 2 on 5.0; the signal of bar 1 fills in bar 2.
    out = call_kernel(
        simple_inputs(
            strength=[NAN, 1.0, NAN, NAN],
            mark_price=[10.0] * 4,
            segment_end=np.array([2, 4]),
            segment_threshold=np.array([0.5, 5.0]),
        )
    )

    assert out.trade_bars.tolist() == [[2, -1]]


def test_unknown_threshold_never_trades() -> None:
    out = call_kernel(
        simple_inputs(strength=[9.0, 9.0, -9.0], mark_price=[10.0] * 3, segment_threshold=np.array([NAN]))
    )

    assert out.n_filled == 0


def test_a_gate_closes_the_position_where_the_threshold_is_unknown() -> None:
    out = call_kernel(
        simple_inputs(
            strength=[1.0, NAN, -np.inf, NAN],
            mark_price=[10.0] * 4,
            segment_end=np.array([2, 4]),
            segment_threshold=np.array([0.5, NAN]),
        )
    )

    assert out.trade_bars.tolist() == [[1, 3]]


def test_missing_price_and_too_little_cash_lapse() -> None:
    missing = call_kernel(
        simple_inputs(strength=[1.0, NAN, NAN], mark_price=[10.0] * 3, fill_price=[10.0, NAN, 10.0])
    )
    poor = call_kernel(simple_inputs(strength=[1.0, NAN], mark_price=[10.0] * 2, initial_cash_usd=9.99))

    assert (missing.n_filled, missing.n_lapsed) == (0, 1)
    assert (poor.n_filled, poor.n_lapsed) == (0, 1)


def test_fee_that_cannot_be_paid_lapses() -> None:
    # 1 share at 10 leaves nothing; selling it at 1 does not cover the fee of 5.
    out = call_kernel(
        simple_inputs(
            strength=[1.0, -1.0, NAN],
            mark_price=[10.0, 10.0, 1.0],
            fee_usd=[0.0, 0.0, 5.0],
            initial_cash_usd=10.0,
        )
    )

    assert (out.n_filled, out.n_lapsed) == (1, 1)
    assert out.position[-1] == 1.0


def test_a_share_that_rounding_makes_affordable_is_not_bought() -> None:
    # In floating point 0.35 / 0.01 is 35, but 35 × 0.01 is 0.35000000000000003: more than there is.
    out = call_kernel(simple_inputs(strength=[1.0, NAN], mark_price=[0.01, 0.01], initial_cash_usd=0.35))

    assert out.position[-1] == 34.0
    assert out.equity[-1] == pytest.approx(0.35)


def test_orders_past_the_end_are_pending_when_they_fit_the_position() -> None:
    out = call_kernel(
        simple_inputs(strength=[1.0, NAN, NAN, -1.0, 1.0, -1.0], mark_price=[10.0] * 6, delay_bars=3)
    )

    assert (out.n_filled, out.n_pending) == (1, 2)


@pytest.mark.parametrize("seed", range(8))
def test_compiled_kernel_equals_its_python_code(seed: int) -> None:
    inputs = random_inputs(seed)

    compiled = call_kernel(inputs)
    interpreted = call_kernel(inputs, kernel=run_kernel.py_func)

    np.testing.assert_array_equal(compiled.equity, interpreted.equity)
    np.testing.assert_array_equal(compiled.position, interpreted.position)
    np.testing.assert_array_equal(compiled.trade_bars, interpreted.trade_bars)
    n = compiled.n_trades
    np.testing.assert_array_equal(compiled.trade_values[:n], interpreted.trade_values[:n])
    assert (n, compiled.n_filled, compiled.n_lapsed) == (
        interpreted.n_trades,
        interpreted.n_filled,
        interpreted.n_lapsed,
    )
    assert compiled.n_pending == interpreted.n_pending


def test_nothing_happens_without_signals() -> None:
    out = call_kernel(replace(random_inputs(1), strength=np.full(120, NAN)))

    assert out.n_filled == out.n_lapsed == out.n_pending == 0
    assert (out.equity == random_inputs(1).initial_cash_usd).all()

"""Why trades ended, and what fills cost against the close of their signal where some answer none."""

import numpy as np
import pytest

from quantmill.simulation.exit_reasons import (
    exit_counts,
    plain_exit_reasons,
    reason_names,
    signal_slippage_bps,
)
from quantmill.simulation.kernel import ENTRY_PRICE, EXIT_PRICE, SHARES
from quantmill.simulation.positions import OF_CLOSE, OF_GATE, OF_SIGNAL, OF_STOP, STILL_OPEN
from quantmill.simulation.rules import NO_RULES, Rules
from quantmill.simulation.trade_metrics import measure_trades
from tests.kernel_inputs import call_kernel, random_inputs, simple_inputs
from tests.rules_inputs import call_rules, ruled, with_rules

NAN = float("nan")


def test_signals_and_gates_are_told_apart_by_the_strength_that_closed() -> None:
    strength = np.array([1.0, -1.0, 1.0, -np.inf, 1.0, NAN])
    out = call_kernel(simple_inputs(strength=strength, mark_price=[10.0] * 6))

    reasons = plain_exit_reasons(out.trade_bars, strength, 1)

    assert reason_names(reasons).to_list() == ["signal", "gate", None]


@pytest.mark.parametrize("seed", range(30))
def test_the_kernel_of_rules_gives_the_same_reasons(seed: int) -> None:
    plain = random_inputs(seed)

    out = call_rules(with_rules(plain, NO_RULES))

    reasons = plain_exit_reasons(out.trade_bars, plain.strength, plain.delay_bars)
    assert out.exit_reason.tolist() == reasons.tolist()


def test_trades_are_counted_by_what_closed_them() -> None:
    reasons = np.array([OF_STOP, OF_SIGNAL, OF_STOP, STILL_OPEN])

    assert exit_counts(reasons) == {"trades_closed_by_signal": 1, "trades_closed_by_stop": 2}
    assert exit_counts(np.empty(0, dtype=np.int64)) == {}


def test_slippage_counts_the_fills_of_signals_alone() -> None:
    # Bought at 11 after a close of 10: 10 % worse. Sold short at 9 after 10: 10 % worse, stopped (not counted).
    # Bought at 10 after 10, sold at 12 after 10: 20 % better.
    bars = np.array([[1, 2], [3, 4], [5, 6]])
    values = np.zeros((3, 8))
    values[:, SHARES] = [5.0, -5.0, 5.0]
    values[:, ENTRY_PRICE] = [11.0, 9.0, 10.0]
    values[:, EXIT_PRICE] = [10.0, 30.0, 12.0]
    reasons = np.array([OF_CLOSE, OF_STOP, OF_SIGNAL])

    slippage = signal_slippage_bps(bars, values, reasons, np.full(7, 10.0), 1)

    assert slippage == pytest.approx((0.1 + 0.1 + 0.0 - 0.2) / 4 * 1e4)


def test_without_a_fill_there_is_no_slippage() -> None:
    none = np.empty(0, dtype=np.int64)

    assert np.isnan(
        signal_slippage_bps(np.empty((0, 2), dtype=np.int64), np.empty((0, 8)), none, np.ones(2), 1)
    )


def test_an_open_position_counts_its_entry() -> None:
    values = np.zeros((1, 8))
    values[0, SHARES], values[0, ENTRY_PRICE] = -1.0, 9.9

    slippage = signal_slippage_bps(np.array([[1, -1]]), values, np.array([STILL_OPEN]), np.full(3, 10.0), 1)

    assert slippage == pytest.approx(100.0)
    assert OF_GATE != STILL_OPEN


def test_figures_of_a_short_trade_by_hand() -> None:
    # The round trip of `test_a_short_round_trip`: 20 shares sold at 49.5 after a close of 50, covered at 45.5 after 52.
    marks = np.array([50.0, 50.0, 52.0, 46.0])
    out = call_rules(
        ruled(
            Rules(side="short"),
            strength=[-1.0, NAN, 1.0, NAN],
            mark_price=list(marks),
            fill_price=[50.0, 50.0, 52.0, 45.0],
            half_spread=[0.5] * 4,
            fee_usd=[1.0] * 4,
        )
    )

    figures = measure_trades(
        out.n_trades,
        out.n_filled,
        out.trade_bars,
        out.trade_values,
        out.equity[-1:],
        marks,
        1,
        1000.0,
    )

    assert figures.exposure_frac == 2 / 4
    assert figures.turnover_times == pytest.approx((20 * 49.5 + 20 * 45.5) / 1078.0)
    assert figures.expectancy_usd == 78.0
    assert figures.worst_trade_frac == pytest.approx(78 / (20 * 49.5))
    assert figures.mean_holding_bars == 2.0
    assert figures.mean_mae_frac == pytest.approx(1 - 52 / 49.5)
    assert figures.mean_mfe_frac == pytest.approx(1 - 45.5 / 49.5)
    assert figures.break_even_cost_bps == pytest.approx((78 + 22) / (20 * 95.0) * 1e4)
    # Sold 1 % below 50, bought 12.5 % below 52.
    assert figures.fill_slippage_bps == pytest.approx((0.01 - (1 - 45.5 / 52)) / 2 * 1e4)

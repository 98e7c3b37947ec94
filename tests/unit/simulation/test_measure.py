"""Figures of equity, trades and hits, each worked by hand."""

import math

import numpy as np
import pytest

from quantmill.simulation.measure import (
    measure_fall,
    measure_hits,
    measure_sessions,
    session_end_returns,
)
from quantmill.simulation.trade_metrics import measure_trades
from tests.kernel_inputs import KernelOutputs, call_kernel, simple_inputs

NAN = float("nan")


def test_deepest_fall_counts_sessions_to_its_recovery() -> None:
    # From 110 (bar 1, session 0) down to 88 = -20 %, back at 110 in bar 5 (session 2); a smaller fall follows.
    equity = np.array([100.0, 110.0, 99.0, 88.0, 105.0, 110.0, 121.0, 110.0])

    assert measure_fall(equity, np.array([2, 4, 8]), 100.0) == (pytest.approx(-0.2), 2)


def test_fall_below_the_initial_cash_counts_from_the_start_and_lasts_to_the_end() -> None:
    assert measure_fall(np.array([95.0, 90.0, 92.0]), np.array([1, 2, 3]), 100.0) == (pytest.approx(-0.1), 2)


def test_equity_that_only_rises_never_falls() -> None:
    assert measure_fall(np.array([100.0, 101.0, 101.0]), np.array([3]), 100.0) == (0.0, 0)


def test_drawdown_is_the_lowest_ratio_to_the_running_peak() -> None:
    equity = 100.0 * np.exp(np.cumsum(np.random.default_rng(0).normal(0.0, 0.01, 500)))

    fall, _ = measure_fall(equity, np.array([500]), 100.0)

    peak = np.maximum.accumulate(np.append(100.0, equity))[1:]
    assert fall == (equity / peak - 1.0).min()


def test_session_returns_start_from_the_initial_cash() -> None:
    returns = np.empty(2)

    session_end_returns(np.array([110.0, 99.0]), 100.0, returns)

    assert returns == pytest.approx([0.1, -0.1])


def test_equity_at_or_below_zero_has_no_return_but_while_it_stays() -> None:
    returns = np.empty(6)

    session_end_returns(np.array([50.0, -5.0, -5.0, -4.0, 10.0, 20.0]), 100.0, returns)

    assert returns == pytest.approx([-0.5, -1.1, 0.0, NAN, NAN, 1.0], nan_ok=True)


def test_equity_that_fell_below_zero_leaves_no_figure_of_returns() -> None:
    returns = np.array([0.1, -1.5, NAN, 0.2])

    figures = measure_sessions(returns, np.array([0.1, 0.2, 0.3, 0.4]), np.empty(4), -1.5, 0.0, -1.5)

    known = {name for name, value in figures._asdict().items() if not math.isnan(value)}
    assert known == {"annual_return_frac", "buy_hold_return_frac", "calmar", "longest_under_water_sessions"}
    assert figures.annual_return_frac == -1.0
    assert figures.calmar == pytest.approx(-1 / 1.5)
    assert figures.longest_under_water_sessions == 3


def test_calmar_is_annual_return_over_the_deepest_fall() -> None:
    # 10 % in one session: 1.1^252 - 1, over a fall of 0.2.
    one = np.array([0.1])

    figures = measure_sessions(one, one, np.empty(1), 0.1, 0.03, -0.2)
    without_fall = measure_sessions(one, one, np.empty(1), 0.1, 0.03, 0.0)

    assert figures.calmar == pytest.approx((1.1**252 - 1) / 0.2)
    assert figures.buy_hold_return_frac == 0.03
    assert math.isnan(without_fall.calmar)


def trade_figures(
    out: KernelOutputs, mark_price: np.ndarray, session_end: np.ndarray, *, delay_bars: int = 1
):
    return measure_trades(
        out.n_trades,
        out.n_filled,
        out.trade_bars,
        out.trade_values,
        out.equity[session_end - 1],
        mark_price,
        delay_bars,
        1000.0,
    )


def test_trade_figures_by_hand() -> None:
    # Fee $1, half spread 0.5. Bar 1: buy at 10.5, (1000 - 1) / 10.5 → 95 shares for 997.50, cash 1.50.
    # Bar 2: sell at 12 - 0.5 = 11.5: 1092.50 - 1 → cash 1093; profit 95 × 1 - 2 = 93.
    # Bar 4: buy at 10.5: floor(1092 / 10.5) = 104 for 1092 + 1, cash 0. Bar 5: sell at 9.5: 988 - 1 → cash 987;
    # profit -104 - 2 = -106. Bar 7: buy at 10.5: floor(986 / 10.5) = 93, 976.50 + 1, cash 9.50, still held.
    marks = np.array([10.0, 10.0, 12.0, 10.0, 10.0, 10.0, 10.0, 10.0])
    inputs = simple_inputs(
        strength=[1.0, -1.0, NAN, 1.0, -1.0, NAN, 1.0, NAN],
        mark_price=marks,
        half_spread=[0.5] * 8,
        fee_usd=[1.0] * 8,
    )

    out = call_kernel(inputs)
    figures = trade_figures(out, marks, np.array([4, 8]))

    assert out.equity[[3, 7]] == pytest.approx([1093.0, 939.5])
    assert figures.win_rate_frac == 0.5
    assert figures.profit_factor == pytest.approx(93 / 106)
    assert figures.expectancy_usd == pytest.approx(-6.5)
    assert (figures.average_win_usd, figures.average_loss_usd) == pytest.approx((93.0, -106.0))
    # Trade 2 loses 106 on 104 × 10.5; both are held for one bar, the open position does not count.
    assert figures.worst_trade_frac == pytest.approx(-106 / (104 * 10.5))
    assert figures.mean_holding_bars == 1.0
    # Trade 1: lowest close while held 10 against 10.5, highest its exit at 11.5; trade 2: lowest its exit at 9.5.
    assert figures.mean_mae_frac == pytest.approx(((10 / 10.5 - 1) + (9.5 / 10.5 - 1)) / 2)
    assert figures.mean_mfe_frac == pytest.approx((11.5 / 10.5 - 1) / 2)
    # Held at the closes of bars 1, 4 and 7.
    assert figures.exposure_frac == 3 / 8
    assert figures.fees_usd == 5.0
    # Shares traded 95 × 2 + 104 × 2 + 93 = 491.
    assert figures.spread_usd == pytest.approx(245.5)
    assert figures.cost_per_trade_usd == pytest.approx(250.5 / 3)
    assert figures.cost_return_frac == pytest.approx(-0.2505)
    traded = 95 * (10.5 + 11.5) + 104 * (10.5 + 9.5) + 93 * 10.5
    assert figures.turnover_times == pytest.approx(traded / ((1093.0 + 939.5) / 2))
    assert figures.break_even_cost_bps == pytest.approx((939.5 - 1000 + 250.5) / traded * 1e4)
    # Against the close of the signal bar: buys 10.5/10, 10.5/10, 10.5/10; sells 11.5/10 (a gain), 9.5/10.
    assert figures.fill_slippage_bps == pytest.approx((0.05 * 3 - 0.15 + 0.05) / 5 * 1e4)


def test_figures_without_trades_are_unknown_not_zero() -> None:
    out = call_kernel(simple_inputs(mark_price=[10.0, 10.0]))

    figures = trade_figures(out, np.array([10.0, 10.0]), np.array([2]))

    unknown = {name for name, value in figures._asdict().items() if math.isnan(value)}
    assert unknown == {
        "win_rate_frac",
        "profit_factor",
        "expectancy_usd",
        "average_win_usd",
        "average_loss_usd",
        "worst_trade_frac",
        "mean_holding_bars",
        "mean_mae_frac",
        "mean_mfe_frac",
        "cost_per_trade_usd",
        "break_even_cost_bps",
        "fill_slippage_bps",
    }
    assert figures.fees_usd == figures.exposure_frac == 0.0
    # Not -0.0, which a report would show as a loss.
    assert math.copysign(1.0, figures.cost_return_frac) == 1.0


def test_hits_count_bars_above_the_threshold_of_their_segment() -> None:
    # Segment 1 (threshold 0.1): 0.2 hit, 0.3 miss, 0.1 not above. Segment 2 (0.5): 0.4 not above, 0.6 hit, two not counted.
    counted = np.array([0.2, 0.3, 0.1, 0.4, 0.6, NAN, NAN])
    hit = np.array([0.2, NAN, 0.1, 0.4, 0.6, NAN, NAN])

    hits = measure_hits(counted, hit, np.array([3, 7]), np.array([0.1, 0.5]))

    assert hits.n_hit_bars == 3
    assert hits.hit_rate_frac == pytest.approx(2 / 3)


def test_no_bar_above_the_threshold_has_no_hit_rate() -> None:
    hits = measure_hits(np.array([0.1]), np.array([0.1]), np.array([1]), np.array([1.0]))

    assert math.isnan(hits.hit_rate_frac)
    assert hits.n_hit_bars == 0


def test_compiled_measures_equal_their_python_code() -> None:
    rng = np.random.default_rng(3)
    equity = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, 200)))
    counted = np.abs(rng.normal(size=200))
    hit = np.where(rng.random(200) < 0.5, counted, NAN)
    ends = np.array([50, 200])

    assert measure_fall(equity, ends, 100.0) == measure_fall.py_func(equity, ends, 100.0)
    thresholds = np.array([0.5, 1.0])
    assert measure_hits(counted, hit, ends, thresholds) == measure_hits.py_func(
        counted, hit, ends, thresholds
    )

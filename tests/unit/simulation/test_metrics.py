"""The list of metrics: complete, in order, and with a reason for every value that is missing."""

import pytest

from quantmill.simulation.measure import HitFigures, PathFigures, SessionFigures
from quantmill.simulation.metrics import METRIC_NAMES, METRICS, as_metrics, null_reasons
from quantmill.simulation.trade_metrics import TradeFigures

COUNTS = {"n_trades", "n_orders", "n_lapsed", "n_pending", "n_sessions"}


def test_every_figure_is_declared_once() -> None:
    measured = [
        name
        for figures in (PathFigures, SessionFigures, TradeFigures, HitFigures)
        for name in figures._fields
    ]

    assert sorted([*measured, *COUNTS]) == sorted(METRIC_NAMES)
    assert len(set(METRIC_NAMES)) == len(METRICS)


def test_a_missing_value_has_its_reason() -> None:
    figures = dict.fromkeys(METRIC_NAMES, 1.0) | {"sharpe": float("nan")}

    metrics = as_metrics(figures)

    assert metrics["sharpe"] is None
    assert null_reasons(metrics) == {
        "sharpe": "needs two sessions or more, session returns that vary, and equity above zero"
    }


def test_a_figure_beyond_all_numbers_has_no_value() -> None:
    # A return of 2000 % in one session compounds to 21^252, more than a float holds.
    metrics = as_metrics(dict.fromkeys(METRIC_NAMES, 1.0) | {"annual_return_frac": float("inf")})

    assert metrics["annual_return_frac"] is None
    assert null_reasons(metrics) == {"annual_return_frac": "too large for a number"}


def test_a_metric_that_was_not_measured_is_an_error() -> None:
    with pytest.raises(KeyError, match="sharpe"):
        as_metrics({name: 1.0 for name in METRIC_NAMES if name != "sharpe"})


def test_names_that_other_programs_rely_on() -> None:
    promised = """final_equity_usd total_return_frac buy_hold_return_frac sharpe sortino calmar max_drawdown_frac n_trades
    win_rate_frac profit_factor hit_rate_frac exposure_frac fees_usd"""

    assert set(promised.split()) <= set(METRIC_NAMES)

"""Formulas over session returns, each worked by hand."""

import math

import numpy as np
import pytest

from quantmill.simulation.session_metrics import (
    alpha_and_beta,
    annual_return,
    expected_shortfall,
    kurtosis,
    longest_under_water,
    omega,
    quantile_of_sorted,
    sharpe,
    skew,
    sortino,
    standard_deviation,
)

# Mean 0.005; distances 0.005, -0.025, 0.025, -0.005, their squares sum to 0.0013.
RETURNS = np.array([0.01, -0.02, 0.03, 0.0])
STILL = np.zeros(4)


def test_standard_deviation_divides_by_one_less() -> None:
    assert standard_deviation(RETURNS) == pytest.approx(math.sqrt(0.0013 / 3), rel=1e-12)


def test_sharpe_is_mean_over_deviation_per_root_year() -> None:
    # 0.005 / 0.0208167 × 15.8745 = 3.8129
    assert sharpe(RETURNS) == pytest.approx(3.8129, abs=1e-4)


def test_sortino_counts_every_session_in_its_mean_square() -> None:
    # One loss of 0.02 in four sessions: √(0.0004 / 4) = 0.01; 0.005 / 0.01 × √252 = 7.93725.
    assert sortino(RETURNS) == pytest.approx(7.93725, abs=1e-5)


def test_omega_is_gains_over_losses() -> None:
    assert omega(RETURNS) == pytest.approx(0.04 / 0.02, rel=1e-12)


def test_moments_are_of_the_population() -> None:
    # 0, 0, 0, 4: distances -1, -1, -1, 3; m2 = 12/4, m3 = 24/4, m4 = 84/4; skew 6/3^1.5, kurtosis 21/9.
    values = np.array([0.0, 0.0, 0.0, 4.0])

    assert skew(values) == pytest.approx(6 / 3**1.5, rel=1e-12)
    assert kurtosis(values) == pytest.approx(21 / 9, rel=1e-12)


def test_quantile_lies_between_order_statistics() -> None:
    # Position 0.05 × 3 = 0.15 between -0.02 and 0: -0.017. What lies at or below it is -0.02 alone.
    ascending = np.sort(RETURNS)

    assert quantile_of_sorted(ascending, 0.05) == pytest.approx(-0.017, rel=1e-12)
    assert expected_shortfall(ascending, 0.05) == pytest.approx(-0.02, rel=1e-12)


def test_quantile_of_twenty_one_sessions_is_the_second_worst() -> None:
    ascending = np.arange(-10.0, 11.0)

    assert quantile_of_sorted(ascending, 0.05) == -9.0
    assert expected_shortfall(ascending, 0.05) == -9.5


def test_sessions_without_a_position_do_not_dilute_the_shortfall() -> None:
    # 41 sessions, 2 of them lost: the quantile, at position 2, is 0 as 39 others are; the lowest three average -0.01.
    ascending = np.append([-0.02, -0.01], np.zeros(39))

    assert quantile_of_sorted(ascending, 0.05) == 0.0
    assert expected_shortfall(ascending, 0.05) == pytest.approx(-0.01, rel=1e-12)


def test_a_return_that_is_unknown_leaves_the_tail_unknown() -> None:
    ascending = np.sort(np.append(RETURNS, np.nan))

    assert math.isnan(quantile_of_sorted(ascending, 0.05))
    assert math.isnan(expected_shortfall(ascending, 0.05))


def test_sessions_under_water_end_below_the_best_end_before() -> None:
    # 1.1, 0.99, 1.089, 1.1979: two below 1.1; then 1.078, 1.078, 1.078, never back.
    returns = np.array([0.1, -0.1, 0.1, 0.1, -0.1, 0.0, 0.0])

    assert longest_under_water(returns[:4]) == 2
    assert longest_under_water(returns) == 3
    assert longest_under_water(np.array([-0.1])) == 1
    assert longest_under_water(STILL) == 0


def test_quantile_of_one_session_is_its_return() -> None:
    assert quantile_of_sorted(np.array([0.1]), 0.05) == 0.1


def test_alpha_and_beta_of_a_linear_strategy() -> None:
    # r = 0.001 + 2 b, so beta = 2 and alpha = 1.001^252 - 1 = 0.28643.
    benchmark = np.array([0.01, -0.01, 0.02])

    alpha, beta = alpha_and_beta(0.001 + 2 * benchmark, benchmark)

    assert beta == pytest.approx(2.0, rel=1e-12)
    assert alpha == pytest.approx(0.28643, abs=1e-5)


def test_alpha_of_a_loss_of_more_than_everything_is_a_loss_of_everything() -> None:
    # Short: the mean return is -2 per session without any beta; (1 - 2)^252 would be a gain.
    alpha, beta = alpha_and_beta(np.array([-2.0, -2.0]), np.array([0.01, -0.01]))

    assert (alpha, beta) == (-1.0, 0.0)


def test_half_a_year_counts_twice() -> None:
    assert annual_return(0.1, 126) == pytest.approx(0.21, rel=1e-12)
    assert annual_return(-1.0, 126) == -1.0


@pytest.mark.parametrize("formula", [sharpe, sortino, omega, skew, kurtosis])
def test_returns_that_do_not_vary_have_no_ratio(formula) -> None:
    assert math.isnan(formula(STILL))
    assert math.isnan(formula(np.empty(0)))


def test_one_session_has_no_deviation() -> None:
    one = np.array([0.01])

    assert math.isnan(standard_deviation(one))
    assert math.isnan(sharpe(one))
    assert math.isnan(sortino(-one))
    assert all(math.isnan(value) for value in alpha_and_beta(one, one))


@pytest.mark.parametrize(
    "formula", [standard_deviation, sharpe, sortino, omega, skew, kurtosis, longest_under_water]
)
def test_compiled_formulas_equal_their_python_code(formula) -> None:
    returns = np.random.default_rng(0).normal(0.0, 0.01, 100)

    assert formula(returns) == pytest.approx(formula.py_func(returns), rel=1e-14)

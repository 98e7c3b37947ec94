"""Edges of the statistics of Sharpe ratios; the papers' numbers are in tests/golden."""

import numpy as np
import pytest

from quantmill.evaluation.sharpe import (
    deflated_sharpe,
    expected_maximum_sharpe,
    probabilistic_sharpe,
    sharpe_null_reason,
)

NAN = float("nan")


def test_sharpe_equal_to_the_benchmark_is_even_odds() -> None:
    even = probabilistic_sharpe(0.1, n_sessions=100, skew=-1.0, kurtosis=5.0, benchmark=0.1)

    assert float(even) == pytest.approx(0.5)


def test_one_trial_is_not_deflated() -> None:
    moments = {"n_sessions": 100, "skew": 0.2, "kurtosis": 4.0}

    assert expected_maximum_sharpe(1, 0.3) == 0.0
    assert deflated_sharpe(0.1, **moments, n_trials=1, trial_deviation=0.3) == probabilistic_sharpe(
        0.1, **moments
    )


def test_trials_that_do_not_differ_are_not_deflated() -> None:
    assert expected_maximum_sharpe(1000, 0.0) == 0.0


def test_more_trials_deflate_more() -> None:
    maxima = [expected_maximum_sharpe(n, 1.0) for n in (1, 2, 10, 1000, 10**9)]

    assert maxima == sorted(maxima)
    assert np.isfinite(maxima).all()


def test_rows_are_computed_together_and_unknown_ones_stay_unknown() -> None:
    result = probabilistic_sharpe(
        np.array([0.1, NAN, 0.1, 1.0]),
        n_sessions=np.array([100, 100, 19, 100]),
        skew=np.array([0.0, 0.0, 0.0, 2.0]),
        kurtosis=np.array([3.0, 3.0, 3.0, 5.0]),
    )

    # The last row's error is 1 - 2 + 1 = 0: two equally likely returns have skewness² + 1 = kurtosis.
    assert np.isnan(result).tolist() == [False, True, True, True]


def test_a_missing_value_says_why() -> None:
    assert sharpe_null_reason(0.1, n_sessions=19) == "rests on 19 sessions, at least 20 are needed"
    assert "do not vary" in sharpe_null_reason(None, n_sessions=100)
    assert "standard error" in sharpe_null_reason(1.0, n_sessions=100)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="n_trials"):
        expected_maximum_sharpe(0, 1.0)
    with pytest.raises(ValueError, match="deviation"):
        expected_maximum_sharpe(2, NAN)

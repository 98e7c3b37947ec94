"""SOURCE: numbers printed in the papers that define these statistics.

Bailey and López de Prado (2014), "The Deflated Sharpe Ratio", Journal of Portfolio Management 40(5), section "A Numerical
Example": annual Sharpe 2.5 over 1,250 days (250 a year), variance of the trials' annual Sharpe ratios 1/2, skewness -3,
kurtosis 10. Of 100 trials: SR0 = 0.1132, DSR ≈ 0.9004; of 46: 0.9505; with normal returns 0.9505 is reached at 88.
Bailey and López de Prado (2012), "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2): monthly Sharpe 0.458 over
24 months, skewness -2.448, kurtosis 10.164: PSR(0) = 0.913, and 0.982 were the returns normal.
Bailey and López de Prado (2014) also: the expected maximum of 1,000 trials of unit variance is 3.26.
"""

import math

import pytest

from quantmill.evaluation.sharpe import deflated_sharpe, expected_maximum_sharpe, probabilistic_sharpe

DAYS = 250
PER_DAY = 2.5 / math.sqrt(DAYS)
DEVIATION = math.sqrt(0.5 / DAYS)


def deflated(n_trials: int, *, skew: float = -3.0, kurtosis: float = 10.0) -> float:
    return float(
        deflated_sharpe(
            PER_DAY,
            n_sessions=1250,
            skew=skew,
            kurtosis=kurtosis,
            n_trials=n_trials,
            trial_deviation=DEVIATION,
        )
    )


def test_expected_maximum_of_a_hundred_trials() -> None:
    assert expected_maximum_sharpe(100, DEVIATION) == pytest.approx(0.1132, abs=5e-5)


def test_expected_maximum_of_a_thousand_trials() -> None:
    assert expected_maximum_sharpe(1000, 1.0) == pytest.approx(3.26, abs=5e-3)


def test_deflated_sharpe_of_the_numerical_example() -> None:
    assert deflated(100) == pytest.approx(0.9004, abs=5e-5)
    assert deflated(46) == pytest.approx(0.9505, abs=5e-5)
    assert deflated(88, skew=0.0, kurtosis=3.0) == pytest.approx(0.9505, abs=5e-5)


def test_probabilistic_sharpe_of_a_hedge_fund_track_record() -> None:
    fund = probabilistic_sharpe(0.458, n_sessions=24, skew=-2.448, kurtosis=10.164)
    normal = probabilistic_sharpe(0.458, n_sessions=24, skew=0.0, kurtosis=3.0)

    assert float(fund) == pytest.approx(0.913, abs=5e-4)
    assert float(normal) == pytest.approx(0.982, abs=5e-4)

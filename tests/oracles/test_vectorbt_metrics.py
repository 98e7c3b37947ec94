"""SOURCE: vectorbt 1.2.0 `returns` accessor (252 sessions a year) and scipy.stats moments, on random session returns."""

import numpy as np
import pytest

from quantmill.simulation.session_metrics import (
    alpha_and_beta,
    annual_return,
    expected_shortfall,
    kurtosis,
    omega,
    quantile_of_sorted,
    sharpe,
    skew,
    sortino,
    standard_deviation,
)

SESSIONS = 75


@pytest.mark.parametrize("seed", range(5))
def test_session_metrics_equal_the_reference_library(seed: int) -> None:
    pandas = pytest.importorskip("pandas")
    stats = pytest.importorskip("scipy.stats")
    pytest.importorskip("vectorbt")
    rng = np.random.default_rng(seed)
    returns = rng.normal(5e-4, 0.01, SESSIONS)
    benchmark = rng.normal(5e-4, 0.01, SESSIONS)
    index = pandas.date_range("2024-01-01", periods=SESSIONS)
    reference = pandas.Series(returns, index=index).vbt.returns(freq="D", year_freq="252 days")
    ascending = np.sort(returns)
    benchmark_series = pandas.Series(benchmark, index=index)

    alpha, beta = alpha_and_beta(returns, benchmark)
    ours = {
        "sharpe": sharpe(returns),
        "sortino": sortino(returns),
        "omega": omega(returns),
        "value_at_risk": quantile_of_sorted(ascending, 0.05),
        "expected_shortfall": expected_shortfall(ascending, 0.05),
        "volatility": standard_deviation(returns) * np.sqrt(252),
        "annual_return": annual_return(float(np.prod(1.0 + returns)) - 1.0, SESSIONS),
        "alpha": alpha,
        "beta": beta,
        "skew": skew(returns),
        "kurtosis": kurtosis(returns),
    }

    assert ours == pytest.approx(
        {
            "sharpe": reference.sharpe_ratio(),
            "sortino": reference.sortino_ratio(),
            "omega": reference.omega_ratio(),
            "value_at_risk": reference.value_at_risk(),
            "expected_shortfall": reference.cond_value_at_risk(),
            "volatility": reference.annualized_volatility(),
            "annual_return": reference.annualized(),
            "alpha": reference.alpha(benchmark_series),
            "beta": reference.beta(benchmark_series),
            "skew": stats.skew(returns),
            "kurtosis": stats.kurtosis(returns, fisher=False),
        },
        rel=1e-9,
    )

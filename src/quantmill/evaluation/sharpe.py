"""How likely a Sharpe ratio is real: probabilistic, expected best of many, deflated.

All Sharpe ratios here are per session: the metric `sharpe` ÷ √252. Arguments broadcast like NumPy arrays; NaN
means: cannot be computed, and `sharpe_null_reason` says why.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from quantmill.core.arrays import Floats
from quantmill.evaluation.normal import normal_cdf, normal_quantile

__all__ = [
    "MIN_SESSIONS",
    "SIGNIFICANCE",
    "deflated_sharpe",
    "expected_maximum_sharpe",
    "luck_deviation",
    "probabilistic_sharpe",
    "sharpe_null_reason",
]

MIN_SESSIONS: Final = 20
"""Below this many sessions the normal approximation of a Sharpe ratio's error is not used."""

SIGNIFICANCE: Final = 0.95
"""A probability above this counts as significant."""


def probabilistic_sharpe(
    sharpe: ArrayLike,
    *,
    n_sessions: ArrayLike,
    skew: ArrayLike,
    kurtosis: ArrayLike,
    benchmark: ArrayLike = 0.0,
) -> Floats:
    """Probability that the true Sharpe ratio is above `benchmark`, given the one that was estimated.

    Args:
        sharpe: Estimated Sharpe ratio per session.
        n_sessions: Session returns that it was estimated from.
        skew: Skewness of the session returns.
        kurtosis: Their kurtosis, 3 for a normal distribution.
        benchmark: Sharpe ratio per session to be beaten.

    Returns:
        In [0, 1]; NaN below 20 sessions, without a Sharpe ratio, or when its error is zero.

    Source:
        Bailey and López de Prado (2012), "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2), eq. 11:
        Φ((SR - SR*) √(n - 1) / √(1 - γ₃ SR + (γ₄ - 1)/4 SR²)).
    """
    estimate, n, third, fourth, bar = (
        np.asarray(value, dtype=np.float64) for value in (sharpe, n_sessions, skew, kurtosis, benchmark)
    )
    squared_error = 1.0 - third * estimate + (fourth - 1.0) / 4.0 * estimate**2
    is_defined = (n >= MIN_SESSIONS) & (squared_error > 0.0)
    # 1.0 stands in where the result is NaN anyway.
    error = np.sqrt(np.where(is_defined, squared_error, 1.0) / np.where(is_defined, n - 1.0, 1.0))
    return np.where(is_defined, normal_cdf((estimate - bar) / error), np.nan)


def expected_maximum_sharpe(n_trials: int, deviation: float) -> float:
    """The Sharpe ratio that the best of `n_trials` is expected to show when none has skill.

    Args:
        n_trials: Independent trials, at least 1.
        deviation: Standard deviation of the trials' Sharpe ratios, in the unit of the result, >= 0.

    Returns:
        0 for a single trial.

    Raises:
        ValueError: If there is no trial or the deviation is negative.

    Source:
        Bailey and López de Prado (2014), "The Deflated Sharpe Ratio", Journal of Portfolio Management 40(5), eq. 1 (γ is
        the Euler-Mascheroni constant): √V ((1 - γ) Φ⁻¹(1 - 1/N) + γ Φ⁻¹(1 - 1/(N e))).
    """
    if n_trials < 1:
        raise ValueError(f"n_trials must be at least 1, got {n_trials}")
    if not deviation >= 0.0:
        raise ValueError(f"deviation must be zero or more, got {deviation}")
    if n_trials == 1:
        return 0.0
    tails = np.array([1.0 / n_trials, 1.0 / (n_trials * math.e)])
    # The quantile of 1 - p is minus that of p, which keeps its digits when p is tiny.
    first, second = -normal_quantile(tails)
    return float(deviation * ((1.0 - np.euler_gamma) * first + np.euler_gamma * second))


def luck_deviation(n_sessions: ArrayLike) -> Floats:
    """Standard deviation of a Sharpe ratio per session that has nothing but luck: 1/√(n - 1).

    The spread among the trials at hand is no measure of luck: they may be near copies of one winner, or differ in
    skill and costs, while N counts every trial ever run.

    Source:
        Lo (2002), "The Statistics of Sharpe Ratios", for a ratio of zero. That it bounds what N trials can
        give however they depend on one another: docs/decisions/0007.
    """
    n = np.asarray(n_sessions, dtype=np.float64)
    return 1.0 / np.sqrt(np.maximum(n - 1.0, 1.0))


def deflated_sharpe(
    sharpe: ArrayLike,
    *,
    n_sessions: ArrayLike,
    skew: ArrayLike,
    kurtosis: ArrayLike,
    n_trials: int,
    trial_deviation: float,
) -> Floats:
    """Probability that the true Sharpe ratio is above zero, given that it was the best of `n_trials`.

    Args:
        sharpe: Estimated Sharpe ratio per session.
        n_sessions: Session returns that it was estimated from.
        skew: Skewness of the session returns.
        kurtosis: Their kurtosis, 3 for a normal distribution.
        n_trials: Trials that it was picked from.
        trial_deviation: Standard deviation of those trials' Sharpe ratios per session.

    Returns:
        As `probabilistic_sharpe` against the expected maximum.

    Source:
        Bailey and López de Prado (2014), as above, eq. 2.
    """
    return probabilistic_sharpe(
        sharpe,
        n_sessions=n_sessions,
        skew=skew,
        kurtosis=kurtosis,
        benchmark=expected_maximum_sharpe(n_trials, trial_deviation),
    )


def sharpe_null_reason(sharpe: float | None, *, n_sessions: int) -> str:
    """Why a probabilistic or deflated Sharpe ratio has no value."""
    if n_sessions < MIN_SESSIONS:
        return f"rests on {n_sessions} sessions, at least {MIN_SESSIONS} are needed"
    if sharpe is None or math.isnan(sharpe):
        return "there is no Sharpe ratio: session returns do not vary"
    return "the Sharpe ratio's standard error is zero"

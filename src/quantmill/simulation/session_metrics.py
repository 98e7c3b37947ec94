"""Formulas over the returns of sessions: Sharpe, Sortino, tail risk, shape, alpha and beta, compiled.

Every function takes simple returns from session end to session end, shape (n_sessions,), the first one from the
initial cash, as fractions; rate of interest 0. NaN means: cannot be computed; one return of NaN makes all of them so.
"""

import math

from quantmill.core.arrays import Floats
from quantmill.core.compiled import compiled

__all__ = [
    "SESSIONS_PER_YEAR",
    "alpha_and_beta",
    "annual_return",
    "expected_shortfall",
    "kurtosis",
    "longest_under_water",
    "mean",
    "omega",
    "quantile_of_sorted",
    "sharpe",
    "skew",
    "sortino",
    "standard_deviation",
]

SESSIONS_PER_YEAR = 252.0


@compiled
def mean(returns: Floats) -> float:
    """Arithmetic mean; NaN of nothing."""
    total = 0.0
    for value in returns:
        total += value
    return total / returns.size if returns.size else math.nan


@compiled
def standard_deviation(returns: Floats) -> float:
    """Sample standard deviation (ddof 1) per session, by two passes; NaN below two sessions."""
    if returns.size < 2:
        return math.nan
    center = mean(returns)
    total = 0.0
    for value in returns:
        total += (value - center) ** 2
    return math.sqrt(total / (returns.size - 1))


@compiled
def annual_return(total_return: float, n_sessions: int) -> float:
    """Yearly return that compounds to `total_return` in `n_sessions`; -1 when everything is lost.

    Source:
        (1 + R)^(252 / n) - 1: compound annual growth rate, Bacon (2008), "Practical Portfolio Performance
        Measurement and Attribution", 2nd ed., chapter 2.
    """
    if n_sessions == 0:
        return math.nan
    if total_return <= -1.0:
        return -1.0
    return (1.0 + total_return) ** (SESSIONS_PER_YEAR / n_sessions) - 1.0


@compiled
def sharpe(returns: Floats) -> float:
    """Mean ÷ standard deviation × √252; NaN below two sessions or when the returns do not vary.

    Source:
        Sharpe (1994), "The Sharpe Ratio", Journal of Portfolio Management 21(1); annualized by the root of time.
    """
    deviation = standard_deviation(returns)
    if not deviation > 0.0:
        return math.nan
    return mean(returns) / deviation * math.sqrt(SESSIONS_PER_YEAR)


@compiled
def sortino(returns: Floats) -> float:
    """Mean ÷ downside deviation × √252, target 0; NaN below two sessions or when no session lost.

    The downside deviation is the root of the mean, over all sessions, of min(r, 0)².

    Source:
        Sortino and Price (1994), "Performance Measurement in a Downside Risk Framework", Journal of Investing 3(3).
    """
    total = 0.0
    for value in returns:
        if value < 0.0:
            total += value * value
    if returns.size < 2 or not total > 0.0:
        return math.nan
    return mean(returns) / math.sqrt(total / returns.size) * math.sqrt(SESSIONS_PER_YEAR)


@compiled
def omega(returns: Floats) -> float:
    """Sum of gains ÷ sum of losses around 0; NaN when no session lost.

    Source:
        Keating and Shadwick (2002), "A Universal Performance Measure", Journal of Performance Measurement 6(3).
    """
    gains = 0.0
    losses = 0.0
    for value in returns:
        if value > 0.0:
            gains += value
        else:
            losses -= value
    return gains / losses if losses > 0.0 else math.nan


@compiled
def skew(returns: Floats) -> float:
    """Third standardized moment with population moments (ddof 0); NaN when the returns do not vary.

    Source:
        Fisher-Pearson coefficient g1, Joanes and Gill (1998), "Comparing measures of sample skewness and kurtosis",
        The Statistician 47(1).
    """
    center = mean(returns)
    second = 0.0
    third = 0.0
    for value in returns:
        squared = (value - center) ** 2
        second += squared
        third += squared * (value - center)
    if returns.size < 2 or not second > 0.0:
        return math.nan
    return (third / returns.size) / (second / returns.size) ** 1.5


@compiled
def kurtosis(returns: Floats) -> float:
    """Fourth standardized moment with population moments, 3 for a normal distribution; NaN as for `skew`.

    Source:
        b2 = m4 / m2², Joanes and Gill (1998), as above, not reduced by 3.
    """
    center = mean(returns)
    second = 0.0
    fourth = 0.0
    for value in returns:
        squared = (value - center) ** 2
        second += squared
        fourth += squared * squared
    if returns.size < 2 or not second > 0.0:
        return math.nan
    return (fourth / returns.size) / (second / returns.size) ** 2


@compiled
def quantile_of_sorted(ascending: Floats, level: float) -> float:
    """The `level` quantile by linear interpolation between order statistics; NaN of nothing, and of NaN, sorted last.

    Source:
        Hyndman and Fan (1996), "Sample Quantiles in Statistical Packages", definition 7.
    """
    if ascending.size == 0 or math.isnan(ascending[ascending.size - 1]):
        return math.nan
    position = level * (ascending.size - 1)
    below = int(position)
    if below + 1 >= ascending.size:
        return ascending[ascending.size - 1]
    return ascending[below] + (position - below) * (ascending[below + 1] - ascending[below])


@compiled
def expected_shortfall(ascending: Floats, level: float) -> float:
    """Mean of the lowest returns, down from the order statistic at or below the `level` quantile; NaN as for that.

    Of returns equal to the quantile only those in that part count: many sessions without a position, whose return
    is zero, do not dilute the losses.

    Source:
        Acerbi and Tasche (2002), "On the coherence of expected shortfall", Journal of Banking and Finance 26(7): the
        mean of the lowest order statistics, here the first floor(level × (n - 1)) + 1 of them.
    """
    if ascending.size == 0 or math.isnan(ascending[ascending.size - 1]):
        return math.nan
    return mean(ascending[: int(level * (ascending.size - 1)) + 1])


@compiled
def longest_under_water(returns: Floats) -> int:
    """Most sessions in a row that end below the best session end, or the start, before them; NaN counts as below."""
    growth = 1.0
    peak = 1.0
    longest = 0
    now = 0
    for value in returns:
        growth *= 1.0 + value
        if growth >= peak:
            peak = growth
            now = 0
        else:
            now += 1
            longest = max(longest, now)
    return longest


@compiled
def alpha_and_beta(returns: Floats, benchmark: Floats) -> tuple[float, float]:
    """Yearly alpha, compounded from the mean session residual, and beta against `benchmark` of the same sessions.

    Alpha is -1 when the mean residual loses everything. NaN below two sessions or when the benchmark does not vary.

    Source:
        Jensen (1968), "The Performance of Mutual Funds in the Period 1945-1964", Journal of Finance 23(2), rate 0:
        beta = cov(r, b) / var(b), alpha = (1 + mean(r - beta·b))^252 - 1.
    """
    center = mean(returns)
    benchmark_center = mean(benchmark)
    covariance = 0.0
    variance = 0.0
    for i in range(returns.size):
        covariance += (returns[i] - center) * (benchmark[i] - benchmark_center)
        variance += (benchmark[i] - benchmark_center) ** 2
    if returns.size < 2 or not variance > 0.0:
        return math.nan, math.nan
    beta = covariance / variance
    growth = 1.0 + (center - beta * benchmark_center)
    # Below zero, an even power would turn a loss of everything and more into a gain.
    return -1.0 if growth <= 0.0 else growth**SESSIONS_PER_YEAR - 1.0, beta

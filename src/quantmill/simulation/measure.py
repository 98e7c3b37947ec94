"""Figures of one trial's equity and signal, compiled: path, sessions, hits.

The field names of the returned tuples are the metric names of `quantmill.simulation.metrics`; NaN means: cannot
be computed. Single runs and grids both call `measure_*`, so the same trial has the same figures to the last bit.
"""

import math
from typing import NamedTuple

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled
from quantmill.simulation.session_metrics import (
    SESSIONS_PER_YEAR,
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

__all__ = [
    "HitFigures",
    "PathFigures",
    "SessionFigures",
    "measure_hits",
    "measure_path",
    "measure_sessions",
    "session_end_returns",
]

_TAIL = 0.05


class PathFigures(NamedTuple):
    """Figures of the equity per bar."""

    final_equity_usd: float
    total_return_frac: float
    max_drawdown_frac: float
    max_drawdown_sessions: int


class SessionFigures(NamedTuple):
    """Figures of the simple returns from session end to session end."""

    annual_return_frac: float
    buy_hold_return_frac: float
    sharpe: float
    sortino: float
    calmar: float
    volatility_frac: float
    value_at_risk_frac: float
    expected_shortfall_frac: float
    omega: float
    skew: float
    kurtosis: float
    alpha_frac: float
    beta: float
    longest_under_water_sessions: int


class HitFigures(NamedTuple):
    """How often the sign of the strength was right."""

    hit_rate_frac: float
    n_hit_bars: int


@compiled
def measure_path(equity: Floats, session_end: Ints, initial_cash_usd: float) -> PathFigures:
    """Final equity, total return, and the deepest fall from the running peak with its length.

    Args:
        equity: At each bar's close, shape (n_bars,), n_bars >= 1.
        session_end: Exclusive last bar of each session, shape (n_sessions,).
        initial_cash_usd: The first peak.

    Returns:
        The length counts session ends from the session of the peak (from the first session for the
        initial cash) to the session in which equity is back at that peak, or to the last session; 0 without a fall.
    """
    peak = initial_cash_usd
    peak_bar = 0
    lowest = initial_cash_usd
    worst = 0.0
    worst_peak = initial_cash_usd
    worst_peak_bar = 0
    worst_bar = -1
    for bar in range(equity.size):
        value = equity[bar]
        if value >= peak:
            peak = value
            peak_bar = bar
            lowest = value
        elif value < lowest:
            # Only a new low since the peak can be the deepest fall.
            lowest = value
            fall = value / peak - 1.0
            if fall < worst:
                worst = fall
                worst_peak = peak
                worst_peak_bar = peak_bar
                worst_bar = bar
    length = 0
    if worst_bar >= 0:
        back = equity.size - 1
        for bar in range(worst_bar, equity.size):
            if equity[bar] >= worst_peak:
                back = bar
                break
        for end in session_end:
            length += worst_peak_bar < end <= back
    final = equity[equity.size - 1]
    return PathFigures(final, final / initial_cash_usd - 1.0, worst, length)


@compiled
def session_end_returns(value: Floats, session_end: Ints, start: float, returns_out: Floats) -> None:
    """Simple returns of `value` (per bar) from session end to session end, the first from `start`.

    What starts at or below zero has no return, NaN, unless it stays as it is, which is a return of zero.
    """
    before = start
    for session in range(session_end.size):
        now = value[session_end[session] - 1]
        if before > 0.0:
            returns_out[session] = now / before - 1.0
        else:
            returns_out[session] = 0.0 if now == before else math.nan
        before = now


@compiled
def measure_sessions(
    returns: Floats,
    buy_hold_returns: Floats,
    ascending_out: Floats,
    total_return: float,
    buy_hold_return: float,
    max_drawdown: float,
) -> SessionFigures:
    """Everything that session returns tell.

    Args:
        returns: Of equity per session, shape (n_sessions,).
        buy_hold_returns: Of the share itself over the same sessions.
        ascending_out: Filled with the sorted returns.
        total_return: Of the whole span, fraction.
        buy_hold_return: Last close ÷ first close of the span - 1.
        max_drawdown: Deepest fall of equity per bar, <= 0.
    """
    ascending_out[:] = returns
    ascending_out.sort()
    yearly = annual_return(total_return, returns.size)
    alpha, beta = alpha_and_beta(returns, buy_hold_returns)
    return SessionFigures(
        yearly,
        buy_hold_return,
        sharpe(returns),
        sortino(returns),
        yearly / -max_drawdown if max_drawdown < 0.0 else math.nan,
        standard_deviation(returns) * math.sqrt(SESSIONS_PER_YEAR),
        quantile_of_sorted(ascending_out, _TAIL),
        expected_shortfall(ascending_out, _TAIL),
        omega(returns),
        skew(returns),
        kurtosis(returns),
        alpha,
        beta,
        longest_under_water(returns),
    )


@compiled
def measure_hits(counted: Floats, hit: Floats, segment_end: Ints, segment_threshold: Floats) -> HitFigures:
    """Share of bars with |strength| above the threshold where the sign of the realized return is that of strength.

    Args:
        counted: |strength| per bar, shape (n_bars,), NaN without a strength or a realized return.
        hit: The same where the sign was right, NaN elsewhere.
        segment_end: Exclusive last bar of each segment.
        segment_threshold: Threshold per segment.
    """
    n_counted = 0
    n_hits = 0
    first = 0
    for segment in range(segment_end.size):
        stop, threshold = segment_end[segment], segment_threshold[segment]
        n_counted += _count_above(counted[first:stop], threshold)
        n_hits += _count_above(hit[first:stop], threshold)
        first = stop
    return HitFigures(n_hits / n_counted if n_counted else math.nan, n_counted)


@compiled
def _count_above(values: Floats, threshold: float) -> int:
    # A loop of its own: the compiler turns it into vector instructions.
    count = 0
    for at in range(values.size):
        count += values[at] > threshold
    return count

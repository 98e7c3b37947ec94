"""Figures of one trial's equity and signal, compiled: path, sessions, hits.

The field names of the returned tuples are the metric names of `quantmill.simulation.metrics`; NaN means: cannot
be computed. Single runs and grids both call `measure_*`, so the same trial has the same figures to the last bit.
"""

import math
from typing import NamedTuple

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.compiled import compiled
from quantmill.simulation.equity_path import deepest_fall, start_path, step_path
from quantmill.simulation.market import Market
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
    "buy_hold_returns",
    "measure_fall",
    "measure_hits",
    "measure_sessions",
    "session_end_returns",
]

_TAIL = 0.05


class PathFigures(NamedTuple):
    """Figures of the equity itself."""

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
    longest_under_water_sessions: float


class HitFigures(NamedTuple):
    """How often the sign of the strength was right."""

    hit_rate_frac: float
    n_hit_bars: int


@compiled
def measure_fall(equity: Floats, session_end: Ints, initial_cash_usd: float) -> tuple[float, int]:
    """The deepest fall from the running peak as a fraction <= 0, and its length in sessions; see `deepest_fall`.

    Args:
        equity: At each bar's close, shape (n_bars,), n_bars >= 1.
        session_end: Exclusive last bar of each session, shape (n_sessions,).
        initial_cash_usd: The first peak.
    """
    path = start_path(initial_cash_usd)
    for bar in range(equity.size):
        path = step_path(path, equity[bar], bar)
    return deepest_fall(path, session_end)


@compiled
def session_end_returns(value: Floats, start: float, returns_out: Floats) -> None:
    """Simple returns of `value`, one per session end, from one to the next, the first from `start`.

    What starts at or below zero has no return, NaN, unless it stays as it is, which is a return of zero.
    """
    before = start
    for session in range(value.size):
        now = value[session]
        if before > 0.0:
            returns_out[session] = now / before - 1.0
        else:
            returns_out[session] = 0.0 if now == before else math.nan
        before = now


def buy_hold_returns(market: Market) -> Floats:
    """Simple returns of the share itself from session end to session end, the first from the first close."""
    returns = np.empty(market.n_sessions)
    session_end_returns(market.close[market.session_end - 1], float(market.close[0]), returns)
    return returns


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
        float(longest_under_water(returns)),
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

"""The factor that keeps a threshold's unit when the market's volatility changes."""

from typing import Final

import numpy as np

from quantmill.core.arrays import Bools, Floats, Ints
from quantmill.core.bars import BarArrays
from quantmill.core.compiled import compiled

__all__ = ["trailing_session_median", "volatility_60", "volatility_of_closes", "volatility_ratio"]

WINDOW_BARS: Final = 60
MIN_RETURNS: Final = 30
MEDIAN_SESSIONS: Final = 20


def volatility_ratio(bars: BarArrays) -> Floats:
    """Usual volatility over present volatility: a signal times this ratio is volatility-normalized.

    Pass a symbol's whole history: a span that starts later warms up later.

    Args:
        bars: One symbol's bars in time order.

    Returns:
        Shape (n_bars,), above 0. Value `i` is the median of the 60-bar volatility over the 20 sessions
        before the session of bar `i`, divided by the 60-bar volatility at bar `i`; it uses bars up to `i`.
        NaN in the first 20 sessions, while either volatility is unknown, and while prices stand still.

    Source:
        Ours: with e the expected log return, e × ratio crosses a threshold when e does at usual volatility.
    """
    now = volatility_60(bars)
    usual = trailing_session_median(now, bars.session, n_sessions=MEDIAN_SESSIONS)
    ratio = np.full(bars.n_bars, np.nan)
    moves = now > 0.0
    ratio[moves] = usual[moves] / now[moves]
    ratio[~(ratio > 0.0)] = np.nan
    return ratio


def volatility_60(bars: BarArrays) -> Floats:
    """Standard deviation of the one-bar log returns of the close over the last 60 bars.

    The move from one session to the next is no one-bar return and is left out.

    Returns:
        Shape (n_bars,), not annualized, `ddof` 1. Value `i` uses closes `i-60 .. i`; the first 59 are NaN,
        as is a value that fewer than 30 returns support.
    """
    return volatility_of_closes(bars.close, bars.opens_session)


def volatility_of_closes(close: Floats, opens_session: Bools) -> Floats:
    """`volatility_60` of closes alone; `opens_session` is True at the first bar of each session."""
    returns = np.full(close.size, np.nan)
    follows = ~opens_session
    follows[1:] &= (close[1:] > 0.0) & (close[:-1] > 0.0)
    at = np.flatnonzero(follows)
    returns[at] = np.log(close[at] / close[at - 1])
    return _windowed_deviation(returns, WINDOW_BARS, MIN_RETURNS)


def trailing_session_median(values: Floats, session: Ints, *, n_sessions: int) -> Floats:
    """Median over all bars of the `n_sessions` sessions before a bar's own session.

    Args:
        values: One value per bar, shape (n_bars,); NaN is left out.
        session: Session of each bar, ascending.
        n_sessions: How many earlier sessions, counted as they occur in `session`.

    Returns:
        Shape (n_bars,), constant within a session; NaN in the first `n_sessions` sessions.
    """
    result = np.full(values.size, np.nan)
    starts = np.append(_session_starts(session), values.size)
    for number in range(n_sessions, starts.size - 1):
        earlier = values[starts[number - n_sessions] : starts[number]]
        known = earlier[~np.isnan(earlier)]
        if known.size:
            result[starts[number] : starts[number + 1]] = np.median(known)
    return result


def _session_starts(session: Ints) -> Ints:
    is_first: Bools = np.ones(session.size, dtype=np.bool_)
    is_first[1:] = session[1:] != session[:-1]
    return np.flatnonzero(is_first)


@compiled
def _windowed_deviation(values: Floats, window: int, min_values: int) -> Floats:
    # Each window is summed afresh: a value then depends on its own bars alone, to the last bit.
    result = np.full(values.size, np.nan)
    for last in range(window - 1, values.size):
        count = 0
        total = 0.0
        for at in range(last - window + 1, last + 1):
            if not np.isnan(values[at]):
                count += 1
                total += values[at]
        if count < min_values:
            continue
        mean = total / count
        squares = 0.0
        for at in range(last - window + 1, last + 1):
            if not np.isnan(values[at]):
                squares += (values[at] - mean) ** 2
        result[last] = np.sqrt(squares / (count - 1))
    return result

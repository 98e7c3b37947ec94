"""The four quadrants of the market: bull or bear, volatile or quiet."""

import numpy as np

from quantmill.core.arrays import Bools, Floats, Ints
from quantmill.core.bars import BarArrays
from quantmill.features.context.as_of import join_as_of
from quantmill.features.context.volatility import VolatilitySource

__all__ = ["completed_mean", "market_quadrant"]


def market_quadrant(benchmark: BarArrays, source: VolatilitySource, *, sessions: int) -> Floats:
    """0 bear volatile, 1 bear quiet, 2 bull volatile, 3 bull quiet.

    Bull: the benchmark's close is at or above the mean of its last completed session closes. Volatile: the
    source's close is at or above the median of its last completed session closes; for realized volatility, above
    the median of all its values in these sessions.

    Args:
        benchmark: The benchmark's regular bars.
        source: The volatility source.
        sessions: How many completed sessions to compare with.

    Returns:
        Shape (n_bars,). Value `i` uses bars that start no later than bar `i`; NaN while fewer sessions
        are complete, and where the source has no fresh value.
    """
    level = join_as_of(benchmark.ts_us, source.ts_us).of(source.bars.close)
    usual_close = completed_mean(benchmark, sessions=sessions)
    usual_level = _completed_median(source, benchmark.session, sessions=sessions)
    is_known = np.isfinite(benchmark.close + usual_close) & np.isfinite(level + usual_level)
    quadrant = 2.0 * (benchmark.close >= usual_close) + (level < usual_level)
    return np.where(is_known, quadrant, np.nan)


def completed_mean(bars: BarArrays, *, sessions: int) -> Floats:
    """Mean of the last closes of the `sessions` sessions before each bar's own; NaN while there are fewer."""
    first = np.flatnonzero(bars.opens_session)
    closes = bars.close[first[1:] - 1]
    means = np.full(first.size, np.nan)
    for number in range(sessions, first.size):
        means[number] = np.mean(closes[number - sessions : number])
    return means[_session_number(bars.opens_session)]


def _completed_median(source: VolatilitySource, session: Ints, *, sessions: int) -> Floats:
    """Median over the source's last `sessions` sessions before each session of the benchmark."""
    bars = source.bars
    edges = np.append(np.flatnonzero(bars.opens_session), bars.n_bars)
    days = bars.session[edges[:-1]]
    last_closes = bars.close[edges[1:] - 1]
    medians = np.full(session.size, np.nan)
    wanted, where = np.unique(session, return_inverse=True)
    by_session = np.full(wanted.size, np.nan)
    for at, number in enumerate(np.searchsorted(days, wanted).tolist()):
        if number < sessions:
            continue
        values = last_closes[number - sessions : number]
        if source.is_realized:
            values = bars.close[edges[number - sessions] : edges[number]]
            values = values[np.isfinite(values)]
        # A missing session close is not left out: it makes the median unknown.
        by_session[at] = np.median(values) if values.size else np.nan
    medians[:] = by_session[where]
    return medians


def _session_number(opens_session: Bools) -> Ints:
    return np.cumsum(opens_session) - 1

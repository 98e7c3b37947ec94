"""Market conditions per bar of the benchmark, which the mixture divides into states."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import BarArrays
from quantmill.core.compiled import compiled
from quantmill.features.context.as_of import join_as_of
from quantmill.features.context.volatility import VolatilitySource, realized_volatility
from quantmill.features.primitives.changes import lagged, log_ratio
from quantmill.features.primitives.windows import rolling_sum
from quantmill.features.regimes.definition import RegimeDefinition

__all__ = ["CONDITIONS", "VOLATILITY_COLUMN", "Matrix", "fit_rows", "market_conditions", "usual_volume"]

Matrix = NDArray[np.float64]
CONDITIONS: Final = ("return_60", "realized_volatility_60", "volatility_change_60", "relative_volume_60")
VOLATILITY_COLUMN: Final = CONDITIONS.index("realized_volatility_60")


def market_conditions(benchmark: BarArrays, source: VolatilitySource, definition: RegimeDefinition) -> Matrix:
    """Return, volatility, change of the volatility source and relative volume over the last 60 bars.

    Log return of the benchmark; log of its realized volatility; log change of the source's close, seen from the
    benchmark's bars with a maximum age; log of the volume ÷ what these minutes of the day usually trade.

    Returns:
        Shape (n_bars, 4), columns as `CONDITIONS`. Row `i` uses bars that start no later than bar `i`;
        a value that is not known is NaN.
    """
    window = definition.window_bars
    source_change = log_ratio(source.bars.close, lagged(source.bars.close, window))
    usual = usual_volume(benchmark, definition)
    known = np.isfinite(usual) & np.isfinite(benchmark.volume)
    traded, expected = (
        rolling_sum(
            np.where(known, volume, np.nan), benchmark.opens_session, window=window, least=window // 2
        )
        for volume in (benchmark.volume, usual)
    )
    return np.column_stack(
        (
            log_ratio(benchmark.close, lagged(benchmark.close, window)),
            log_ratio(realized_volatility(benchmark), np.ones(benchmark.n_bars)),
            join_as_of(benchmark.ts_us, source.ts_us).of(source_change),
            log_ratio(traded, expected),
        )
    )


def usual_volume(bars: BarArrays, definition: RegimeDefinition) -> Floats:
    """Mean volume of the same minute after the open in the last 20 sessions in which it traded.

    Returns:
        Shape (n_bars,). Value `i` uses earlier sessions alone; NaN where fewer than 5 are known.
    """
    return _usual_kernel(
        bars.volume, np.maximum(bars.minute, 0), definition.volume_sessions, definition.min_volume_sessions
    )


def fit_rows(benchmark: BarArrays, definition: RegimeDefinition) -> Ints:
    """The last bar of each 15 minutes of each session, as positions; a fit sees these rows of completed sessions."""
    bucket = benchmark.session * 1_000 + benchmark.minute // definition.fit_minutes
    return np.flatnonzero(np.append(bucket[1:] != bucket[:-1], True)) if bucket.size else bucket


@compiled
def _usual_kernel(volume: Floats, minute: Ints, n_sessions: int, least: int) -> Floats:
    usual = np.full(volume.size, np.nan)
    n_minutes = 1
    for bar in range(volume.size):
        n_minutes = max(n_minutes, minute[bar] + 1)
    kept = np.zeros((n_minutes, n_sessions))
    seen = np.zeros(n_minutes, np.int64)
    for bar in range(volume.size):
        at = minute[bar]
        count = min(seen[at], n_sessions)
        if count >= least:
            total = 0.0
            # From the oldest on, so that the sum does not depend on where the history began.
            for step in range(seen[at] - count, seen[at]):
                total += kept[at, step % n_sessions]
            usual[bar] = total / count
        if np.isfinite(volume[bar]):
            kept[at, seen[at] % n_sessions] = volume[bar]
            seen[at] += 1
    return usual

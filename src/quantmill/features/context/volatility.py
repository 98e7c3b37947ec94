"""A volatility source: bars of a volatility index or note, or the realized volatility of a symbol in their place."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import BarArrays
from quantmill.features.primitives.changes import one_bar_return
from quantmill.features.primitives.windows import rolling_moments

__all__ = ["REALIZED_WINDOW", "VolatilitySource", "realized_source", "realized_volatility"]

REALIZED_WINDOW: Final = 60
_LEAST_RETURNS: Final = 30


@dataclass(frozen=True)
class VolatilitySource:
    """Volatility per bar as a close; where it is realized volatility, there is no range and no volume."""

    bars: BarArrays
    is_realized: bool = False

    @property
    def ts_us(self) -> Ints:
        """Bar starts."""
        return self.bars.ts_us


def realized_volatility(bars: BarArrays) -> Floats:
    """Standard deviation (ddof 1) of the one-bar log returns of the last 60 bars.

    The return across a session break is left out; half of the window must remain.

    Returns:
        Shape (n_bars,), not annualized. Value `i` uses bars `i-60 .. i`.

    Source:
        Andersen, Bollerslev, Diebold & Labys (2003), "Modeling and Forecasting Realized Volatility",
        Econometrica 71(2), centered on the mean of the window.
    """
    return rolling_moments(one_bar_return(bars), window=REALIZED_WINDOW, ddof=1, least=_LEAST_RETURNS)[1]


def realized_source(bars: BarArrays) -> VolatilitySource:
    """The realized volatility of a symbol as if it were the close of a volatility index."""
    unknown = np.full(bars.n_bars, np.nan)
    level = BarArrays(
        bars.ts_us,
        unknown,
        unknown,
        unknown,
        realized_volatility(bars),
        unknown,
        bars.labels,
        bars.interval_minutes,
    )
    return VolatilitySource(level, is_realized=True)

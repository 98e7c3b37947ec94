"""The bars that a simulation trades on, as arrays of fixed type."""

from dataclasses import dataclass

import numpy as np

from quantmill.core.arrays import Floats, Ints
from quantmill.core.bars import BarArrays
from quantmill.errors import SimulationError

__all__ = ["Market"]


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """One symbol's regular bars over the sessions that are simulated; arrays of shape (n_bars,).

    `session_end` holds the exclusive last bar of each session, shape (n_sessions,). `minute` counts from the
    session's open to the bar's start, `session_minutes` is how long the session lasts; volume and volume-weighted
    average price are NaN where they are unknown.
    """

    symbol: str
    ts_us: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    session: Ints
    session_end: Ints
    volume: Floats
    vwap: Floats
    minute: Ints
    session_minutes: Ints

    @classmethod
    def of(cls, symbol: str, bars: BarArrays) -> "Market":
        """The market of forward-adjusted bars; the arrays are copied, so that their type never varies.

        Raises:
            SimulationError: If there is no bar, or a price is not above zero (indices cannot be traded).
        """
        if bars.n_bars == 0:
            raise SimulationError(f"{symbol} has no regular bar in the sessions asked for")
        lowest = min(float(np.min(price)) for price in (bars.open, bars.high, bars.low, bars.close))
        if not lowest > 0.0:
            raise SimulationError(
                f"{symbol} has a price of {lowest}, trading needs prices above zero",
                hint="simulate an equity, not an index",
            )
        return cls(
            symbol,
            bars.ts_us.copy(),
            bars.open.copy(),
            bars.high.copy(),
            bars.low.copy(),
            bars.close.copy(),
            bars.session.astype(np.int64),
            np.flatnonzero(bars.closes_session).astype(np.int64) + 1,
            bars.volume.copy(),
            np.full(bars.n_bars, np.nan) if bars.vwap is None else bars.vwap.copy(),
            bars.minute.astype(np.int64),
            bars.labels.n_minutes.astype(np.int64),
        )

    @property
    def n_bars(self) -> int:
        """How many bars there are."""
        return self.ts_us.size

    @property
    def n_sessions(self) -> int:
        """How many sessions the bars belong to."""
        return self.session_end.size

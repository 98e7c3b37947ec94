"""What fixes the regimes: every constant of their computation, and the version that follows from them."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import polars as pl

from quantmill.core.digest import digest

__all__ = ["REGIMES", "REGIME_COLUMNS", "RegimeDefinition"]

# Stored columns in their order; missing is null.
REGIME_COLUMNS: Final[dict[str, pl.DataType]] = {
    "regime_vix": pl.Int8(),
    "regime_gmm": pl.Int8(),
    "regime_gmm_2": pl.Int8(),
    "regime_gmm_stability": pl.Float32(),
}


@dataclass(frozen=True, slots=True)
class RegimeDefinition:
    """The constants of all regimes of the market.

    Attributes:
        trend_sessions: Completed sessions whose closes the quadrants compare with.
        window_bars: Bars of the returns, volatility and volume that the mixture sees.
        volume_sessions: Earlier sessions that tell a minute's usual volume.
        min_volume_sessions: How many of them must have traded in that minute.
        fit_minutes: Minutes per row of a fit.
        fit_sessions: Sessions of a fit's window, those before the month.
        min_fit_sessions: How many there must be.
        min_fit_rows: How many complete rows they must give.
        smoothing_minutes: Length of the trailing mode.
        n_starts: Starts of a fit, of which the likeliest is kept.
        seed: Draws the starts.
        revision: Raised when code changes what is computed.
    """

    trend_sessions: int = 20
    window_bars: int = 60
    volume_sessions: int = 20
    min_volume_sessions: int = 5
    fit_minutes: int = 15
    fit_sessions: int = 126
    min_fit_sessions: int = 42
    min_fit_rows: int = 500
    smoothing_minutes: int = 30
    n_starts: int = 3
    seed: int = 0
    revision: int = 1

    @property
    def version(self) -> str:
        """Eight hexadecimal digits of the digest of all constants and columns."""
        return digest(self.as_json(), list(REGIME_COLUMNS))[:8]

    @property
    def dataset(self) -> str:
        """Where the lake keeps the labels."""
        return f"features/regimes@{self.version}/1m"

    def as_json(self) -> dict[str, Any]:
        """The constants as plain values."""
        return asdict(self)


REGIMES: Final = RegimeDefinition()

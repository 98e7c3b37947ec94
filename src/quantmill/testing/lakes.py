"""Small lakes and bars for tests."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from quantmill.core.bars import ts_of
from quantmill.core.clock import Clock, FixedClock
from quantmill.core.instants import MINUTE_US, to_us
from quantmill.lake.store import Lake
from quantmill.lake.volume import Volume
from quantmill.state.engine import open_state

__all__ = ["FIRST_MINUTE", "make_bars", "open_lake"]

FIRST_MINUTE: Final = datetime(2024, 3, 12, 13, 30, tzinfo=UTC)
_NOW: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def open_lake(
    folder: Path, *, state: str | Path | None = None, volume: Volume | None = None, clock: Clock | None = None
) -> Lake:
    """A lake with its own state database.

    Args:
        folder: Where its files go, made when absent.
        state: Path or URL of the state database; one in `folder` when None.
        volume: Where its data files go instead.
        clock: Tells the time; stands at 2026-11-20 12:00 UTC when None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    opened = open_state(state or folder / "state.db")
    return Lake.open(folder / "lake", opened, clock or FixedClock(_NOW), volume=volume)


def make_bars(
    symbol: str,
    n_bars: int,
    *,
    start: datetime = FIRST_MINUTE,
    close: float = 100.0,
    volume: float = 1000.0,
    provider: str = "files",
) -> pl.DataFrame:
    """Consecutive minutes from `start`; the close rises by one cent a bar, the range is two cents."""
    price = np.round(close + 0.01 * np.arange(n_bars), 2)
    return pl.DataFrame(
        {
            "symbol": [symbol] * n_bars,
            "ts": ts_of(to_us(start) + MINUTE_US * np.arange(n_bars, dtype=np.int64)),
            "open": price,
            "high": price + 0.01,
            "low": price - 0.01,
            "close": price,
            "volume": np.full(n_bars, volume),
            "provider": [provider] * n_bars,
            "feed": ["test"] * n_bars,
        },
        schema_overrides={"symbol": pl.String(), "provider": pl.String(), "feed": pl.String()},
    )

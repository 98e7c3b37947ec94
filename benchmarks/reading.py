"""Cost of reading a symbol's years from the lake, beside one plain Parquet file of the same rows."""

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.row import Row, judged
from benchmarks.timing import interleaved
from quantmill.core.bars import ts_of
from quantmill.core.calendar import calendar_for
from quantmill.core.clock import FixedClock
from quantmill.lake.store import Lake
from quantmill.state.engine import open_state

__all__ = ["read_symbol_vs_plain_parquet"]

FIRST, END = date(2019, 1, 2), date(2024, 1, 2)


def read_symbol_vs_plain_parquet(*, n_runs: int = 9) -> Row:
    """CPU time of `lake.read_bars` of five years of minutes ÷ that of `polars.read_parquet` of one file."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        state = open_state(root / "state.db")
        lake = Lake.open(root / "lake", state, FixedClock(datetime(2024, 6, 3, tzinfo=UTC)))
        bars = make_bars("SPY")
        lake.write("bars", bars)
        stored = lake.read_bars("SPY")
        plain = root / "plain.parquet"
        stored.write_parquet(plain)
        assert stored.equals(pl.read_parquet(plain))
        times = interleaved(
            {"lake": lambda: lake.read_bars("SPY"), "plain": lambda: pl.read_parquet(plain)}, n_runs=n_runs
        )
        n_files = len(lake.files("bars", keys=["SPY"]))
        state.close()
    return judged(
        "read_symbol_vs_plain_parquet",
        times["lake"].median / times["plain"].median,
        "×",
        goal=1.5,
        better="lower",
        n_runs=n_runs,
        spread=times["lake"].spread + times["plain"].spread,
        peer=f"polars {pl.__version__} read_parquet",
        note=f"{stored.height} bars in {n_files} files; {1e3 * times['lake'].median:.1f} CPU ms",
    )


def make_bars(symbol: str) -> pl.DataFrame:
    calendar = calendar_for("XNYS")
    ts_us = np.concatenate([calendar.regular_minutes(day) for day in calendar.sessions(FIRST, END)])
    rng = np.random.default_rng(0)
    close = np.round(300.0 * np.exp(np.cumsum(rng.normal(0.0, 4e-4, ts_us.size))), 2)
    opened = np.append(close[0], close[:-1])
    return pl.DataFrame(
        {
            "symbol": pl.repeat(symbol, ts_us.size, dtype=pl.String(), eager=True),
            "ts": ts_of(ts_us),
            "open": opened,
            "high": np.maximum(opened, close) + 0.01,
            "low": np.minimum(opened, close) - 0.01,
            "close": close,
            "volume": rng.integers(100, 100_000, ts_us.size).astype(np.float64),
            "provider": pl.repeat("sim", ts_us.size, dtype=pl.String(), eager=True),
            "feed": pl.repeat("benchmark", ts_us.size, dtype=pl.String(), eager=True),
        }
    )

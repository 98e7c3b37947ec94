"""Cost of 5-minute bars of a symbol's year, from memory, from the lake and in SQL, beside plain Polars windows."""

import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.reading import make_bars
from benchmarks.row import Row, judged
from benchmarks.timing import interleaved
from quantmill.core.calendar import calendar_for
from quantmill.core.interval import Interval
from quantmill.lake.resampling import resample_bars
from quantmill.testing.lakes import open_lake

__all__ = ["resample_5m_symbol_year_s"]

FIRST, END = date(2022, 12, 30), date(2024, 1, 2)
FIVE_MINUTES = Interval.parse("5m")


def resample_5m_symbol_year_s(*, n_runs: int = 9) -> Row:
    """CPU seconds of `lake.resampled_bars` for a year of minutes that the lake holds among five.

    The peer makes the same bars from memory with `group_by_dynamic`, which knows no sessions: for 5 minutes its
    windows are the same, and prices and volume must be equal.
    """
    span = calendar_for("XNYS").day_span(FIRST, END)
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(Path(folder))
        lake.write("bars", make_bars("SPY").with_columns(pl.col("close").alias("vwap")))
        bars = lake.read_bars("SPY", span)
        plain = windows(bars)
        assert plain.equals(resample_bars(bars, FIVE_MINUTES).select(plain.columns))
        year = f"ts >= '{span.start.isoformat()}' AND ts < '{span.end.isoformat()}'"
        ways: dict[str, Callable[[], object]] = {
            "lake": lambda: lake.resampled_bars("SPY", FIVE_MINUTES, span),
            "memory": lambda: resample_bars(bars, FIVE_MINUTES),
            "group_by_dynamic": lambda: windows(bars),
            "sql": lambda: lake.sql(f"FROM bars_5m WHERE symbol = 'SPY' AND {year}"),
        }
        times = interleaved(ways, n_runs=n_runs)
        wall_s = min(elapsed_s(ways["lake"]) for _ in range(n_runs))
        lake.state.close()
    ms = {name: f"{1e3 * taken.median:.0f}" for name, taken in times.items()}
    return judged(
        "resample_5m_symbol_year_s",
        times["lake"].median,
        "CPU s",
        goal=0.1,
        better="lower",
        n_runs=n_runs,
        spread=times["lake"].spread,
        peer=f"polars {pl.__version__} group_by_dynamic",
        note=f"{bars.height} minutes to {plain.height} bars; CPU ms: lake {ms['lake']}, from memory {ms['memory']}, "
        f"group_by_dynamic from memory without sessions, vwap and sources {ms['group_by_dynamic']}, SQL {ms['sql']}; "
        f"best elapsed {1e3 * wall_s:.0f} ms",
    )


def windows(bars: pl.DataFrame) -> pl.DataFrame:
    """5-minute bars as plain Polars makes them."""
    return bars.group_by_dynamic("ts", every="5m", group_by="symbol").agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
    )


def elapsed_s(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start

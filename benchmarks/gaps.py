"""Cost of finding the gaps of many symbols over years, which the catalogue answers without opening a file."""

import statistics
import tempfile
import time
from pathlib import Path

import polars as pl

from benchmarks.reading import make_bars
from benchmarks.row import Row, judged
from quantmill.ingest.gaps import find_gaps
from quantmill.testing.lakes import open_lake

__all__ = ["gap_scan_s"]

N_SYMBOLS = 20


def gap_scan_s(*, n_runs: int = 7) -> Row:
    """Seconds until the missing and short sessions of 20 symbols over five years of minutes are known."""
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(Path(folder))
        walk = make_bars("SPY")
        # Every hundredth session is missing, every hundredth one after it short.
        session = pl.col("ts").dt.date().rank("dense") % 100
        kept = walk.filter((session != 1) & ((session != 2) | (pl.col("ts").dt.hour() < 16)))
        for number in range(N_SYMBOLS):
            lake.write("bars", kept.with_columns(pl.lit(f"S{number}").alias("symbol")))
        seconds: list[float] = []
        for _ in range(n_runs):
            start = time.perf_counter()
            gaps = find_gaps(lake)
            seconds.append(time.perf_counter() - start)
        n_sessions = sum(lake.sessions(f"S{number}").height for number in range(N_SYMBOLS))
        lake.state.close()
    return judged(
        "gap_scan_s",
        statistics.median(seconds),
        "s",
        goal=0.5,
        better="lower",
        n_runs=n_runs,
        spread=(max(seconds) - min(seconds)) / statistics.median(seconds),
        note=f"elapsed; {n_sessions} stored sessions of {N_SYMBOLS} symbols, {gaps.height} gaps found",
    )

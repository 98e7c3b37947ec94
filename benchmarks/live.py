"""Cost of a live day: 500 symbols committed every minute, alone and beside readers, and of the newest bars.

A day takes seconds here. ext4 passes over inodes that were freed within the last minutes one by one when it makes a
file: on a real day that is a handful, here it would be all of the day's replaced scripts. They are kept, and so are the
lakes until the process ends. Files that others deleted minutes before still make commits slower, by up to a millisecond.
"""

import atexit
import multiprocessing
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.row import Row, judged
from quantmill.core.bars import UTC_TIME
from quantmill.core.clock import FixedClock
from quantmill.testing.lakes import make_bars, open_lake

__all__ = ["live_commit_p50_ms", "live_commit_with_readers_p50_ms", "tail_p50_ms"]

OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
N_SYMBOLS, N_MINUTES, N_READERS = 500, 390, 4
SYMBOLS = [
    f"{first}{second}{third}" for first in "ABCDEFGH" for second in "ABCDEFGH" for third in "ABCDEFGH"
][:N_SYMBOLS]
READER_PAUSE_S = 0.02


@dataclass(frozen=True)
class Day:
    """Milliseconds of each commit, and of a read of the newest five bars after it; what the readers did meanwhile."""

    commit_ms: Sequence[float]
    tail_ms: Sequence[float]
    compact_s: float
    n_files: int
    n_reads: int = 0


def live_commit_p50_ms() -> Row:
    """Milliseconds of a commit of a minute of 500 symbols, over a session of 390 minutes."""
    day = _alone()
    return _row("live_commit_p50_ms", day.commit_ms, 10.0, day)


def live_commit_with_readers_p50_ms() -> Row:
    """The same beside four readers in processes of their own."""
    day = _day(n_readers=N_READERS)
    return _row("live_commit_with_readers_p50_ms", day.commit_ms, 30.0, day)


def tail_p50_ms() -> Row:
    """Milliseconds until the newest five bars of a symbol are there, after each commit of the session."""
    day = _alone()
    return _row("tail_p50_ms", day.tail_ms, 10.0, day)


def _row(name: str, milliseconds: Sequence[float], goal: float, day: Day) -> Row:
    n_quarter = len(milliseconds) // 4
    first, last = (statistics.median(part) for part in (milliseconds[:n_quarter], milliseconds[-n_quarter:]))
    p95 = float(np.percentile(milliseconds, 95))
    readers = f"; {N_READERS} readers made {day.n_reads} reads" if day.n_reads else ""
    return judged(
        name,
        statistics.median(milliseconds),
        "ms",
        goal=goal,
        better="lower",
        n_runs=len(milliseconds),
        spread=(p95 - min(milliseconds)) / statistics.median(milliseconds),
        note=f"elapsed; first quarter of the session {first:.1f}, last {last:.1f}, p95 {p95:.1f} ms; "
        f"{day.n_files} hot files at its end, merged in {day.compact_s:.1f} s{readers}",
    )


@cache
def _alone() -> Day:
    return _day(n_readers=0)


def _day(*, n_readers: int) -> Day:
    clock = FixedClock(OPEN)
    minute = pl.concat(
        [make_bars(symbol, 1, start=OPEN, close=20.0 + at) for at, symbol in enumerate(SYMBOLS)]
    )
    commits: list[float] = []
    tails: list[float] = []
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    lake = open_lake(folder, clock=clock)
    # As it is on any day but the first: symbols are known, and have a history.
    yesterday = OPEN - timedelta(days=1)
    lake.write("bars", minute.with_columns(ts=pl.lit(yesterday).cast(UTC_TIME)))
    script, kept = lake.root / "_views" / "lake.sql", folder / "kept"
    kept.mkdir()
    with _readers(folder, n_readers) as reads:
        for number in range(N_MINUTES):
            start = OPEN + timedelta(minutes=number)
            clock.instant = start + timedelta(seconds=61)
            bars = minute.with_columns(ts=pl.lit(start).cast(UTC_TIME))
            os.link(script, kept / str(number))
            commits.append(_ms(lambda bars=bars: lake.append_live(bars)))
            tails.append(_ms(lambda number=number: lake.tail(SYMBOLS[number % N_SYMBOLS], 5)))
        n_reads = reads()
    n_files = sum(file.is_hot for file in lake.files("bars"))
    clock.instant = OPEN + timedelta(hours=7)
    compact_s = _ms(lake.compact) / 1e3
    assert lake.scan("bars").select(pl.len()).collect().item() == N_SYMBOLS * (N_MINUTES + 1)
    lake.state.close()
    return Day(commits, tails, compact_s, n_files, n_reads)


@contextmanager
def _readers(folder: Path, count: int) -> Iterator[Callable[[], int]]:
    """Processes that read until the function that is given is called; it tells how often they did."""
    context = multiprocessing.get_context("spawn")
    stop, ready, counts = context.Event(), context.Semaphore(0), context.Queue()
    processes = [
        context.Process(target=_read, args=(folder, seed, stop, ready, counts)) for seed in range(count)
    ]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()

    def end() -> int:
        stop.set()
        return sum(counts.get(timeout=60) for _ in processes)

    try:
        yield end
    finally:
        stop.set()
        for process in processes:
            process.join(60)


def _read(folder: Path, seed: int, stop: Event, ready, counts) -> None:
    lake = open_lake(folder)
    choices = random.Random(seed)
    lake.tail(SYMBOLS[0], 5)
    ready.release()
    n_reads = 0
    while not stop.is_set():
        lake.tail(choices.choice(SYMBOLS), 5)
        n_reads += 1
        time.sleep(READER_PAUSE_S)
    counts.put(n_reads)


def _ms(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3

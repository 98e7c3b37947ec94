"""Cost of whole batches, from stored predictions to stored trials: the default grid, twice it, and a million."""

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.homes import N_BARS, real_home, year_home
from benchmarks.row import Row, judged

__all__ = ["default_grid_cpu_s", "grid_bytes_per_config", "million_trials_peak_mb", "million_trials_s"]

N_RUNS: Final = 3
N_STREAMS: Final = 6 * 4 * 9
"""Models of three symbols × filters × gates."""
LOWEST, HIGHEST = 4e-5, 1.4e-4
"""From about the median strength of the models' signals to about their 99 % quantile."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one batch took in a process of its own, with its start; kernels come from the cache."""

    n_completed: int
    wall_s: float
    cpu_s: float
    peak_bytes: int


def default_grid_cpu_s() -> Row:
    """CPU seconds of a process that runs the default grid with twice its thresholds, 1,728 trials."""
    home = year_home()
    run(home, thresholds(4))
    once = [run(home, thresholds(4)) for _ in range(N_RUNS)]
    twice = [run(home, thresholds(8)) for _ in range(N_RUNS)]
    assert {cost.n_completed for cost in once} == {864}
    assert {cost.n_completed for cost in twice} == {1728}
    seconds = [cost.cpu_s for cost in twice]
    median = statistics.median(seconds)
    real = real_home()
    on_real = [] if real is None else [run(real, "auto").cpu_s for _ in range(N_RUNS)]
    return judged(
        "default_grid_cpu_s",
        median,
        "s",
        goal=10.0,
        better="lower",
        n_runs=N_RUNS,
        spread=(max(seconds) - min(seconds)) / median,
        note=f"1,728 trials × {N_BARS:,} bars: start, predictions, regimes as gates, metrics, storage; 864 trials "
        f"{statistics.median(cost.cpu_s for cost in once):.1f} s; default grid on the real bars of em2015 "
        + (f"{statistics.median(on_real):.1f} s" if on_real else "not measured: the data is absent"),
    )


def million_trials_s() -> Row:
    """Wall seconds of a batch of a million trials on two threads."""
    cost = _million()
    return judged(
        "million_trials_s",
        cost.wall_s,
        "s",
        goal=180.0,
        better="lower",
        n_runs=1,
        spread=0.0,
        note=f"{cost.n_completed:,} trials × {N_BARS:,} bars on {N_STREAMS} signals, each counted and stored; "
        f"{cost.cpu_s:.0f} CPU s, {cost.cpu_s / cost.n_completed * 1e6:.0f} µs per trial",
    )


def million_trials_peak_mb() -> Row:
    """Highest resident memory of that process."""
    return judged(
        "million_trials_peak_mb",
        _million().peak_bytes / 1e6,
        "MB",
        goal=2000.0,
        better="lower",
        n_runs=1,
        spread=0.0,
        note="two threads, interpreter and libraries included",
    )


def grid_bytes_per_config() -> Row:
    """Bytes of peak memory that a configuration adds: of a million trials above those of a tenth of them."""
    many, few = _million(), run(year_home(), thresholds(460))
    return judged(
        "grid_bytes_per_config",
        max(many.peak_bytes - few.peak_bytes, 0) / (many.n_completed - few.n_completed),
        "B",
        goal=1000.0,
        better="lower",
        n_runs=1,
        spread=0.0,
        note=f"peak {few.peak_bytes / 1e6:.0f} MB at {few.n_completed:,} trials, "
        f"{many.peak_bytes / 1e6:.0f} MB at {many.n_completed:,}: chunks are stored as they are done",
    )


def thresholds(count: int) -> str:
    """So many thresholds at even distances."""
    step = (HIGHEST - LOWEST) / count
    return f"{LOWEST:.12f}:{HIGHEST - step / 2:.12f}:{step:.12f}"


def run(home: Path, values: str) -> Cost:
    child = [sys.executable, "-m", "benchmarks.grid_child", str(home), values]
    finished = subprocess.run(child, capture_output=True, text=True, check=False, timeout=1800)
    if finished.returncode:
        raise RuntimeError(f"a batch failed:\n{finished.stderr[-2000:]}")
    return Cost(**json.loads(finished.stdout.splitlines()[-1]))


@cache
def _million() -> Cost:
    cost = run(year_home(), thresholds(-(-1_000_000 // N_STREAMS)))
    assert cost.n_completed >= 1_000_000
    return cost

"""Cost of a million minute bars from Alpaca's interface to the lake, beside the vendor's own client."""

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from benchmarks.alpaca_server import N_BARS, alpaca_server
from benchmarks.row import Row, judged

__all__ = ["ingest_alpaca_cpu_vs_sdk", "ingest_peak_mb"]

N_RUNS = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds without imports, and the highest resident memory, of each child."""

    cpu_s: tuple[float, ...]
    peak_mb: tuple[float, ...]

    @property
    def spread(self) -> float:
        return (max(self.cpu_s) - min(self.cpu_s)) / statistics.median(self.cpu_s)


def ingest_alpaca_cpu_vs_sdk() -> Row:
    """CPU time of alpaca-py's bars as a frame ÷ that of `ingest_symbols` into a lake, same server, in turns."""
    ours, theirs = _alpaca()["quantmill"], _alpaca()["alpaca-py"]
    return judged(
        "ingest_alpaca_cpu_vs_sdk",
        statistics.median(theirs.cpu_s) / statistics.median(ours.cpu_s),
        "×",
        goal=5.0,
        better="higher",
        n_runs=N_RUNS,
        spread=ours.spread + theirs.spread,
        peer=f"alpaca-py {version('alpaca-py')} get_stock_bars().df",
        note=f"{N_BARS:,} bars; CPU {statistics.median(ours.cpu_s):.1f} s to the lake, "
        f"peer {statistics.median(theirs.cpu_s):.1f} s and {max(theirs.peak_mb):.0f} MB to a frame",
    )


def ingest_peak_mb() -> Row:
    """Highest resident memory of the process that brings the bars to the lake."""
    ours = _alpaca()["quantmill"]
    return judged(
        "ingest_peak_mb",
        max(ours.peak_mb),
        "MB",
        goal=500.0,
        better="lower",
        n_runs=N_RUNS,
        spread=(max(ours.peak_mb) - min(ours.peak_mb)) / statistics.median(ours.peak_mb),
        note=f"{N_BARS:,} bars from the network to the lake, imports included",
    )


@cache
def _alpaca() -> dict[str, Cost]:
    names = ("quantmill", "alpaca-py")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    with alpaca_server() as url:
        for _ in range(N_RUNS):
            for name in names:
                found[name].append(_child(name, url))
    for name, costs in found.items():
        assert all(cost["rows"] == N_BARS for cost in costs), f"{name} lost bars: {costs}"
    return {
        name: Cost(tuple(cost["cpu_s"] for cost in costs), tuple(cost["peak_mb"] for cost in costs))
        for name, costs in found.items()
    }


def _child(name: str, url: str) -> dict[str, float]:
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest_child", name, url],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(finished.stdout.splitlines()[-1])

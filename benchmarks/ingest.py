"""Cost of a million minute bars from a provider's interface to the lake, beside the vendor's own client."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import polars as pl

from benchmarks.alpaca_server import PreparedAlpaca
from benchmarks.massive_server import PreparedMassive
from benchmarks.row import Row, judged
from benchmarks.serving import N_BARS, serving
from tests.standins.server import StandIn

__all__ = ["ingest_alpaca_cpu_vs_sdk", "ingest_massive_cpu_vs_sdk", "ingest_peak_mb"]

N_RUNS = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds without imports, and the highest resident memory, of each child; bars got when a page was cut."""

    cpu_s: tuple[float, ...]
    peak_mb: tuple[float, ...]
    n_bars_cut: int

    @property
    def spread(self) -> float:
        return (max(self.cpu_s) - min(self.cpu_s)) / statistics.median(self.cpu_s)


def ingest_alpaca_cpu_vs_sdk() -> Row:
    """CPU time of alpaca-py's bars as a frame ÷ that of `ingest_symbols` into a lake, same server, in turns."""
    ours, theirs = _alpaca()
    return _compared(
        "ingest_alpaca_cpu_vs_sdk", ours, theirs, f"alpaca-py {version('alpaca-py')} get_stock_bars().df"
    )


def ingest_massive_cpu_vs_sdk() -> Row:
    """CPU time of massive's bars as a frame ÷ that of `ingest_symbols` into a lake, likewise."""
    ours, theirs, objects = _costs(PreparedMassive, "quantmill massive", "massive", "massive objects")
    return _compared(
        "ingest_massive_cpu_vs_sdk",
        ours,
        theirs,
        f"massive {version('massive')} DataFrame(list_aggs())",
        f"; its list of objects alone {statistics.median(objects.cpu_s):.1f} s",
    )


def ingest_peak_mb() -> Row:
    """Highest resident memory of the process that brings the bars to the lake."""
    ours, _ = _alpaca()
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


def _compared(name: str, ours: Cost, theirs: Cost, peer: str, more: str = "") -> Row:
    return judged(
        name,
        statistics.median(theirs.cpu_s) / statistics.median(ours.cpu_s),
        "×",
        goal=5.0,
        better="higher",
        n_runs=N_RUNS,
        spread=ours.spread + theirs.spread,
        peer=peer,
        note=f"{N_BARS:,} bars; to the lake CPU {statistics.median(ours.cpu_s):.1f} s, "
        f"{max(ours.peak_mb):.0f} MB; peer {statistics.median(theirs.cpu_s):.1f} s, {max(theirs.peak_mb):.0f} MB; "
        f"with one page cut short {_got(ours)}, peer {_got(theirs)}{more}",
    )


def _got(cost: Cost) -> str:
    return f"{cost.n_bars_cut:,} bars" if cost.n_bars_cut >= 0 else "an error"


@cache
def _alpaca() -> list[Cost]:
    return _costs(PreparedAlpaca, "quantmill alpaca", "alpaca-py")


def _costs(make_server: Callable[[pl.DataFrame], StandIn], *names: str) -> list[Cost]:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    n_cut: dict[str, int] = {}
    with serving(make_server) as served:
        for _ in range(N_RUNS):
            for name in names:
                found[name].append(_child(name, served.url))
        for name in names:
            served.cut_page()
            try:
                n_cut[name] = int(_child(name, served.url)["rows"])
            except subprocess.CalledProcessError:
                n_cut[name] = -1
    for name, costs in found.items():
        assert all(cost["rows"] == N_BARS for cost in costs), f"{name} lost bars: {costs}"
    return [
        Cost(tuple(one["cpu_s"] for one in costs), tuple(one["peak_mb"] for one in costs), n_cut[name])
        for name, costs in found.items()
    ]


def _child(name: str, url: str) -> dict[str, float]:
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest_child", name, url],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(finished.stdout.splitlines()[-1])

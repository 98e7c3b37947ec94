"""Cost of the default grid: 864 trials with regimes as gates, from prepared predictions to finished rows."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from benchmarks.kernel import N_BARS, prepare
from benchmarks.row import Row, judged
from benchmarks.timing import interleaved
from quantmill.optimize.batch_setup import BatchSetup
from quantmill.optimize.space import ParameterSpace
from quantmill.optimize.sweep import sweep
from quantmill.simulation.gates import REGIME_STATES, GateColumn
from quantmill.simulation.signal import SignalSource

__all__ = ["default_grid_864_cpu_s"]

N_MODELS, N_SYMBOLS = 2, 3
REGIMES = ("regime_vix", "regime_gmm")


def default_grid_864_cpu_s(*, n_runs: int = 3) -> Row:
    """CPU seconds of 2 models × 3 symbols × 144 configurations over a year of minutes each, on two threads."""
    sources = [gated_source(seed) for seed in range(N_MODELS * N_SYMBOLS)]
    space = ParameterSpace()
    trials = list(enumerate(space))
    setup = BatchSetup()
    with ThreadPoolExecutor(2) as threads:

        def grid() -> None:
            n_done = 0
            for source in sources:
                for rows in sweep(source, trials, setup, executor=threads, n_threads=2):
                    assert all(row["status"] == "completed" for row in rows)
                    n_done += len(rows)
            assert n_done == len(sources) * len(space) == 864

        times = interleaved({"grid": grid}, n_runs=n_runs)["grid"]
    return judged(
        "default_grid_864_cpu_s",
        times.median,
        "s",
        goal=10.0,
        better="lower",
        n_runs=n_runs,
        spread=times.spread,
        note=f"864 trials × {N_BARS} bars: streams, gates, kernel, metrics and rows; without reading and storing",
    )


def gated_source(seed: int) -> SignalSource:
    """A year of synthetic minutes whose regimes last about two hours."""
    rng = np.random.default_rng(seed)
    columns = {
        name: GateColumn(
            rng.integers(0, REGIME_STATES[name], N_BARS // 120 + 1).repeat(120)[:N_BARS].astype(np.float64),
            name,
        )
        for name in REGIMES
    }
    return replace(prepare(seed).source, model_id=f"m-{seed}", gate_columns=columns)

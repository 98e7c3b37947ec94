"""Cost of building a symbol's features over five years, with context and regimes."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from benchmarks.reading import make_bars
from benchmarks.row import Row
from quantmill.features.build import build_features, ensure_certificate
from quantmill.features.context.sources import sources_of
from quantmill.features.regime_build import ensure_regimes
from quantmill.features.sets import feature_set_named
from quantmill.testing.lakes import open_lake

__all__ = ["feature_build_5y_cpu_s"]

SYMBOLS = ("SPY", "QQQ", "VIXY")


def feature_build_5y_cpu_s(*, n_runs: int = 3) -> Row:
    """CPU seconds of building every feature of one symbol over five years of minutes, from bars to committed files.

    The market's regimes, which are made once for all symbols, and the proof of no look-ahead, made once per set
    version, stand in the note.
    """
    core = feature_set_named()
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(Path(folder))
        walk = make_bars("SPY")
        for symbol in SYMBOLS:
            # The same walk three times: the cost does not depend on prices.
            lake.write("bars", walk.with_columns(pl.lit(symbol).alias("symbol")))
        proof_s = _cpu_s(lambda: ensure_certificate(lake, lake.state, core))
        regimes_s = _cpu_s(lambda: ensure_regimes(lake, lake.state, sources_of(lake, "SPY")))
        build_features(lake, lake.state, core, "QQQ")
        seconds = sorted(
            _cpu_s(lambda: build_features(lake, lake.state, core, "SPY", force=True)) for _ in range(n_runs)
        )
        rows = sum(file.rows for file in lake.files("bars", keys=["SPY"]))
        lake.state.close()
    median = seconds[n_runs // 2]
    return Row(
        name="feature_build_5y_cpu_s",
        value=median,
        unit="CPU s",
        peer=None,
        goal="100 columns later",
        holds=None,
        n_runs=n_runs,
        spread=(seconds[-1] - seconds[0]) / median,
        note=f"{len(core.columns)} columns of {rows} bars; regimes of five years once {regimes_s:.1f}, proof once "
        f"{proof_s:.1f} CPU s",
    )


def _cpu_s(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start

"""Takes every measurement and writes `benchmarks/results/latest.json`."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

RESULTS: Final = Path(__file__).parent / "results" / "latest.json"
from quantmill.core.version import code_stamp  # noqa: E402 - loads no kernel

# Before anything imports numba: compiled kernels are kept from one run to the next of the same code.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parents[1] / ".cache" / f"numba-{code_stamp()}"))

from benchmarks.features import feature_build_5y_cpu_s  # noqa: E402 - after the variable above
from benchmarks.gaps import gap_scan_s  # noqa: E402 - likewise
from benchmarks.grids import (  # noqa: E402 - likewise
    default_grid_cpu_s,
    grid_bytes_per_config,
    million_trials_peak_mb,
    million_trials_s,
)
from benchmarks.ingest import (  # noqa: E402 - likewise
    ingest_alpaca_cpu_vs_sdk,
    ingest_massive_cpu_vs_sdk,
    ingest_peak_mb,
)
from benchmarks.kernel import (  # noqa: E402 - likewise
    bar_kernel_vs_vectorbt,
    event_kernel_vs_vectorbt,
    event_vs_bar_kernel,
    grid_mbars_per_cpu_s,
)
from benchmarks.live import (  # noqa: E402 - likewise
    live_commit_p50_ms,
    live_commit_with_readers_p50_ms,
    tail_p50_ms,
)
from benchmarks.reading import read_symbol_vs_plain_parquet  # noqa: E402 - likewise
from benchmarks.resampling import resample_5m_symbol_year_s  # noqa: E402 - likewise
from benchmarks.row import Row  # noqa: E402 - likewise

MEASUREMENTS: Final[tuple[Callable[[], Row], ...]] = (
    grid_mbars_per_cpu_s,
    event_vs_bar_kernel,
    bar_kernel_vs_vectorbt,
    event_kernel_vs_vectorbt,
    default_grid_cpu_s,
    million_trials_s,
    million_trials_peak_mb,
    grid_bytes_per_config,
    read_symbol_vs_plain_parquet,
    gap_scan_s,
    ingest_alpaca_cpu_vs_sdk,
    ingest_massive_cpu_vs_sdk,
    ingest_peak_mb,
    live_commit_p50_ms,
    tail_p50_ms,
    live_commit_with_readers_p50_ms,
    resample_5m_symbol_year_s,
    feature_build_5y_cpu_s,
)


def main() -> None:
    rows: list[Row] = []
    print(f"{'row':<32} {'value':>10} {'unit':<7} {'goal':<8} {'holds':<6} {'runs':>4} {'spread':>7}  peer")
    for measure in MEASUREMENTS:
        row = measure()
        rows.append(row)
        print(table_line(row), flush=True)
        if row.note:
            print(f"    {row.note}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n", encoding="utf-8")
    print(f"written to {RESULTS}")


def table_line(row: Row) -> str:
    value = "-" if row.value is None else f"{row.value:.2f}"
    holds = {None: "-", True: "yes", False: "no"}[row.holds]
    spread = "-" if row.spread is None else f"{row.spread:.0%}"
    return (
        f"{row.name:<32} {value:>10} {row.unit:<7} {row.goal:<8} {holds:<6} {row.n_runs:>4} {spread:>7}  "
        f"{row.peer or ''}"
    ).rstrip()


if __name__ == "__main__":
    main()

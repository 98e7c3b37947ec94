"""One batch in a process of its own: prints what it took, as JSON."""

import json
import os
import sys
import time
from pathlib import Path

import quantmill
from benchmarks.homes import MODELS, SYMBOLS
from benchmarks.peak import peak_bytes


def main(home: Path, thresholds: str) -> None:
    begun = time.perf_counter()
    with quantmill.open(home) as mill:
        done = mill.optimize.run(
            models=list(MODELS), symbols=list(SYMBOLS), thresholds=[thresholds], max_concurrent=2, force=True
        )
    print(
        json.dumps(
            {
                "n_completed": done.n_completed,
                "wall_s": time.perf_counter() - begun,
                "cpu_s": sum(os.times()[:2]),
                "peak_bytes": peak_bytes(),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

"""CPU time of competing callables, measured in turns so that a slow moment of the machine meets all of them."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["CpuTimes", "interleaved"]


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """CPU seconds of the whole process, all its threads, per run of one callable."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        return (max(self.seconds) - min(self.seconds)) / self.median


def interleaved(candidates: Mapping[str, Callable[[], object]], *, n_runs: int) -> dict[str, CpuTimes]:
    """Run each candidate once to warm it, then all of them in turn `n_runs` times."""
    for run in candidates.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(n_runs):
        for name, run in candidates.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    return {name: CpuTimes(tuple(taken)) for name, taken in seconds.items()}

"""How many trials a chunk has: seconds of work, so that a pause or a kill costs no more than that."""

from typing import Final

from quantmill.lake.store import Lake
from quantmill.optimize.batch_runner import Grid

__all__ = ["n_bars_of", "trials_per_chunk"]

_SECONDS_PER_CHUNK: Final = 2.0
# What the kernel does on one thread: bars of all trials together, per second.
_BARS_PER_SECOND: Final = 500e6
_BARS_PER_SECOND_UNDER_RULES: Final = 50e6
_MOST_TRIALS_PER_CHUNK: Final = 20_000


def trials_per_chunk(n_bars: float, *, has_rules: bool) -> int:
    """Trials of so many bars that take about two seconds on one thread; under rules every bar is visited."""
    speed = _BARS_PER_SECOND_UNDER_RULES if has_rules else _BARS_PER_SECOND
    return max(1, min(round(_SECONDS_PER_CHUNK * speed / max(n_bars, 1.0)), _MOST_TRIALS_PER_CHUNK))


def n_bars_of(lake: Lake, grid: Grid) -> int:
    """Bars that the models of a grid trade, all together: those with a prediction."""
    return sum(file.rows for file in lake.files("predictions", keys=[model.id for model in grid.models]))

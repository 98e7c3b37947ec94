"""One measured figure beside its goal."""

from dataclasses import asdict, dataclass
from typing import Literal

__all__ = ["Row", "judged", "unmeasured"]


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of one run of the benchmarks.

    `spread` is (highest - lowest) / median over the `n_runs` repetitions; `holds` is null when nothing was
    measured, and `note` then says why.
    """

    name: str
    value: float | None
    unit: str
    peer: str | None
    goal: str
    holds: bool | None
    n_runs: int
    spread: float | None
    note: str = ""

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def judged(
    name: str,
    value: float,
    unit: str,
    *,
    goal: float,
    better: Literal["higher", "lower"],
    n_runs: int,
    spread: float,
    peer: str | None = None,
    note: str = "",
) -> Row:
    """A measured figure; it holds when it is at least (`higher`) or at most (`lower`) its goal."""
    holds = value >= goal if better == "higher" else value <= goal
    sign = "≥" if better == "higher" else "≤"
    return Row(name, value, unit, peer, f"{sign} {goal:g}", holds, n_runs, spread, note)


def unmeasured(name: str, unit: str, *, goal: str, peer: str | None, note: str) -> Row:
    """A row whose figure could not be taken, and why."""
    return Row(name, None, unit, peer, goal, None, 0, None, note)

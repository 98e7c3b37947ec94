"""What a batch that has ended answers, and the threads that a batch gets."""

from dataclasses import dataclass, fields

from quantmill.optimize.batch import BatchReport
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome

__all__ = ["BatchOutcome", "threads_of"]


@dataclass(frozen=True)
class BatchOutcome(Outcome):
    """How a batch went; the times are CPU and wall seconds of the work itself."""

    batch_id: str
    n_trials: int
    n_completed: int
    n_failed: int
    wall_s: float
    cpu_s: float
    symbols: tuple[str, ...]
    models: tuple[str, ...]
    n_resumed: int
    note: str

    @classmethod
    def of(cls, report: BatchReport) -> "BatchOutcome":
        """The report as a verb's result."""
        return cls(**{field.name: getattr(report, field.name) for field in fields(report)})

    @property
    def succeeded(self) -> bool:
        """Whether at least one trial has a result."""
        return self.n_completed > 0

    def lines(self) -> list[str]:
        """Counts, times, and how to see the ranking."""
        counts = f"{self.n_completed:,} of {self.n_trials:,} trials done, {self.n_failed:,} failed"
        return [
            f"batch {self.batch_id}: {counts}; {self.wall_s:.2f} s, {self.cpu_s:.2f} CPU s",
            *([self.note] if self.note else []),
            f"next: quantmill leaderboard {self.batch_id}",
        ]


def threads_of(mill: Mill, asked_for: int | None) -> int:
    """Threads of a batch: what was asked for, else the setting `optimize.max_concurrent`."""
    return mill.settings.optimize.max_concurrent if asked_for is None else asked_for

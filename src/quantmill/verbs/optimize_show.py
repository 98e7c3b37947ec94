"""The verb `optimize show`: one batch, how far it is, and what it tries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from quantmill.core.digest import short_id
from quantmill.core.instants import from_us
from quantmill.core.progress import Progress
from quantmill.optimize.chunks import get_batch, totals_of
from quantmill.optimize.pausing import JOB_KIND, status_for_people
from quantmill.verbs.batch_estimate import parameters_text
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Request

__all__ = ["READS_ONLY", "OptimizeShowRequest", "ShownBatch", "run", "shown_batch"]

READS_ONLY: Final = True


class OptimizeShowRequest(Request):
    """Show one batch, how far it is, and what it tries."""

    batch: Annotated[str, POSITIONAL] = Field(description="Batch id.")


@dataclass(frozen=True)
class ShownBatch(Outcome):
    """One batch; the times are those of its stored chunks, `remaining_s` is null until one is stored."""

    batch_id: str
    status: str
    n_trials: int
    n_done: int
    n_failed: int
    progress_frac: float
    wall_s: float
    cpu_s: float
    remaining_s: float | None
    models: tuple[tuple[str, str], ...]
    space: Mapping[str, Any]
    setup: Mapping[str, Any]
    snapshot: int
    job_id: str
    created_at: datetime

    def lines(self) -> list[str]:
        """State, progress, what is tried, and what can be done next."""
        left = (
            ""
            if self.remaining_s is None or self.status == "completed"
            else f", about {self.remaining_s:.0f} s left"
        )
        pairs = ", ".join(f"{model_id} on {symbol}" for model_id, symbol in self.models)
        return [
            f"batch {self.batch_id}: {self.status}; {self.n_done:,} of {self.n_trials:,} trials stored, "
            f"{self.n_failed:,} failed; {self.wall_s:.1f} s, {self.cpu_s:.1f} CPU s so far{left}",
            f"{pairs}; {parameters_text(self.space)}",
            self._next(),
        ]

    def _next(self) -> str:
        if self.status == "completed":
            return f"next: quantmill leaderboard {self.batch_id}"
        if self.status == "running":
            return f"`quantmill optimize pause {self.batch_id}` stops it after the chunk in work"
        if self.status == "pausing":
            return "it stops after the chunk in work"
        return f"`quantmill optimize resume {self.batch_id}` goes on with it"


def run(mill: Mill, request: OptimizeShowRequest, progress: Progress) -> ShownBatch:
    """The batch.

    Raises:
        NotFoundError: If there is none with this id.
    """
    return shown_batch(mill, request.batch)


def shown_batch(mill: Mill, batch_id: str) -> ShownBatch:
    """A batch as it is at this moment.

    Raises:
        NotFoundError: If there is none with this id.
    """
    with mill.state.read() as connection:
        batch = get_batch(connection, batch_id)
        totals = totals_of(connection, batch_id)
    n_done = totals.n_completed + totals.n_failed
    return ShownBatch(
        batch_id=batch.id,
        status=status_for_people(mill.queue, batch.id, batch.status),
        n_trials=batch.n_trials,
        n_done=n_done,
        n_failed=totals.n_failed,
        progress_frac=n_done / batch.n_trials,
        wall_s=totals.wall_s,
        cpu_s=totals.cpu_s,
        remaining_s=totals.wall_s / n_done * (batch.n_trials - n_done) if n_done else None,
        models=tuple((model_id, symbol) for model_id, symbol in batch.recipe["pairs"]),
        space=batch.recipe["space"],
        setup=batch.recipe["setup"],
        snapshot=batch.snapshot,
        job_id=short_id("j", JOB_KIND, (batch.id,)),
        created_at=from_us(batch.created_us),
    )

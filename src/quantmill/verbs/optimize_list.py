"""The verb `optimize list`: the batches of a home and how far each is."""

from typing import Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.optimize.batches import list_batches
from quantmill.optimize.pausing import status_for_people
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "OptimizeListRequest", "run"]

READS_ONLY: Final = True
WHEN_EMPTY: Final = "no batches yet: `quantmill optimize run` makes one"
TERMINAL_COLUMNS: Final = (
    "batch_id",
    "status",
    "n_trials",
    "n_done",
    "n_failed",
    "progress_frac",
    "n_models",
    "wall_s",
    "cpu_s",
    "created_at",
)


class OptimizeListRequest(Request):
    """List the batches and how far each is.

    Running, pausing, paused, completed, or interrupted: begun, and nobody works on it.
    """

    limit: int | None = Field(default=None, ge=1, description="The last N batches.")


def run(mill: Mill, request: OptimizeListRequest, progress: Progress) -> pl.DataFrame:
    """One row per batch, the newest at the end."""
    batches = list_batches(mill.state)
    shown = batches.tail(request.limit or batches.height)
    status = [
        status_for_people(mill.queue, batch_id, status)
        for batch_id, status in shown.select("batch_id", "status").iter_rows()
    ]
    return shown.with_columns(pl.Series("status", status, dtype=pl.String()))

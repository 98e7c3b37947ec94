"""The verb `optimize pause`: a batch that stops after the chunks in work, whoever works on it."""

from typing import Annotated, Final

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.optimize.pausing import pause_batch
from quantmill.verbs.mill import Mill
from quantmill.verbs.optimize_show import ShownBatch, shown_batch
from quantmill.verbs.request import POSITIONAL, Request

__all__ = ["READS_ONLY", "OptimizePauseRequest", "run"]

READS_ONLY: Final = False


class OptimizePauseRequest(Request):
    """Stop a batch after the chunks in work.

    What is stored stays, and `optimize resume` goes on. A batch that is finished or paused stays as it is.
    """

    batch: Annotated[str, POSITIONAL] = Field(description="Batch id.")


def run(mill: Mill, request: OptimizePauseRequest, progress: Progress) -> ShownBatch:
    """The batch as it is now: `pausing` while chunks are in work, `paused` when nobody works on it.

    Raises:
        NotFoundError: If there is none with this id.
    """
    pause_batch(mill.state, mill.queue, request.batch)
    return shown_batch(mill, request.batch)

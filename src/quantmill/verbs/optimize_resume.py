"""The verb `optimize resume`: a batch that was paused or interrupted, finished as its recipe has it."""

from typing import Annotated, Final

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.optimize.batch import resume_batch
from quantmill.verbs.batch_outcome import BatchOutcome, threads_of
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, FromSetting, Request

__all__ = ["READS_ONLY", "OptimizeResumeRequest", "run"]

READS_ONLY: Final = False


class OptimizeResumeRequest(Request):
    """Finish a batch that was paused or interrupted.

    Its recorded models, parameters and costs hold. When bars, predictions or features have changed since, it is refused.
    """

    batch: Annotated[str, POSITIONAL] = Field(description="Batch id.")
    max_concurrent: Annotated[int | None, FromSetting("optimize.max_concurrent")] = Field(
        default=None, ge=1, le=256, description="Threads."
    )


def run(mill: Mill, request: OptimizeResumeRequest, progress: Progress) -> BatchOutcome:
    """Does what is missing; a finished batch is reported alone.

    Raises:
        NotFoundError: If there is no such batch, or a model of it is gone.
        ConflictError: If what decides its results has changed.
        JobError: If somebody works on it.
        JobCancelledError: If somebody paused it again.
    """
    report = resume_batch(
        mill.lake,
        mill.state,
        mill.queue,
        request.batch,
        max_concurrent=threads_of(mill, request.max_concurrent),
        progress=progress,
    )
    return BatchOutcome.of(report)

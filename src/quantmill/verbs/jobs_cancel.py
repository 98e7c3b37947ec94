"""The verb `jobs cancel`: a job that is no longer wanted."""

from typing import Annotated, Final

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.verbs.jobs_show import ShownJob
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, Request

__all__ = ["READS_ONLY", "JobsCancelRequest", "run"]

READS_ONLY: Final = False


class JobsCancelRequest(Request):
    """Cancel a job that waits or runs.

    One that runs stops at its next step; what it has published stays.
    """

    job_id: Annotated[str, POSITIONAL] = Field(description="Job id.")


def run(mill: Mill, request: JobsCancelRequest, progress: Progress) -> ShownJob:
    """The job as it is now; one that has ended stays as it is.

    Raises:
        JobNotFoundError: If there is none with this id.
    """
    return ShownJob(mill.queue.cancel(request.job_id))

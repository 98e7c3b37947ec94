"""The verb `jobs show`: one job with its progress, its result or what went wrong."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from quantmill.core.instants import from_us
from quantmill.core.progress import Progress
from quantmill.jobs.queue import Job
from quantmill.verbs.json_form import Json, json_of
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Request

__all__ = ["READS_ONLY", "JobsShowRequest", "ShownJob", "run"]

READS_ONLY: Final = True


class JobsShowRequest(Request):
    """Show one job with its result."""

    job_id: Annotated[str, POSITIONAL] = Field(description="Job id.")


@dataclass(frozen=True)
class ShownJob(Outcome):
    """One job; `result` is that of its verb when it was asked for over REST."""

    job: Job

    def to_json(self) -> Json:
        """The job's fields; an error has type, message and hint."""
        job = self.job
        error = {"type": job.error_type, "message": job.error, "hint": job.error_hint}
        return {
            "job_id": job.id,
            "kind": job.kind,
            "key": json_of(job.key),
            "status": job.status,
            "progress": job.progress,
            "attempt": job.attempt,
            "error": error if job.error is not None else None,
            "result": job.result,
            "notes": list(job.notes),
            "created_at": json_of(from_us(job.created_us)),
            "updated_at": json_of(from_us(job.updated_us)),
        }

    def lines(self) -> list[str]:
        """State, progress, what was said, and the error with its hint."""
        job = self.job
        ending = [] if job.error is None else [f"error: {job.error}"]
        hint = [] if job.error_hint is None else [f"hint: {job.error_hint}"]
        return [f"{job.id} {job.kind}: {job.status}, {job.progress:.0%}", *job.notes, *ending, *hint]


def run(mill: Mill, request: JobsShowRequest, progress: Progress) -> ShownJob:
    """The job.

    Raises:
        JobNotFoundError: If there is none with this id.
    """
    return ShownJob(mill.queue.get(request.job_id))

"""The verb `jobs list`: what was asked for and how it ended, the newest at the end."""

from typing import Any, Final

import polars as pl
from pydantic import Field

from quantmill.core.bars import UTC_TIME
from quantmill.core.digest import canonical_json
from quantmill.core.instants import from_us
from quantmill.core.progress import Progress
from quantmill.jobs.queue import Job, JobStatus
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "JobsListRequest", "run"]

READS_ONLY: Final = True
WHEN_EMPTY: Final = "no jobs yet: whatever stores something is one"
_SCHEMA: Final[dict[str, Any]] = {
    "job_id": pl.String(),
    "kind": pl.String(),
    "status": pl.String(),
    "progress": pl.Float64(),
    "attempt": pl.Int64(),
    "error": pl.String(),
    "updated_at": UTC_TIME,
    "created_at": UTC_TIME,
    "key": pl.String(),
}


class JobsListRequest(Request):
    """List the jobs and how they went."""

    kind: str | None = Field(default=None, description="Only jobs of this kind, such as train.")
    status: JobStatus | None = Field(default=None, description="Only jobs in this state.")
    limit: int | None = Field(default=None, ge=1, description="The last N jobs by their last change.")


def run(mill: Mill, request: JobsListRequest, progress: Progress) -> pl.DataFrame:
    """One row per job, the one that changed last at the end; `key` is JSON."""
    jobs = mill.queue.list(kind=request.kind, status=request.status, limit=request.limit)
    return pl.DataFrame([_row(job) for job in jobs], schema=_SCHEMA, orient="row")


def _row(job: Job) -> tuple[object, ...]:
    values = {
        "job_id": job.id,
        "created_at": from_us(job.created_us),
        "updated_at": from_us(job.updated_us),
        "key": canonical_json(job.key),
    }
    return tuple(values[name] if name in values else getattr(job, name) for name in _SCHEMA)

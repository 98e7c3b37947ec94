"""How a writing verb does its work: as a job of the home, its published results visible at once."""

from collections.abc import Callable
from typing import Any, TypeVar

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.jobs.runner import JobContext, run_job
from quantmill.verbs.mill import Mill

__all__ = ["work"]

Result = TypeVar("Result")


def work(
    mill: Mill,
    kind: str,
    key: tuple[Any, ...],
    body: Callable[[JobContext], Result],
    *,
    progress: Progress = NO_PROGRESS,
) -> Result:
    """Run `body` as the job (kind, key), so that the state tells what was done and how it ended.

    Args:
        mill: The open home.
        kind: The verb.
        key: What tells this job from others of its kind; JSON values.
        body: The work; it publishes inside `context.completing()`.
        progress: Where a person sees progress.
    """
    result = run_job(mill.queue, kind, key, body, progress=progress)
    mill.lake.refresh_views()
    return result

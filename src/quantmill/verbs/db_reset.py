"""The verb `db reset`: an empty state database."""

from dataclasses import dataclass
from typing import Final

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.errors import JobError, UsageError
from quantmill.jobs.queue import JobQueue
from quantmill.jobs.runner import may_be_alive
from quantmill.state.engine import State
from quantmill.state.reset import reset_state
from quantmill.state.schema import HEAD
from quantmill.state.status import StateStatus, read_status
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "DatabaseReset", "DbResetRequest", "run"]

READS_ONLY: Final = False
_REBUILD: Final = "`quantmill rebuild`"
# Tables whose rows a person knows by these words; nothing else can bring them back.
_WORDS: Final = {
    "model": "models",
    "run": "runs",
    "batch": "batches",
    "trial_ledger": "entries of the trial ledger",
    "job": "jobs",
    "file": "files in the catalogue",
    "symbol": "symbols",
}


class DbResetRequest(Request):
    """Empty the state database.

    The files of the lake and of the models stay where they are.
    """

    yes: bool = Field(default=False, description="Do it; without this it only says what would be lost.")


@dataclass(frozen=True)
class DatabaseReset(Outcome):
    """What was lost: rows by table."""

    url: str
    schema: str
    rows: dict[str, int]

    def lines(self) -> list[str]:
        """What is gone, and what to do before anything else."""
        if not self.rows:
            return [f"{self.url} was empty; its schema is at {self.schema}"]
        return [
            f"emptied {self.url}: {sum(self.rows.values()):,} rows are gone; the schema is at {self.schema}",
            f"the lake's files are still there but not known any more: run {_REBUILD} before anything else, since "
            "cleaning deletes files that the catalogue does not know",
            "models, runs, batches and the trial ledger cannot be brought back",
        ]


def run(mill: Mill, request: DbResetRequest, progress: Progress) -> DatabaseReset:
    """Drops all tables and makes them anew in one transaction.

    Raises:
        NotFoundError: If there is no home.
        UsageError: Without `yes`; the message says what would be lost.
        JobError: If a job is running.
        ConfigError: If the database cannot be reached, or is a PostgreSQL one of a newer quantmill.
    """
    mill.require_home()
    with mill.state_as_it_is() as state:
        found = read_status(state)
        if not request.yes:
            raise UsageError(
                f"`db reset` would empty {found.url} for good: {_losses(found)}",
                hint=f"--yes does it; the lake's files stay, and {_REBUILD} makes their catalogue anew",
            )
        if found.revision == HEAD:
            _check_idle(state, mill)
        reset_state(state)
    mill.close()
    return DatabaseReset(found.url, HEAD, {name: n for name, n in found.rows.items() if n})


def _losses(found: StateStatus) -> str:
    known = [f"{word} {found.rows[name]:,}" for name, word in _WORDS.items() if found.rows.get(name)]
    n_rows = sum(found.rows.values())
    return f"{n_rows:,} rows" + (f", among them {', '.join(known)}" if known else "")


def _check_idle(state: State, mill: Mill) -> None:
    now_us = mill.clock.now_us()
    alive = [
        job
        for job in JobQueue(state, mill.clock).list(status="running")
        if job.worker is not None and (job.lease_until_us or 0) > now_us and may_be_alive(job.worker)
    ]
    if alive:
        raise JobError(
            f"{alive[0].kind} is being done by {alive[0].worker}, which needs the state",
            hint="wait until it is done, or cancel it: `quantmill jobs list`",
        )

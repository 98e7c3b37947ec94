"""The verb `db upgrade`: the pending migrations, run and named."""

from dataclasses import dataclass
from typing import Final

from quantmill.core.progress import Progress
from quantmill.state.schema import HEAD, revision_of, upgrade
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "DatabaseUpgrade", "DbUpgradeRequest", "run"]

READS_ONLY: Final = False


class DbUpgradeRequest(Request):
    """Bring the state database to the newest schema.

    Every verb does so when it opens a home; this one says what it did.
    """


@dataclass(frozen=True)
class DatabaseUpgrade(Outcome):
    """From which schema revision to which, and the migrations in between."""

    url: str
    schema_before: str | None
    schema_after: str
    migrations: tuple[str, ...]

    def lines(self) -> list[str]:
        """What was done, or that nothing was left to do."""
        if not self.migrations:
            return [f"nothing to do: the schema of {self.url} is at {self.schema_after}, the newest"]
        return [
            f"upgraded {self.url} from {self.schema_before or 'nothing'} to {self.schema_after}",
            *(f"ran {step}" for step in self.migrations),
            "made the views anew",
        ]


def run(mill: Mill, request: DbUpgradeRequest, progress: Progress) -> DatabaseUpgrade:
    """Runs the migrations in one transaction: all of them, or none.

    Raises:
        NotFoundError: If there is no home.
        ConfigError: If the database cannot be reached, or a newer quantmill wrote it.
    """
    mill.require_home()
    with mill.state_as_it_is() as state, state.write() as connection:
        before = revision_of(connection)
        steps = upgrade(connection)
    return DatabaseUpgrade(state.url, before, HEAD, tuple(f"{step.revision} {step.what}" for step in steps))

"""The verb `db status`: kind, schema, size and rows of the state database."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from quantmill.core.progress import Progress
from quantmill.core.sizes import size_text
from quantmill.state.status import StateStatus, read_status
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request

__all__ = ["READS_ONLY", "DatabaseStatus", "DbStatusRequest", "run"]

READS_ONLY: Final = True


class DbStatusRequest(Request):
    """Show the state database: kind, schema, size, rows."""


@dataclass(frozen=True)
class DatabaseStatus(Outcome):
    """The state database as it is; `schema_state` is `current`, `older`, `newer` or `empty`.

    `pending` are the migrations that `quantmill db upgrade` runs; quantmill makes no backups of its own, so
    `last_backup` is null.
    """

    kind: str
    version: str
    url: str
    schema_state: str
    schema_found: str | None
    schema_needed: str
    pending: tuple[str, ...]
    n_bytes: int
    last_backup: str | None
    rows: dict[str, int]
    views: tuple[str, ...]

    def lines(self) -> list[str]:
        """What the database is, and what its schema needs."""
        found = self.schema_found or "none"
        advice = {
            "current": "which is the newest",
            "empty": f"{self.schema_needed} is needed: any verb that stores something makes it",
            "older": f"{self.schema_needed} is needed: `quantmill db upgrade`, or any other verb, brings it there",
            "newer": f"this quantmill knows up to {self.schema_needed}: upgrade quantmill, or use another --home",
        }
        return [
            f"{self.kind} {self.version}, {size_text(self.n_bytes)}: {self.url}",
            f"schema revision {found}, {advice[self.schema_state]}",
            *(f"pending: {step}" for step in self.pending),
            f"{sum(self.rows.values()):,} rows in {len(self.rows)} tables; views {', '.join(self.views) or 'none'}",
            f"last backup: {self.last_backup or 'none'}",
        ]

    def table(self) -> pl.DataFrame:
        """Rows per table."""
        return pl.DataFrame(
            {"table": list(self.rows), "rows": list(self.rows.values())},
            schema={"table": pl.String, "rows": pl.Int64},
        )


def run(mill: Mill, request: DbStatusRequest, progress: Progress) -> DatabaseStatus:
    """Looks at the database as it is; its schema may be older or newer.

    Raises:
        NotFoundError: If there is no home.
        ConfigError: If the database cannot be reached.
    """
    mill.require_home()
    with mill.state_as_it_is() as state:
        found = read_status(state)
    return DatabaseStatus(
        kind=found.kind,
        version=found.version,
        url=found.url,
        schema_state=_schema_state(found),
        schema_found=found.revision,
        schema_needed=found.needed,
        pending=tuple(f"{step.revision} {step.what}" for step in found.pending),
        n_bytes=found.n_bytes,
        last_backup=None,
        rows=found.rows,
        views=found.views,
    )


def _schema_state(found: StateStatus) -> str:
    if found.revision is None:
        return "empty"
    if found.is_newer:
        return "newer"
    return "older" if found.pending else "current"

"""The verb `schema events`: the log of drift, with what was decided."""

from typing import Any, Final

import polars as pl
from pydantic import Field

from quantmill.core.bars import UTC_TIME
from quantmill.core.instants import from_us
from quantmill.core.progress import Progress
from quantmill.ingest.drift_records import find_events
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Request
from quantmill.verbs.source_name import SourceName

__all__ = ["READS_ONLY", "SchemaEventsRequest", "run"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = ("at", "source", "kind", "column", "expected", "found", "decision", "path")
WHEN_EMPTY: Final = "no source has drifted"
_SCHEMA: Final[dict[str, Any]] = {
    "at": UTC_TIME,
    "source": pl.String(),
    "kind": pl.String(),
    "column": pl.String(),
    "expected": pl.String(),
    "found": pl.String(),
    "decision": pl.String(),
    "decided_at": UTC_TIME,
    "path": pl.String(),
    "batch": pl.String(),
}


class SchemaEventsRequest(Request):
    """List how the columns of sources drifted and what was decided."""

    source: SourceName | None = Field(default=None, description="Only this source.")
    only_open: bool = Field(default=False, description="Only drift that nobody has decided on.")
    limit: int | None = Field(default=None, ge=1, description="The last N by time.")


def run(mill: Mill, request: SchemaEventsRequest, progress: Progress) -> pl.DataFrame:
    """One row per drift, in order of time; kind is new, missing or type, decision open, accepted, auto or refused."""
    with mill.state.read() as connection:
        events = find_events(connection, request.source, only_open=request.only_open)
    rows = [
        (
            from_us(event.at_us),
            event.source,
            event.kind,
            event.column_name,
            event.expected,
            event.found,
            event.decision,
            None if event.decided_us is None else from_us(event.decided_us),
            event.path,
            event.batch,
        )
        for event in events
    ]
    listed = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return listed if request.limit is None else listed.tail(request.limit)

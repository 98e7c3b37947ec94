"""The verb `quarantine list`: rows that could not be stored as bars, each with its reason."""

from typing import Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.ingest.quarantine import Status, list_quarantine
from quantmill.verbs.mill import Mill
from quantmill.verbs.quarantine_choice import QuarantineChoice

__all__ = ["READS_ONLY", "QuarantineListRequest", "run"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = ("id", "symbol", "ts", "reason", "open", "high", "low", "close", "source")
WHEN_EMPTY: Final = "nothing is in quarantine"

_ID_CHARACTERS: Final = 12


class QuarantineListRequest(QuarantineChoice):
    """List the rows that were not stored as bars."""

    status: Status = Field(default="pending", description="Rows that wait, those released, or both.")
    limit: int | None = Field(default=None, ge=1, description="The last N rows by symbol and time.")


def run(mill: Mill, request: QuarantineListRequest, progress: Progress) -> pl.DataFrame:
    """Rows by symbol and time: what could be read, the reason, the source, and the raw row as JSON.

    Raises:
        NotFoundError: If an id begins no row's, or those of several rows.
    """
    rows = list_quarantine(mill.lake, request.choice(request.status))
    named = rows.insert_column(0, rows["row_digest"].str.slice(0, _ID_CHARACTERS).alias("id"))
    return named if request.limit is None else named.tail(request.limit)

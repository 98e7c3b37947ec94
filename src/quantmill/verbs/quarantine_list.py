"""The verb `quarantine list`: rows that could not be stored as bars, each with its reason."""

from typing import Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import Request, Symbol

__all__ = ["READS_ONLY", "QuarantineListRequest", "run"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = ("symbol", "ts", "reason", "source", "raw")
WHEN_EMPTY: Final = "nothing is in quarantine"


class QuarantineListRequest(Request):
    """List the rows that were not stored as bars."""

    symbol: Symbol | None = Field(default=None, description="Only rows of this symbol.")
    limit: int | None = Field(default=None, ge=1, description="The last N rows by time.")


def run(mill: Mill, request: QuarantineListRequest, progress: Progress) -> pl.DataFrame:
    """Rows with symbol, ts, reason, source and the raw row as JSON, in time order."""
    keys = None if request.symbol is None else [request.symbol]
    rows = mill.lake.scan("quarantine", keys=keys).sort("symbol", "ts", nulls_last=False).collect()
    return rows if request.limit is None else rows.tail(request.limit)

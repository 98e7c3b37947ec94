"""The verb `actions list`: stored splits and dividends."""

from typing import Annotated, Final, Literal

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, Request, Symbol

__all__ = ["READS_ONLY", "ActionsListRequest", "run"]

READS_ONLY: Final = True
TERMINAL_COLUMNS: Final = ("symbol", "ex_date", "kind", "ratio", "amount", "source")
WHEN_EMPTY: Final = "no such splits or dividends are stored; `quantmill actions import FILE` stores some"


class ActionsListRequest(Request):
    """List the stored splits and dividends.

    A split's ratio is new shares for one old; a dividend's amount is cash per share as traded on the ex-date.
    """

    symbol: Annotated[Symbol | None, POSITIONAL] = Field(
        default=None, description="Symbol, such as SPY; all when left out."
    )
    kind: Literal["split", "dividend"] | None = Field(
        default=None, description="Only splits, or only dividends."
    )
    limit: int | None = Field(default=None, ge=1, description="The last N of those asked for.")


def run(mill: Mill, request: ActionsListRequest, progress: Progress) -> pl.DataFrame:
    """Rows by symbol and ex-date: symbol, ex_date, kind, ratio, amount, provider, source, ingested_at."""
    keys = None if request.symbol is None else [request.symbol]
    rows = mill.lake.scan("corporate_actions", keys=keys).sort("symbol", "ex_date", "kind").collect()
    chosen = rows if request.kind is None else rows.filter(pl.col("kind") == request.kind)
    return chosen if request.limit is None else chosen.tail(request.limit)

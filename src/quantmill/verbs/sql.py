"""The verb `sql`: one read-only query over the lake's views."""

from typing import Annotated, Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.optimize.batches import list_batches
from quantmill.verbs import models_list, runs_list
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, Request

__all__ = ["READS_ONLY", "SqlRequest", "run"]

READS_ONLY: Final = True
# The command line reads it from standard input, or asks for it at a prompt, when it is left out.
TYPED_FIELD: Final = "query"


class SqlRequest(Request):
    """Ask the lake in SQL.

    Views: bars, bars_5m, bars_15m, bars_30m, bars_1h, bars_4h, bars_8h, bars_1d, bars_with_phase, sessions, features,
    predictions, trials, equity, trades, quarantine, revisions, corporate_actions, daily, news, news_sentiment,
    symbols, models, runs, batches.
    On the command line a query may also come from standard input; on a terminal, a prompt opens without one.
    """

    query: Annotated[str, POSITIONAL] = Field(min_length=1, description="One SELECT in DuckDB's SQL.")
    limit: int | None = Field(default=None, ge=1, description="At most this many rows.")


def run(mill: Mill, request: SqlRequest, progress: Progress) -> pl.DataFrame:
    """The query's rows.

    Raises:
        QueryError: If the query is not one reading statement, or cannot be run.
    """
    text = request.query.lower()
    tables: dict[str, pl.DataFrame] = {}
    if "models" in text:
        tables["models"] = models_list.run(mill, models_list.ModelsListRequest(), progress)
    if "runs" in text:
        tables["runs"] = runs_list.run(mill, runs_list.RunsListRequest(), progress)
    if "batches" in text:
        tables["batches"] = list_batches(mill.state)
    timeout_s = mill.settings.sql.timeout_s
    return mill.lake.sql(request.query, limit=request.limit, timeout_s=timeout_s, tables=tables)

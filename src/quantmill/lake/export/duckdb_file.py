"""Export to one DuckDB file with a table per dataset, which every DuckDB since 1.0 opens."""

from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from quantmill.core.bars import EXPORT_MARK
from quantmill.core.progress import Progress
from quantmill.lake.export.places import ExportRecord
from quantmill.lake.export.rows import Rows
from quantmill.lake.view_sql import quoted

__all__ = ["write"]

# Later storage formats are unknown to the command line of 1.x.
_STORAGE: Final = "v1.0.0"


def write(rows: Rows, staging: Path, _final: Path, record: ExportRecord, progress: Progress) -> int:
    """Add the dataset's table to the file `staging` and return the number of rows."""
    n_rows = 0
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH {quoted(str(staging))} AS export (STORAGE_VERSION '{_STORAGE}')")
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS export.{EXPORT_MARK} AS SELECT {quoted(record.text())} AS record"
        )
        connection.register("part", pl.DataFrame(schema=rows.schema))
        connection.execute(f"CREATE TABLE export.{rows.table} AS FROM part")
        for key in rows.keys:
            for part in rows.parts(key):
                connection.register("part", part.frame)
                connection.execute(f"INSERT INTO export.{rows.table} FROM part")
                n_rows += part.frame.height
            progress.advance(note=key)
        connection.execute("DETACH export")
    return n_rows

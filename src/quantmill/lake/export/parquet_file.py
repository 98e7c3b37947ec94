"""Export to one Parquet file."""

# pyright: basic
# PyArrow, which writes a file part by part, ships no complete types.

from pathlib import Path
from typing import Final

import polars as pl
import pyarrow.parquet as pq

from quantmill.core.bars import EXPORT_MARK
from quantmill.core.progress import Progress
from quantmill.lake.export.places import ExportRecord
from quantmill.lake.export.rows import Rows

__all__ = ["write"]

_ROW_GROUP_ROWS: Final = 100_000


def write(rows: Rows, staging: Path, _final: Path, record: ExportRecord, progress: Progress) -> int:
    """Write the file `staging`, by key and time, and return the number of rows."""
    n_rows = 0
    schema = pl.DataFrame(schema=rows.schema).to_arrow().schema.with_metadata({EXPORT_MARK: record.text()})
    with pq.ParquetWriter(staging, schema, compression="zstd") as writer:
        for key in rows.keys:
            for part in rows.parts(key):
                table = part.frame.to_arrow().replace_schema_metadata(schema.metadata)
                writer.write_table(table, row_group_size=_ROW_GROUP_ROWS)
                n_rows += part.frame.height
            progress.advance(note=key)
    return n_rows

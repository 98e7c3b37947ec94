"""Export to CSV: a folder with one file per key, such as `SPY.csv`."""

from pathlib import Path

import polars as pl

from quantmill.core.progress import Progress
from quantmill.core.symbols import path_part
from quantmill.lake.export.places import ExportRecord
from quantmill.lake.export.rows import Rows

__all__ = ["write"]


def write(rows: Rows, staging: Path, _final: Path, _record: ExportRecord, progress: Progress) -> int:
    """Write the files into `staging` and return the number of rows.

    Numbers are the shortest texts that read back as the same number, times are ISO 8601 in UTC, a missing
    value is empty. The name of a symbol such as I:VIX is percent-encoded.
    """
    n_rows = 0
    times = [name for name, dtype in rows.schema.items() if isinstance(dtype, pl.Datetime)]
    as_text = [pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ") for name in times]
    for key in rows.keys:
        with (staging / f"{path_part(key)}.csv").open("wb") as stream:
            for part in rows.parts(key):
                part.frame.with_columns(as_text).write_csv(stream, include_header=stream.tell() == 0)
                n_rows += part.frame.height
            is_empty = stream.tell() == 0
        if is_empty:
            (staging / f"{path_part(key)}.csv").unlink()
        progress.advance(note=key)
    return n_rows

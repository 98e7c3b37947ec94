"""Export to a tree of Parquet files, one per symbol and session: `SPY/dt=2024-03-12/bars.parquet`."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from quantmill.core.arrays import Ints
from quantmill.core.bars import EXPORT_MARK, us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.instants import date_of_day
from quantmill.core.progress import Progress
from quantmill.core.symbols import describe_symbol, path_part
from quantmill.errors import UsageError
from quantmill.lake.export.places import ExportRecord
from quantmill.lake.export.rows import Rows

__all__ = ["write"]


def write(rows: Rows, staging: Path, _final: Path, record: ExportRecord, progress: Progress) -> int:
    """Write the tree into `staging` and return the number of rows.

    The date is that of the session in exchange time; `quantmill import` reads the tree again.

    Raises:
        UsageError: If the dataset has no symbol or no time.
    """
    if rows.dataset.key != "symbol" or not rows.years:
        raise UsageError(
            f"{rows.name} has no symbol and time in each row", hint="export it to parquet, duckdb or csv"
        )
    n_rows = 0
    for key in rows.keys:
        folder = staging / path_part(key)
        kept: pl.DataFrame | None = None
        for part in rows.parts(key):
            # The late hours of the last session of a year lie in the next year in UTC.
            frame = part.frame if kept is None else pl.concat([kept, part.frame])
            *whole, kept = _by_session(frame, key)
            _write_sessions(folder, rows.table, whole, key, record)
            n_rows += part.frame.height
        if kept is not None:
            _write_sessions(folder, rows.table, [kept], key, record)
        progress.advance(note=key)
    return n_rows


def _sessions(frame: pl.DataFrame, key: str) -> Ints:
    return calendar_for(describe_symbol(key).calendar).sessions_of(us_of(frame["ts"]))


def _by_session(frame: pl.DataFrame, key: str) -> list[pl.DataFrame]:
    session = _sessions(frame, key)
    starts = [0, *(np.flatnonzero(np.diff(session)) + 1).tolist(), frame.height]
    return [frame[start:end] for start, end in pairwise(starts)]


def _write_sessions(
    folder: Path, table: str, parts: Iterable[pl.DataFrame], key: str, record: ExportRecord
) -> None:
    for part in parts:
        day = date_of_day(int(_sessions(part[:1], key)[0]))
        place = folder / f"dt={day}" / f"{table}.parquet"
        place.parent.mkdir(parents=True)
        part.write_parquet(place, metadata={EXPORT_MARK: record.text()})

"""The verb `export`: a copy of the lake for other programs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.lake.adjusting import Adjust
from quantmill.lake.export.exporting import ExportFormatName, export_rows
from quantmill.lake.export.rows import rows_of
from quantmill.lake.reading import Hours
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Symbol
from quantmill.verbs.sessions_request import SessionsRequest

__all__ = ["READS_ONLY", "ExportRequest", "ExportResult", "run"]

READS_ONLY: Final = True


class ExportRequest(SessionsRequest):
    """Copy the lake to Delta, Iceberg, a tree, DuckDB, Parquet or CSV.

    The copy is one snapshot, appears whole or not at all, and tells in quantmill_export.json, or within its one file, what it holds.
    """

    format: Annotated[ExportFormatName, POSITIONAL] = Field(
        description="delta, iceberg (both: extra `export`), tree of symbol and session, duckdb, parquet or csv."
    )
    destination: Annotated[Path, POSITIONAL] = Field(
        description="Folder to make; a file for duckdb and parquet."
    )
    dataset: tuple[str, ...] = Field(
        default=("bars",),
        min_length=1,
        description="What to copy, such as bars, features or trials; several only to duckdb.",
    )
    symbols: tuple[Symbol, ...] = Field(default=(), description="Symbols; all when left out.")
    as_of: int | None = Field(default=None, ge=1, description="Snapshot; the newest when left out.")
    hours: Hours = Field(default="extended", description="extended takes all stored bars.")
    adjust: Adjust = Field(default="none", description="How splits change prices.")
    overwrite: bool = Field(default=False, description="Replace an earlier export at the destination.")


@dataclass(frozen=True)
class ExportResult(Outcome):
    """What was written."""

    destination: Path
    format: str
    snapshot: int
    rows: dict[str, int]
    files: int
    bytes: int

    def lines(self) -> list[str]:
        """One line."""
        counts = ", ".join(f"{n:,} rows of {name}" for name, n in self.rows.items())
        size = (
            f"{self.files:,} files, {self.bytes / 1e6:,.1f} MB"
            if self.files > 1
            else f"{self.bytes / 1e6:,.1f} MB"
        )
        return [f"{counts} of snapshot {self.snapshot} written to {self.destination} ({self.format}, {size})"]

    def table(self) -> pl.DataFrame | None:
        """No table."""
        return None


def run(mill: Mill, request: ExportRequest, progress: Progress) -> ExportResult:
    """Writes beside the destination first, part by part.

    Raises:
        NotFoundError: If a dataset, symbol or snapshot is unknown.
        UsageError: If the destination exists, or an option does not apply.
        ConfigError: If a library of the extra `export` is missing.
        StoreError: If the destination cannot be written to.
    """
    with mill.lake.pin("export") as newest:
        tables = [
            rows_of(
                mill.lake,
                name,
                symbols=request.symbols,
                start=request.start,
                end=request.end,
                hours=request.hours,
                adjust=request.adjust,
                as_of=newest if request.as_of is None else request.as_of,
            )
            for name in dict.fromkeys(request.dataset)
        ]
        done = export_rows(
            request.format, tables, request.destination, may_overwrite=request.overwrite, progress=progress
        )
    return ExportResult(done.destination, request.format, done.snapshot, done.rows, done.files, done.bytes)

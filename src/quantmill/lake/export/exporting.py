"""Exports: the formats there are, each a module that is imported when it is asked for."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.errors import ConfigError, UsageError
from quantmill.lake.export.places import RECORD_FILE, ExportRecord, check_destination, staged_at
from quantmill.lake.export.rows import Rows

__all__ = ["FORMATS", "ExportFormat", "ExportFormatName", "Exported", "export_rows"]

ExportFormatName = Literal["delta", "iceberg", "tree", "duckdb", "parquet", "csv"]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One format.

    Attributes:
        module: Module in `quantmill.lake.export` with `write(rows, staging, final, record, progress) -> int`,
            which writes one dataset into `staging` and returns the number of rows.
        is_folder: Whether the export is a folder; else it is one file.
        library: The library of the extra `export` that it needs.
        takes_many: Whether one export may hold several datasets.
    """

    module: str
    is_folder: bool = True
    library: str | None = None
    takes_many: bool = False


FORMATS: Final[Mapping[ExportFormatName, ExportFormat]] = MappingProxyType(
    {
        "delta": ExportFormat("delta_table", library="deltalake"),
        "iceberg": ExportFormat("iceberg_table", library="pyiceberg"),
        "tree": ExportFormat("session_tree"),
        "duckdb": ExportFormat("duckdb_file", is_folder=False, takes_many=True),
        "parquet": ExportFormat("parquet_file", is_folder=False),
        "csv": ExportFormat("csv_folder"),
    }
)


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export became: where it lies, its snapshot, rows of each table, files and their bytes."""

    destination: Path
    snapshot: int
    rows: dict[str, int]
    files: int
    bytes: int


def export_rows(
    name: ExportFormatName,
    tables: Sequence[Rows],
    destination: Path,
    *,
    may_overwrite: bool = False,
    progress: Progress = NO_PROGRESS,
) -> Exported:
    """Write datasets of one snapshot in another format; all of it is there at the end, or nothing.

    Args:
        name: The format.
        tables: The rows of each dataset, all of one snapshot.
        destination: Folder or file to make; its parent exists.
        may_overwrite: Replace an earlier export at the destination.
        progress: Told of each key.

    Raises:
        UsageError: If the destination or the number of datasets cannot be meant.
        ConfigError: If the format needs a library that is not installed.
        StoreError: If the destination cannot be written to.
        DamagedFileError: If a file of the lake is missing or cannot be read.
    """
    chosen = FORMATS[name]
    if len(tables) > 1 and not chosen.takes_many:
        raise UsageError(
            f"an export to {name} holds one dataset, got {len(tables)}",
            hint="export them one by one, or to duckdb",
        )
    first = tables[0]
    final = check_destination(destination, lake_root=first.lake.root, may_overwrite=may_overwrite)
    module = _load(name, chosen)
    record = ExportRecord(
        name,
        tuple(rows.name for rows in tables),
        first.snapshot,
        first.symbols,
        first.start,
        first.end,
        first.hours,
        first.adjust,
    )
    counts: dict[str, int] = {}
    with staged_at(final, is_folder=chosen.is_folder) as staging:
        for rows in tables:
            progress.start(f"export {rows.name}", len(rows.keys))
            counts[rows.table] = module.write(rows, staging, final, record, progress)
        if chosen.is_folder:
            (staging / RECORD_FILE).write_text(record.text() + "\n", encoding="utf-8")
    files = [path for path in final.rglob("*") if path.is_file()] if chosen.is_folder else [final]
    return Exported(final, first.snapshot, counts, len(files), sum(path.stat().st_size for path in files))


def _load(name: str, chosen: ExportFormat) -> Any:  # noqa: ANN401 - a module of ours
    try:
        return importlib.import_module(f"quantmill.lake.export.{chosen.module}")
    except ModuleNotFoundError as error:
        if chosen.library is None or (error.name or "").split(".")[0] != chosen.library:
            raise
        raise ConfigError(
            f"export to {name} needs the library {chosen.library}, which is not installed",
            hint="pip install 'quantmill[export]'",
        ) from error

"""Where an export goes: it appears whole or not at all, and takes the place of nothing but an earlier export."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Final

import duckdb
import polars as pl
from polars.exceptions import PolarsError

from quantmill.core.bars import EXPORT_MARK
from quantmill.core.digest import canonical_json
from quantmill.core.version import VERSION
from quantmill.errors import StoreError, UsageError
from quantmill.lake.layout import new_uid

__all__ = ["RECORD_FILE", "ExportRecord", "check_destination", "staged_at"]

RECORD_FILE: Final = f"{EXPORT_MARK}.json"


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """What an export holds; it lies in the export and is the same for the same export of the same snapshot."""

    format: str
    datasets: tuple[str, ...]
    snapshot: int
    symbols: tuple[str, ...]
    start: date | None
    end: date | None
    hours: str
    adjust: str

    def text(self) -> str:
        """The record as JSON."""
        values = asdict(self)
        dates = {name: day.isoformat() if (day := values[name]) else None for name in ("start", "end")}
        return canonical_json({EXPORT_MARK: VERSION, **values, **dates})


def check_destination(destination: Path, *, lake_root: Path, may_overwrite: bool) -> Path:
    """The absolute path of an export that may be made.

    Raises:
        UsageError: If it lies in the lake, its folder is missing, or something is there that may not be replaced.
    """
    path = destination.expanduser().resolve()
    if path == lake_root or path.is_relative_to(lake_root):
        raise UsageError(f"{path} lies in the lake itself", hint="export to a folder outside of it")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", hint="make the folder first")
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return path
    if not may_overwrite:
        raise UsageError(f"{path} exists", hint="name another destination, or add --overwrite")
    if not _is_export(path):
        raise UsageError(
            f"{path} is no earlier export, so it is not overwritten", hint="name another destination"
        )
    return path


@contextmanager
def staged_at(path: Path, *, is_folder: bool) -> Generator[Path]:
    """A place beside `path` to write to, which takes its name at the end of the block; gone after an error.

    Raises:
        StoreError: If it cannot be written.
    """
    staging = path.with_name(f".{path.name}.{new_uid()}.partial")
    try:
        if is_folder:
            staging.mkdir()
        yield staging
        # All files at once: one by one would take a while with a tree of thousands.
        os.sync()
        _put(staging, path)
    except OSError as error:
        _remove(staging)
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="look at the free space and rights there",
        ) from error
    except BaseException:
        _remove(staging)
        raise


def _put(staging: Path, path: Path) -> None:
    if not path.is_dir() and not (path.exists() and staging.is_dir()):
        staging.replace(path)
        return
    old = path.with_name(f".{path.name}.{new_uid()}.replaced")
    path.rename(old)
    try:
        staging.rename(path)
    except OSError:
        old.rename(path)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_export(path: Path) -> bool:
    """Whether an export of any format lies there."""
    if path.is_dir():
        return f'"{EXPORT_MARK}"' in _text(path / RECORD_FILE)
    try:
        return EXPORT_MARK in pl.read_parquet_metadata(path)
    except (PolarsError, OSError):
        pass
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    except duckdb.Error:
        return False
    return (EXPORT_MARK,) in tables


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

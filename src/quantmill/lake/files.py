"""One data file on disk: written once under a name never used before, or read."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import ComputeError

from quantmill.errors import DamagedFileError, StoreError
from quantmill.lake.layout import STAGING, new_uid

__all__ = ["FOOTER_PREFIX", "Written", "read_footer", "replace_text", "scan_paths", "write_file"]

FOOTER_PREFIX: Final = "quantmill."
_ROW_GROUP_ROWS: Final = 8192
_ZSTD_LEVEL: Final = 3


@dataclass(frozen=True, slots=True)
class Written:
    """Size and SHA-256 of a file's bytes."""

    n_bytes: int
    sha256: str


def write_file(root: Path, path: str, frame: pl.DataFrame, footer: Mapping[str, str], *, uid: str) -> Written:
    """Write a frame to `path` below `root`, safe on disk when the call returns.

    The bytes go to the staging folder first: a file under its final name is always whole.

    Raises:
        StoreError: If the folder cannot be written to, or the disk is full.
    """
    buffer = BytesIO()
    frame.write_parquet(
        buffer,
        compression="zstd",
        compression_level=_ZSTD_LEVEL,
        statistics=True,
        row_group_size=_ROW_GROUP_ROWS,
        metadata={f"{FOOTER_PREFIX}{name}": value for name, value in footer.items()},
    )
    payload = buffer.getbuffer()
    partial, final = root / STAGING / f"{uid}.partial", root / path
    try:
        _make_folder(partial.parent)
        _make_folder(final.parent)
        with partial.open("xb") as stream:
            stream.write(payload)
            stream.flush()
            os.fsync(stream.fileno())
        partial.rename(final)
        _sync_folder(final.parent)
    except OSError as error:
        for leftover in (partial, final):
            leftover.unlink(missing_ok=True)
        raise StoreError(
            f"{final} cannot be written: {error.strerror}",
            hint="look at the free space and rights of the lake's folder",
        ) from error
    return Written(len(payload), hashlib.sha256(payload).hexdigest())


def scan_paths(paths: Sequence[Path], schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """The rows of files in the order given; a column that a file lacks is null.

    Raises:
        FileNotFoundError: If a file is gone.
    """
    for path in paths:
        path.stat()
    if not paths:
        return pl.LazyFrame(schema=schema)
    return pl.scan_parquet(
        list(paths), schema=dict(schema), missing_columns="insert", hive_partitioning=False, glob=False
    )


def read_footer(path: Path) -> dict[str, str]:
    """What the lake wrote into a file's footer.

    Raises:
        DamagedFileError: If the file is no whole Parquet file.
    """
    try:
        metadata = pl.read_parquet_metadata(path)
    except (ComputeError, OSError) as error:
        raise DamagedFileError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    return {
        name.removeprefix(FOOTER_PREFIX): value
        for name, value in metadata.items()
        if name.startswith(FOOTER_PREFIX)
    }


def replace_text(path: Path, text: str) -> None:
    """Put a text in a file at once: a reader sees the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{new_uid()}.partial")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _make_folder(folder: Path) -> None:
    """Make a folder so that its name survives a crash."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

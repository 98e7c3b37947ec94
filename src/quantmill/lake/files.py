"""One data file: a frame as the bytes of a Parquet file with its footer, written once, or read."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import ComputeError

from quantmill.errors import DamagedFileError
from quantmill.lake.segments import segment_bytes
from quantmill.lake.volume import Codec, Volume

__all__ = ["FOOTER_PREFIX", "Written", "read_footer", "scan_paths", "write_file"]

FOOTER_PREFIX: Final = "quantmill."
_ROW_GROUP_ROWS: Final = 8192
_ZSTD_LEVEL: Final = 3


@dataclass(frozen=True, slots=True)
class Written:
    """Size and SHA-256 of a file's bytes."""

    n_bytes: int
    sha256: str


def write_file(
    volume: Volume,
    path: str,
    frame: pl.DataFrame,
    footer: Mapping[str, str],
    *,
    uid: str,
    is_segment: bool = False,
) -> Written:
    """Write a frame to `path` of a volume, safe from a crash when the call returns.

    Args:
        volume: Where it goes.
        path: Its name there.
        frame: Its rows.
        footer: What the lake says of it.
        uid: A part of the name that was never used.
        is_segment: Whether it is soon rolled up: if small, it is written fast rather than compressed.

    Raises:
        StoreError: If the volume cannot be written to.
    """
    metadata = {f"{FOOTER_PREFIX}{name}": value for name, value in footer.items()}
    if is_segment and frame.height <= _ROW_GROUP_ROWS:
        payload = segment_bytes(frame, metadata)
    else:
        payload = _parquet_bytes(frame, metadata, volume.codec)
    volume.write(path, payload, uid=uid)
    return Written(len(payload), hashlib.sha256(payload).hexdigest())


def _parquet_bytes(frame: pl.DataFrame, metadata: Mapping[str, str], codec: Codec) -> memoryview:
    buffer = BytesIO()
    frame.write_parquet(
        buffer,
        compression=codec,
        compression_level=_ZSTD_LEVEL if codec == "zstd" else None,
        statistics=True,
        row_group_size=_ROW_GROUP_ROWS,
        metadata=dict(metadata),
    )
    return buffer.getbuffer()


def scan_paths(paths: Sequence[Path], schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """The rows of files in the order given; a column that a file lacks is null."""
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

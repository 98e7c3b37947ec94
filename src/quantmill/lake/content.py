"""The digest of a frame's rows, the same for equal rows whatever file they lie in."""

import hashlib
from typing import Final

import numpy as np
import polars as pl

__all__ = ["content_digest"]

_LEFT_OUT: Final = ("ingested_at",)


def content_digest(frame: pl.DataFrame) -> str:
    """SHA-256 over column names, types and values in row order; `ingested_at` is left out."""
    hasher = hashlib.sha256()
    for column in frame:
        if column.name in _LEFT_OUT:
            continue
        hasher.update(f"{column.name}\0{column.dtype}\0{len(column)}\0{column.null_count()}\0".encode())
        if column.null_count():
            hasher.update(np.packbits(column.is_null().to_numpy()).tobytes())
        if column.dtype == pl.String:
            filled = column.fill_null("")
            hasher.update(filled.str.len_bytes().to_numpy().tobytes())
            hasher.update("".join(filled.to_list()).encode())
        else:
            numbers = column.cast(pl.UInt8) if column.dtype == pl.Boolean else column.to_physical()
            hasher.update(numbers.fill_null(0).to_numpy().tobytes())
    return hasher.hexdigest()

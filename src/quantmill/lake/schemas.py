"""Column types by name: how the catalogue and the files' footers spell a frame's schema."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import polars as pl

from quantmill.core.bars import UTC_TIME
from quantmill.core.digest import canonical_json, digest

__all__ = ["schema_from_text", "schema_id", "schema_text", "type_name"]

_TYPES: Final[dict[str, pl.DataType]] = {
    "bool": pl.Boolean(),
    "date": pl.Date(),
    "f32": pl.Float32(),
    "f64": pl.Float64(),
    "i16": pl.Int16(),
    "i32": pl.Int32(),
    "i64": pl.Int64(),
    "i8": pl.Int8(),
    "str": pl.String(),
    "time": UTC_TIME,
    "u32": pl.UInt32(),
}
_NAMES: Final = {dtype: name for name, dtype in _TYPES.items()}


def type_name(dtype: pl.DataType) -> str | None:
    """The name of a column type the lake can store, None for all others."""
    return _NAMES.get(dtype)


def schema_text(schema: Mapping[str, pl.DataType]) -> str:
    """Canonical JSON of [[column, type], …] in column order; every type must have a name."""
    return canonical_json([[name, type_name(dtype)] for name, dtype in schema.items()])


def schema_from_text(text: str) -> dict[str, pl.DataType]:
    """What `schema_text` wrote."""
    return {name: _TYPES[type_] for name, type_ in json.loads(text)}


@lru_cache(maxsize=256)
def schema_id(text: str) -> str:
    """Identity of a schema: 16 hexadecimal digits of the digest of its text."""
    return digest(text)[:16]

"""The column types that table formats of other engines have: signed integers of 32 and 64 bits."""

from collections.abc import Mapping
from typing import Final

import polars as pl

__all__ = ["plain_schema"]

_WIDER: Final[dict[pl.DataType, pl.DataType]] = {
    pl.Int8(): pl.Int32(),
    pl.Int16(): pl.Int32(),
    pl.UInt32(): pl.Int64(),
}


def plain_schema(schema: Mapping[str, pl.DataType]) -> dict[str, pl.DataType]:
    """The schema with each integer type that Iceberg or Delta lacks widened to one that holds the same values."""
    return {name: _WIDER.get(dtype, dtype) for name, dtype in schema.items()}

"""The JSON form of results, the same on the command line and elsewhere."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

__all__ = ["Json", "json_of", "rows_of"]

Json = Any


def json_of(value: object) -> Json:
    """`value` in strings, numbers, booleans, nulls, lists and dicts.

    Times are ISO 8601 in UTC, floats shortest round-trip; a number that is not finite is null.

    Raises:
        TypeError: If a value has no JSON form.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        utc = value.astimezone(UTC).isoformat().removesuffix("+00:00")
        return f"{utc}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.generic):
        scalar = cast("Any", value)
        return json_of(float(str(scalar)) if scalar.dtype == np.float32 else scalar.item())
    return _nested(value)


def _nested(value: object) -> Json:
    if isinstance(value, pl.DataFrame):
        return rows_of(value)
    to_json = getattr(value, "to_json", None)
    if callable(to_json):
        return json_of(to_json())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: json_of(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): json_of(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, Sequence | set | frozenset | np.ndarray):
        return [json_of(item) for item in cast("Sequence[object]", value)]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def rows_of(frame: pl.DataFrame) -> list[dict[str, Json]]:
    """A frame's rows as dicts; 32-bit floats in their own shortest form, not that of their 64-bit value."""
    exact = frame.with_columns(pl.col(pl.Float32).cast(pl.String).cast(pl.Float64))
    return [{name: json_of(item) for name, item in row.items()} for row in exact.iter_rows(named=True)]

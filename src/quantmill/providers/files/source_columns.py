"""What a file says of its columns before any row is judged: their names and types, and the source that it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from quantmill.errors import BadBarsError, UsageError
from quantmill.providers.files.database_rows import find_table
from quantmill.providers.files.formats import kind_of
from quantmill.providers.files.options import FileOptions
from quantmill.providers.files.raw import read_csv

__all__ = ["UNTOLD", "SourceColumns", "read_source_columns"]

UNTOLD: Final = "null"
"""The type of a column that holds nothing, so that its file does not tell one."""

_SAMPLE_ROWS: Final = 200
_TYPES: Final[dict[pl.DataType, str]] = {
    pl.Boolean(): "bool",
    pl.Date(): "date",
    pl.Float32(): "f32",
    pl.Float64(): "f64",
    pl.Int8(): "i8",
    pl.Int16(): "i16",
    pl.Int32(): "i32",
    pl.Int64(): "i64",
    pl.Null(): UNTOLD,
    pl.String(): "str",
    pl.Time(): "clock",
    pl.UInt32(): "u32",
    pl.UInt64(): "u64",
}
# The first pattern that most of a CSV column's sample fits says what it holds.
_TEXTS: Final[dict[str, str]] = {
    "time with zone": r"\d:\d{2}.*(Z|[+-]\d{2}:?\d{2}|[A-Z]{3,4})$",
    "time": r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|^\d{1,2}:\d{2}",
    "number": r"^[+-]?[\d.,]+([eE][+-]?\d+)?$",
    "text": "",
}


@dataclass(frozen=True, slots=True)
class SourceColumns:
    """Columns of a file as it spells them, by name with their type, and the source that they belong to."""

    source: str
    columns: Mapping[str, str]


def read_source_columns(
    path: Path, options: FileOptions, *, named: Sequence[Path], source: str | None
) -> SourceColumns | None:
    """The columns of a file, from the footer of Parquet, the declaration of a table, the first rows of CSV.

    Types are those of the file, not of bars: `f64`, `time[ns, America/New_York]`, `double`. CSV declares none, so
    `number`, `time`, `time with zone` or `text` says what most of the first 200 values look like.

    Args:
        path: The file.
        options: How it is read.
        named: The paths that the person named; a folder among them names the source.
        source: The source's name, where the person said it. Otherwise it is `<format>:<folder>`, for
            databases `<format>:<folder>/<table>`, the folder being the named one or that of a file named directly.

    Returns:
        None for LEAN zips, whose columns are fixed and have no names, and for files that cannot be read:
        reading their rows says why.
    """
    kind = kind_of(path) if options.file_format == "auto" else options.file_format
    table = ""
    try:
        if kind == "csv":
            columns = _sampled(read_csv(path, n_rows=_SAMPLE_ROWS))
        elif kind == "parquet" or kind == "tree":  # noqa: PLR1714 - as below
            columns = {name.strip(): _type(dtype) for name, dtype in pl.read_parquet_schema(path).items()}
        elif kind == "duckdb" or kind == "sqlite":  # noqa: PLR1714 - narrows the type
            found = find_table(path, kind, options)
            columns = dict(zip(found.columns, (text.lower() for text in found.types), strict=True))
            table = f"/{found.name}"
        else:
            return None
    except (BadBarsError, UsageError, pl.exceptions.PolarsError, OSError):
        return None
    return SourceColumns(source or f"{kind}:{_folder(path, named)}{table}", columns)


def _type(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Datetime):
        zone = f", {dtype.time_zone}" if dtype.time_zone else ""
        return f"time[{dtype.time_unit}{zone}]"
    return _TYPES.get(dtype) or str(dtype)


def _sampled(rows: pl.DataFrame) -> dict[str, str]:
    return {column.name: _look(column.drop_nulls()) for column in rows}


def _look(values: pl.Series) -> str:
    if values.len() == 0:
        return UNTOLD
    n_fitting = {kind: values.str.contains(pattern).sum() for kind, pattern in _TEXTS.items()}
    return next(kind for kind, count in n_fitting.items() if 2 * count > values.len())


def _folder(path: Path, named: Sequence[Path]) -> str:
    for folder in named:
        if folder.is_dir() and path.is_relative_to(folder):
            return folder.resolve().name or "/"
    # Folders such as dt=2024-03-12 differ from file to file.
    above = (parent.name for parent in path.resolve().parents)
    return next((name for name in above if "=" not in name), "") or "/"

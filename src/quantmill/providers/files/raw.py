"""Files as frames of what they hold: CSV as text, Parquet, databases and LEAN zips as they are typed."""

from pathlib import Path
from typing import Final

import polars as pl

from quantmill.errors import BadBarsError
from quantmill.providers.files.database_rows import read_table
from quantmill.providers.files.formats import kind_of
from quantmill.providers.files.lean import read_lean_zip
from quantmill.providers.files.options import FileOptions
from quantmill.providers.files.raw_file import RawFile
from quantmill.providers.files.trees import tree_place, with_date

__all__ = ["read_csv", "read_raw"]

_SEPARATORS: Final = (",", ";", "\t", "|")
_PARQUET_MAGIC: Final = b"PAR1"


def read_raw(path: Path, options: FileOptions, batch: tuple[object, ...] | None = None) -> RawFile:
    """All rows of a file, of a database those of a batch of symbols; names and text without blanks around them.

    Raises:
        BadBarsError: If the file is empty, damaged, of an unknown format, or has no header or no rows.
        UsageError: If several tables of a database fit.
    """
    kind = kind_of(path) if options.file_format == "auto" else options.file_format
    if kind is None:
        raise BadBarsError(
            f"{path.name}: format {path.suffix or 'without suffix'} is unknown, needed CSV or Parquet, "
            "a LEAN zip, DuckDB or SQLite",
            hint="use --format csv, parquet, duckdb or sqlite if it is one of them under another name",
        )
    if path.stat().st_size == 0:
        raise BadBarsError(f"{path.name}: the file is empty (0 bytes)", hint="get the file again")
    if kind == "lean":
        bars, spelled = read_lean_zip(path)
        return RawFile(bars, spelled)
    if kind in {"duckdb", "sqlite"}:
        found = read_table(path, kind, options, batch)
        notes = [f"table {found.table}"]
        notes += [f"columns not used: {', '.join(found.unused)}"] if found.unused else []
        return RawFile(found.frame, symbol=found.symbol, notes=tuple(notes))
    frame = read_csv(path) if kind == "csv" else _read_parquet(path)
    if frame.height == 0:
        raise BadBarsError(f"{path.name}: no rows below the header {', '.join(frame.columns)}")
    return _in_tree(frame, path) if kind == "tree" else RawFile(frame)


def read_csv(path: Path, *, n_rows: int | None = None) -> pl.DataFrame:
    """All rows of a CSV file, or the first `n_rows`, as text; empty fields are null.

    Raises:
        BadBarsError: If it cannot be read, or its first line is no header.
    """
    try:
        # One column: the whole line, so that the separator can be told from the header.
        lines = pl.read_csv(
            path,
            has_header=False,
            separator="\x01",
            quote_char=None,
            n_rows=1,
            infer_schema=False,
            glob=False,
        )
        header = str(lines[0, 0]) if lines.height else ""
        separator = max(_SEPARATORS, key=header.count)
        frame = pl.read_csv(
            path,
            separator=separator,
            infer_schema=False,
            encoding="utf8-lossy",
            glob=False,
            n_rows=n_rows,
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadBarsError(
            f"{path.name}: the CSV cannot be read: {_first_line(error)}",
            hint="each line needs as many fields as the header, in UTF-8",
        ) from error
    frame = _strip_names(frame, path).with_columns(pl.all().str.strip_chars())
    frame = frame.with_columns(pl.when(pl.all() == "").then(None).otherwise(pl.all()).name.keep())
    if 2 * sum(_is_number(name) for name in frame.columns) >= len(frame.columns):
        raise BadBarsError(
            f"{path.name}: the first line holds numbers, needed column names: {', '.join(frame.columns)}",
            hint="add a header such as timestamp,open,high,low,close,volume",
        )
    return frame


def _in_tree(frame: pl.DataFrame, path: Path) -> RawFile:
    place = tree_place(path)
    if place is None:
        raise BadBarsError(
            f"{path.name}: no folder dt=… in its path, needed is a tree such as SPY/dt=2024-03-12/",
            hint="use --format parquet for files that carry symbol and time themselves",
        )
    return RawFile(with_date(frame, place), symbol=place.symbol, place=place)


def _read_parquet(path: Path) -> pl.DataFrame:
    with path.open("rb") as stream:
        head = stream.read(4)
        stream.seek(0, 2)
        stream.seek(max(stream.tell() - 4, 0))
        tail = stream.read(4)
    if head != _PARQUET_MAGIC:
        raise BadBarsError(f"{path.name}: this is no Parquet file (it begins with {head!r})")
    if tail != _PARQUET_MAGIC:
        raise BadBarsError(
            f"{path.name}: the Parquet file is truncated ({path.stat().st_size} bytes, no footer)",
            hint="copy or download it again",
        )
    try:
        frame = pl.read_parquet(path, glob=False, hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadBarsError(
            f"{path.name}: the Parquet file is damaged: {_first_line(error)}",
            hint="copy or download it again",
        ) from error
    return _strip_names(frame, path)


def _strip_names(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    names = [name.strip().strip('"').strip() for name in frame.columns]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise BadBarsError(f"{path.name}: column {twice[0]!r} occurs more than once")
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def _is_number(text: str) -> bool:
    return text.replace(".", "").replace("-", "").replace("_duplicated_", "").isdigit()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]

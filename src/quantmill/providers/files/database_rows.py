"""Rows of a database file: the table that holds bars, read whole or a few symbols at a time."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from quantmill.errors import BadBarsError
from quantmill.providers.files.columns import match_columns
from quantmill.providers.files.database import OpenDatabase, Table, choose_table, symbol_batches
from quantmill.providers.files.duckdb_file import open_duckdb
from quantmill.providers.files.formats import Kind
from quantmill.providers.files.naming import symbol_of_name
from quantmill.providers.files.options import FileOptions
from quantmill.providers.files.sqlite_file import open_sqlite

__all__ = ["TableRows", "database_batches", "find_table", "read_table"]


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows of the columns that bars need, the table they are from, and the symbol that its name carries."""

    frame: pl.DataFrame
    table: str
    symbol: str | None
    unused: tuple[str, ...]


def find_table(path: Path, kind: Kind, options: FileOptions) -> Table:
    """The table that holds the bars, with its columns; no rows are read.

    Raises:
        BadBarsError: See `read_table`.
        UsageError: See `read_table`.
    """
    with _open(path, kind) as database:
        return choose_table(database.tables(), options.table, options.mapping, file=path.name)


def database_batches(path: Path, kind: Kind, options: FileOptions) -> list[tuple[object, ...] | None]:
    """Values of the symbol column to read at once, None for the whole table.

    Raises:
        BadBarsError: See `read_table`.
        UsageError: See `read_table`.
    """
    with _open(path, kind) as database:
        table = choose_table(database.tables(), options.table, options.mapping, file=path.name)
        roles = match_columns(table.columns, options.mapping, file=_file(path, table)).by_role
        return symbol_batches(database, table, roles.get("symbol"), file=path.name)


def read_table(
    path: Path, kind: Kind, options: FileOptions, batch: tuple[object, ...] | None = None
) -> TableRows:
    """The rows of a table, all or those of a batch of symbols.

    Raises:
        BadBarsError: If the file cannot be opened, no table fits, or the table has no rows.
        UsageError: If several tables fit.
    """
    with _open(path, kind) as database:
        table = choose_table(database.tables(), options.table, options.mapping, file=path.name)
        columns = match_columns(table.columns, options.mapping, file=_file(path, table))
        symbol = columns.by_role.get("symbol")
        where = None if batch is None or symbol is None else (symbol, batch)
        frame = database.rows(table, list(columns.by_role.values()), where)
    if frame.height == 0:
        raise BadBarsError(f"{path.name}: table {table.name} has no rows")
    name = table.name.rpartition(".")[2]
    return TableRows(frame, table.name, symbol_of_name(Path(name)), columns.unused)


def _open(path: Path, kind: Kind) -> OpenDatabase:
    if path.stat().st_size == 0:
        raise BadBarsError(f"{path.name}: the file is empty (0 bytes)", hint="get the file again")
    return open_sqlite(path) if kind == "sqlite" else open_duckdb(path)


def _file(path: Path, table: Table) -> str:
    return f"{path.name}, table {table.name}"

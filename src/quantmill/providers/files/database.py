"""Databases of other programs as a source of bars: which table, which columns, how many rows at once."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

import polars as pl

from quantmill.core.bars import PRICE_COLUMNS
from quantmill.errors import BadBarsError, UsageError
from quantmill.providers.files.columns import match_columns

__all__ = ["Database", "OpenDatabase", "Table", "choose_table", "quoted", "symbol_batches"]

_MAX_NAMED: Final = 5
# Minutes of thirty years, day and night: one symbol does not have more.
_MAX_ROWS_OF_ONE: Final = 16_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view by the name that `--table` takes, its SQL name, its columns, and their types as declared."""

    name: str
    sql: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    is_view: bool


class Database(Protocol):
    """An open database; nothing in it is ever changed."""

    rows_at_once: int

    def tables(self) -> list[Table]:
        """Its tables and views, by name."""
        ...

    def counts(self, table: Table, column: str | None) -> list[tuple[object, int]]:
        """Rows by value of the column, or of the whole table."""
        ...

    def rows(
        self, table: Table, columns: Sequence[str], where: tuple[str, Sequence[object]] | None
    ) -> pl.DataFrame:
        """The columns of all rows, or of those whose column has one of the values."""
        ...


OpenDatabase = AbstractContextManager[Database]


def choose_table(
    tables: Sequence[Table], wanted: str | None, mapping: Mapping[str, str], *, file: str
) -> Table:
    """The table named by `wanted`, or the only one with columns of time and prices; a view is never guessed.

    Raises:
        BadBarsError: If none fits or the wanted one does not exist.
        UsageError: If several fit.
    """
    if wanted is not None:
        named = next((table for table in tables if table.name.lower() == wanted.lower()), None)
        if named is None:
            shown = ", ".join(table.name for table in tables) or "none"
            raise BadBarsError(f"{file}: no table {wanted}; found {shown}", hint="name one with --table")
        return named
    fitting = [table for table in tables if _fits(table, mapping, file)]
    real = [table for table in fitting if not table.is_view]
    if len(real) == 1:
        return real[0]
    if real:
        names = ", ".join(table.name for table in real)
        raise UsageError(
            f"{file}: {len(real)} tables fit: {names}", hint=f"choose one, for example --table {real[0].name}"
        )
    found = "; ".join(f"{table.name} ({', '.join(table.columns)})" for table in tables[:_MAX_NAMED])
    more = f"; {len(tables) - _MAX_NAMED} more" if len(tables) > _MAX_NAMED else ""
    raise BadBarsError(
        f"{file}: no table fits; found {found or 'no table'}{more}; "
        f"needed columns for timestamp (or date and time), {', '.join(PRICE_COLUMNS)}",
        hint=f"the view {fitting[0].name} fits: --table {fitting[0].name}"
        if fitting
        else "name columns with --map theirs=ours, for example --map px_last=close",
    )


def symbol_batches(
    database: Database, table: Table, symbol_column: str | None, *, file: str
) -> list[tuple[object, ...] | None]:
    """Groups of symbols with few enough rows to be read at once; None means the whole table.

    Raises:
        BadBarsError: If one symbol, or a table without symbols, has more rows than there are minutes.
    """
    total = database.counts(table, None)[0][1]
    if total <= database.rows_at_once:
        return [None]
    counts = (
        [(f"table {table.name}", total)] if symbol_column is None else database.counts(table, symbol_column)
    )
    batches: list[list[object]] = [[]]
    filled = 0
    for value, count in counts:
        if count > _MAX_ROWS_OF_ONE:
            raise BadBarsError(
                f"{file}: {value} has {count} rows, one symbol has at most {_MAX_ROWS_OF_ONE} minutes",
                hint="a table of many symbols needs a column such as symbol: --map theirs=symbol",
            )
        if batches[-1] and filled + count > database.rows_at_once:
            batches.append([])
            filled = 0
        batches[-1].append(value)
        filled += count
    return [None] if symbol_column is None else [tuple(batch) for batch in batches]


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _fits(table: Table, mapping: Mapping[str, str], file: str) -> bool:
    try:
        match_columns(table.columns, mapping, file=file)
    except (BadBarsError, UsageError):
        return False
    return True

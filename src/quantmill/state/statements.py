"""Statements that SQLite and PostgreSQL write alike but SQLAlchemy builds per dialect."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, String, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["constant", "insert_missing", "upsert", "upsert_all"]


def constant(text: str) -> ColumnElement[str]:
    """A text of the program as part of a statement rather than as its parameter.

    SQLite plans a statement anew at every execution when a parameter is compared with a column of a partial index.
    """
    assert text.isalpha(), text
    return literal_column(f"'{text}'", String)


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows whose keys are not there yet.

    Returns:
        How many rows were inserted.
    """
    inserted = 0
    for row in rows:
        statement = _insert(connection.dialect.name, table).values(**row).on_conflict_do_nothing()
        # Counts of inserts are kept on demand only: on PostgreSQL they would be -1.
        counted = statement.execution_options(preserve_rowcount=True)
        inserted += connection.execute(counted).rowcount
    return inserted


def upsert(connection: Connection, table: Table, row: Mapping[str, Any], *, key: Sequence[str]) -> None:
    """Insert a row, or overwrite the other columns of the one that has its key."""
    connection.execute(_upsert(connection.dialect.name, table, tuple(row), tuple(key)), dict(row))


def upsert_all(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, key: Sequence[str]
) -> None:
    """As `upsert` for many rows with the same columns, in one statement."""
    if not rows:
        return
    statement = _upsert(connection.dialect.name, table, tuple(rows[0]), tuple(key))
    connection.execute(statement, [dict(row) for row in rows])


@lru_cache(maxsize=256)
def _upsert(dialect: str, table: Table, columns: tuple[str, ...], key: tuple[str, ...]) -> Executable:
    """Made once of each kind: to put a statement together takes longer than to execute it."""
    statement = _insert(dialect, table)
    changes = {name: statement.excluded[name] for name in columns if name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_=changes)


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)

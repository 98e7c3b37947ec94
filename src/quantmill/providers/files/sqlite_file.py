"""SQLite files, opened read-only."""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import polars as pl

from quantmill.errors import BadBarsError
from quantmill.providers.files.database import Table, quoted

__all__ = ["SqliteFile", "open_sqlite"]

_WAIT_S: Final = 2.0
_WAL: Final = b"\x02\x02"


class SqliteFile:
    """Tables of an open SQLite file."""

    rows_at_once: int = 500_000

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def tables(self) -> list[Table]:
        """See `Database.tables`."""
        named = self._connection.execute(
            "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' "
            "ESCAPE '\\' ORDER BY name"
        ).fetchall()
        return [Table(name, quoted(name), *self._columns(name), kind == "view") for name, kind in named]

    def counts(self, table: Table, column: str | None) -> list[tuple[object, int]]:
        """See `Database.counts`."""
        by = "NULL" if column is None else quoted(column)
        grouped = "" if column is None else "GROUP BY 1 ORDER BY 1"
        return self._connection.execute(f"SELECT {by}, count(*) FROM {table.sql} {grouped}").fetchall()

    def rows(
        self, table: Table, columns: Sequence[str], where: tuple[str, Sequence[object]] | None
    ) -> pl.DataFrame:
        """See `Database.rows`; a column is of numbers when all its values are."""
        names = ", ".join(quoted(column) for column in columns)
        query = f"SELECT {names} FROM {table.sql}"
        # One query per value: how many parameters a query may have differs between builds of SQLite.
        found: list[tuple[object, ...]] = []
        for value in (None,) if where is None else where[1]:
            condition = "" if where is None else f" WHERE {quoted(where[0])} IS ?"
            found += self._connection.execute(query + condition, () if where is None else (value,)).fetchall()
        return pl.DataFrame([_series(name, [row[at] for row in found]) for at, name in enumerate(columns)])

    def _columns(self, table: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names and declared types."""
        try:
            info = self._connection.execute(f"SELECT name, type FROM pragma_table_info({_text(table)})")
            columns = [(str(name), str(kind).lower() or "untyped") for name, kind in info]
        except sqlite3.OperationalError:
            # A view on a table that is gone.
            columns = []
        return tuple(name for name, _ in columns), tuple(kind for _, kind in columns)


@contextmanager
def open_sqlite(path: Path) -> Generator[SqliteFile]:
    """Open a SQLite file so that nothing of it or beside it changes.

    Raises:
        BadBarsError: If it is no SQLite database, is damaged, or another program holds it.
    """
    with path.open("rb") as stream:
        head = stream.read(20)
    # A write-ahead log that is empty needs no file of shared memory beside the database.
    log = path.with_name(path.name + "-wal")
    is_still = head[18:20] == _WAL and not (log.exists() and log.stat().st_size)
    uri = f"file:{quote(str(path.absolute()))}?mode=ro{'&immutable=1' if is_still else ''}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_S)) as connection:
            connection.text_factory = _decoded
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            yield SqliteFile(connection)
    except sqlite3.Error as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: sqlite3.Error) -> BadBarsError:
    text = str(error)
    if "not a database" in text:
        return BadBarsError(
            f"{path.name}: not a database: SQLite does not know the file ({text})",
            hint="an encrypted database has to be exported first; --format names another format",
        )
    if "locked" in text or "busy" in text:
        return BadBarsError(
            f"{path.name}: another program is writing to the database ({text})",
            hint="close that program, or import a copy",
        )
    return BadBarsError(
        f"{path.name}: the SQLite database cannot be read: {text}",
        hint="get the file again, or import a copy",
    )


def _series(name: str, values: Sequence[object]) -> pl.Series:
    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {int}:
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    texts = [value if value is None or isinstance(value, str) else _spelled(value) for value in values]
    return pl.Series(name, texts, dtype=pl.String)


def _spelled(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip()


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

"""DuckDB files, opened read-only and without access to anything but the file."""

from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from quantmill.errors import BadBarsError
from quantmill.providers.files.database import Table, quoted

__all__ = ["DuckdbFile", "open_duckdb"]

_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
    "temp_directory": "",
    "memory_limit": "1GB",
}


class DuckdbFile:
    """Tables of an open DuckDB file; those outside the schema `main` are named with their schema."""

    rows_at_once: int = 2_000_000

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def tables(self) -> list[Table]:
        """See `Database.tables`."""
        found = self._connection.execute(
            "SELECT c.schema_name, c.table_name, list(c.column_name ORDER BY c.column_index), "
            "list(c.data_type ORDER BY c.column_index), bool_or(v.view_name IS NOT NULL) "
            "FROM duckdb_columns() c LEFT JOIN duckdb_views() v "
            "ON v.schema_name = c.schema_name AND v.view_name = c.table_name AND v.database_name = c.database_name "
            "WHERE NOT c.internal AND c.database_name = current_database() GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        return [
            Table(
                name if schema == "main" else f"{schema}.{name}",
                f"{quoted(schema)}.{quoted(name)}",
                tuple(columns),
                tuple(types),
                is_view,
            )
            for schema, name, columns, types, is_view in found
        ]

    def counts(self, table: Table, column: str | None) -> list[tuple[object, int]]:
        """See `Database.counts`."""
        by = "NULL" if column is None else f"CAST({quoted(column)} AS VARCHAR)"
        grouped = "" if column is None else "GROUP BY 1 ORDER BY 1"
        return self._connection.execute(f"SELECT {by}, count(*) FROM {table.sql} {grouped}").fetchall()

    def rows(
        self, table: Table, columns: Sequence[str], where: tuple[str, Sequence[object]] | None
    ) -> pl.DataFrame:
        """See `Database.rows`."""
        names = ", ".join(quoted(column) for column in columns)
        query = f"SELECT {names} FROM {table.sql}"
        if where is None:
            return self._connection.sql(query).pl()
        column = f"CAST({quoted(where[0])} AS VARCHAR)"
        values = [value for value in where[1] if value is not None]
        condition = f"list_contains($values, {column})"
        if len(values) < len(where[1]):
            condition += f" OR {column} IS NULL"
        return self._connection.sql(f"{query} WHERE {condition}", params={"values": values}).pl()


@contextmanager
def open_duckdb(path: Path) -> Generator[DuckdbFile]:
    """Open a DuckDB file read-only; its views cannot read other files.

    Raises:
        BadBarsError: If it is no DuckDB database, is damaged, of a newer version, or another program holds it.
    """
    try:
        with closing(duckdb.connect(path.absolute(), read_only=True, config=_CONFIG)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield DuckdbFile(connection)
    except duckdb.Error as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: duckdb.Error) -> BadBarsError:
    text = str(error)
    first = text.strip().partition("\n")[0][:200].replace(str(path.absolute()), path.name)
    if "not a valid DuckDB" in text:
        return BadBarsError(
            f"{path.name}: not a database: DuckDB {duckdb.__version__} does not know the file",
            hint="--format names another format",
        )
    if "version number" in text:
        age = "newer" if "newer version" in text else "another"
        return BadBarsError(
            f"{path.name}: made by {age} version of DuckDB, found here is {duckdb.__version__}: {first}".replace(
                "by newer", "by a newer"
            ),
            hint="upgrade duckdb here, or export the table to Parquet with that version",
        )
    if "lock" in text.lower() or "different configuration" in text:
        return BadBarsError(
            f"{path.name}: another program has the database open: {first}",
            hint="close that program, or import a copy",
        )
    return BadBarsError(
        f"{path.name}: the DuckDB database cannot be read: {first}",
        hint="get the file again, or import a copy",
    )

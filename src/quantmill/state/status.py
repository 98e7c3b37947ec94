"""How a state database is: kind, schema, size and rows, whatever version of quantmill made it."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, table, text

from quantmill.state.engine import State
from quantmill.state.schema import HEAD, Migration, is_newer, pending_migrations, revision_of
from quantmill.state.tables.metadata import METADATA
from quantmill.state.views import VIEWS

__all__ = ["StateStatus", "read_status", "table_names"]

_KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class StateStatus:
    """A state database as it is.

    Attributes:
        kind: `SQLite` or `PostgreSQL`.
        version: Of the database program or library.
        url: Where it is, without password.
        revision: Its schema revision, None when nothing of quantmill is in it.
        needed: The revision that this quantmill needs.
        is_newer: Whether a later quantmill made the schema.
        pending: Migrations between the two.
        n_bytes: Size on disk; of SQLite with its write-ahead log.
        rows: Rows by table, for the tables that are there.
        views: Names of the views.
    """

    kind: str
    version: str
    url: str
    revision: str | None
    needed: str
    is_newer: bool
    pending: tuple[Migration, ...]
    n_bytes: int
    rows: dict[str, int]
    views: tuple[str, ...]


def read_status(state: State) -> StateStatus:
    """Look a state database over; nothing is changed.

    Raises:
        StoreError: If it cannot be reached.
    """
    path = state.engine.url.database
    is_file = state.engine.dialect.name == "sqlite"
    with state.read() as connection:
        revision = revision_of(connection)
        names = table_names(connection)
        return StateStatus(
            kind=_KINDS[connection.dialect.name],
            version=".".join(str(part) for part in connection.dialect.server_version_info or ()),
            url=state.url,
            revision=revision,
            needed=HEAD,
            is_newer=is_newer(revision),
            pending=pending_migrations(revision),
            n_bytes=_sqlite_bytes(Path(str(path))) if is_file else _postgres_bytes(connection),
            rows={name: _count(connection, name) for name in names},
            views=_our_views(connection),
        )


def table_names(connection: Connection) -> list[str]:
    """Our tables that a database has; of an SQLite file, which is ours alone, every one, also those of later versions."""
    found = set(inspect(connection).get_table_names()) - {"alembic_version"}
    ours = found if connection.dialect.name == "sqlite" else found & set(METADATA.tables)
    return sorted(ours)


def _our_views(connection: Connection) -> tuple[str, ...]:
    return tuple(name for name in VIEWS if name in set(inspect(connection).get_view_names()))


def _count(connection: Connection, name: str) -> int:
    return connection.execute(select(func.count()).select_from(table(name))).scalar_one()


def _sqlite_bytes(path: Path) -> int:
    parts = (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm"))
    return sum(part.stat().st_size for part in parts if part.exists())


def _postgres_bytes(connection: Connection) -> int:
    return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())

"""The one way to the state database: engine settings, read and write transactions."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from quantmill.errors import ConfigError
from quantmill.state.schema import ensure_schema

__all__ = ["State", "open_state"]

_BUSY_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class State:
    """An open state database; share it between threads, never across a fork."""

    engine: Engine

    @property
    def url(self) -> str:
        """The database's URL, its password hidden."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A connection in a read transaction: everything read in it belongs to one moment."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """A connection in a write transaction, committed at the end of the block, rolled back on an error.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so a check made inside the
        block still holds when the block commits. Do no other I/O inside.
        """
        with self.engine.connect().execution_options(is_write=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def open_state(where: str | Path) -> State:
    """Open a state database, bringing its schema to the newest revision.

    Args:
        where: Path of an SQLite file, made when absent, or a database URL (`postgresql://…`).

    Raises:
        ConfigError: If the URL cannot be used, the database cannot be reached, or a newer quantmill wrote it.
    """
    url = f"sqlite:///{where}" if isinstance(where, Path) or "://" not in where else where
    try:
        parsed = make_url(url)
        if parsed.drivername in {"postgres", "postgresql"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigError(
            f"the state database {url!r} cannot be used: {error}",
            hint="give a file path, sqlite:///path or postgresql://user@host/name (extra `postgres`)",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    state = State(engine)
    try:
        ensure_schema(state.write, state.read)
    except DBAPIError as error:
        raise ConfigError(
            f"the state database {state.url} cannot be opened: {error.orig}",
            hint="check that the folder exists, is writable, and that the file is a quantmill state database",
        ) from error
    return state


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("is_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")

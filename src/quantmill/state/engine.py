"""The one way to the state database: engine settings, read and write transactions."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from quantmill.errors import ConfigError, StoreError
from quantmill.state import postgresql
from quantmill.state.failures import FAILURES, describe_failure, shown_url
from quantmill.state.schema import ensure_schema, revision_of

__all__ = ["State", "open_state", "state_as_it_is"]

_BUSY_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class State:
    """An open state database; share it between threads, never across a fork."""

    engine: Engine

    @property
    def url(self) -> str:
        """The database's URL, its password hidden."""
        return shown_url(self.engine.url)

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A connection in a read transaction: everything read in it belongs to one moment.

        Raises:
            StoreError: If the database cannot be reached or used.
        """
        with self._translated(), _reading(self.engine) as connection:
            yield connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """A connection in a write transaction, committed at the end of the block, rolled back on an error.

        It takes the database's one write lock at once, so a check made inside the block still holds when
        the block commits. Do no other I/O inside.

        Raises:
            StoreError: If the database cannot be reached or used, or others write for longer than ten seconds.
        """
        with self._translated(), _writing(self.engine) as connection:
            yield connection

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except FAILURES as error:
            message, hint = describe_failure(error, self.engine.url)
            raise StoreError(message, hint=hint) from error


def open_state(where: str | Path) -> State:
    """Open a state database, bringing its schema to the newest revision.

    Args:
        where: Path of an SQLite file, made when absent, or a database URL (`postgresql://…`).

    Raises:
        ConfigError: If the URL cannot be used, the database cannot be reached, or a newer quantmill wrote it.
    """
    engine = _engine_of(_parse(where))
    with _opening(engine):
        ensure_schema(lambda: _writing(engine), lambda: _reading(engine))
    return State(engine)


def state_as_it_is(where: str | Path) -> State:
    """Open a state database whose schema may be older or newer, for those who look after it.

    Args:
        where: Path of an SQLite file that is there, or a database URL.

    Raises:
        ConfigError: If the URL cannot be used, or the database cannot be reached.
    """
    url = _parse(where)
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).exists()):
        raise ConfigError(
            f"there is no state database {url.database}", hint="a home gets one when something is stored"
        )
    engine = _engine_of(url)
    with _opening(engine), _reading(engine) as connection:
        revision_of(connection)
    return State(engine)


@contextmanager
def _opening(engine: Engine) -> Generator[None]:
    """A block after which the engine is open; when it fails its connections are given back."""
    try:
        yield
    except BaseException as error:
        engine.dispose()
        if not isinstance(error, DBAPIError):
            raise
        message, hint = describe_failure(error, engine.url)
        raise ConfigError(message, hint=hint) from error


def _parse(where: str | Path) -> URL:
    url = f"sqlite:///{where}" if isinstance(where, Path) or "://" not in where else where
    hint = "give a file path, sqlite:///path or postgresql://user@host/name"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The text itself may hold a password.
        raise ConfigError("the URL of the state database cannot be understood", hint=hint) from error
    if parsed.get_backend_name() in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername=postgresql.DRIVER)
        if "@" in (parsed.host or ""):
            raise ConfigError(
                "the URL of the state database has an @ inside the user's name or password",
                hint="write it as %40, and other special characters likewise",
            )
    elif parsed.get_backend_name() != "sqlite":
        raise ConfigError(f"the state database cannot be kept in {parsed.get_backend_name()}", hint=hint)
    return parsed


def _engine_of(url: URL) -> Engine:
    is_sqlite = url.get_backend_name() == "sqlite"
    try:
        engine = create_engine(
            url,
            pool_pre_ping=not is_sqlite,
            connect_args={} if is_sqlite else postgresql.connect_options(url),
        )
    except (ArgumentError, ImportError, NoSuchModuleError) as error:
        raise ConfigError(
            f"the state database {shown_url(url)} cannot be used: {error}",
            hint="pip install 'quantmill[postgres]' brings the driver of PostgreSQL",
        ) from error
    if is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        postgresql.prepare_engine(engine)
    return engine


@contextmanager
def _reading(engine: Engine) -> Generator[Connection]:
    options = postgresql.READ_OPTIONS if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def _writing(engine: Engine) -> Generator[Connection]:
    with engine.connect().execution_options(is_write=True) as connection, connection.begin():
        yield connection


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

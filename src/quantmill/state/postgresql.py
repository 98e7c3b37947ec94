"""What makes PostgreSQL keep the promises of a state database: one moment per read, one writer, no endless wait."""

from typing import Final

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["DRIVER", "READ_OPTIONS", "connect_options", "prepare_engine"]

DRIVER: Final = "postgresql+psycopg"
# Reads see the moment of their first statement, as in SQLite; the server refuses a write in them.
READ_OPTIONS: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

# A server that is gone without a word is noticed after about a minute, also in the middle of a statement.
_CONNECT_OPTIONS: Final[dict[str, str | int]] = {
    "application_name": "quantmill",
    "client_encoding": "utf8",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
# Only where nobody has set them: in the URL's options, or for the role or database. The last one is for a writer
# that stands still inside its transaction: it must not keep all others waiting.
_TIMEOUTS: Final = {
    "lock_timeout": "10s",
    "statement_timeout": "300s",
    "idle_in_transaction_session_timeout": "120s",
}
_BOUND_WAITS: Final = "; ".join(
    f"SELECT set_config(name, '{value}', false) FROM pg_settings WHERE name = '{name}' AND setting = '0'"
    for name, value in _TIMEOUTS.items()
)
# Any number that no other program locks in this database: "quantmil" in ASCII.
_WRITE_LOCK: Final = 0x7175616E746D696C


def connect_options(url: URL) -> dict[str, str | int]:
    """Options of a connection; those that the URL gives stay as they are."""
    return {name: value for name, value in _CONNECT_OPTIONS.items() if name not in url.query}


def prepare_engine(engine: Engine) -> None:
    """Bound every wait of the engine's connections, and let its write transactions exclude each other."""
    event.listen(engine, "connect", _bound_waits)
    event.listen(engine, "begin", _lock_writers_out)


def _bound_waits(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(_BOUND_WAITS)
    cursor.close()
    connection.commit()


def _lock_writers_out(connection: Connection) -> None:
    """Hold the one write lock until the transaction ends; its statements then see all that was committed before."""
    if connection.get_execution_options().get("is_write", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")

"""Empties a state database and makes its schema anew, in one transaction."""

from sqlalchemy import Connection, MetaData, inspect, text

import quantmill.state.tables  # noqa: F401 # pyright: ignore[reportUnusedImport] - registers every table
from quantmill.errors import ConfigError
from quantmill.state.engine import State
from quantmill.state.schema import HEAD, is_newer, revision_of, upgrade
from quantmill.state.status import table_names
from quantmill.state.views import drop_views

__all__ = ["reset_state"]


def reset_state(state: State) -> None:
    """Drop every table of quantmill, whatever version made it, and make those of this version, empty.

    Readers in other processes see the old state or the empty one. What else a PostgreSQL database holds stays.

    Raises:
        ConfigError: If it is a PostgreSQL database of a newer quantmill, whose tables are not known here.
        StoreError: If it cannot be reached.
    """
    with state.write() as connection:
        revision = revision_of(connection)
        if is_newer(revision) and connection.dialect.name != "sqlite":
            raise ConfigError(
                f"the state database has schema revision {revision}, this quantmill knows up to {HEAD}",
                hint="its tables are not known here: reset it with the quantmill that wrote it",
            )
        _drop(connection)
        upgrade(connection)


def _drop(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        for name in inspect(connection).get_view_names():
            connection.exec_driver_sql(f'DROP VIEW "{name}"')
    else:
        drop_views(connection)
    stored = MetaData()
    stored.reflect(connection, only=table_names(connection))
    stored.drop_all(connection)
    connection.execute(text("DROP TABLE IF EXISTS alembic_version"))

"""Brings a state database to the schema that this version of quantmill needs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from quantmill.errors import ConfigError

__all__ = ["HEAD", "ensure_schema"]

HEAD: Final = "0003"
_MIGRATIONS: Final = Path(__file__).parent / "migrations"

_Transaction = Callable[[], AbstractContextManager[Connection]]


def ensure_schema(write: _Transaction, read: _Transaction) -> None:
    """Run the migrations that a database lacks, in one transaction; a current database costs one query.

    Raises:
        ConfigError: If a newer quantmill wrote the database.
    """
    with read() as connection:
        if _revision(connection) == HEAD:
            return
    with write() as connection:
        revision = _revision(connection)
        if revision == HEAD:
            return
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if revision is not None and revision not in known:
            raise ConfigError(
                f"the state database has schema revision {revision}, this quantmill knows up to {HEAD}",
                hint="a newer quantmill wrote it: upgrade quantmill, or use another --home",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if connection.dialect.name == "sqlite":
        table = connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")).first()
        if table is None:
            return None
    elif not inspect(connection).has_table("alembic_version"):
        return None
    return MigrationContext.configure(connection).get_current_revision()

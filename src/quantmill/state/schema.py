"""Brings a state database to the schema that this version of quantmill needs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from quantmill.errors import ConfigError

__all__ = ["HEAD", "Migration", "ensure_schema", "is_newer", "pending_migrations", "revision_of", "upgrade"]

HEAD: Final = "0006"
_MIGRATIONS: Final = Path(__file__).parent / "migrations"

_Transaction = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from a revision to the next, and what it brings."""

    revision: str
    what: str


def ensure_schema(write: _Transaction, read: _Transaction) -> None:
    """Run the migrations that a database lacks, in one transaction; a current database costs one query.

    Raises:
        ConfigError: If a newer quantmill wrote the database.
    """
    with read() as connection:
        if revision_of(connection) == HEAD:
            return
    with write() as connection:
        upgrade(connection)


def upgrade(connection: Connection) -> tuple[Migration, ...]:
    """Run the migrations that a database lacks within a write transaction, and say which they were.

    Raises:
        ConfigError: If a newer quantmill wrote the database.
    """
    revision = revision_of(connection)
    if is_newer(revision):
        raise ConfigError(
            f"the state database has schema revision {revision}, this quantmill knows up to {HEAD}",
            hint="a newer quantmill wrote it: upgrade quantmill, or use another --home",
        )
    todo = pending_migrations(revision)
    if todo:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return todo


def pending_migrations(revision: str | None) -> tuple[Migration, ...]:
    """The steps from a revision, None for an empty database, to `HEAD`; none for one that is not known."""
    if is_newer(revision):
        return ()
    scripts = ScriptDirectory.from_config(_config()).walk_revisions("base", "head")
    line = [Migration(script.revision, script.doc.rstrip(".")) for script in scripts][::-1]
    known = [step.revision for step in line]
    return tuple(line if revision is None else line[known.index(revision) + 1 :])


def is_newer(revision: str | None) -> bool:
    """Whether a later quantmill than this one made a database's schema."""
    if revision is None or revision == HEAD:
        return False
    return revision not in {one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()}


def revision_of(connection: Connection) -> str | None:
    """The schema revision of a database, None when nothing of quantmill is in it."""
    if connection.dialect.name == "sqlite":
        table = connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")).first()
        if table is None:
            return None
    elif not inspect(connection).has_table("alembic_version"):
        return None
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config

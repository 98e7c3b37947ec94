"""Runs Alembic migrations on the connection that `quantmill.state.schema` hands over, and makes the views anew."""

from alembic import context

import quantmill.state.tables  # noqa: F401 # pyright: ignore[reportUnusedImport] - registers every table
from quantmill.state.tables.metadata import METADATA
from quantmill.state.views import create_views, drop_views

_connection = context.config.attributes["connection"]
context.configure(connection=_connection, target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    drop_views(_connection)
    context.run_migrations()
    create_views(_connection)

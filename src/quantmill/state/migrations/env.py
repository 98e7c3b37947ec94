"""Runs Alembic migrations on the connection that `quantmill.state.schema` hands over."""

from alembic import context

import quantmill.state.tables  # noqa: F401 # pyright: ignore[reportUnusedImport] - registers every table
from quantmill.state.tables.metadata import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()

"""The first tables."""

from alembic import op

import quantmill.state.tables  # noqa: F401 # pyright: ignore[reportUnusedImport] - registers every table
from quantmill.state.tables.metadata import METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables."""
    METADATA.create_all(op.get_bind())

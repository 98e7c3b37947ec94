"""Figures of a run under every fill model."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; runs that were made before have none."""
    op.add_column("run", sa.Column("band", sa.Text()))

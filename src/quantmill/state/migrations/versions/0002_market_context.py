"""Market context: which symbols a feature build saw beside its own bars, and the market's regimes."""

import sqlalchemy as sa
from alembic import op

import quantmill.state.tables  # noqa: F401 # pyright: ignore[reportUnusedImport] - registers every table
from quantmill.state.tables.metadata import METADATA

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables that are missing, and the column of feature builds unless the tables are new."""
    METADATA.create_all(op.get_bind())
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("feature_build")}
    if "context" not in columns:
        op.add_column("feature_build", sa.Column("context", sa.Text))

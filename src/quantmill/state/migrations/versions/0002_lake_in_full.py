"""The lake in full: hot files, pins, the oldest snapshot that is kept, digests of rows."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what the hot tier and cleaning need."""
    op.add_column("file", sa.Column("rows_digest", sa.String(length=32), nullable=False, server_default=""))
    op.create_index("ix_file_dataset_tier_added", "file", ["dataset", "tier", "added"], unique=False)
    op.create_index("ix_file_dataset_tier_removed", "file", ["dataset", "tier", "removed"], unique=False)
    op.create_index(
        "ix_file_live_max_ts",
        "file",
        ["dataset", "max_ts"],
        unique=False,
        sqlite_where=sa.text("removed IS NULL"),
        postgresql_where=sa.text("removed IS NULL"),
    )
    op.create_table(
        "file_keys",
        sa.Column("file_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["file.id"], name=op.f("fk_file_keys_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_file_keys")),
    )
    op.create_table(
        "lake_floor",
        sa.Column("dataset", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("snapshot", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "key", name=op.f("pk_lake_floor")),
    )
    op.create_table(
        "pin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("snapshot", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(length=128), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pin")),
    )

"""Limits of providers, and what they answered for each session."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "rate_limit",
        sa.Column("bucket", sa.String(length=64), nullable=False),
        sa.Column("per_window", sa.Integer(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_rate_limit")),
    )
    op.create_table(
        "session_answer",
        sa.Column("symbol", sa.String(length=64), nullable=False),
        sa.Column("session", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("n_regular", sa.Integer(), nullable=False),
        sa.Column("n_extended", sa.Integer(), nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("asked_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "session", "provider", "feed", name=op.f("pk_session_answer")),
    )

"""The job table, owned by `quantmill.jobs`."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, String, Table, Text, UniqueConstraint

from quantmill.state.tables.metadata import METADATA

__all__ = ["JOB"]

JOB: Final = Table(
    "job",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("key", Text, nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("run_after_us", BigInteger, nullable=False),
    Column("lease_until_us", BigInteger),
    Column("worker", String(255)),
    Column("progress", Float, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("error_type", String(64)),
    Column("error", Text),
    Column("error_hint", Text),
    Column("result", Text),
    Column("notes", Text),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    UniqueConstraint("kind", "key"),
)

"""The run table, owned by `quantmill.simulation`."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table, Text

from quantmill.state.tables.metadata import METADATA

__all__ = ["RUN"]

RUN: Final = Table(
    "run",
    METADATA,
    Column("run_id", String(16), primary_key=True),
    Column("symbol", String(64), nullable=False, index=True),
    Column("source", String(16), nullable=False),
    Column("model_id", String(16), index=True),
    Column("model_name", String(255), nullable=False),
    Column("predictions_sha256", String(64)),
    Column("params", Text, nullable=False),
    Column("metrics", Text, nullable=False),
    Column("null_reasons", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Column("snapshot", BigInteger, nullable=False),
    Column("feature_set", String(64)),
    Column("feature_version", String(64)),
    Column("input_digest", String(64), nullable=False),
    Column("code_version", String(32), nullable=False),
    Column("is_synthetic", Boolean, nullable=False),
    Column("n_sessions", Integer, nullable=False),
    Column("first_session", String(10), nullable=False),
    Column("last_session", String(10), nullable=False),
    Column("created_us", BigInteger, nullable=False, index=True),
    Column("band", Text),
)

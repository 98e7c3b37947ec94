"""The model registry's table, owned by `quantmill.models`."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table, Text

from quantmill.state.tables.metadata import METADATA

__all__ = ["MODEL"]

# JSON columns hold canonical JSON. `version` counts the models of one name and symbol; `parent_id` and
# `group_id` are the lineage; a row with `deleted_us` is kept for a while and found by nobody.
MODEL: Final = Table(
    "model",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("name", String(255), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("symbol", String(64), nullable=False, index=True),
    Column("algorithm", String(64), nullable=False),
    Column("algorithm_kind", String(16), nullable=False),
    Column("params", Text, nullable=False),
    Column("features", Text, nullable=False),
    Column("feature_set", String(64), nullable=False),
    Column("feature_version", String(64), nullable=False),
    Column("interval", String(8), nullable=False),
    Column("hours", String(16), nullable=False),
    Column("target", String(64), nullable=False),
    Column("horizon_bars", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("metrics", Text, nullable=False),
    Column("folds", Text, nullable=False),
    Column("importance", Text, nullable=False),
    Column("warnings", Text, nullable=False),
    Column("report", Text, nullable=False),
    Column("prediction_check", Text, nullable=False),
    Column("snapshot", BigInteger, nullable=False),
    Column("dataset_digest", String(64), nullable=False),
    Column("input_digest", String(64), nullable=False),
    Column("code_version", String(32), nullable=False),
    Column("is_synthetic", Boolean, nullable=False),
    Column("artifact", String(255), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("parent_id", String(16), index=True),
    Column("group_id", String(16), index=True),
    Column("created_us", BigInteger, nullable=False, index=True),
    Column("deleted_us", BigInteger),
)

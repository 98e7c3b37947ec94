"""Tables of the schema-drift monitor, owned by `quantmill.ingest`."""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, column

from quantmill.state.tables.metadata import METADATA

__all__ = ["SCHEMA_BASELINE", "SCHEMA_DRIFT", "SCHEMA_WAITING"]

# What a source is known to have; the row without `until_us` holds, the others are its history. `columns` is the
# canonical JSON of [[name, types, is_needed], …]; `reason` is first, told, auto, accepted or set.
SCHEMA_BASELINE: Final = Table(
    "schema_baseline",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("columns", Text, nullable=False),
    Column("reason", String(16), nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("until_us", BigInteger),
)
_HOLDS: Final = column("until_us").is_(None)
Index(
    "uq_schema_baseline_source",
    SCHEMA_BASELINE.c.source,
    unique=True,
    sqlite_where=_HOLDS,
    postgresql_where=_HOLDS,
)

# The log of drift: a row is never changed but for the decision, which is open, accepted, auto or refused. `path` is
# the first file that had it; `batch` the files that wait for it, null when they were stored or could not be read.
SCHEMA_DRIFT: Final = Table(
    "schema_drift",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("baseline_id", Integer, ForeignKey("schema_baseline.id"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("column_name", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("found", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("batch", String(16)),
    Column("decision", String(16), nullable=False),
    Column("at_us", BigInteger, nullable=False, index=True),
    Column("decided_us", BigInteger),
)
_IS_OPEN: Final = column("decision") == "open"
Index(
    "uq_schema_drift_open",
    SCHEMA_DRIFT.c.source,
    SCHEMA_DRIFT.c.kind,
    SCHEMA_DRIFT.c.column_name,
    SCHEMA_DRIFT.c.found,
    unique=True,
    sqlite_where=_IS_OPEN,
    postgresql_where=_IS_OPEN,
)

# Files that wait in quarantine for a decision; the lake keeps a copy of each. `columns` and `options` (how it was to
# be imported) are canonical JSON.
SCHEMA_WAITING: Final = Table(
    "schema_waiting",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("batch", String(16), nullable=False),
    Column("path", Text, nullable=False),
    Column("columns", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

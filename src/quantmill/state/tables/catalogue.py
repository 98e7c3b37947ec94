"""Tables of the lake's catalogue, owned by `quantmill.lake`."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    column,
)

from quantmill.state.tables.metadata import METADATA

__all__ = [
    "DATASET_SCHEMA",
    "FILE",
    "FILE_KEYS",
    "FILE_SESSION",
    "LAKE_FLOOR",
    "LAKE_HEAD",
    "PIN",
    "SNAPSHOT",
]

# One row: the number of the newest snapshot, counted over all datasets.
LAKE_HEAD: Final = Table(
    "lake_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("snapshot", BigInteger, nullable=False),
)

# The oldest snapshot of which all files of a key are kept; without a row every snapshot is.
LAKE_FLOOR: Final = Table(
    "lake_floor",
    METADATA,
    Column("dataset", String(128), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("snapshot", BigInteger, nullable=False),
)

# Snapshots that cleaning must spare until `until_us`; `holder` says for whom.
PIN: Final = Table(
    "pin",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("snapshot", BigInteger, nullable=False),
    Column("holder", String(128), nullable=False),
    Column("until_us", BigInteger, nullable=False),
)

SNAPSHOT: Final = Table(
    "snapshot",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("job_id", String(16)),
    Column("note", Text, nullable=False),
)

# `columns` is the canonical JSON of [[name, type], …]; `id` begins its digest.
DATASET_SCHEMA: Final = Table(
    "dataset_schema",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("columns", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
)

# `added` and `removed` are snapshots: a file belongs to snapshot s when added <= s and not removed by then.
# `content_sha256` leaves out `ingested_at`, `sha256` is that of the file's bytes. `providers` is a JSON list. The digests
# of rows add up over files, so that they do not tell how rows are cut into files; empty where nothing asks for it.
# Tier `hot` holds files with all symbols of a calendar, its key, and one session, its period.
FILE: Final = Table(
    "file",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("dataset", String(128), nullable=False),
    Column("tier", String(8), nullable=False),
    Column("key", String(128), nullable=False),
    Column("period", String(64), nullable=False),
    Column("path", String(512), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("min_ts", BigInteger),
    Column("max_ts", BigInteger),
    Column("n_extended", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("rows_digest", String(32), nullable=False, server_default=""),
    Column("schema_id", String(16), ForeignKey("dataset_schema.id"), nullable=False),
    Column("providers", Text, nullable=False),
    Column("added", BigInteger, ForeignKey("snapshot.id"), nullable=False),
    Column("removed", BigInteger, ForeignKey("snapshot.id")),
    UniqueConstraint("path"),
)
_IS_LIVE_BASE: Final = and_(column("removed").is_(None), column("tier") == "base")
Index(
    "uq_file_live_partition",
    FILE.c.dataset,
    FILE.c.key,
    FILE.c.period,
    unique=True,
    sqlite_where=_IS_LIVE_BASE,
    postgresql_where=_IS_LIVE_BASE,
)
Index("ix_file_dataset_key", FILE.c.dataset, FILE.c.key)
Index("ix_file_dataset_tier_added", FILE.c.dataset, FILE.c.tier, FILE.c.added)
Index("ix_file_dataset_tier_removed", FILE.c.dataset, FILE.c.tier, FILE.c.removed)
_IS_LIVE: Final = column("removed").is_(None)
Index("ix_file_live_max_ts", FILE.c.dataset, FILE.c.max_ts, sqlite_where=_IS_LIVE, postgresql_where=_IS_LIVE)

# What a hot file holds of each symbol: canonical JSON {symbol: [regular bars, extended bars, first ts, last ts,
# digest of rows]}; `file_session` has no rows of hot files.
FILE_KEYS: Final = Table(
    "file_keys",
    METADATA,
    Column(
        "file_id", Integer, ForeignKey("file.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("counts", Text, nullable=False),
)

# Sessions are days since 1970: calendar dates in exchange time.
FILE_SESSION: Final = Table(
    "file_session",
    METADATA,
    Column("file_id", Integer, ForeignKey("file.id", ondelete="CASCADE"), primary_key=True),
    Column("session", Integer, primary_key=True, autoincrement=False),
    Column("key", String(128), nullable=False),
    Column("n_regular", Integer, nullable=False),
    Column("n_extended", Integer, nullable=False),
)
Index("ix_file_session_key", FILE_SESSION.c.key)

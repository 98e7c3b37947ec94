"""Tables of batches, their chunks and the trial ledger, owned by `quantmill.optimize`."""

from typing import Final

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, String, Table, Text

from quantmill.state.tables.metadata import METADATA

__all__ = ["BATCH", "CHUNK", "TRIAL_LEDGER"]

# `recipe` is the canonical JSON of everything that decides the results, `recipe_digest` its digest:
# an unfinished batch is found again by it.
BATCH: Final = Table(
    "batch",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("recipe_digest", String(64), nullable=False, index=True),
    Column("recipe", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("n_trials", BigInteger, nullable=False),
    Column("n_chunks", Integer, nullable=False),
    Column("snapshot", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False, index=True),
    Column("finished_us", BigInteger),
)

CHUNK: Final = Table(
    "chunk",
    METADATA,
    Column("batch_id", String(40), ForeignKey("batch.id"), primary_key=True),
    Column("chunk", Integer, primary_key=True, autoincrement=False),
    Column("first_trial", BigInteger, nullable=False),
    Column("n_trials", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", String(255)),
    Column("lease_until_us", BigInteger),
    Column("n_failed", BigInteger),
    Column("wall_s", Float),
    Column("cpu_s", Float),
)

# Append-only. `configuration` is 63 bits of the configuration's digest; the sessions are days since 1970,
# both included. Without a row id, SQLite keeps the rows in the key itself: half the bytes.
TRIAL_LEDGER: Final = Table(
    "trial_ledger",
    METADATA,
    Column("symbol", String(64), primary_key=True),
    Column("first_session", Integer, primary_key=True, autoincrement=False),
    Column("last_session", Integer, primary_key=True, autoincrement=False),
    Column("configuration", BigInteger, primary_key=True, autoincrement=False),
    Column("recorded_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

"""Tables about providers: limits, owned by `quantmill.providers`; answers, owned by `quantmill.ingest`."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table

from quantmill.state.tables.metadata import METADATA

__all__ = ["RATE_LIMIT", "SESSION_ANSWER"]

# The state of one key's limit; `bucket` is the provider and a fingerprint of the key.
RATE_LIMIT: Final = Table(
    "rate_limit",
    METADATA,
    Column("bucket", String(64), primary_key=True),
    Column("per_window", Integer, nullable=False),
    Column("due_us", BigInteger, nullable=False),
    Column("blocked_until_us", BigInteger, nullable=False),
)

# What a provider last said of a session: `session` counts days since 1970,
# `outcome` is bars, short or empty; one that `is_provisional` was asked
# for before it was final and is asked for once more. Written by the commit that stores the bars.
SESSION_ANSWER: Final = Table(
    "session_answer",
    METADATA,
    Column("symbol", String(64), primary_key=True),
    Column("session", Integer, primary_key=True, autoincrement=False),
    Column("provider", String(64), primary_key=True),
    Column("feed", String(64), primary_key=True),
    Column("outcome", String(8), nullable=False),
    Column("n_regular", Integer, nullable=False),
    Column("n_extended", Integer, nullable=False),
    Column("is_provisional", Boolean, nullable=False),
    Column("asked_us", BigInteger, nullable=False),
)

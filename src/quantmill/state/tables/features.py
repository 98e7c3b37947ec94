"""Tables of feature sets, their builds and certificates, owned by `quantmill.features`."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Integer, String, Table, Text

from quantmill.state.tables.metadata import METADATA

__all__ = [
    "FEATURE",
    "FEATURE_BUILD",
    "FEATURE_CERTIFICATE",
    "FEATURE_SET",
    "REGIME_BUILD",
    "REGIME_FIT",
]

_SET_KEY: Final = ["feature_set", "version"]
_SET_REFERENCE: Final = ["feature_set.name", "feature_set.version"]

# A set version is written once, by its first build; `hours` says which bars its values are made of.
FEATURE_SET: Final = Table(
    "feature_set",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("version", String(8), primary_key=True),
    Column("interval", String(8), nullable=False),
    Column("hours", String(16), nullable=False),
    Column("n_columns", Integer, nullable=False),
    Column("package_version", String(32), nullable=False),
    Column("created_us", BigInteger, nullable=False),
)

# The declarations of a set version in column order; `declaration` is canonical JSON.
FEATURE: Final = Table(
    "feature",
    METADATA,
    Column("feature_set", String(64), primary_key=True),
    Column("version", String(8), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("category", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("scaling", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("declaration", Text, nullable=False),
    Column("source_sha256", String(64), nullable=False),
    ForeignKeyConstraint(_SET_KEY, _SET_REFERENCE),
)

# The last build of each symbol; `input_digest` covers all it depends on: bars, splits, hours, code, and the same
# of its context. `null_counts` is canonical JSON {column: {cause: count}}; `context` says which symbols were seen
# beside it, null for builds without context.
FEATURE_BUILD: Final = Table(
    "feature_build",
    METADATA,
    Column("feature_set", String(64), primary_key=True),
    Column("version", String(8), primary_key=True),
    Column("interval", String(8), primary_key=True),
    Column("symbol", String(32), primary_key=True),
    Column("input_digest", String(64), nullable=False),
    Column("snapshot", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("sessions", Integer, nullable=False),
    Column("null_counts", Text, nullable=False),
    Column("package_version", String(32), nullable=False),
    Column("built_us", BigInteger, nullable=False, index=True),
    Column("context", Text),
    ForeignKeyConstraint(_SET_KEY, _SET_REFERENCE),
)

# Proof of no look-ahead per column of a set version; `findings` is a canonical JSON list, empty when it holds.
FEATURE_CERTIFICATE: Final = Table(
    "feature_certificate",
    METADATA,
    Column("feature_set", String(64), primary_key=True),
    Column("version", String(8), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("ok", Boolean, nullable=False),
    Column("findings", Text, nullable=False),
    Column("n_cuts", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("source_sha256", String(64), nullable=False),
    Column("certified_us", BigInteger, nullable=False),
    ForeignKeyConstraint(_SET_KEY, _SET_REFERENCE),
)

# The last build of the market's regimes by source key; `context`, `null_counts`, `refits` and `notes` are canonical JSON.
REGIME_BUILD: Final = Table(
    "regime_build",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("version", String(8), primary_key=True),
    Column("input_digest", String(64), nullable=False),
    Column("snapshot", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("sessions", Integer, nullable=False),
    Column("null_counts", Text, nullable=False),
    Column("refits", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("package_version", String(32), nullable=False),
    Column("built_us", BigInteger, nullable=False),
)

# Fitted mixtures by the digest of their window and settings, so that none is fitted twice; `mixture` is canonical
# JSON of the parameters.
REGIME_FIT: Final = Table(
    "regime_fit",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("n_states", Integer, nullable=False),
    Column("mixture", Text, nullable=False),
    Column("package_version", String(32), nullable=False),
    Column("fitted_us", BigInteger, nullable=False),
)

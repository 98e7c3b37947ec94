"""The table of known symbols, owned by `quantmill.lake`."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, String, Table

from quantmill.state.tables.metadata import METADATA

__all__ = ["SYMBOL"]

SYMBOL: Final = Table(
    "symbol",
    METADATA,
    Column("symbol", String(32), primary_key=True),
    Column("asset_class", String(16), nullable=False),
    Column("calendar", String(16), nullable=False),
    Column("currency", String(8), nullable=False),
    Column("is_synthetic", Boolean, nullable=False),
    Column("created_us", BigInteger, nullable=False),
)

"""Rows that were not stored: kept as they came, with the reason."""

import json
from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from quantmill.core.bars import UTC_TIME
from quantmill.core.digest import canonical_json, digest
from quantmill.lake.store import Lake

__all__ = ["QUARANTINE_COLUMNS", "list_quarantine", "quarantine_rows", "summarize_quarantine"]

QUARANTINE_COLUMNS: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "ts": UTC_TIME,
    "reason": pl.String(),
    "raw": pl.String(),
    "source": pl.String(),
    "row_digest": pl.String(),
    "provider": pl.String(),
}


def quarantine_rows(
    bad: pl.DataFrame, raw_rows: Iterable[dict[str, Any]], *, source: str, provider: str
) -> pl.DataFrame:
    """Rows of dataset `quarantine`; the same row again has the same digest, so it is kept once.

    Args:
        bad: Columns `symbol`, `ts`, `reason`.
        raw_rows: The rows as they came, in the order of `bad`.
        source: File name or provider.
        provider: Stored with each row.
    """
    raw = [canonical_json({name: _plain(value) for name, value in row.items()}) for row in raw_rows]
    symbols = bad["symbol"].to_list()
    return bad.select(
        "symbol",
        "ts",
        "reason",
        pl.Series("raw", raw, dtype=pl.String),
        pl.lit(source).alias("source"),
        pl.Series(
            "row_digest",
            [digest(symbol, source, text) for symbol, text in zip(symbols, raw, strict=True)],
            dtype=pl.String,
        ),
        pl.lit(provider).alias("provider"),
    ).unique("row_digest", keep="first", maintain_order=True)


def list_quarantine(lake: Lake, *, symbol: str | None = None, limit: int | None = None) -> pl.DataFrame:
    """Quarantined rows, by symbol and time; the last `limit` of them.

    Returns:
        Columns of `QUARANTINE_COLUMNS` and `ingested_at`.
    """
    keys = None if symbol is None else [symbol]
    rows = lake.scan("quarantine", keys=keys).sort("symbol", "ts", nulls_last=True).collect()
    return rows if limit is None else rows.tail(limit)


def summarize_quarantine(lake: Lake) -> pl.DataFrame:
    """How many rows each symbol has in quarantine by reason: `symbol, reason, n_rows, first_ts, last_ts`."""
    return (
        lake.scan("quarantine")
        .group_by("symbol", "reason")
        .agg(
            pl.len().alias("n_rows"),
            pl.col("ts").min().alias("first_ts"),
            pl.col("ts").max().alias("last_ts"),
        )
        .sort("symbol", "reason")
        .collect()
    )


def _plain(value: object) -> object:
    """A value as JSON can hold it: what is not finite or has no JSON form becomes text."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return str(value)
    return value

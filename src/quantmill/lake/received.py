"""Bars as they were known at an instant: what had been received by then, replaced rows in the place of their successors."""

import polars as pl

from quantmill.core.bars import BAR_KEY, BAR_SCHEMA, UTC_TIME

__all__ = ["rows_received_by"]


def rows_received_by(at_us: int, bars: pl.LazyFrame, revisions: pl.LazyFrame) -> pl.LazyFrame:
    """The rows that stood for each key at an instant, by symbol and time.

    Args:
        at_us: The instant in µs since 1970 UTC.
        bars: Stored bars; each came at its `ingested_at`.
        revisions: Rows that do not stand now; each stood from its `ingested_at` to its `superseded_at`, which are
            the same for those that never did: they lost to another row of their import, or to a stored one.
    """
    at = pl.lit(at_us).cast(UTC_TIME)
    known = bars.filter(pl.col("ingested_at") <= at)
    stood = revisions.filter(pl.col("ingested_at") <= at, pl.col("superseded_at") > at).select(*BAR_SCHEMA)
    # Where a replacement came a moment before its predecessor was filed, the newer row stands.
    rows = pl.concat([known, stood]).sort(*BAR_KEY, "ingested_at")
    return rows.unique(BAR_KEY, keep="last", maintain_order=True)

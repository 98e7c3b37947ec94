"""Bars that do not stand, as revisions: those that were replaced, and those that were offered in vain."""

from typing import Final, Literal

import polars as pl

from quantmill.core.bars import UTC_TIME
from quantmill.lake.datasets import BARS, REVISIONS

__all__ = ["Reason", "as_dropped", "as_replaced", "new_revisions", "without_equal"]

Reason = Literal["replaced", "late", "overruled", "offered"]
"""Why a bar does not stand: another one `replaced` it, `late` after the watermark; another one of the same import
`overruled` it; or it was `offered` where another one was stored and kept."""

_NEVER_STOOD: Final = ("overruled", "offered")
_COMPARED: Final = [column for column in BARS.columns if column not in BARS.provenance]


def as_replaced(bars: pl.DataFrame, *, at_us: int, reason: Reason) -> pl.DataFrame:
    """Stored bars that stood from their `ingested_at` to this instant, in µs since 1970 UTC."""
    return _revisions(bars, pl.lit(at_us).cast(UTC_TIME), reason)


def as_dropped(bars: pl.DataFrame, *, reason: Reason) -> pl.DataFrame:
    """Offered bars that never stood: superseded at the instant they came, so that no `as_of` read shows them."""
    return _revisions(bars, pl.col("ingested_at"), reason)


def new_revisions(rows: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Those of the revisions that are to be added to the stored ones.

    Each replaced bar is one: it stood for a time of its own. A bar that never stood is kept once, and not at all
    where a revision tells the same values for its minute: what is offered again and again adds nothing.
    """
    never_stood = pl.col("reason").is_in(_NEVER_STOOD)
    replaced, dropped = rows.filter(~never_stood), rows.filter(never_stood)
    unknown = without_equal(without_equal(dropped, stored), replaced)
    return pl.concat([replaced, unknown.unique(_COMPARED, keep="first", maintain_order=True)])


def without_equal(bars: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The bars that have no equal among the others, whenever those came."""
    if bars.height == 0 or others.height == 0:
        return bars
    return bars.join(others, on=_COMPARED, how="anti", nulls_equal=True, maintain_order="left")


def _revisions(bars: pl.DataFrame, superseded_at: pl.Expr, reason: Reason) -> pl.DataFrame:
    told = bars.with_columns(superseded_at.alias("superseded_at"), pl.lit(reason).alias("reason"))
    return told.select(*REVISIONS.columns)

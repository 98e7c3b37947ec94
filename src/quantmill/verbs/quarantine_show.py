"""The verb `quarantine show`: quarantined rows in full, between the stored bars before and after them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.core.span import Span
from quantmill.ingest.quarantine import Status, list_quarantine
from quantmill.ingest.reasons import REASONS
from quantmill.lake.store import Lake
from quantmill.verbs.json_form import Json, json_of
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.quarantine_choice import QuarantineChoice

__all__ = ["READS_ONLY", "QuarantineShowRequest", "QuarantinedRows", "run"]

READS_ONLY: Final = True
_VALUES: Final = ("open", "high", "low", "close", "volume")
_NEAR: Final = timedelta(days=4)


class QuarantineShowRequest(QuarantineChoice):
    """Show quarantined rows in full, between the stored bars before and after them."""

    status: Status = Field(default="all", description="Rows that wait, those released, or both.")
    limit: int = Field(default=20, ge=1, description="The first N rows by symbol and time.")


@dataclass(frozen=True)
class QuarantinedRows(Outcome):
    """Rows with what stands around them: columns `before_` and `after_` hold the nearest stored bars."""

    rows: pl.DataFrame
    n_more: int

    def to_json(self) -> Json:
        """The rows, and how many more there are."""
        return {"rows": json_of(self.rows), "n_more": self.n_more}

    def table(self) -> pl.DataFrame:
        """One row per quarantined row."""
        return self.rows

    def shown_table(self) -> None:
        """None: the rows stand among the lines."""

    def lines(self) -> list[str]:
        """A few lines per row."""
        if self.rows.is_empty():
            return ["no such row is in quarantine"]
        lines = [line for row in self.rows.iter_rows(named=True) for line in _block(row)]
        more = [f"{self.n_more} more rows: --limit, --symbol, --reason, --start, --end or --id choose"]
        return lines + (more if self.n_more else [])


def run(mill: Mill, request: QuarantineShowRequest, progress: Progress) -> QuarantinedRows:
    """Rows by symbol and time, each with its reason, source, raw text and the stored bars around it.

    Raises:
        NotFoundError: If an id begins no row's, or those of several rows.
    """
    found = list_quarantine(mill.lake, request.choice(request.status))
    shown = found.head(request.limit)
    return QuarantinedRows(_between_bars(mill.lake, shown), found.height - shown.height)


def _between_bars(lake: Lake, rows: pl.DataFrame) -> pl.DataFrame:
    names = [f"{side}_{name}" for side in ("before", "after") for name in ("ts", *_VALUES)]
    kinds = {name: rows.schema[name.partition("_")[2]] for name in names}
    around = [_around(lake, row["symbol"], row["ts"]) for row in rows.iter_rows(named=True)]
    return rows.hstack(pl.DataFrame(around, schema=kinds, orient="row"))


def _around(lake: Lake, symbol: str | None, ts: datetime | None) -> list[Any]:
    """Time and values of the nearest stored bar before a time, and of the one after it."""
    none = [None] * (1 + len(_VALUES))
    if symbol is None or ts is None:
        return none + none
    columns = ["ts", *_VALUES]
    bars = lake.scan("bars", keys=[symbol], span=Span(ts - _NEAR, ts + _NEAR), columns=columns)
    before = bars.filter(pl.col("ts") < ts).sort("ts").tail(1)
    after = bars.filter(pl.col("ts") > ts).sort("ts").head(1)
    return [value for part in pl.collect_all([before, after]) for value in (part.rows() or [none])[0]]


def _block(row: dict[str, Any]) -> Iterator[str]:
    when = "without a time" if row["ts"] is None else f"{row['ts']:%Y-%m-%d %H:%M} UTC"
    yield f"{row['row_digest'][:12]}  {row['symbol'] or 'without a symbol'}  {when}"
    yield f"  {row['reason']}: {REASONS.get(row['reason'], 'a reason of another version')}"
    yield f"  from {row['source']} ({row['provider']}), quarantined {row['ingested_at']:%Y-%m-%d %H:%M} UTC"
    if row["released_at"] is not None:
        yield f"  released {row['released_at']:%Y-%m-%d %H:%M} UTC: it is stored as a bar"
    for side, prefix in (("before", "before_"), ("the row", ""), ("after", "after_")):
        if row[f"{prefix}ts"] is not None:
            values = "  ".join(f"{name} {_number(row[prefix + name])}" for name in _VALUES)
            yield f"    {side:<8} {row[f'{prefix}ts']:%Y-%m-%d %H:%M}  {values}"
    yield f"  raw {row['raw']}"
    yield ""


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.10g}"

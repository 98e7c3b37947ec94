"""Rows that were not stored: kept as they came, with the reason, until somebody releases them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import polars as pl
import polars.selectors as cs

from quantmill.core.calendar import FIRST_DATE, LAST_DATE, calendar_for
from quantmill.core.digest import canonical_json, digest
from quantmill.core.symbols import describe_symbol
from quantmill.errors import NotFoundError
from quantmill.lake.datasets import QUARANTINE
from quantmill.lake.store import Lake
from quantmill.providers.protocol import PAGE_SCHEMA

__all__ = [
    "Choice",
    "Status",
    "list_quarantine",
    "quarantine_others",
    "quarantine_rows",
    "read_bars_of",
    "released_bars",
    "summarize_quarantine",
    "without_released",
]

Status = Literal["pending", "released", "all"]

_COLUMNS: Final = [name for name in QUARANTINE.columns if name not in {"released_at", "ingested_at"}]
_READ_VALUES: Final = [name for name in _COLUMNS if name in PAGE_SCHEMA]
# What makes a released bar the same one again, whichever file or provider offers it.
_PRINT: Final = ["symbol", "ts", "open", "high", "low", "close", "volume"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which quarantined rows are meant; what is left out chooses all.

    Attributes:
        symbol: A canonical symbol.
        reason: One of `quantmill.ingest.reasons.REASONS`.
        start: First session, by the date in the symbol's exchange; rows without a time lie in no session.
        end: Sessions before it.
        ids: Beginnings of row digests, each of one row.
        status: Rows that wait, those released, or both.
    """

    symbol: str | None = None
    reason: str | None = None
    start: date | None = None
    end: date | None = None
    ids: tuple[str, ...] = ()
    status: Status = "pending"

    @property
    def is_everything(self) -> bool:
        """Whether nothing is named."""
        return not (self.symbol or self.reason or self.start or self.end or self.ids)


def quarantine_rows(
    bad: pl.DataFrame, raw_rows: Iterable[dict[str, Any]], *, source: str, provider: str
) -> pl.DataFrame:
    """Rows of dataset `quarantine` in the order of `bad`; the same row again has the same digest.

    Args:
        bad: The columns of `PAGE_SCHEMA` as far as they could be read, and `reason`.
        raw_rows: The rows as they came, in the order of `bad`.
        source: File name or provider.
        provider: Stored with each row.
    """
    raw = [canonical_json({name: _plain(value) for name, value in row.items()}) for row in raw_rows]
    symbols = bad["symbol"].to_list()
    digests = [digest(symbol, source, text) for symbol, text in zip(symbols, raw, strict=True)]
    return (
        bad.with_columns(
            pl.Series("raw", raw, dtype=pl.String),
            pl.Series("row_digest", digests, dtype=pl.String),
            pl.lit(source).alias("source"),
            pl.lit(provider).alias("provider"),
        )
        .select(pl.col(_COLUMNS))
        .with_columns(cs.float().fill_nan(None))
    )


def quarantine_others(
    bad: pl.DataFrame, raw_rows: Iterable[dict[str, Any]], *, source: str, provider: str
) -> pl.DataFrame:
    """As `quarantine_rows`, for what is no bar, such as articles and days: it is never released as one.

    Args:
        bad: Columns `symbol`, `ts`, `reason`.
        raw_rows: The rows as they came, in the order of `bad`.
        source: File name or provider.
        provider: Stored with each row.
    """
    read = bad.select("symbol", "ts", "reason")
    absent = [
        pl.lit(None, kind).alias(name) for name, kind in PAGE_SCHEMA.items() if name not in read.columns
    ]
    return quarantine_rows(read.with_columns(absent), raw_rows, source=source, provider=provider)


def list_quarantine(lake: Lake, choice: Choice | None = None) -> pl.DataFrame:
    """Quarantined rows by symbol and time, those that wait unless chosen otherwise.

    Returns:
        The columns of dataset `quarantine`.

    Raises:
        NotFoundError: If an id begins no digest, or those of several rows.
    """
    choice = choice or Choice()
    keys = None if choice.symbol is None else [choice.symbol]
    rows = lake.scan("quarantine", keys=keys).sort("symbol", "ts", "row_digest", nulls_last=True).collect()
    if choice.ids:
        wanted = [_digest_of(rows["row_digest"], beginning) for beginning in choice.ids]
        rows = rows.filter(pl.col("row_digest").is_in(wanted))
    if choice.reason is not None:
        rows = rows.filter(pl.col("reason") == choice.reason)
    if choice.status != "all":
        rows = rows.filter(pl.col("released_at").is_null() == (choice.status == "pending"))
    return _in_sessions(rows, choice) if choice.start or choice.end else rows


def summarize_quarantine(lake: Lake) -> pl.DataFrame:
    """How many rows of each symbol wait, by reason: `symbol, reason, n_rows, first_ts, last_ts`."""
    return (
        lake.scan("quarantine")
        .filter(pl.col("released_at").is_null())
        .group_by("symbol", "reason")
        .agg(
            pl.len().alias("n_rows"),
            pl.col("ts").min().alias("first_ts"),
            pl.col("ts").max().alias("last_ts"),
        )
        .sort("symbol", "reason")
        .collect()
    )


def read_bars_of(rows: pl.DataFrame) -> pl.DataFrame:
    """What was read of quarantined rows, in the columns of a page; null where nothing could be read."""
    return rows.select(*PAGE_SCHEMA)


def released_bars(lake: Lake) -> pl.DataFrame:
    """The bars that somebody released: what makes them the same again."""
    lazy = lake.scan("quarantine", columns=[*_PRINT, "released_at"])
    return lazy.filter(pl.col("released_at").is_not_null()).select(_PRINT).unique().collect()


def without_released(rows: pl.DataFrame, released: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows for the quarantine, and the bars among them that were released before and are fit to be stored.

    Args:
        rows: What `quarantine_rows` gives.
        released: What `released_bars` gives.
    """
    if rows.height == 0 or released.height == 0:
        return rows, read_bars_of(rows.clear())
    numbered = rows.with_row_index("row")
    again = numbered.join(released, on=_PRINT, how="semi", nulls_equal=True)
    waiting = numbered.join(again, on="row", how="anti", maintain_order="left")
    return waiting.drop("row"), read_bars_of(again)


def _digest_of(digests: pl.Series, beginning: str) -> str:
    found = digests.filter(digests.str.starts_with(beginning)).to_list()
    if len(found) != 1:
        raise NotFoundError(
            f"{len(found) or 'no'} quarantined rows have an id that begins with {beginning!r}, needed is one",
            hint="`quantmill quarantine list` shows the ids; give more characters",
        )
    return found[0]


def _in_sessions(rows: pl.DataFrame, choice: Choice) -> pl.DataFrame:
    parts = [rows.clear()]
    for (symbol,), part in rows.drop_nulls(["symbol", "ts"]).partition_by("symbol", as_dict=True).items():
        calendar = calendar_for(describe_symbol(str(symbol)).calendar)
        span = calendar.day_span(choice.start or FIRST_DATE, choice.end or LAST_DATE)
        parts.append(part.filter(pl.col("ts").is_between(span.start, span.end, closed="left")))
    return pl.concat(parts)


def _plain(value: object) -> object:
    """A value as JSON can hold it: what is not finite or has no JSON form becomes text."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return str(value)
    return value

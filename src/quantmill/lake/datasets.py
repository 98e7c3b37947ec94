"""The lake's datasets, each declared once: columns, key, uniqueness, order and periods."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from quantmill.core.bars import BAR_KEY, BAR_SCHEMA, OPTIONAL_BAR_COLUMNS, UTC_TIME
from quantmill.core.daily import DAILY_SCHEMA
from quantmill.errors import NotFoundError

__all__ = [
    "BARS",
    "CORPORATE_ACTIONS",
    "DAILY",
    "DATASETS",
    "FEATURES",
    "NEWS",
    "NEWS_SENTIMENT",
    "QUARANTINE",
    "REVISIONS",
    "Dataset",
    "Mode",
    "dataset_of",
]

Mode = Literal["merge", "append", "replace"]
"""What a write does to the partition's stored rows: merge by unique key, add to them, take their place."""

Periods = Literal["year_or_month", "month", "year", "all", "given"]


@dataclass(frozen=True, slots=True)
class Dataset:
    """One table of the lake.

    `columns` are required except those in `optional`, which are filled with null; with `is_open`
    a frame may have further columns. `key` names the column that partitions by key, `hive` its name
    in paths. `unique` rows exist once per partition; `order` sorts a file. `provenance` columns tell where a row
    comes from: rows that differ in nothing else are the same. `has_grown` says that older files lack columns.
    """

    name: str
    columns: Mapping[str, pl.DataType]
    key: str
    hive: str
    mode: Mode
    periods: Periods
    order: tuple[str, ...]
    unique: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    nullable: tuple[str, ...] = ()
    is_open: bool = False
    time: str | None = "ts"
    counts_sessions: bool = False
    provenance: tuple[str, ...] = ("ingested_at",)
    has_grown: bool = False
    identity: tuple[str, ...] = ()

    def in_order(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows in the order of a file; those that tie keep theirs."""
        is_one = len(self.order) == 1
        # Bars come in order nearly always, and to see that is cheaper than to sort.
        if not self.order or (is_one and rows[self.order[0]].is_sorted()):
            return rows
        return rows.sort(self.order, maintain_order=True)


BARS: Final = Dataset(
    "bars",
    BAR_SCHEMA,
    key="symbol",
    hive="symbol",
    mode="merge",
    periods="year_or_month",
    order=("ts",),
    unique=BAR_KEY,
    optional=(*OPTIONAL_BAR_COLUMNS, "ingested_at"),
    nullable=OPTIONAL_BAR_COLUMNS,
    counts_sessions=True,
)
REVISIONS: Final = Dataset(
    "revisions",
    {**BAR_SCHEMA, "superseded_at": UTC_TIME, "reason": pl.String()},
    key="symbol",
    hive="symbol",
    mode="append",
    periods="year",
    order=("ts", "superseded_at"),
    nullable=OPTIONAL_BAR_COLUMNS,
)
CORPORATE_ACTIONS: Final = Dataset(
    "corporate_actions",
    {
        "symbol": pl.String(),
        "ex_date": pl.Date(),
        "kind": pl.String(),
        "ratio": pl.Float64(),
        "amount": pl.Float64(),
        "provider": pl.String(),
        "source": pl.String(),
        "ingested_at": UTC_TIME,
    },
    key="symbol",
    hive="symbol",
    mode="merge",
    periods="all",
    order=("ex_date", "kind"),
    unique=("symbol", "ex_date", "kind"),
    optional=("ratio", "amount", "provider", "source", "ingested_at"),
    nullable=("ratio", "amount", "provider", "source"),
    time=None,
    provenance=("provider", "source", "ingested_at"),
    has_grown=True,
)
DAILY: Final = Dataset(
    "daily",
    {
        **DAILY_SCHEMA,
        "provider": pl.String(),
        "feed": pl.String(),
        "available_at": UTC_TIME,
        "ingested_at": UTC_TIME,
    },
    key="symbol",
    hive="symbol",
    mode="merge",
    periods="all",
    order=("session", "available_at"),
    unique=("symbol", "session", "available_at"),
    optional=("ingested_at",),
    nullable=("open", "high", "low", "volume"),
    time=None,
    identity=("symbol", "session"),
)
NEWS: Final = Dataset(
    "news",
    {
        "id": pl.String(),
        "provider": pl.String(),
        "published_at": UTC_TIME,
        "updated_at": UTC_TIME,
        "available_at": UTC_TIME,
        "title": pl.String(),
        "author": pl.String(),
        "source": pl.String(),
        "url": pl.String(),
        "symbols": pl.String(),
        "keywords": pl.String(),
        "summary": pl.String(),
        "ingested_at": UTC_TIME,
    },
    key="provider",
    hive="provider",
    mode="merge",
    periods="month",
    order=("published_at", "id", "available_at"),
    unique=("provider", "id", "available_at"),
    optional=("ingested_at",),
    nullable=("updated_at", "title", "author", "source", "url", "summary"),
    time="published_at",
    identity=("provider", "id"),
)
NEWS_SENTIMENT: Final = Dataset(
    "news_sentiment",
    {
        "id": pl.String(),
        "provider": pl.String(),
        "symbol": pl.String(),
        "published_at": UTC_TIME,
        "sentiment": pl.String(),
        "score": pl.Int32(),
        "reasoning": pl.String(),
        "available_at": UTC_TIME,
        "is_backfilled": pl.Boolean(),
        "ingested_at": UTC_TIME,
    },
    key="provider",
    hive="provider",
    mode="merge",
    periods="month",
    order=("published_at", "id", "symbol", "available_at"),
    unique=("provider", "id", "symbol", "available_at"),
    optional=("ingested_at",),
    nullable=("reasoning",),
    time="published_at",
    identity=("provider", "id", "symbol"),
)
# A quarantined row that reads as a bar has its values beside the raw text, so that it can be released.
_READ_VALUES: Final = ("open", "high", "low", "close", "volume", "vwap", "trade_count", "feed")
QUARANTINE: Final = Dataset(
    "quarantine",
    {
        "symbol": pl.String(),
        "ts": UTC_TIME,
        "reason": pl.String(),
        "raw": pl.String(),
        "source": pl.String(),
        "row_digest": pl.String(),
        "provider": pl.String(),
        **{name: BAR_SCHEMA[name] for name in _READ_VALUES},
        "released_at": UTC_TIME,
        "ingested_at": UTC_TIME,
    },
    key="symbol",
    hive="symbol",
    mode="merge",
    periods="all",
    order=("ts", "row_digest"),
    unique=("row_digest",),
    optional=(*_READ_VALUES, "released_at", "ingested_at"),
    nullable=("symbol", "ts", *_READ_VALUES, "released_at"),
    has_grown=True,
)
FEATURES: Final = Dataset(
    "features",
    {"symbol": pl.String(), "ts": UTC_TIME},
    key="symbol",
    hive="symbol",
    mode="replace",
    periods="month",
    order=("ts",),
    unique=("symbol", "ts"),
    is_open=True,
)
PREDICTIONS: Final = Dataset(
    "predictions",
    {
        "model_id": pl.String(),
        "symbol": pl.String(),
        "ts": UTC_TIME,
        "prediction": pl.Float64(),
        "fold": pl.Int32(),
    },
    key="model_id",
    hive="model",
    mode="replace",
    periods="all",
    order=("symbol", "ts"),
    unique=("model_id", "symbol", "ts"),
    nullable=("prediction", "fold"),
)
TRIALS: Final = Dataset(
    "trials",
    {"batch_id": pl.String()},
    key="batch_id",
    hive="batch",
    mode="replace",
    periods="given",
    order=(),
    is_open=True,
    time=None,
)
EQUITY: Final = Dataset(
    "equity",
    {
        "run_id": pl.String(),
        "ts": UTC_TIME,
        "equity": pl.Float64(),
        "position_shares": pl.Float64(),
        "close": pl.Float64(),
        "is_hit": pl.Boolean(),
    },
    key="run_id",
    hive="run",
    mode="replace",
    periods="all",
    order=("run_id", "ts"),
    unique=("run_id", "ts"),
    optional=("is_hit",),
    nullable=("is_hit",),
    is_open=True,
    has_grown=True,
)
TRADES: Final = Dataset(
    "trades",
    {"run_id": pl.String()},
    key="run_id",
    hive="run",
    mode="replace",
    periods="all",
    order=(),
    is_open=True,
    time=None,
)

DATASETS: Final = {
    dataset.name: dataset
    for dataset in (
        BARS,
        REVISIONS,
        CORPORATE_ACTIONS,
        DAILY,
        NEWS,
        NEWS_SENTIMENT,
        QUARANTINE,
        PREDICTIONS,
        TRIALS,
        EQUITY,
        TRADES,
    )
}
_FEATURE_SET: Final = re.compile(r"features/[a-z][a-z0-9_\-]{0,40}@[0-9a-f]{8}/[0-9]+[mhd]")


def dataset_of(name: str) -> Dataset:
    """The declaration of a dataset; `features/<set>@<hash8>/<interval>` are all declared alike.

    Raises:
        NotFoundError: If no dataset has this name.
    """
    if name in DATASETS:
        return DATASETS[name]
    if _FEATURE_SET.fullmatch(name):
        return FEATURES
    raise NotFoundError(
        f"no dataset named {name!r}",
        hint=f"use one of {', '.join(DATASETS)}, features/<set>@<hash8>/<interval>",
    )

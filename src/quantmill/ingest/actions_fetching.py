"""Splits and dividends of a provider into the lake, in one commit."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date

import polars as pl
from sqlalchemy import Connection

from quantmill.core.calendar import calendar_for
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.symbols import describe_symbol
from quantmill.ingest.actions_storing import ACTION_KEY, check_real, store_actions
from quantmill.lake.actions import SPLIT
from quantmill.lake.merging import OnConflict
from quantmill.lake.store import Lake
from quantmill.providers.actions_protocol import ACTION_PAGE_SCHEMA, ActionProvider

__all__ = ["FetchedCounts", "fetch_actions"]


@dataclass(frozen=True, slots=True)
class FetchedCounts:
    """Counts of one fetch: `read = stored + replaced + existing`; `skipped` were no usable actions.

    `conflicts` of the existing or replaced ones had other values.
    """

    read: int
    stored: int
    replaced: int
    existing: int
    conflicts: int
    skipped: int
    splits: int
    dividends: int
    symbols: tuple[str, ...]
    snapshot: int
    notes: tuple[str, ...]


def fetch_actions(
    lake: Lake,
    provider: ActionProvider,
    symbols: Sequence[str],
    start: date,
    end: date,
    *,
    on_conflict: OnConflict = "keep",
    progress: Progress = NO_PROGRESS,
    completing: Callable[[], AbstractContextManager[Connection]] | None = None,
) -> FetchedCounts:
    """Fetch and store the splits and dividends of symbols; twice stores nothing new.

    Args:
        lake: Where to.
        provider: Where from.
        symbols: Canonical symbols.
        start: First ex-date.
        end: Ex-dates before it; excluded.
        on_conflict: What happens to stored actions that differ.
        progress: Told of each page.
        completing: Transaction to publish in; its caller repeats the fetch after a CommitConflictError.

    Raises:
        SymbolKindError: If a symbol holds synthetic bars in this home; nothing is asked.
        ConflictError: If actions differ from stored ones under `fail`; nothing is stored.
        ProviderError: If the provider cannot deliver; nothing is stored.
    """
    check_real(lake, pl.DataFrame({"symbol": list(symbols)}, schema={"symbol": pl.String}))
    progress.start(f"Fetching splits and dividends from {provider.name}", len(symbols))
    pages = list(provider.actions(symbols, start, end))
    progress.advance(len(symbols))
    everything = pl.concat(pages) if pages else pl.DataFrame(schema=ACTION_PAGE_SCHEMA)
    everything = everything.unique(ACTION_KEY, keep="last", maintain_order=True)
    rows = everything.filter(
        pl.Series([_is_usable(row) for row in everything.iter_rows(named=True)], dtype=pl.Boolean)
    )
    notes: tuple[str, ...] = ()
    n_skipped = everything.height - rows.height
    if n_skipped:
        notes = (f"{n_skipped} were left out: no number above zero, or an ex-date without a session",)
    staged, snapshot = store_actions(
        lake, rows, on_conflict=on_conflict, note=f"actions of {provider.name}", completing=completing
    )
    n_splits = rows.filter(pl.col("kind") == SPLIT).height
    return FetchedCounts(
        read=rows.height,
        stored=staged.inserted,
        replaced=staged.replaced,
        existing=staged.existing - staged.replaced,
        conflicts=staged.conflicts,
        skipped=n_skipped,
        splits=n_splits,
        dividends=rows.height - n_splits,
        symbols=tuple(rows["symbol"].unique().sort()),
        snapshot=snapshot,
        notes=notes,
    )


def _is_usable(row: dict[str, object]) -> bool:
    number = row["ratio"] if row["kind"] == SPLIT else row["amount"]
    day, symbol = row["ex_date"], row["symbol"]
    assert isinstance(day, date)
    assert isinstance(symbol, str)
    is_session = calendar_for(describe_symbol(symbol).calendar).is_session(day)
    return isinstance(number, float) and number > 0 and is_session

"""The contract of a source of splits and dividends."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, Protocol, runtime_checkable

import polars as pl

__all__ = ["ACTION_PAGE_SCHEMA", "ActionProvider", "one_a_day"]

# Dataset `corporate_actions` before it is stored: the lake adds `ingested_at`.
ACTION_PAGE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "ex_date": pl.Date(),
    "kind": pl.String(),
    "ratio": pl.Float64(),
    "amount": pl.Float64(),
    "provider": pl.String(),
    "source": pl.String(),
}


@runtime_checkable
class ActionProvider(Protocol):
    """A source of splits and dividends; it knows neither the lake nor any other provider."""

    @property
    def name(self) -> str:
        """Short name, stored with each action: `alpaca`."""
        ...

    def actions(self, symbols: Sequence[str], start: date, end: date) -> Iterator[pl.DataFrame]:
        """Pages of the actions whose ex-date is from `start` up to, not including, `end`.

        A split has `ratio` new shares for each old one, a dividend has `amount` of cash per share as traded on the
        ex-date, in the currency of the quotes. `source` says which list of the provider an action is from.

        Args:
            symbols: Canonical symbols; those without any action are no error.
            start: First ex-date.
            end: Ex-dates before it; excluded.

        Returns:
            Frames of `ACTION_PAGE_SCHEMA` in any order; the same action may come twice.

        Raises:
            ProviderError: If it cannot deliver.
        """
        ...


def one_a_day(frame: pl.DataFrame) -> pl.DataFrame:
    """One row per symbol, ex-date and kind: a special dividend beside the usual one adds to it."""
    is_split = pl.col("kind") == "split"
    return (
        frame.group_by("symbol", "ex_date", "kind", maintain_order=True)
        .agg(
            pl.when(is_split.first()).then(pl.col("ratio").product()).alias("ratio"),
            pl.when(~is_split.first()).then(pl.col("amount").sum()).alias("amount"),
            pl.col("provider").first(),
            pl.col("source").unique(maintain_order=True).str.join("+"),
        )
        .select(*ACTION_PAGE_SCHEMA)
    )

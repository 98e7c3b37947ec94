"""The contract of a source of bars, checked by `quantmill.testing.provider_contract`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Protocol, runtime_checkable

import polars as pl

from quantmill.core.bars import BAR_SCHEMA
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.core.symbols import AssetClass

__all__ = ["PAGE_SCHEMA", "BarProvider", "Capability", "Grade", "ManySymbols"]

Grade = Literal["consolidated", "single venue", "best effort", "synthetic", "recorded"]

# A page is a bar frame before it is stored: the lake adds `ingested_at`.
PAGE_SCHEMA: Final[dict[str, pl.DataType]] = {
    name: kind for name, kind in BAR_SCHEMA.items() if name != "ingested_at"
}


@dataclass(frozen=True, slots=True)
class Capability:
    """What a provider can deliver.

    `earliest` and `latest` bound the sessions it has (both included, None = unbounded);
    `adjustments` names the kinds of prices it can send, of which only raw ones are stored.
    """

    asset_classes: frozenset[AssetClass]
    earliest: date | None = None
    latest: date | None = None
    has_live: bool = False
    adjustments: frozenset[str] = frozenset({"raw"})
    grade: Grade = "best effort"


@runtime_checkable
class BarProvider(Protocol):
    """A source of 1-minute bars.

    Asked twice for the same span it gives the same bars, and two adjoining spans give what the
    whole span gives. It knows neither the lake nor any other provider.
    """

    @property
    def name(self) -> str:
        """Short name, stored with each bar: `sim`."""
        ...

    @property
    def feed(self) -> str:
        """Which of the provider's feeds, stored with each bar."""
        ...

    @property
    def is_synthetic(self) -> bool:
        """Whether the bars are made up."""
        ...

    @property
    def capability(self) -> Capability:
        """What can be asked for."""
        ...

    def bars(self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS) -> Iterator[pl.DataFrame]:
        """Pages of one symbol's bars with `span.start <= ts < span.end`.

        Args:
            symbol: Canonical symbol.
            span: Half-open; extended hours count.
            progress: Told of each page.

        Returns:
            Frames of `PAGE_SCHEMA`, sorted by `ts` within and across pages, no `ts` twice;
            none at all when the market was closed throughout.

        Raises:
            NoDataError: If the provider does not have the symbol or none of the span.
            ProviderError: If it cannot deliver.
        """
        ...


@runtime_checkable
class ManySymbols(Protocol):
    """What a provider offers besides `BarProvider` when one request can ask for many symbols."""

    def bars_of(
        self, symbols: Sequence[str], span: Span, *, progress: Progress = NO_PROGRESS
    ) -> Iterator[pl.DataFrame]:
        """Pages of several symbols' bars with `span.start <= ts < span.end`.

        Returns:
            Frames of `PAGE_SCHEMA`; of each symbol sorted by `ts` within and across pages, no `ts` twice.

        Raises:
            NoDataError: If there are no bars of any of the symbols in a span with sessions.
            ProviderError: If it cannot deliver.
        """
        ...

"""The contract of a source of news."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import polars as pl

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span

__all__ = ["NewsProvider"]


@runtime_checkable
class NewsProvider(Protocol):
    """A source of articles; it knows neither the lake nor any other provider."""

    @property
    def name(self) -> str:
        """Short name, stored with each article: `massive`."""
        ...

    def news(
        self, symbols: Sequence[str], span: Span, *, progress: Progress = NO_PROGRESS
    ) -> Iterator[pl.DataFrame]:
        """Pages of articles about any of the symbols that were published in the span.

        Args:
            symbols: Canonical symbols; all articles when empty.
            span: Half-open.
            progress: Told of each page.

        Returns:
            Frames of `NEWS_SCHEMA`; an article may come more than once, what cannot be read is null.

        Raises:
            ProviderError: If it cannot deliver.
        """
        ...

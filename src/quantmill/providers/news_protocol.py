"""The contract of a source of news."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import polars as pl

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.errors import ProviderError

__all__ = ["Fetch", "NewsPage", "NewsProvider", "follow_pages"]

Fetch = Callable[[str, Mapping[str, str]], bytes]
"""Gets the body of an answer, by path and parameters; raises a `ProviderError` if there is none."""


@dataclass(frozen=True, slots=True)
class NewsPage:
    """Articles of one answer as a frame of `NEWS_SCHEMA`, and what asks for the next one; None at the end."""

    articles: pl.DataFrame
    next: str | None


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


def follow_pages(
    name: str, first: str, page_at: Callable[[str], NewsPage], *, progress: Progress = NO_PROGRESS
) -> Iterator[pl.DataFrame]:
    """The articles of an answer and of all that follow it.

    Args:
        name: The provider, for messages.
        first: What asks for the first page; empty where nothing does.
        page_at: Gets the page that a text asks for.
        progress: Told of each page.

    Raises:
        ProviderError: If a page names one that was asked for before: it would go on for ever.
    """
    asked: set[str] = set()
    following: str | None = first
    while following is not None:
        if following in asked:
            raise ProviderError(f"{name}: page {len(asked)} of the news leads back to an earlier one")
        asked.add(following)
        page = page_at(following)
        progress.advance(0, note=f"{name}: page {len(asked)} of the news")
        if page.articles.height:
            yield page.articles
        following = page.next or None

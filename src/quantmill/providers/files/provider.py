"""Recorded files as a provider: for the contract suite, and for replaying what was recorded."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.core.span import Span
from quantmill.errors import NoDataError
from quantmill.providers.files.finding import find_files
from quantmill.providers.files.options import FEED, PROVIDER, FileOptions
from quantmill.providers.files.reading import batches_of, read_bar_file
from quantmill.providers.protocol import PAGE_SCHEMA, Capability

__all__ = ["FilesProvider"]


class FilesProvider:
    """The bars of a few files or folders, read again at each call; of equal times the later file's row counts.

    Importing goes another way, file by file with a report (`quantmill.ingest.importing`).

    Args:
        paths: Files and folders.
        options: How to read them.
    """

    name: str = PROVIDER
    feed: str = FEED
    is_synthetic: bool = False

    def __init__(self, paths: Sequence[Path], options: FileOptions | None = None) -> None:
        self._options = options or FileOptions()
        self._paths = find_files(paths, self._options.file_format).paths

    @property
    def capability(self) -> Capability:
        """Whatever the files hold."""
        return Capability(frozenset({"equity", "index", "crypto", "option"}), grade="recorded")

    def bars(self, symbol: str, span: Span, *, progress: Progress = NO_PROGRESS) -> Iterator[pl.DataFrame]:
        """One page with all bars of the span; see `BarProvider.bars`."""
        parts: list[pl.DataFrame] = []
        for path in self._paths:
            parts += [
                read_bar_file(path, self._options, batch).bars.filter(pl.col("symbol") == symbol)
                for batch in batches_of(path, self._options)
            ]
            progress.advance(note=path.name)
        found = pl.concat(parts) if parts else pl.DataFrame(schema=PAGE_SCHEMA)
        if found.height == 0:
            raise NoDataError(f"no file holds {symbol}")
        page = (
            found.select(*PAGE_SCHEMA)
            .filter(pl.col("ts").is_between(span.start, span.end, closed="left"))
            .unique("ts", keep="last", maintain_order=True)
            .sort("ts")
        )
        if page.height:
            yield page

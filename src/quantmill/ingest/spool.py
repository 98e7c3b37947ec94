"""Rows of an import kept by symbol until all files are read, on disk when they are many."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final

import polars as pl

from quantmill.core.bars import BAR_KEY, us_of

__all__ = ["Spool", "Taken"]

_MAX_ROWS_IN_MEMORY: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """One symbol's rows of all files, each time once, sorted by `ts`."""

    rows: pl.DataFrame
    n_duplicates: int
    n_overruled: int


@dataclass(slots=True)
class _Part:
    last_us: int
    order: int
    rows: pl.DataFrame | Path


class Spool:
    """Collects rows file by file; use it in a `with` block.

    Args:
        max_rows_in_memory: Beyond it, rows go to a temporary folder.
    """

    def __init__(self, *, max_rows_in_memory: int = _MAX_ROWS_IN_MEMORY) -> None:
        self._max_rows = max_rows_in_memory
        self._n_rows = 0
        self._n_parts = 0
        self._parts: dict[str, list[_Part]] = {}
        self._folder = TemporaryDirectory(prefix="quantmill-import-", ignore_cleanup_errors=True)

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def add(self, symbol: str, rows: pl.DataFrame) -> None:
        """Keep one file's good rows of a symbol."""
        part = _Part(int(us_of(rows["ts"]).max()), self._n_parts, rows)
        self._parts.setdefault(symbol, []).append(part)
        self._n_parts += 1
        self._n_rows += rows.height
        if self._n_rows > self._max_rows:
            self._spill()

    def symbols(self) -> list[str]:
        """Symbols with rows, sorted."""
        return sorted(self._parts)

    def take(self, symbol: str) -> Taken:
        """The rows of a symbol; where files differ, the row of the file whose last bar is later counts.

        The rows leave the spool.
        """
        parts = sorted(self._parts.pop(symbol), key=lambda part: (part.last_us, part.order))
        frames = [
            part.rows if isinstance(part.rows, pl.DataFrame) else pl.read_parquet(part.rows) for part in parts
        ]
        offered = pl.concat(frames)
        if len(frames) == 1 or offered["ts"].n_unique() == offered.height:
            return Taken(offered.sort("ts"), 0, 0)
        distinct = offered.unique(keep="last", maintain_order=True)
        last = distinct.unique(BAR_KEY, keep="last", maintain_order=True)
        return Taken(last.sort("ts"), offered.height - distinct.height, distinct.height - last.height)

    def _spill(self) -> None:
        for symbol, parts in enumerate(self._parts.values()):
            for part in parts:
                if isinstance(part.rows, pl.DataFrame):
                    path = Path(self._folder.name) / f"{symbol}-{part.order}.parquet"
                    part.rows.write_parquet(path)
                    part.rows = path
        self._n_rows = 0

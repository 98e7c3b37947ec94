"""Rows of an import kept by symbol until all files are read, on disk when they are many."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final

import polars as pl

from quantmill.core.bars import us_of

__all__ = ["Spool", "Taken"]

_MAX_ROWS_IN_MEMORY: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """One symbol's rows of all files, each time once, sorted by `ts`; `overruled` lost, in one file or between files.

    `n_overruled` counts those between files.
    """

    rows: pl.DataFrame
    overruled: pl.DataFrame
    n_duplicates: int
    n_overruled: int


@dataclass(slots=True)
class _Part:
    last_us: int
    order: int
    rows: pl.DataFrame | Path
    is_overruled: bool


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

    def add(self, symbol: str, rows: pl.DataFrame, overruled: pl.DataFrame) -> None:
        """Keep one file's good rows of a symbol, and those that lost to others of the same file."""
        for frame, is_overruled in ((rows, False), (overruled, True)):
            if frame.height == 0:
                continue
            part = _Part(int(us_of(frame["ts"]).max()), self._n_parts, frame, is_overruled)
            self._parts.setdefault(symbol, []).append(part)
            self._n_parts += 1
            self._n_rows += frame.height
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
        frames = [_rows_of(part) for part in parts if not part.is_overruled]
        lost = [_rows_of(part) for part in parts if part.is_overruled]
        offered = pl.concat(frames)
        if len(frames) == 1 or offered["ts"].n_unique() == offered.height:
            return Taken(offered.sort("ts"), pl.concat([offered.clear(), *lost]), 0, 0)
        distinct = offered.unique(keep="last", maintain_order=True)
        is_last = distinct["ts"].is_last_distinct()
        beaten = distinct.filter(~is_last)
        rows = distinct.filter(is_last).sort("ts")
        return Taken(rows, pl.concat([beaten, *lost]), offered.height - distinct.height, beaten.height)

    def _spill(self) -> None:
        for symbol, parts in enumerate(self._parts.values()):
            for part in parts:
                if isinstance(part.rows, pl.DataFrame):
                    path = Path(self._folder.name) / f"{symbol}-{part.order}.parquet"
                    part.rows.write_parquet(path)
                    part.rows = path
        self._n_rows = 0


def _rows_of(part: _Part) -> pl.DataFrame:
    return part.rows if isinstance(part.rows, pl.DataFrame) else pl.read_parquet(part.rows)

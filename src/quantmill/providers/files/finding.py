"""Which of the given paths and folders hold bar files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from quantmill.errors import UsageError

__all__ = ["FoundFiles", "find_files", "format_of"]

_SUFFIXES: Final[dict[str, Literal["csv", "parquet"]]] = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".csv.zst": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """Files to read, in order of their path, and those in folders that are left alone."""

    paths: tuple[Path, ...]
    skipped: tuple[Path, ...]


def find_files(paths: Sequence[Path]) -> FoundFiles:
    """Files named directly, whatever their suffix, and CSV and Parquet files of folders at any depth.

    Hidden files and folders are left out.

    Raises:
        UsageError: If a path does not exist or nothing is named.
    """
    if not paths:
        raise UsageError("no file given", hint="name files or folders: quantmill import bars/ SPY.csv")
    chosen: dict[Path, None] = {}
    skipped: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            for inside in sorted(path.rglob("*")):
                if not inside.is_file() or _is_hidden(inside.relative_to(path)):
                    continue
                (skipped if format_of(inside) is None else chosen)[inside] = None
        elif path.exists():
            chosen[path] = None
        else:
            raise UsageError(f"no file or folder {path}", hint="check the path; nothing was read")
    return FoundFiles(tuple(chosen), tuple(path for path in skipped if path not in chosen))


def format_of(path: Path) -> Literal["csv", "parquet"] | None:
    """The format that a file's name tells, None when it tells none."""
    name = path.name.lower()
    return next((known for suffix, known in _SUFFIXES.items() if name.endswith(suffix)), None)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)

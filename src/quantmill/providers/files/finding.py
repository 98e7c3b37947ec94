"""Which of the given paths and folders hold bar files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from quantmill.errors import UsageError
from quantmill.providers.files.formats import FileFormat, kind_of
from quantmill.providers.files.lean_places import lean_place, lean_side_file

__all__ = ["FoundFiles", "find_files", "format_of"]

_OTHER: Final = "none of CSV, Parquet, LEAN zip, DuckDB and SQLite"


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """Files to read, in order of their path, and those in folders that are left alone, each with the reason."""

    paths: tuple[Path, ...]
    skipped: Mapping[Path, str]


def find_files(paths: Sequence[Path], file_format: FileFormat = "auto") -> FoundFiles:
    """Files named directly, whatever their suffix, and bar files of folders at any depth.

    Of folders, files of another format than the one asked for are skipped, and so is all of a LEAN data folder
    but minute trade bars of US equities. Hidden files and folders are left out.

    Raises:
        UsageError: If a path does not exist or nothing is named.
    """
    if not paths:
        raise UsageError("no file given", hint="name files or folders: quantmill import bars/ SPY.csv")
    chosen: dict[Path, None] = {}
    skipped: dict[Path, str] = {}
    for path in paths:
        if path.is_dir():
            for inside in sorted(path.rglob("*")):
                if not inside.is_file() or _is_hidden(inside.relative_to(path)):
                    continue
                reason = _reason_to_skip(inside, file_format)
                if reason:
                    skipped[inside] = reason
                else:
                    chosen[inside] = None
        elif path.exists():
            chosen[path] = None
        else:
            raise UsageError(f"no file or folder {path}", hint="check the path; nothing was read")
    return FoundFiles(tuple(chosen), {path: said for path, said in skipped.items() if path not in chosen})


def format_of(path: Path) -> Literal["csv", "parquet"] | None:
    """Whether a file's name says CSV or Parquet, the formats of single tables; None when it says neither."""
    kind = kind_of(path)
    if kind == "tree":
        return "parquet"
    return kind if kind == "csv" or kind == "parquet" else None  # noqa: PLR1714 - narrows the type


def _reason_to_skip(path: Path, wanted: FileFormat) -> str:
    """Why a file of a folder is left alone, empty when it is to be read."""
    kind = kind_of(path)
    if kind is None:
        return lean_side_file(path) or _OTHER
    if kind == "lean" and isinstance(place := lean_place(path), str):
        return place
    if kind == "csv" and (said := lean_side_file(path)) is not None:
        return said
    if wanted in {"auto", kind} or (wanted == "parquet" and kind == "tree"):
        return ""
    if wanted == "tree" and kind == "parquet":
        return "no folder dt=… in its path, which --format tree needs"
    return f"{kind}, but --format {wanted} was asked for"


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)

"""Files of corporate actions: which ones there are, and what each holds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantmill.errors import DataError, UsageError
from quantmill.providers.files.action_rows import FileActions
from quantmill.providers.files.action_tables import read_action_table
from quantmill.providers.files.lean_factors import is_factor_line, read_factor_file
from quantmill.providers.files.naming import file_symbol, symbol_of_name

__all__ = ["FoundActionFiles", "find_action_files", "read_action_file"]

_SUFFIXES: Final = (".csv", ".csv.gz", ".csv.zst")
_MAP_LINE: Final = re.compile(r"\d{8},[a-z0-9.\-]+(,[A-Za-z]*)?", re.IGNORECASE)
_CONTENTS: Final = frozenset(
    {"dividend", "dividends", "div", "divs", "split", "splits", "distributions", "actions", "corporate"}
)
_HEAD_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class FoundActionFiles:
    """Files to read, in order of their path, and those in folders that are left alone, each with the reason."""

    paths: tuple[Path, ...]
    skipped: Mapping[Path, str]


def find_action_files(paths: Sequence[Path]) -> FoundActionFiles:
    """Files named directly, and the CSV files of folders at any depth without hidden ones and LEAN map files.

    Raises:
        UsageError: If a path does not exist or nothing is named.
    """
    if not paths:
        raise UsageError(
            "no file given", hint="name files or folders: quantmill actions import factor_files/"
        )
    chosen: dict[Path, None] = {}
    skipped: dict[Path, str] = {}
    for path in paths:
        if path.is_dir():
            for inside in sorted(path.rglob("*")):
                hidden = any(part.startswith(".") for part in inside.relative_to(path).parts)
                if hidden or not inside.is_file():
                    continue
                reason = _reason_to_skip(inside)
                if reason:
                    skipped[inside] = reason
                else:
                    chosen[inside] = None
        elif path.exists():
            chosen[path] = None
        else:
            raise UsageError(f"no file or folder {path}", hint="check the path; nothing was read")
    return FoundActionFiles(
        tuple(chosen), {path: said for path, said in skipped.items() if path not in chosen}
    )


def read_action_file(path: Path, symbol: str | None) -> FileActions:
    """The actions of a LEAN factor file or of a CSV file with a header.

    Args:
        path: The file.
        symbol: Symbol of rows that carry none; without it the file's name must say it: `aapl.csv` of a factor
            file, `spy_dividends.csv` or `SPY.csv` of others.

    Raises:
        DataError: If the file is neither.
        UsageError: If the symbol is not said anywhere.
    """
    if path.stat().st_size == 0:
        raise DataError(f"{path.name}: the file is empty (0 bytes)", hint="get the file again")
    first = _first_line(path)
    if is_factor_line(first):
        return read_factor_file(path, symbol or _symbol_of_factor_file(path))
    if _MAP_LINE.fullmatch(first):
        raise DataError(
            f"{path.name}: this is a LEAN map file, which holds names and no actions",
            hint="name the factor file beside it",
        )
    if first[:1].isdigit():
        raise DataError(
            f"{path.name}: the first line is {first[:60]!r}, needed a header or a line of a LEAN factor file",
            hint="add a header such as ex_date,amount",
        )
    return read_action_table(path, symbol or _symbol_of_table(path))


def _reason_to_skip(path: Path) -> str:
    if not path.name.lower().endswith(_SUFFIXES):
        return "no CSV"
    return (
        "LEAN map file: names of a symbol over time, no actions"
        if _MAP_LINE.fullmatch(_first_line(path))
        else ""
    )


def _first_line(path: Path) -> str:
    """The first line that is not blank; of a packed file what its bytes happen to say."""
    with path.open("rb") as stream:
        text = stream.read(_HEAD_BYTES).decode("utf-8-sig", errors="replace")
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _symbol_of_factor_file(path: Path) -> str:
    stem = re.sub(r"\.(csv|txt)$", "", path.name, flags=re.IGNORECASE)
    try:
        return file_symbol(stem)
    except UsageError as error:
        raise UsageError(
            f"{path.name}: the name of this factor file is no symbol", hint="say it with --symbol AAPL"
        ) from error


def _symbol_of_table(path: Path) -> str | None:
    whole = symbol_of_name(path)
    stem = re.sub(r"\.csv(\.gz|\.zst)?$", "", path.name, flags=re.IGNORECASE)
    first, *rest = [part for part in re.split(r"[-_ ]+", stem) if part] or [""]
    if whole is None and rest and rest[0].lower() in _CONTENTS:
        try:
            return file_symbol(first)
        except UsageError:
            return None
    return whole

"""Tables of corporate actions: CSV files with an ex-date and an amount or a ratio per row."""

import math
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from quantmill.core.calendar import calendar_for
from quantmill.core.symbols import describe_symbol
from quantmill.errors import UsageError
from quantmill.providers.files.action_columns import match_action_columns
from quantmill.providers.files.action_rows import FileActions, RowCollector
from quantmill.providers.files.naming import file_symbol
from quantmill.providers.files.options import FileOptions
from quantmill.providers.files.raw import read_raw
from quantmill.providers.files.times import read_times

__all__ = ["read_action_table"]

_RATIO: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(?::|/|for|-for-)\s*(\d+(?:\.\d+)?)", re.IGNORECASE)

_Cells = Mapping[str, str | None]


def read_action_table(path: Path, symbol: str | None) -> FileActions:
    """The actions of a CSV file with a header.

    A row may hold a dividend, a split (7 for 7 to 1, also as `7:1`) or both; a column of kinds says which one it
    is meant to be. Zero and empty mean: none.

    Args:
        path: The file.
        symbol: Symbol of rows where the file has no column for it.

    Raises:
        DataError: If the file cannot be read, or lacks an ex-date, an amount or a ratio.
        UsageError: If the file does not say the symbol and none is given.
    """
    frame = read_raw(path, FileOptions(file_format="csv")).frame
    roles = match_action_columns(frame.columns, file=path.name)
    if "symbol" not in roles and symbol is None:
        raise UsageError(
            f"{path.name}: neither a column nor the name says the symbol", hint="say it with --symbol SPY"
        )
    times = read_times(frame, [roles["ex_date"]], file=path.name)
    collector = RowCollector()
    parts = frame.select(pl.col(column).cast(pl.String).alias(role) for role, column in roles.items())
    for ex_date, cells in zip(times.naive.dt.date().to_list(), parts.iter_rows(named=True), strict=True):
        _collect(collector, ex_date, cells, symbol)
    return collector.collected(times.note)


def _collect(collector: RowCollector, ex_date: date | None, cells: _Cells, symbol: str | None) -> None:
    """Take in what a row holds, or count why it holds nothing."""
    named = _symbol(cells["symbol"]) if "symbol" in cells else symbol
    if named is None or ex_date is None:
        collector.skip("unreadable symbol" if named is None else "unreadable ex-date")
        return
    kind = _kind(cells["kind"]) if "kind" in cells else "any"
    if kind is None:
        collector.skip("kind is neither split nor dividend")
        return
    found: dict[str, str] = {}
    if kind in {"dividend", "any"} and (text := cells.get("amount") or cells.get("value")):
        found["dividend"] = text
    if kind in {"split", "any"} and (text := _ratio_text(cells)):
        found["split"] = text
    calendar = calendar_for(describe_symbol(named).calendar)
    n_taken = 0
    for what, text in found.items():
        number = _number(text)
        if number == 0:
            continue
        n_taken += 1
        if number is None or number < 0:
            part = "amount" if what == "dividend" else "ratio"
            collector.skip(f"{part} is no number above zero")
        elif what == "dividend":
            collector.add(named, ex_date, what, calendar, amount=number)
        else:
            collector.add(named, ex_date, what, calendar, ratio=number)
    if n_taken == 0:
        collector.skip("neither amount nor ratio")


def _symbol(text: str | None) -> str | None:
    try:
        return file_symbol(text or "")
    except UsageError:
        return None


def _kind(text: str | None) -> str | None:
    plain = (text or "").lower()
    if "split" in plain:
        return "split"
    return "dividend" if any(word in plain for word in ("dividend", "cash", "distribution")) else None


def _ratio_text(cells: _Cells) -> str | None:
    new, old = cells.get("new_shares"), cells.get("old_shares")
    if new and old:
        return f"{new}:{old}"
    return cells.get("ratio") or cells.get("value")


def _number(text: str) -> float | None:
    """A number, also with a dollar sign or as `7:1`; None when it is none."""
    plain = text.strip().lstrip("$").strip()
    pair = _RATIO.fullmatch(plain)
    if pair is not None:
        return float(pair[1]) / float(pair[2]) if float(pair[2]) else None
    try:
        number = float(plain)
    except ValueError:
        return None
    return number if math.isfinite(number) else None

"""A frame as a table on a terminal: as many columns as fit, the most important first."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, cast

import polars as pl
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["show_frame"]

MAX_ROWS: Final = 100
MAX_CELL: Final = 48
MAX_CELL_IN_A_PIPE: Final = 200
_PADDING: Final = 2


def show_frame(
    frame: pl.DataFrame,
    console: Console,
    *,
    columns: Sequence[str] | Mapping[str, str] = (),
    rest_hint: str = "--json or --out FILE has all",
) -> None:
    """Print a frame, and a line that says what was left out.

    Args:
        frame: The rows.
        console: Where to; its width holds when it is a terminal, else every column is shown in full.
        columns: The columns that matter to a person, most important first, with their headings if those
            are shorter than the names; all when empty.
        rest_hint: How to see what was left out.
    """
    if frame.is_empty():
        console.print("no rows", highlight=False)
        return
    wanted = [name for name in columns if name in frame.columns]
    if not wanted:
        wanted, columns = frame.columns, ()
    shown = (
        frame
        if frame.height <= MAX_ROWS
        else pl.concat([frame.head(MAX_ROWS // 2), frame.tail(MAX_ROWS // 2)])
    )
    longest = MAX_CELL if console.is_terminal else MAX_CELL_IN_A_PIPE
    cells = {name: [_text(value, longest) for value in shown[name]] for name in wanted}
    headings = {name: columns[name] if isinstance(columns, Mapping) else name for name in wanted}
    widths = {name: max(len(headings[name]), *(len(cell) for cell in cells[name])) for name in wanted}
    names = _fitting(wanted, widths, console.width) if console.is_terminal else list(wanted)
    needed = sum(widths[name] + _PADDING for name in names)
    wide = console if console.is_terminal else Console(file=console.file, width=max(console.width, needed))
    wide.print(_table(shown, cells, {name: headings[name] for name in names}))
    _tell_rest(frame, names, console, rest_hint)


def _fitting(wanted: Sequence[str], widths: dict[str, int], width: int) -> list[str]:
    names: list[str] = []
    used = 0
    for name in wanted:
        used += widths[name] + _PADDING
        if names and used > width:
            break
        names.append(name)
    return names


def _table(shown: pl.DataFrame, cells: dict[str, list[str]], headings: Mapping[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, _PADDING - 1, 0, 0), pad_edge=False)
    for name, heading in headings.items():
        is_number = shown.schema[name].is_numeric()
        table.add_column(
            escape(heading), justify="right" if is_number else "left", no_wrap=True, overflow="fold"
        )
    half = MAX_ROWS // 2
    for at in range(shown.height):
        if shown.height == MAX_ROWS and at == half:
            table.add_section()
        table.add_row(*(escape(cells[name][at]) for name in headings))
    return table


def _tell_rest(frame: pl.DataFrame, names: Sequence[str], console: Console, hint: str) -> None:
    left_out: list[str] = []
    if frame.height > MAX_ROWS:
        left_out.append(f"first and last {MAX_ROWS // 2} of {frame.height:,} rows")
    if len(names) < frame.width:
        left_out.append(f"{len(names)} of {frame.width} columns")
    if left_out:
        console.print(f"({'; '.join(left_out)}: {hint})", highlight=False, markup=False)


def _text(value: object, longest: int) -> str:
    text = str(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        text = "-"
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, float):
        text = f"{value:.6g}" if abs(value) < 1e6 else f"{value:,.2f}"
    elif isinstance(value, datetime):
        utc = value.astimezone(UTC) if value.tzinfo else value
        text = utc.strftime("%Y-%m-%d %H:%M" if utc.second == 0 else "%Y-%m-%d %H:%M:%S")
    elif isinstance(value, pl.Series | list | tuple):
        text = ", ".join(str(part) for part in cast("list[object]", value)) or "-"
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"

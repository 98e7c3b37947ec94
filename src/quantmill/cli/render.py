"""Shows a verb's result: a table, one JSON document, a file."""

import json
import sys
from pathlib import Path

import polars as pl
from rich.console import Console

from quantmill.cli.exit_codes import DONE, FAILED
from quantmill.cli.table import show_frame
from quantmill.core.digest import canonical_json
from quantmill.errors import UsageError
from quantmill.verbs.json_form import json_of
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.registry import Verb

__all__ = ["check_out", "render"]

_SUFFIXES = (".csv", ".parquet", ".json")


def check_out(name: str | None) -> Path | None:
    """The file named by `--out`, before any work is done for it.

    Raises:
        UsageError: If its ending or its folder cannot be meant.
    """
    if name is None:
        return None
    path = Path(name)
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(
            f"--out is {name!r}; it must end in {', '.join(_SUFFIXES)}", hint="such as --out rows.csv"
        )
    if not path.parent.is_dir():
        raise UsageError(f"--out is {name!r}; there is no folder {path.parent}", hint="make the folder first")
    if path.is_dir():
        raise UsageError(f"--out is {name!r}, a folder; a file is needed", hint="such as --out rows.csv")
    return path


def render(result: object, verb: Verb, *, as_json: bool, out: Path | None) -> int:
    """Show a result and return the exit code that it stands for.

    Args:
        result: A frame, an `Outcome`, or any value with a JSON form.
        verb: Where it comes from; it names the columns that matter to a person.
        as_json: One JSON document instead of tables.
        out: File that gets the rows.
    """
    console = Console(soft_wrap=False)
    if out is not None:
        _write(result, out)
    if as_json:
        indent = 2 if sys.stdout.isatty() else None
        text = json.dumps(json_of(result), ensure_ascii=False, allow_nan=False, indent=indent)
        sys.stdout.write(text + "\n")
    else:
        _show(result, verb, console)
        if out is not None:
            console.print(f"written to {out}", highlight=False, markup=False, soft_wrap=True)
    return FAILED if isinstance(result, Outcome) and not result.succeeded else DONE


def _show(result: object, verb: Verb, console: Console) -> None:
    columns = verb.extra("TERMINAL_COLUMNS", ())
    if isinstance(result, pl.DataFrame):
        if result.is_empty():
            console.print(verb.extra("WHEN_EMPTY", "no rows"), highlight=False, markup=False, soft_wrap=True)
            return
        show_frame(result, console, columns=columns)
        for line in verb.extra("terminal_notes", _no_notes)(result):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        if "is_synthetic" in result.columns and result["is_synthetic"].any():
            console.print(
                "synthetic bars are among these: they say nothing about a real market", highlight=False
            )
        return
    if isinstance(result, Outcome):
        table = result.table()
        if table is not None and not table.is_empty():
            show_frame(table, console, columns=columns)
        for line in result.lines():
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        return
    console.print(json.dumps(json_of(result), indent=2, ensure_ascii=False), markup=False, soft_wrap=True)


def _write(result: object, path: Path) -> None:
    table = result.table() if isinstance(result, Outcome) else result
    kind = path.suffix.lower()
    if kind == ".json" or not isinstance(table, pl.DataFrame):
        if kind != ".json":
            raise UsageError(f"--out is {path.name!r}, but the result is no table", hint="use a .json file")
        path.write_text(
            json.dumps(json_of(result), ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )
    elif kind == ".parquet":
        table.write_parquet(path)
    else:
        _flat(table).write_csv(path)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists and structs as JSON texts, times as ISO 8601 in UTC: what CSV can hold."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    texts = [
        pl.Series(
            name, [None if cell is None else canonical_json(json_of(cell)) for cell in frame[name].to_list()]
        )
        for name in nested
    ]
    times = [
        pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
        for name, kind in frame.schema.items()
        if isinstance(kind, pl.Datetime)
    ]
    return frame.with_columns(*texts).with_columns(*times)


def _no_notes(_result: pl.DataFrame) -> list[str]:
    return []

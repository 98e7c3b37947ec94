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

__all__ = ["check_out", "check_picture", "render"]

_SUFFIXES = (".csv", ".parquet", ".json")
_PAGE = ".html"
_PICTURES = (".svg", ".png")


def check_out(name: str | None, verb: Verb) -> Path | None:
    """The file named by `--out`, before any work is done for it.

    Raises:
        UsageError: If its ending or its folder cannot be meant.
    """
    if verb.extra("page") is not None:
        return _checked("--out", name, (_PAGE, *_SUFFIXES), hint="such as --out page.html")
    return _checked("--out", name, _SUFFIXES, hint="such as --out rows.csv")


def check_picture(name: str | None) -> Path | None:
    """The file named by `--picture`, before any work is done for it.

    Raises:
        UsageError: If its ending or its folder cannot be meant.
    """
    return _checked("--picture", name, _PICTURES, hint="such as --picture figure.svg")


def render(
    result: object, verb: Verb, *, as_json: bool, out: Path | None, picture: Path | None = None
) -> int:
    """Show a result and return the exit code that it stands for.

    Args:
        result: A frame, an `Outcome`, or any value with a JSON form.
        verb: Where it comes from; it names the columns that matter to a person.
        as_json: One JSON document instead of tables.
        out: File that gets the rows, or the verb's page of the result.
        picture: File that gets the verb's picture of the result.
    """
    console = Console(soft_wrap=False)
    if out is None and not as_json:
        # What a verb makes a page of is asked for because of the page.
        name_of = verb.extra("page_name")
        out = None if name_of is None else Path(name_of(result))
    if out is not None and out.suffix.lower() == _PAGE:
        _write_page(verb.extra("page")(result), out)
    elif out is not None:
        _write(result, out)
    if picture is not None:
        _draw(result, verb, picture)
    if as_json:
        indent = 2 if sys.stdout.isatty() else None
        text = json.dumps(json_of(result), ensure_ascii=False, allow_nan=False, indent=indent)
        sys.stdout.write(text + "\n")
    else:
        _show(result, verb, console)
        for path in (out, picture):
            if path is not None:
                console.print(f"written to {path}", highlight=False, markup=False, soft_wrap=True)
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
        table = result.shown_table()
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


def _write_page(page: str, path: Path) -> None:
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        hint = "name a file that you may write with --out"
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint=hint) from error


def _draw(result: object, verb: Verb, path: Path) -> None:
    # The library that draws takes longer to load than most verbs take to answer.
    from quantmill.core.pictures import draw

    kind = "svg" if path.suffix.lower() == ".svg" else "png"
    path.write_bytes(draw(verb.extra("draw")(result), kind))


def _checked(flag: str, name: str | None, suffixes: tuple[str, ...], *, hint: str) -> Path | None:
    if name is None:
        return None
    path = Path(name)
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"{flag} is {name!r}; it must end in {', '.join(suffixes)}", hint=hint)
    if not path.parent.is_dir():
        raise UsageError(
            f"{flag} is {name!r}; there is no folder {path.parent}", hint="make the folder first"
        )
    if path.is_dir():
        raise UsageError(f"{flag} is {name!r}, a folder; a file is needed", hint=hint)
    return path


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

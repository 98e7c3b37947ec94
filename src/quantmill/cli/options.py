"""The options of a command, derived from the fields of its verb's request."""

import inspect
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final, cast, get_args

import typer
from rich.markup import escape

from quantmill.cli.everywhere import EVERYWHERE
from quantmill.verbs.registry import Verb
from quantmill.verbs.request import Request, RequestField

__all__ = ["OUT", "PICTURE", "command_parameters"]

OUT = "out"
PICTURE = "picture"
_MAX_METAVAR: Final = 20
_METAVARS: dict[object, str] = {int: "N", float: "X", date: "DATE", Path: "PATH", bool: "", str: "TEXT"}


def command_parameters(verb: Verb, request: type[Request]) -> Iterator[inspect.Parameter]:
    """The parameters of the function behind a command, each with its Typer declaration.

    Values arrive as texts: the request type checks and converts them, as it does for every caller.
    """
    typed = verb.extra("TYPED_FIELD")
    for field in request.request_fields():
        yield _parameter(
            field.name, *_declaration(field, is_required=field.is_required and field.name != typed)
        )
    if verb.access == "reads":
        help_text = "Also write the rows to FILE: .csv, .parquet or .json."
        if verb.extra("page") is not None:
            help_text = "Write the page to FILE.html, or the rows to .csv, .parquet or .json."
        yield _parameter(OUT, str | None, typer.Option(None, "--out", metavar="FILE", help=help_text))
    if verb.extra("draw") is not None:
        help_text = "Also draw the result to FILE: .svg or .png."
        yield _parameter(PICTURE, str | None, typer.Option(None, "--picture", metavar="FILE", help=help_text))
    for name, (annotation, default) in EVERYWHERE.items():
        yield _parameter(name, annotation, default)


def _parameter(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _declaration(field: RequestField, *, is_required: bool) -> tuple[object, Any]:
    shown: dict[str, Any] = {"help": _help(field), "show_default": False}
    if field.kind is bool:
        return bool | None, typer.Option(None, *_switch(field), **shown)
    takes_many = field.is_list or field.is_mapping
    kind = list[str] if takes_many else str
    annotation = kind if is_required else kind | None
    default: Any = ... if is_required else None
    if field.is_positional:
        metavar = f"{field.flag}{'...' if takes_many else ''}"
        return annotation, typer.Argument(default, metavar=metavar, **shown)
    return annotation, typer.Option(default, field.flag, metavar=_metavar(field), **shown)


def _switch(field: RequestField) -> list[str]:
    bare = field.flag.removeprefix("--")
    return [f"--{bare}"] if field.default is False else [f"--{bare}/--no-{bare}"]


def _metavar(field: RequestField) -> str:
    if field.is_mapping:
        return "NAME=VALUE"
    if field.choices:
        joined = "|".join(field.choices)
        return joined if len(joined) <= _MAX_METAVAR else "NAME"
    kind = get_args(field.kind)[0] if field.is_list else field.kind
    word = _METAVARS.get(kind, "TEXT")
    return f"{word},..." if field.is_list else word


def _help(field: RequestField) -> str:
    notes = [field.limits] if field.limits else []
    if field.choices and _metavar(field) == "NAME":
        notes.append(f"one of {', '.join(field.choices)}")
    if field.setting is not None:
        notes.append(f"default: setting {field.setting}")
    elif field.default not in (None, False, (), {}):
        notes.append(f"default: {_shown(field.default)}")
    return escape(f"{field.description} ({'; '.join(notes)})" if notes else field.description)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(str(part) for part in cast("tuple[object, ...]", value))
    if isinstance(value, float) and value.is_integer():
        return f"{value:,.0f}"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)

"""The JSON schema of a verb's result, read from the type that its `run` returns."""

import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import polars as pl

from quantmill.verbs.outcome import Outcome
from quantmill.verbs.registry import Verb

__all__ = ["result_schema"]

Schema = dict[str, Any]
_PLAIN: dict[object, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    # A number that is not finite is null.
    float: {"type": ["number", "null"]},
    str: {"type": "string"},
    Path: {"type": "string"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
    NoneType: {"type": "null"},
    pl.DataFrame: {"type": "array", "items": {"type": "object"}},
}


def result_schema(verb: Verb) -> Schema:
    """The schema of what a verb answers; an object of any form where a result makes its own JSON."""
    kind = typing.get_type_hints(verb.run())["return"]
    return _schema(kind)


def _schema(kind: Any) -> Schema:  # noqa: ANN401 - a type as it was written
    if kind in _PLAIN:
        return _PLAIN[kind]
    if _has_own_form(kind):
        return _of_own_form(kind)
    origin, parts = get_origin(kind), get_args(kind)
    if origin in {typing.Union, UnionType}:
        return {"anyOf": [_schema(part) for part in parts]}
    if origin in {tuple, list}:
        return {"type": "array", "items": _schema(parts[0])}
    if origin is dict or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return {"type": "object", "additionalProperties": _schema(parts[1])}
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        names = [field.name for field in fields(kind)]
        return {
            "type": "object",
            "title": getattr(kind, "__name__", ""),
            "description": kind.__doc__,
            "properties": {name: _schema(hints[name]) for name in names},
            "required": names,
        }
    return {}


def _has_own_form(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Outcome) and kind.to_json is not Outcome.to_json


def _of_own_form(kind: type[Outcome]) -> Schema:
    """An object of any form, or a list of them where the result says so."""
    named: Schema = {"title": kind.__name__, "description": kind.__doc__}
    if get_origin(typing.get_type_hints(kind.to_json)["return"]) is list:
        return {"type": "array", "items": {"type": "object"}, **named}
    return {"type": "object", **named}

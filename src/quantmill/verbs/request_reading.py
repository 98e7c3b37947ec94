"""Reads a request from named values, its errors told in the words of who asked."""

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from quantmill.errors import UsageError
from quantmill.verbs.request import Request, RequestField

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["read_request"]

AnyRequest = TypeVar("AnyRequest", bound=Request)


def read_request(kind: type[AnyRequest], values: Mapping[str, object], *, flags: bool = False) -> AnyRequest:
    """A request of `kind` from its fields' values.

    Args:
        kind: The request's type.
        values: Value per field name; fields left out take their defaults.
        flags: Whether messages name fields as the command line spells them (`--fee-usd`).

    Raises:
        UsageError: If a value is missing, unknown or does not fit; the message has found and needed.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        fields = {field.name: field for field in kind.request_fields()}
        found = [_explain(detail, fields, flags=flags) for detail in error.errors()]
        message = "; ".join(dict.fromkeys(text for text, _ in found))
        raise UsageError(message, hint=found[0][1]) from error


def _explain(detail: "ErrorDetails", fields: Mapping[str, RequestField], *, flags: bool) -> tuple[str, str]:
    if not detail["loc"]:
        return detail["msg"].removeprefix("Value error, "), "see the options with --help"
    name = str(detail["loc"][0])
    field = fields.get(name)
    if field is None:
        near = difflib.get_close_matches(name, fields, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(fields)}"
        return f"there is no option {name}", hint
    spelled = field.flag if flags else name
    hint = field.description + (f" [{field.limits}]" if field.limits else "")
    if detail["type"] == "missing":
        return f"{spelled} is missing", hint
    needed = detail["msg"].replace("Input should be", "it must be").removeprefix("Value error, ")
    return f"{spelled} is {_shown(detail['input'])}; {needed}", hint


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

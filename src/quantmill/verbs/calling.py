"""Calls a verb from Python: positions and names become its request."""

import inspect
from collections.abc import Mapping
from typing import Any, cast

from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.errors import UsageError
from quantmill.verbs.registry import Verb
from quantmill.verbs.request import Request
from quantmill.verbs.request_reading import read_request

__all__ = ["call_verb", "signature_of"]


def call_verb(mill: object, verb: Verb, args: tuple[object, ...], options: Mapping[str, object]) -> Any:  # noqa: ANN401 - each verb has its own result
    """Run a verb with the values of its request's fields.

    Args:
        mill: The open home.
        verb: The verb.
        args: Positional fields in their order; the last one, if a list, takes all that is left.
        options: Fields by name, and `progress`.

    Raises:
        UsageError: If the values do not make a request.
    """
    named = dict(options)
    progress = cast("Progress", named.pop("progress", NO_PROGRESS))
    kind: type[Request] = verb.request_type()
    request = read_request(kind, _by_name(kind, args, named))
    return verb.run()(mill, request, progress)


def signature_of(verb: Verb) -> inspect.Signature:
    """The call that a verb takes in Python."""
    parameters: list[inspect.Parameter] = []
    for field in verb.request_type().request_fields():
        place = (
            inspect.Parameter.POSITIONAL_OR_KEYWORD if field.is_positional else inspect.Parameter.KEYWORD_ONLY
        )
        default = inspect.Parameter.empty if field.is_required else field.default
        parameters.append(
            inspect.Parameter(field.name, place, default=default, annotation=field.info.annotation)
        )
    return inspect.Signature(sorted(parameters, key=lambda one: (one.kind, one.default is not one.empty)))


def _by_name(
    kind: type[Request], args: tuple[object, ...], options: Mapping[str, object]
) -> dict[str, object]:
    places = [field for field in kind.request_fields() if field.is_positional]
    values = dict(options)
    rest = list(args)
    for field in places:
        if not rest:
            break
        if field.name in values:
            raise UsageError(f"{field.name} is given twice", hint="give it by position or by name")
        is_spread = field.is_list and not isinstance(rest[0], list | tuple)
        values[field.name] = tuple(rest) if is_spread else rest[0]
        rest = [] if is_spread else rest[1:]
    if rest:
        names = ", ".join(field.name for field in places) or "none"
        raise UsageError(
            f"{len(args)} positional values; positional are: {names}", hint="give the others by name"
        )
    return values

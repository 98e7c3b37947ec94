"""Reads a verb's request from path, query and body."""

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from starlette.requests import Request as HttpRequest

from quantmill.config.settings import WebSettings
from quantmill.errors import UsageError
from quantmill.verbs.request import Request, RequestField
from quantmill.verbs.request_reading import read_request
from quantmill.web.addresses import Address
from quantmill.web.gate import is_local_peer
from quantmill.web.named_files import check_files
from quantmill.web.problems import Refusal

__all__ = ["LIMIT", "read"]

LIMIT: Final = "limit"


async def read(http: HttpRequest, address: Address, settings: WebSettings) -> Request:
    """The request that is meant, every value checked as for any other caller.

    Raises:
        UsageError: If a value is missing, unknown, given twice or does not fit.
        Refusal: If the body is too large or no JSON.
    """
    kind: type[Request] = address.verb.request_type()
    fields = {field.name: field for field in kind.request_fields()}
    given = await _body(http, settings) if address.method == "POST" else _query(http, fields)
    values: dict[str, object] = dict(http.path_params)
    for name, value in given.items():
        if name in values:
            raise UsageError(f"{name} is given twice", hint="it stands in the address already")
        values[name] = value
    if LIMIT in fields and not address.is_job:
        _bound_rows(values, settings)
    request = read_request(kind, values)
    _check_storable(request.model_dump())
    check_files(request, settings, is_local=is_local_peer(http.scope))
    if LIMIT in fields and not address.is_job:
        _check_limit(request, settings)
    return request


def _query(http: HttpRequest, fields: Mapping[str, RequestField]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name in http.query_params:
        found = http.query_params.getlist(name)
        takes_many = name in fields and (fields[name].is_list or fields[name].is_mapping)
        if len(found) > 1 and not takes_many:
            raise UsageError(f"{name} is given {len(found)} times", hint="give it once")
        values[name] = found if takes_many else found[0]
    return values


async def _body(http: HttpRequest, settings: WebSettings) -> dict[str, Any]:
    if http.query_params:
        raise UsageError(
            f"{', '.join(http.query_params)} stands in the address; the values of a POST stand in its body",
            hint="send a JSON object",
        )
    parts = bytearray()
    async for chunk in http.stream():
        parts += chunk
        if len(parts) > settings.max_body_bytes:
            raise Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the body has more than {settings.max_body_bytes:,} bytes",
            )
    if not parts:
        return {}
    kind = http.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"the body is {kind or 'of no named type'}; it must be application/json",
            hint="curl: -H 'Content-Type: application/json'",
        )
    try:
        values = json.loads(bytes(parts), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the body is no JSON: {str(error)[:200]}") from error
    if not isinstance(values, dict):
        raise UsageError("the body is not a JSON object", hint='such as {"symbols": ["SPY"]}')
    return cast("dict[str, Any]", values)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _bound_rows(values: dict[str, object], settings: WebSettings) -> None:
    """Without a limit asked for, the default one; statistics are few rows about all of them."""
    if str(values.get("statistics", False)).lower() in {"false", "0"}:
        values.setdefault(LIMIT, settings.default_rows)


def _check_limit(request: Request, settings: WebSettings) -> None:
    limit: int | None = getattr(request, LIMIT)
    if limit is not None and limit > settings.max_rows:
        raise UsageError(
            f"limit is {limit}; it must be at most {settings.max_rows:,}",
            hint="ask for a shorter span, or use the command line",
        )


def _check_storable(value: object) -> None:
    """Refuse what no database and no JSON document can hold: zero bytes, half characters, infinite numbers."""
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{value} is not a finite number", hint="give a number that a float can hold")
    if isinstance(value, str | Path):
        text = str(value)
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise UsageError(f"{text!r} holds a zero byte or half a character", hint="send plain text")
    elif isinstance(value, Mapping):
        for name, item in cast("Mapping[object, object]", value).items():
            _check_storable(name)
            _check_storable(item)
    elif isinstance(value, list | tuple):
        for item in cast("list[object]", value):
            _check_storable(item)

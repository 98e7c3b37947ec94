"""The server's routes with their OpenAPI description, taken from the verbs' requests and results."""

import inspect
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic.json_schema import models_json_schema

from quantmill.config.settings import WebSettings
from quantmill.verbs.request import Request
from quantmill.web.addresses import PREFIX, Address
from quantmill.web.endpoints import Accepted, Endpoints, Health
from quantmill.web.problems import MEDIA_TYPE, STATUS, Problem
from quantmill.web.reading import LIMIT
from quantmill.web.result_schema import result_schema

__all__ = ["DESCRIPTION", "add_routes", "describe"]

DESCRIPTION: Final = (
    "Everything the command line does. Questions are answered at once; work is put in line and answered with the "
    "job that does it. Times are ISO 8601 in UTC, a number that does not exist is null, errors are problem documents."
)
_REFERENCE: Final = "#/components/schemas/{model}"
_ALWAYS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST})
_WITH_BODY: Final = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE})

Schema = dict[str, Any]


def add_routes(app: FastAPI, addresses: Sequence[Address], endpoints: Endpoints) -> None:
    """Give the application one route per address, and its health."""
    for address in addresses:
        app.add_api_route(
            address.path,
            endpoints.of(address),
            methods=[address.method],
            operation_id=address.operation_id,
            summary=address.verb.help,
            description=inspect.getdoc(address.verb.request_type()),
            tags=[address.verb.group or address.verb.words],
            response_model=Accepted if address.is_job else None,
            response_class=HTMLResponse if address.is_page else JSONResponse,
            status_code=HTTPStatus.ACCEPTED if address.is_job else HTTPStatus.OK,
            responses=_success(address),
        )
    for path in (f"{PREFIX}/health", "/health"):
        app.add_api_route(
            path,
            endpoints.health,
            methods=["GET"],
            operation_id="health" if path.startswith(PREFIX) else "health_short",
            summary="How the server is.",
            tags=["health"],
            response_model=Health,
        )


def describe(app: FastAPI, addresses: Sequence[Address], settings: WebSettings) -> None:
    """Let the application describe itself: parameters, bodies, results and problems of every address."""

    def openapi() -> Schema:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, addresses, settings)
        return app.openapi_schema

    app.openapi = openapi


def _document(app: FastAPI, addresses: Sequence[Address], settings: WebSettings) -> Schema:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(_models(addresses))
    components["responses"] = {_name(status): _problem_answer(status) for status in _statuses()}
    for address in addresses:
        operation = document["paths"][address.path][address.method.lower()]
        operation.update(_inputs(address, settings))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            used = _statuses(has_body=method == "post", is_plain=path.endswith("/health"))
            for status in used:
                operation["responses"][str(int(status))] = {"$ref": f"#/components/responses/{_name(status)}"}
    if settings.token is not None:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    return document


def _models(addresses: Sequence[Address]) -> Schema:
    kinds: dict[type[Request], None] = {a.verb.request_type(): None for a in addresses if a.method == "POST"}
    models: list[tuple[type[Any], Any]] = [
        *((kind, "validation") for kind in kinds),
        (Problem, "serialization"),
    ]
    _, schemas = models_json_schema(models, ref_template=_REFERENCE)
    return schemas["$defs"]


def _statuses(*, has_body: bool = True, is_plain: bool = False) -> Iterator[HTTPStatus]:
    """The problems that an address may answer with, by status."""
    ours = {HTTPStatus.INTERNAL_SERVER_ERROR} if is_plain else set(STATUS.values())
    yield from sorted(ours | _ALWAYS | (_WITH_BODY if has_body else frozenset()))


def _name(status: HTTPStatus) -> str:
    return f"Problem{int(status)}"


def _problem_answer(status: HTTPStatus) -> Schema:
    schema = {"$ref": _REFERENCE.format(model=Problem.__name__)}
    answer: Schema = {"description": status.phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        waits = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        answer["headers"] = {"Retry-After": waits}
    return answer


def _success(address: Address) -> dict[int | str, Schema]:
    if address.is_job:
        where = {"description": "Address of the job.", "schema": {"type": "string"}}
        return {HTTPStatus.ACCEPTED: {"description": "Put in line.", "headers": {"Location": where}}}
    described = (inspect.getdoc(address.verb.run()) or "").partition("\n\n")[0]
    if address.is_page:
        return {HTTPStatus.OK: {"description": described}}
    content = {"application/json": {"schema": result_schema(address.verb)}}
    return {HTTPStatus.OK: {"description": described, "content": content}}


def _inputs(address: Address, settings: WebSettings) -> Schema:
    """Parameters in path and query; for a POST the body without what the path has."""
    kind: type[Request] = address.verb.request_type()
    schema = kind.model_json_schema(ref_template=_REFERENCE)
    properties: dict[str, Schema] = schema.get("properties", {})
    required = [name for name in schema.get("required", []) if name not in address.path_fields]
    inputs: Schema = {
        "parameters": [
            _parameter(name, properties[name], "path", required=True) for name in address.path_fields
        ]
    }
    rest = {name: part for name, part in properties.items() if name not in address.path_fields}
    if LIMIT in rest and not address.is_job:
        rest[LIMIT] = _row_limit(rest[LIMIT], settings)
    if address.method == "GET":
        inputs["parameters"] += [
            _parameter(name, part, "query", required=name in required) for name, part in rest.items()
        ]
        return inputs
    is_whole = len(rest) == len(properties) and rest == properties
    body = (
        {"$ref": _REFERENCE.format(model=kind.__name__)}
        if is_whole
        else {**schema, "properties": rest, "required": required}
    )
    if rest:
        inputs["requestBody"] = {
            "required": bool(required),
            "content": {"application/json": {"schema": body}},
        }
    return inputs


def _parameter(name: str, schema: Schema, place: str, *, required: bool) -> Schema:
    plain = {
        key: value for key, value in schema.items() if key not in {"description", "title", "anyOf", "default"}
    }
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        plain |= options[0]
    elif options:
        plain["anyOf"] = options
    if schema.get("default") is not None:
        plain["default"] = schema["default"]
    if place == "path" and plain.get("type") == "array":
        plain = plain["items"]
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": schema.get("description", ""),
        "schema": plain,
    }


def _row_limit(schema: Schema, settings: WebSettings) -> Schema:
    return {
        "type": "integer",
        "minimum": 1,
        "maximum": settings.max_rows,
        "default": settings.default_rows,
        "description": schema.get("description", ""),
    }

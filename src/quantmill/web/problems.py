"""Errors as problem documents (RFC 9457): the one table from error type to status."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, cast

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError

from quantmill import errors
from quantmill.errors import QuantmillError, RateLimitError
from quantmill.verbs.json_form import json_of

__all__ = [
    "STATUS",
    "FieldProblem",
    "Problem",
    "Refusal",
    "problem_of",
    "problem_response",
    "refusal_response",
    "status_of",
]

MEDIA_TYPE: Final = "application/problem+json"
_MAX_SHOWN: Final = 80

STATUS: Final[Mapping[type[QuantmillError], HTTPStatus]] = MappingProxyType(
    {
        errors.QuantmillError: HTTPStatus.INTERNAL_SERVER_ERROR,
        # The server's own settings: whoever asks cannot correct them.
        errors.ConfigError: HTTPStatus.INTERNAL_SERVER_ERROR,
        errors.UsageError: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.ProviderError: HTTPStatus.BAD_GATEWAY,
        # The provider refused the server's credentials, not those of whoever asks.
        errors.AuthError: HTTPStatus.BAD_GATEWAY,
        errors.RateLimitError: HTTPStatus.TOO_MANY_REQUESTS,
        errors.UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.NoDataError: HTTPStatus.NOT_FOUND,
        errors.NotEntitledError: HTTPStatus.BAD_GATEWAY,
        errors.DataError: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.BadBarsError: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.SchemaDriftError: HTTPStatus.INTERNAL_SERVER_ERROR,
        errors.LeakageError: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.ConflictError: HTTPStatus.CONFLICT,
        errors.SymbolKindError: HTTPStatus.CONFLICT,
        errors.QueryError: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.NotFoundError: HTTPStatus.NOT_FOUND,
        errors.StoreError: HTTPStatus.INTERNAL_SERVER_ERROR,
        errors.CommitConflictError: HTTPStatus.CONFLICT,
        errors.DamagedFileError: HTTPStatus.INTERNAL_SERVER_ERROR,
        errors.ModelError: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.FeatureMismatchError: HTTPStatus.CONFLICT,
        errors.ArtifactError: HTTPStatus.INTERNAL_SERVER_ERROR,
        errors.SimulationError: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.JobError: HTTPStatus.CONFLICT,
        errors.JobNotFoundError: HTTPStatus.NOT_FOUND,
        errors.JobCancelledError: HTTPStatus.CONFLICT,
        errors.LeaseLostError: HTTPStatus.CONFLICT,
    }
)


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    field: str = Field(description="Name of the field; empty when several do not fit one another.")
    found: str = Field(description="The value as it was understood.")
    needed: str = Field(description="What it must be.")


class Problem(BaseModel):
    """Why a request was not done."""

    type: str = Field(description="URI that names the kind of problem.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What was found and what is needed.")
    hint: str | None = Field(default=None, description="What to do.")
    facts: dict[str, Any] | None = Field(default=None, description="Figures of the problem by name.")
    errors: list[FieldProblem] | None = Field(default=None, description="The fields that do not fit.")


class Refusal(Exception):  # noqa: N818 - an answer of the server, no failure
    """A request that is turned away before any verb sees it."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.headers = headers
        self.problem = Problem(
            type="about:blank", title=status.phrase, status=status, detail=detail, hint=hint
        )


def status_of(error: QuantmillError) -> HTTPStatus:
    """The status of an error: that of its type, or of the nearest type above it."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem_of(error: QuantmillError) -> Problem:
    """The document of an error: its kind, message, hint, and the facts that it carries."""
    facts = {name: _fact(value) for name, value in vars(error).items() if name != "hint"}
    return Problem(
        type=f"urn:quantmill:error:{type(error).__name__}",
        title=(type(error).__doc__ or "").splitlines()[0].rstrip(".").partition(":")[0],
        status=status_of(error),
        detail=" ".join(str(error).split()),
        hint=error.hint or None,
        facts=facts or None,
        errors=_field_problems(error.__cause__) or None,
    )


def problem_response(error: QuantmillError) -> JSONResponse:
    """The answer that tells an error."""
    headers = {"Retry-After": str(max(1, round(error.wait_s)))} if isinstance(error, RateLimitError) else None
    return _response(problem_of(error), headers)


def refusal_response(refusal: Refusal) -> JSONResponse:
    """The answer that turns a request away."""
    return _response(refusal.problem, refusal.headers)


def _response(problem: Problem, headers: Mapping[str, str] | None) -> JSONResponse:
    content = problem.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, problem.status, headers, media_type=MEDIA_TYPE)


def _field_problems(cause: BaseException | None) -> list[FieldProblem]:
    if not isinstance(cause, ValidationError):
        return []
    return [
        FieldProblem(
            field=".".join(map(str, detail["loc"])),
            found="nothing" if detail["type"] == "missing" else _shown(detail["input"]),
            needed=detail["msg"].removeprefix("Value error, "),
        )
        for detail in cause.errors()
    ]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."


def _fact(value: object) -> object:
    if value is None or isinstance(value, str | bool | int | float):
        return json_of(value)
    if isinstance(value, list | tuple):
        return [_fact(item) for item in cast("list[object]", value)]
    return str(value)

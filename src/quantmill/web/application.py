"""Assembles the server of one home."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final

from anyio import to_thread
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from quantmill.config.home import Home
from quantmill.core.clock import Clock, SystemClock
from quantmill.core.version import VERSION
from quantmill.errors import QuantmillError
from quantmill.verbs.kernel_cache import keep_kernels_in
from quantmill.web.addresses import PREFIX, addresses
from quantmill.web.description import DESCRIPTION, add_routes, describe
from quantmill.web.endpoints import Endpoints
from quantmill.web.gate import Gate
from quantmill.web.problems import Refusal, problem_response, refusal_response
from quantmill.web.request_jobs import RequestJobs
from quantmill.web.served_home import ServedHome

__all__ = ["GRACE_S", "create_app"]

GRACE_S: Final = 3.0
_CLOCK: Final = SystemClock()
_log = logging.getLogger(__name__)


def create_app(home: str | Path, *, clock: Clock = _CLOCK) -> FastAPI:
    """The server of a home; but for compiled kernels, nothing is made there until something is stored.

    Args:
        home: The folder.
        clock: Tells the time.

    Raises:
        ConfigError: If a setting is unknown or does not fit.
    """
    root = Path(home).expanduser()
    # Before the verbs' modules are imported: they hold kernels, which keep the folder of their first import.
    keep_kernels_in(Home(root))
    served = ServedHome(root, clock)
    settings = served.unopened.settings.web
    jobs = RequestJobs(served)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        await to_thread.run_sync(jobs.start)
        yield
        if await to_thread.run_sync(lambda: jobs.stop(grace_s=GRACE_S)):
            served.close()

    app = FastAPI(
        title="quantmill",
        version=VERSION,
        description=DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        exception_handlers={
            QuantmillError: _tell_error,
            Refusal: _tell_refusal,
            HTTPException: _tell_http_error,
            Exception: _tell_fault,
        },
    )
    found = addresses()
    add_routes(app, found, Endpoints(served, jobs))
    describe(app, found, settings)
    app.add_middleware(Gate, settings=settings)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
        )
    return app


async def _tell_error(_http: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, QuantmillError)
    return problem_response(error)


async def _tell_refusal(_http: HttpRequest, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return refusal_response(refusal)


async def _tell_http_error(http: HttpRequest, error: Exception) -> Response:
    """An address or method that does not exist."""
    assert isinstance(error, HTTPException)
    detail = f"{http.method} {http.url.path}: {error.detail}"
    hint = f"{PREFIX}/openapi.json lists every address" if error.status_code in {404, 405} else None
    return refusal_response(Refusal(HTTPStatus(error.status_code), detail, hint=hint, headers=error.headers))


async def _tell_fault(http: HttpRequest, error: Exception) -> Response:
    """A fault of ours: logged here, with the traceback by the server, and told without its inside."""
    _log.error("%s %s failed: %s", http.method, http.url.path, type(error).__name__)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return refusal_response(Refusal(status, "this should not happen", hint="the server's log tells more"))

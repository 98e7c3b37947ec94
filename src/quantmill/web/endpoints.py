"""What answers at each address: a question at once, work with the job that will do it."""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus

import polars as pl
from anyio import CapacityLimiter, to_thread
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.requests import Request as HttpRequest

from quantmill.core.progress import NullProgress
from quantmill.core.version import VERSION
from quantmill.errors import UsageError
from quantmill.verbs.json_form import json_of
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import Request
from quantmill.web.addresses import PREFIX, Address
from quantmill.web.reading import LIMIT, read
from quantmill.web.request_jobs import REQUEST, RequestJobs
from quantmill.web.served_home import ServedHome

__all__ = ["Accepted", "Endpoints", "Health"]

Endpoint = Callable[[HttpRequest], Awaitable[Response]]

# More readers at once would need more memory, not less time; each also holds a database connection.
_READERS = 8
_NOTE_HEADER = "Quantmill-Note"
_LIMIT_HEADER = "Quantmill-Row-Limit"


class Accepted(BaseModel):
    """Work that was put in line."""

    job_id: str = Field(description="Id of the job that does the work.")
    location: str = Field(description="Where the job tells its progress and its result.")


class Health(BaseModel):
    """How the server is."""

    status: str = Field(description="`ok`.")
    version: str = Field(description="Version of quantmill.")
    home: str = Field(description="The folder that is served.")
    snapshot: int | None = Field(description="The lake's snapshot; null while nothing is stored.")
    jobs_running: int = Field(description="Requested jobs that run.")
    jobs_waiting: int = Field(description="Requested jobs that wait.")


class Endpoints:
    """The functions behind the addresses of one home."""

    def __init__(self, served: ServedHome, jobs: RequestJobs) -> None:
        self._served = served
        self._jobs = jobs
        self._settings = served.unopened.settings.web
        self._readers = CapacityLimiter(_READERS)

    def of(self, address: Address) -> Endpoint:
        """The function that answers at an address."""

        async def answer(http: HttpRequest) -> Response:
            request = await read(http, address, self._settings)
            work = partial(self._submit if address.is_job else self._ask, address, request)
            return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._readers)

        return answer

    async def health(self, _http: HttpRequest) -> Response:
        """Whether the server answers, which home it serves, and how much it has to do."""
        return await to_thread.run_sync(self._health)

    def _ask(self, address: Address, request: Request) -> Response:
        notes = _Notes()
        result = address.verb.run()(self._served.mill(address.access), request, notes)
        if address.is_page:
            policy = f"{address.verb.extra('PAGE_POLICY')}; frame-ancestors 'none'"
            return HTMLResponse(
                address.verb.extra("page")(result), headers={"Content-Security-Policy": policy}
            )
        rows = result.table() if isinstance(result, Outcome) else result
        n_rows = rows.height if isinstance(rows, pl.DataFrame) else 0
        if n_rows > self._settings.max_rows:
            raise UsageError(
                f"the answer has {n_rows:,} rows; at most {self._settings.max_rows:,} are sent",
                hint="ask for less, use the command line, or raise the setting web.max_rows",
            )
        limit = getattr(request, LIMIT, None)
        headers = {_LIMIT_HEADER: str(limit)} if limit is not None and n_rows == limit else {}
        if notes.said:
            headers[_NOTE_HEADER] = "; ".join(notes.said).encode("ascii", "replace").decode()
        text = json.dumps(json_of(result), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Response(text, headers=headers, media_type="application/json")

    def _submit(self, address: Address, request: Request) -> Response:
        job = self._jobs.submit(address.verb, request)
        location = f"{PREFIX}/jobs/{job.id}"
        content = Accepted(job_id=job.id, location=location).model_dump()
        return JSONResponse(content, HTTPStatus.ACCEPTED, {"Location": location})

    def _health(self) -> Response:
        mill = self._served.existing()
        health = Health(
            status="ok",
            version=VERSION,
            home=str(self._served.unopened.home.root.resolve()),
            snapshot=None if mill is None else mill.lake.snapshot(),
            jobs_running=0 if mill is None else mill.queue.count(kind=REQUEST, status="running"),
            jobs_waiting=0 if mill is None else mill.queue.count(kind=REQUEST, status="pending"),
        )
        return JSONResponse(health.model_dump())


class _Notes(NullProgress):
    """Progress that nobody watches, except for what must not be lost."""

    __slots__ = ("said",)

    def __init__(self) -> None:
        object.__setattr__(self, "said", [])

    def say(self, message: str) -> None:
        self.said.append(message)

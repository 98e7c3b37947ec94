"""Work that was asked for over REST: durable jobs, done in a few threads of this process."""

import logging
import threading
import time
from http import HTTPStatus
from typing import Final

from quantmill.errors import JobCancelledError, JobError, LeaseLostError, QuantmillError
from quantmill.jobs.queue import Job, JobQueue
from quantmill.jobs.runner import JobContext, may_be_alive, run_claimed, worker_name
from quantmill.verbs.json_form import json_of
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.registry import VERBS, Verb
from quantmill.verbs.request import Request
from quantmill.verbs.request_reading import read_request
from quantmill.web.problems import Refusal
from quantmill.web.served_home import ServedHome

__all__ = ["REQUEST", "RequestJobs"]

REQUEST: Final = "request"
_BEAT_S: Final = 1.0
_LOOK_S: Final = 5.0
_log = logging.getLogger(__name__)


class RequestJobs:
    """The line of requested work of one home.

    A request is a job of kind `request`, its key the verb and the request: asked for again while it waits
    or runs it is the same job, asked for after its end the same job runs again. Jobs that waited
    when a server ended are done by the next one.
    """

    def __init__(self, served: ServedHome) -> None:
        self._served = served
        self._settings = served.unopened.settings
        self._changed = threading.Condition()
        self._is_stopping = False
        self._running: dict[str, Job] = {}
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to work; jobs whose process is gone are marked failed first."""
        mill = self._served.existing()
        if mill is not None:
            mill.queue.fail_abandoned(is_alive=lambda name: name != worker_name() and may_be_alive(name))
        for number in range(self._settings.web.workers):
            # Daemons: a step that cannot be interrupted must not keep an ended server from leaving.
            thread = threading.Thread(target=self._work, name=f"requested work {number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def submit(self, verb: Verb, request: Request) -> Job:
        """Put a request in line.

        Raises:
            Refusal: If too many wait already.
        """
        queue = self._queue(self._served.mill("writes"))
        limit = self._settings.web.max_waiting_jobs
        if queue.count(kind=REQUEST, status="pending") >= limit:
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{limit} jobs wait already",
                hint="ask again when some are done; the setting web.max_waiting_jobs allows more",
                headers={"Retry-After": "10"},
            )
        values = request.model_dump(mode="json", exclude_defaults=True)
        job = queue.submit(REQUEST, (verb.words, values))
        with self._changed:
            self._changed.notify()
        return job

    def stop(self, *, grace_s: float) -> bool:
        """Cancel what runs; what waits stays for the next server.

        Args:
            grace_s: How long running jobs get to stop by themselves; then they are marked cancelled.

        Returns:
            Whether all work has ended; a step that cannot be interrupted may go on until the process ends.
        """
        self._is_stopping = True
        mill = self._served.existing()
        for job_id in list(self._running):
            if mill is not None:
                mill.queue.cancel(job_id)
        with self._changed:
            self._changed.notify_all()
        deadline = time.monotonic() + grace_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for job in list(self._running.values()):
            if mill is not None:
                self._abandon(mill.queue, job)
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while not self._is_stopping:
            try:
                self._do_next()
            except QuantmillError as error:
                _log.warning("requested work ended: %s", error)
            except Exception:  # noqa: BLE001 - the job's row tells it, the line goes on
                _log.exception("requested work failed")
                time.sleep(_BEAT_S)

    def _do_next(self) -> None:
        with self._changed:
            mill = self._served.existing()
            job = None if mill is None else self._queue(mill).claim_next(REQUEST, worker_name())
            if mill is None or job is None:
                self._changed.wait(_LOOK_S)
                return
            self._running[job.id] = job
        try:
            run_claimed(self._queue(mill), job, lambda context: _run(mill, job, context))
        finally:
            del self._running[job.id]

    def _queue(self, mill: Mill) -> JobQueue:
        """The home's jobs, with signs of life often enough to watch and cancel."""
        return JobQueue(mill.state, mill.clock, lease_s=self._settings.jobs.lease_s, beat_s=_BEAT_S)

    def _abandon(self, queue: JobQueue, job: Job) -> None:
        try:
            queue.fail(
                job, JobCancelledError("the server stopped before it was done", hint="ask for it again")
            )
        except LeaseLostError:
            _log.info("%s ended while the server stopped", job.id)


def _run(mill: Mill, job: Job, context: JobContext) -> None:
    words, values = job.key
    verb = VERBS[words]
    request: Request = read_request(verb.request_type(), values)
    result = verb.run()(mill, request, context)
    if isinstance(result, Outcome) and not result.succeeded:
        raise JobError(" ".join(result.lines()))
    with context.completing(result=json_of(result)):
        pass

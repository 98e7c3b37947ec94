"""Work that is asked for: put in line, done, watched, cancelled, never lost."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from quantmill.core.progress import Progress
from quantmill.errors import NoDataError
from quantmill.verbs.json_form import Json
from quantmill.verbs.mill import Mill
from quantmill.verbs.registry import Verb
from quantmill.web.request_jobs import REQUEST
from tests.api.conftest import Connect
from tests.api.small_home import wait_for

SPAN = {"start": "2023-01-03", "end": "2023-01-06"}
Run = Callable[[Mill, Json, Progress], object]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Run], None]:
    """Function that puts another `run` in the place of every verb that writes."""
    real = Verb.run

    def put(run: Run) -> None:
        monkeypatch.setattr(Verb, "run", lambda verb: run if verb.words == "train" else real(verb))

    return put


def test_an_ingest_is_accepted_done_and_readable(connect: Connect, home: Path) -> None:
    client = connect(home)
    accepted = client.post("/ingest/SPY", json=SPAN)
    job = wait_for(client, accepted.headers["Location"])

    assert accepted.status_code == 202
    assert accepted.json() == {"job_id": job["job_id"], "location": accepted.headers["Location"]}
    assert job["status"] == "completed"
    assert job["progress"] == 1.0
    # Three full sessions of 390 minutes.
    assert job["result"]["rows_stored"] == 1170
    assert [bar["ts"] for bar in client.get("/bars/SPY?limit=2").json()] == [
        "2023-01-05T20:58:00Z",
        "2023-01-05T20:59:00Z",
    ]


def test_the_same_request_is_the_same_job(connect: Connect, home: Path) -> None:
    client = connect(home)
    first = client.post("/api/ingest", json={"symbols": ["SPY"], **SPAN})
    wait_for(client, first.headers["Location"])
    second = client.post("/api/ingest", json={"symbols": "spy", **SPAN, "force": False})
    job = wait_for(client, second.headers["Location"])

    assert second.json() == first.json()
    assert job["attempt"] == 2
    assert (job["result"]["rows_stored"], job["status"]) == (0, "completed")


def test_a_failure_is_told_with_its_hint(
    connect: Connect, home: Path, stand_in: Callable[[Run], None]
) -> None:
    def fails(_mill: Mill, _request: object, progress: Progress) -> object:
        progress.say("looked everywhere")
        raise NoDataError("no bars", hint="import some")

    stand_in(fails)
    client = connect(home)
    job = wait_for(client, client.post("/api/train", json={"symbol": "SPY"}).headers["Location"])

    assert job["status"] == "failed"
    assert job["error"] == {"type": "NoDataError", "message": "no bars", "hint": "import some"}
    assert job["notes"] == ["looked everywhere"]
    assert job["result"] is None


def test_a_fault_fails_its_job_and_no_other(
    connect: Connect, home: Path, stand_in: Callable[[Run], None]
) -> None:
    def breaks(_mill: Mill, request: Json, _progress: Progress) -> object:
        if request.seed == 0:
            raise ZeroDivisionError("divided")
        return {"mean": float("nan"), "seed": request.seed}

    stand_in(breaks)
    client = connect(home)
    broken, whole = (client.post("/api/train", json={"symbol": "SPY", "seed": seed}) for seed in (0, 1))

    assert wait_for(client, broken.headers["Location"])["error"]["message"] == "ZeroDivisionError: divided"
    assert wait_for(client, whole.headers["Location"])["result"] == {"mean": None, "seed": 1}


def test_jobs_that_run_and_wait_can_be_cancelled(
    connect: Connect, home: Path, stand_in: Callable[[Run], None]
) -> None:
    def works(_mill: Mill, _request: object, progress: Progress) -> object:
        progress.start("steps", 1000)
        while True:
            progress.advance(0)
            pause.wait(0.01)

    pause = threading.Event()
    stand_in(works)
    client = connect(home)
    running, waiting = (
        client.post("/api/train", json={"symbol": "SPY", "seed": seed}).headers["Location"] for seed in (0, 1)
    )
    wait_for(client, running, states={"running"})

    assert client.get("/health").json()["jobs_running"] == 1
    assert client.post(f"{waiting}/cancel").json()["status"] == "cancelled"
    assert client.post(f"{running}/cancel").status_code == 200
    assert wait_for(client, running)["status"] == "cancelled"
    assert client.get("/api/jobs", params={"status": "cancelled"}).json()[-1]["kind"] == REQUEST


def test_a_stopping_server_cancels_what_runs_and_leaves_what_waits(
    connect: Connect, home: Path, stand_in: Callable[[Run], None]
) -> None:
    def sticks(_mill: Mill, _request: object, _progress: Progress) -> object:
        begun.set()
        released.wait(30)
        return {}

    begun, released = threading.Event(), threading.Event()
    stand_in(sticks)
    client = connect(home)
    stuck, waiting = (
        client.post("/api/train", json={"symbol": "SPY", "seed": seed}).json()["job_id"] for seed in (0, 1)
    )
    begun.wait(10)
    client.__exit__(None)
    with Mill.open(home) as mill:
        ended, left = mill.queue.get(stuck), mill.queue.get(waiting)
    released.set()

    assert (ended.status, ended.error) == ("cancelled", "the server stopped before it was done")
    assert left.status == "pending"

    stand_in(lambda _mill, request, _progress: {"seed": request.seed})
    assert wait_for(connect(home), f"/api/jobs/{waiting}")["result"] == {"seed": 1}


def test_jobs_of_a_dead_process_are_failed_when_a_server_starts(connect: Connect, home: Path) -> None:
    with Mill.open(home) as mill:
        job = mill.queue.submit(REQUEST, ("train", {"symbol": "SPY"}))
        dead = mill.queue.submit("train", ("old",))
        for one in (job, dead):
            # No process has this number.
            mill.queue.claim(one.id, f"{_host()}:99999999", is_alive=lambda _: True)

    client = connect(home)

    for one in (job, dead):
        shown = client.get(f"/api/jobs/{one.id}").json()
        assert shown["status"] == "failed"
        assert "ended before it was done" in shown["error"]["message"]


def test_too_much_work_is_turned_away(
    connect: Connect, home: Path, stand_in: Callable[[Run], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANTMILL_WEB__MAX_WAITING_JOBS", "1")
    begun, released = threading.Event(), threading.Event()

    def waits(_mill: Mill, _request: object, _progress: Progress) -> object:
        begun.set()
        released.wait(30)
        return {}

    stand_in(waits)
    client = connect(home)
    client.post("/api/train", json={"symbol": "SPY", "seed": 0})
    begun.wait(10)
    client.post("/api/train", json={"symbol": "SPY", "seed": 1})
    answer = client.post("/api/train", json={"symbol": "SPY", "seed": 2})
    released.set()

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def _host() -> str:
    import socket

    return socket.gethostname()

"""Jobs that wait for a worker: taken once, in order, cancelled while they wait, failed when their worker is gone."""

from datetime import UTC, datetime, timedelta

import pytest

from quantmill.core.clock import FixedClock
from quantmill.errors import JobNotFoundError, UsageError
from quantmill.jobs.queue import JobQueue
from quantmill.jobs.runner import JobContext, run_claimed, run_job
from quantmill.state.engine import State


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture
def queue(state: State, clock: FixedClock) -> JobQueue:
    return JobQueue(state, clock)


def test_the_job_that_waited_longest_is_taken_first(queue: JobQueue, clock: FixedClock) -> None:
    for name in ("b", "a", "c"):
        queue.submit("request", (name,))
        clock.instant += timedelta(seconds=1)
    queue.submit("other", ())

    taken = [queue.claim_next("request", "w:1") for _ in range(4)]

    assert [job.key if job else None for job in taken] == [("b",), ("a",), ("c",), None]


def test_submitting_again_runs_an_ended_job_again_at_the_end_of_the_line(
    queue: JobQueue, clock: FixedClock
) -> None:
    first = queue.submit("request", ("a",))
    run_job(queue, "request", ("a",), lambda _: None)
    clock.instant += timedelta(seconds=1)
    queue.submit("request", ("b",))
    clock.instant += timedelta(seconds=1)
    again = queue.submit("request", ("a",))

    assert (again.id, again.status) == (first.id, "pending")
    assert [
        job.key for job in (queue.claim_next("request", "w:1"), queue.claim_next("request", "w:1")) if job
    ] == [
        ("b",),
        ("a",),
    ]


def test_submitting_a_job_that_runs_leaves_it_alone(queue: JobQueue) -> None:
    queue.submit("request", ("a",))
    running = queue.claim_next("request", "w:1")

    assert running is not None
    assert queue.submit("request", ("a",)) == running
    assert queue.claim_next("request", "w:2") is None


def test_a_waiting_job_is_cancelled_at_once(queue: JobQueue) -> None:
    job = queue.submit("request", ("a",))

    assert queue.cancel(job.id).status == "cancelled"
    assert queue.claim_next("request", "w:1") is None
    with pytest.raises(JobNotFoundError):
        queue.cancel("j-none")


def test_the_row_keeps_result_notes_and_hint(queue: JobQueue) -> None:
    def works(context: JobContext) -> None:
        context.say("half of it was there")
        with context.completing(result={"rows": 3}):
            pass

    def fails(context: JobContext) -> None:
        context.say("tried")
        raise UsageError("no", hint="say yes")

    job = queue.submit("request", ("a",))
    claimed = queue.claim_next("request", "w:1")
    assert claimed is not None
    run_claimed(queue, claimed, works)
    done = queue.get(job.id)
    with pytest.raises(UsageError):
        run_job(queue, "request", ("a",), fails)
    failed = queue.get(job.id)

    assert (done.status, done.result, done.notes) == ("completed", {"rows": 3}, ("half of it was there",))
    assert (failed.result, failed.notes) == (None, ("tried",))
    assert (failed.error_type, failed.error, failed.error_hint) == ("UsageError", "no", "say yes")


def test_jobs_of_gone_workers_are_failed_and_others_kept(queue: JobQueue, clock: FixedClock) -> None:
    expired = queue.claim(queue.submit("a", ()).id, "alive:1", is_alive=lambda _: True)
    clock.instant += timedelta(seconds=31)
    gone = queue.claim(queue.submit("b", ()).id, "gone:2", is_alive=lambda _: True)
    kept = queue.claim(queue.submit("c", ()).id, "alive:1", is_alive=lambda _: True)
    waiting = queue.submit("d", ())

    assert queue.fail_abandoned(is_alive=lambda name: name.startswith("alive")) == 2
    states = [queue.get(job.id).status for job in (expired, gone, kept, waiting)]
    assert states == ["failed", "failed", "running", "pending"]


def test_the_list_holds_the_last_changes_newest_at_the_end(queue: JobQueue, clock: FixedClock) -> None:
    for name in ("a", "b", "c"):
        queue.submit("request", (name,))
        clock.instant += timedelta(seconds=1)
    queue.claim_next("request", "w:1")

    assert [job.key[0] for job in queue.list()] == ["b", "c", "a"]
    assert [job.key[0] for job in queue.list(limit=2)] == ["c", "a"]
    assert [job.key[0] for job in queue.list(status="pending")] == ["b", "c"]
    assert queue.list(kind="other") == []
    assert queue.count(kind="request", status="pending") == 2

"""Jobs: one owner at a time, and only the owner's result counts."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from quantmill.core.clock import FixedClock
from quantmill.errors import CommitConflictError, DataError, JobCancelledError, JobError, LeaseLostError
from quantmill.jobs.queue import Job, JobQueue
from quantmill.jobs.runner import JobContext, run_job
from quantmill.state.engine import State, open_state
from tests.databases import Databases, Place


@pytest.fixture
def queue(state: State) -> JobQueue:
    return JobQueue(state, FixedClock(datetime(2026, 1, 2, tzinfo=UTC)))


def always_alive(_: str) -> bool:
    return True


def test_the_same_kind_and_key_is_the_same_job(queue: JobQueue) -> None:
    assert queue.enqueue("train", ("SPY", 1)).id == queue.enqueue("train", ("SPY", 1)).id
    assert queue.enqueue("train", ("SPY", 2)).id != queue.enqueue("train", ("SPY", 1)).id


def test_a_held_job_is_not_given_out_again(queue: JobQueue) -> None:
    job = queue.enqueue("train", ("SPY",))
    queue.claim(job.id, "first:1", is_alive=always_alive)

    with pytest.raises(JobError, match="first:1"):
        queue.claim(job.id, "second:2", is_alive=always_alive)


def test_an_expired_lease_moves_the_job_and_voids_the_first_attempt(queue: JobQueue) -> None:
    job = queue.enqueue("train", ("SPY",))
    first = queue.claim(job.id, "first:1", is_alive=always_alive)
    assert isinstance(queue.clock, FixedClock)
    queue.clock.instant += timedelta(seconds=31)
    second = queue.claim(job.id, "second:2", is_alive=always_alive)

    with pytest.raises(LeaseLostError), queue.state.write() as connection:
        queue.complete(connection, first)
    with queue.state.write() as connection:
        queue.complete(connection, second)

    assert queue.get(job.id).status == "completed"
    assert second.attempt == 2


def test_the_lease_of_a_dead_process_is_void(queue: JobQueue) -> None:
    job = queue.enqueue("train", ("SPY",))
    queue.claim(job.id, "first:1", is_alive=always_alive)

    assert queue.claim(job.id, "second:2", is_alive=lambda _: False).attempt == 2


def test_a_job_is_found_while_a_living_worker_holds_it(queue: JobQueue) -> None:
    def find(*, is_alive: bool = True) -> Job | None:
        return queue.find_held("train", ("SPY",), is_alive=lambda _: is_alive)

    assert find() is None
    job = queue.enqueue("train", ("SPY",))
    assert find() is None
    held = queue.claim(job.id, "first:1", is_alive=always_alive)

    assert find() == held
    assert find(is_alive=False) is None
    assert isinstance(queue.clock, FixedClock)
    queue.clock.instant += timedelta(seconds=31)
    assert find() is None, "the lease has run out"


def test_a_heartbeat_renews_the_lease_and_brings_cancellation(queue: JobQueue) -> None:
    job = queue.claim(queue.enqueue("train", ("SPY",)).id, "first:1", is_alive=always_alive)
    assert isinstance(queue.clock, FixedClock)
    queue.clock.instant += timedelta(seconds=20)
    queue.heartbeat(job, 0.5)
    queue.clock.instant += timedelta(seconds=20)
    with pytest.raises(JobError):
        queue.claim(job.id, "second:2", is_alive=always_alive)

    queue.cancel(job.id)

    with pytest.raises(JobCancelledError):
        queue.heartbeat(job, 0.6)
    assert queue.get(job.id).progress == 0.6


def test_a_run_completes_with_its_results(queue: JobQueue) -> None:
    def body(context: JobContext) -> int:
        context.start("count", 2)
        context.advance(2)
        with context.completing():
            pass
        return 7

    assert run_job(queue, "count", (), body) == 7
    assert queue.enqueue("count", ()).status == "completed"


@pytest.mark.parametrize(
    ("error", "status"), [(DataError("found x"), "failed"), (KeyboardInterrupt(), "cancelled")]
)
def test_a_run_that_ends_badly_says_so(queue: JobQueue, error: BaseException, status: str) -> None:
    def body(_: JobContext) -> None:
        raise error

    with pytest.raises(type(error)):
        run_job(queue, "bad", (), body)

    job = queue.enqueue("bad", ())
    assert job.status == status
    assert job.error in {"found x", "interrupted"}


def test_errors_that_may_pass_are_tried_again(queue: JobQueue) -> None:
    tries: list[int] = []

    def body(_: JobContext) -> int:
        tries.append(1)
        if len(tries) < 3:
            raise CommitConflictError("lost a race")
        return len(tries)

    assert run_job(queue, "race", (), body) == 3


def test_a_taken_over_body_stops_and_publishes_nothing(state: State) -> None:
    clock = FixedClock(datetime(2026, 1, 2, tzinfo=UTC))
    queue = JobQueue(state, clock, lease_s=0.1)
    stolen = threading.Event()

    def body(context: JobContext) -> None:
        clock.instant += timedelta(seconds=60)
        queue.claim(context.job.id, "thief:1", is_alive=always_alive)
        stolen.set()
        with context.completing():
            pass

    with pytest.raises(LeaseLostError):
        run_job(queue, "stolen", (), body)

    assert stolen.is_set()
    assert queue.enqueue("stolen", ()).worker == "thief:1"


class JobMachine(RuleBasedStateMachine):
    """Any interleaving of claims, clock moves and completions publishes each job at most once per claim order."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.clock = FixedClock(datetime(2026, 1, 2, tzinfo=UTC))
        self.queue = JobQueue(open_state(place), self.clock)
        self.id = self.queue.enqueue("work", ()).id
        self.held: list[Job] = []
        self.published: list[int] = []
        self.newest = 0

    @rule(worker=st.sampled_from(["a:1", "b:2", "c:3"]))
    def claim(self, worker: str) -> None:
        try:
            job = self.queue.claim(self.id, worker, is_alive=always_alive)
        except JobError:
            return
        assert job.attempt == self.newest + 1
        self.newest = job.attempt
        self.held.append(job)

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        self.clock.instant += timedelta(seconds=seconds)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.held))
        try:
            with self.queue.state.write() as connection:
                self.queue.complete(connection, job)
        except LeaseLostError:
            return
        assert job.attempt == self.newest
        self.published.append(job.attempt)

    @invariant()
    def no_attempt_publishes_twice(self) -> None:
        assert len(self.published) == len(set(self.published))

    def teardown(self) -> None:
        self.queue.state.close()


def test_no_interleaving_publishes_a_job_twice(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with databases.dropping():
        run_state_machine_as_test(
            lambda: JobMachine(databases.fresh(tmp_path_factory.mktemp("jobs"))),
            settings=settings(max_examples=15, stateful_step_count=20, deadline=None),
        )

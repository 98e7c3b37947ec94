"""One limit of several processes, on both kinds of state database."""

import multiprocessing
import time
from itertools import pairwise
from multiprocessing.queues import Queue

from quantmill.core.clock import SystemClock
from quantmill.providers.http.pace import Pace, Quota
from quantmill.providers.http.throttle import LocalThrottle, SharedThrottle
from quantmill.state.engine import State, open_state
from tests.databases import Place

PACE = Pace(60, 2_000_000)
N_EACH = 20


def test_two_processes_never_get_the_same_place(state: State, state_place: Place) -> None:
    context = multiprocessing.get_context("spawn")
    places: Queue[list[int]] = context.Queue()
    processes = [context.Process(target=take_places, args=(state_place, places)) for _ in range(2)]
    for process in processes:
        process.start()
    taken = sorted(place for _ in processes for place in places.get(timeout=60))
    for process in processes:
        process.join()

    assert len(taken) == 2 * N_EACH
    # Places of a burst are the present instant each, later ones are an interval apart at least.
    late = taken[3 + 2 :]
    assert all(after - before >= 0.9 * PACE.interval_us for before, after in pairwise(late))
    most = max(sum(at <= other < at + PACE.window_us for other in taken) for at in taken)
    assert most <= PACE.limit


def take_places(place: Place, places: "Queue[list[int]]") -> None:
    state = open_state(place)
    throttle = SharedThrottle(state, "test:1", PACE, SystemClock())
    places.put([throttle.reserve() for _ in range(N_EACH)])
    state.close()


def test_what_one_process_learns_holds_for_the_other(state: State) -> None:
    one, other = (SharedThrottle(state, "test:1", PACE, SystemClock()) for _ in range(2))
    until_us = time.time_ns() // 1000 + 60_000_000

    one.learn(Quota(limit=10, remaining=0, resets_us=until_us))

    assert other.reserve() >= until_us
    # 10 in 2 s at nine tenths: one each 222,222 µs.
    assert other.reserve() - other.reserve() == -222_222


def test_limits_of_other_keys_are_apart(state: State) -> None:
    one, other = (SharedThrottle(state, bucket, PACE, SystemClock()) for bucket in ("test:1", "test:2"))
    far_us = time.time_ns() // 1000 + 60_000_000

    one.block(far_us)

    assert one.reserve() >= far_us
    assert other.reserve() < far_us


def test_without_a_database_the_threads_of_a_process_share_the_limit() -> None:
    throttle = LocalThrottle(Pace(200), SystemClock())
    far_us = time.time_ns() // 1000 + 60_000_000

    throttle.learn(Quota(remaining=0, resets_us=far_us))

    assert throttle.reserve() >= far_us

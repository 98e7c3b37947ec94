"""Fetches run ahead of the caller, bounded, and stop when it does."""

import threading
import time

import pytest

from quantmill.ingest.workers import fetch_ahead


@pytest.mark.parametrize("n_tasks", [0, 1, 2, 50])
def test_every_task_once(n_tasks: int) -> None:
    seen = list(fetch_ahead(range(n_tasks), lambda task: task * task, parallel=4))

    assert sorted(seen) == [(task, task * task) for task in range(n_tasks)]


def test_the_first_is_fetched_alone() -> None:
    under_way = 0
    lock = threading.Lock()

    def fetch(task: int) -> int:
        nonlocal under_way
        with lock:
            under_way += 1
        if task == 0:
            time.sleep(0.1)
            assert under_way == 1
        return task

    assert len(list(fetch_ahead(range(20), fetch, parallel=8))) == 20


def test_no_more_than_asked_are_fetched_ahead() -> None:
    fetched: list[int] = []
    results = fetch_ahead(range(100), lambda task: fetched.append(task) or task, parallel=3)

    next(results)
    next(results)
    time.sleep(0.3)

    # Two were handed out; one waits in the queue and each of three threads holds one.
    assert len(fetched) <= 2 + 1 + 3
    results.close()
    time.sleep(0.3)
    assert len(fetched) <= 2 + 1 + 3


@pytest.mark.parametrize("at", [0, 7])
def test_an_error_is_raised_where_the_results_are_read(at: int) -> None:
    def fetch(task: int) -> int:
        if task == at:
            raise ValueError("broken")
        return task

    with pytest.raises(ValueError, match="broken"):
        list(fetch_ahead(range(30), fetch, parallel=4))

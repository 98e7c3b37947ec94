"""Threads that fetch while the caller stores, with bounded results and no wait at the end."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

__all__ = ["fetch_ahead"]

Task = TypeVar("Task")
Result = TypeVar("Result")


def fetch_ahead(
    tasks: Sequence[Task], fetch: Callable[[Task], Result], *, parallel: int
) -> Iterator[tuple[Task, Result]]:
    """Results in the order in which they come, at most `parallel` fetched ahead of the one in use.

    The first task is fetched alone: what fails for all, such as a refused key, fails once. Leaving the loop stops the
    others after what they have under way, without waiting for it.

    Args:
        tasks: What to fetch.
        fetch: Called in other threads; what it raises is raised here.
        parallel: How many threads.
    """
    if not tasks:
        return
    yield tasks[0], fetch(tasks[0])
    todo: queue.SimpleQueue[Task] = queue.SimpleQueue()
    for task in tasks[1:]:
        todo.put(task)
    done: queue.Queue[tuple[Task, Result | BaseException]] = queue.Queue(maxsize=1)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            try:
                task = todo.get_nowait()
            except queue.Empty:
                return
            try:
                result: Result | BaseException = fetch(task)
            except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
                result = error
            while not stop.is_set():
                try:
                    done.put((task, result), timeout=0.2)
                    break
                except queue.Full:
                    continue

    # Daemons: an interrupt does not wait for a server that is silent.
    for _ in range(min(parallel, len(tasks) - 1)):
        threading.Thread(target=work, name="fetch", daemon=True).start()
    try:
        for _ in range(len(tasks) - 1):
            task, result = done.get()
            if isinstance(result, BaseException):
                raise result
            yield task, result
    finally:
        stop.set()

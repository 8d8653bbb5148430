"""Several requests at once, in threads that nobody has to wait for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from threading import Event, Thread
from typing import TypeVar

AT_ONCE = 8

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(work: Callable[[Item, Event], Result], items: Sequence[Item]) -> list[Result]:
    """What `work(item, stop)` gives for each item, in their order; `stop` is set when the others need not go on.

    The first error is raised when all threads have ended. Ctrl-C waits for none of them: one may hang in a read that
    takes a minute to give up, and as daemons they end with the program.
    """
    results: list[Future[Result]] = [Future() for _ in items]
    todo, stop = deque(zip(items, results, strict=True)), Event()
    threads = [Thread(target=_work, args=(work, todo, stop), daemon=True) for _ in results[:AT_ONCE]]
    for thread in threads:
        thread.start()
    try:
        done, _ = wait(results, return_when=FIRST_EXCEPTION)
    finally:
        stop.set()
    for thread in threads:
        thread.join()
    for result in done:
        result.result()
    return [result.result() for result in results]


def _work(work: Callable[[Item, Event], Result], todo: deque[tuple[Item, Future[Result]]], stop: Event) -> None:
    while todo and not stop.is_set():
        try:
            item, result = todo.popleft()
        except IndexError:
            return
        try:
            result.set_result(work(item, stop))
        except BaseException as error:
            result.set_exception(error)

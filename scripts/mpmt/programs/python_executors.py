"""Who runs the tasks: Python's own pools, each as its documentation shows its use.

What is timed of a block is all that a pool does for it: making futures, locks, pickling, its helper threads in the
submitter and its pipes. Workers are started once a trial, which is the start-up.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from python_entrance import Entrance
from python_names import expect_names, forget_names
from python_worker import come_up, nothing
from python_workloads import Papers

Calls = Iterable[tuple]  # the arguments of each call


def gil() -> str:
    return "yes" if getattr(sys, "_is_gil_enabled", lambda: True)() else "no"


class Executor:
    """begin(), then as_completed() any number of times, then stop()."""

    travel = ""  # how a batch gets to a worker and its result back
    start_method = ""  # of processes
    life = ""  # how a worker that is a process learns of the program's end: python_worker.end_with_program

    def __init__(self, papers: Papers) -> None:
        self._papers = {**papers, "life": self.life}
        self._workers = papers["workers"]

    def begin(self) -> list[dict]:
        """Starts all workers and returns their greetings when they wait for tasks."""
        entrance = Entrance(self._workers)
        # Kept: pools pickle it for each worker that they start.
        self._door = entrance.door_to_send() if self.start_method in ("spawn", "forkserver") else entrance.door()
        self._open()
        greetings = entrance.let_in(self._look)
        self._settle()
        return greetings

    def as_completed(self, function: Callable, calls: Calls) -> Iterator:
        """The results of function(*call), the earliest first; raises what a call has raised."""
        raise NotImplementedError

    def stop(self) -> None:
        """Returns when all workers have left."""

    def gil(self) -> str:
        """Whether threads exclude each other."""
        return gil()

    def _open(self) -> None:
        """Begins to start the workers, who call come_up."""

    def _look(self) -> None:
        """Raises when a worker has failed before it came up."""

    def _settle(self) -> None:
        """Returns when what _open began is over."""


class Serial(Executor):
    """The submitter itself: the baseline."""

    travel = "a call"

    def begin(self) -> list[dict]:
        import os
        import threading

        from python_worker import settle_down

        settle_down(self._papers, 0)
        return [{"id": 0, "pid": os.getpid(), "tid": threading.get_native_id()}]

    def as_completed(self, function: Callable, calls: Calls) -> Iterator:
        for call in calls:
            yield function(*call)


def serve(papers: Papers, door: Any, tasks: Any, results: Any) -> None:
    """What a worker of the queues does: None ends it."""
    come_up(papers, door)
    while (task := tasks.get()) is not None:
        function, call = task
        try:
            results.put((True, function(*call)))
        except Exception as failure:
            results.put((False, failure))


class Queued(Executor):
    """One queue to all workers, one back: the same for threads and for processes, which differ in class alone."""

    def _classes(self) -> tuple:
        """Of a worker, of the queue to workers and of that back."""
        raise NotImplementedError

    def _open(self) -> None:
        worker, queue, simple_queue = self._classes()
        # The queue to workers never blocks the submitter, who takes results only when all tasks are in it.
        self._tasks, self._results = queue(), simple_queue()
        self._crew = [worker(target=serve, args=(self._papers, self._door, self._tasks, self._results), daemon=True)
                      for _ in range(self._workers)]
        for member in self._crew:
            member.start()

    def _look(self) -> None:
        if not all(member.is_alive() for member in self._crew):
            raise WorkerLost("a worker has ended")

    def as_completed(self, function: Callable, calls: Calls) -> Iterator:
        submitted = 0
        for call in calls:
            self._tasks.put((function, call))
            submitted += 1
        for _ in range(submitted):
            good, result = self._results.get()
            if not good:
                raise result
            yield result

    def stop(self) -> None:
        for _ in self._crew:
            self._tasks.put(None)
        for member in self._crew:
            member.join()


class Threads(Queued):
    travel = "queue.Queue, and queue.SimpleQueue back: by reference"

    def _classes(self) -> tuple:
        import queue
        import threading

        return threading.Thread, queue.Queue, queue.SimpleQueue


class Processes(Queued):
    travel = "multiprocessing.Queue with its feeder thread, and SimpleQueue back: pickled, over pipes"
    start_method, life = "fork", "child"

    def _classes(self) -> tuple:
        import multiprocessing

        context = multiprocessing.get_context("fork")
        return context.Process, context.Queue, context.SimpleQueue


class Futures(Executor):
    """A pool of concurrent.futures."""

    def _pool_class(self) -> Callable:
        raise NotImplementedError

    def _open(self) -> None:
        self._pool = self._pool_class()(self._workers, initializer=come_up, initargs=(self._papers, self._door))
        self._start_workers()

    def _start_workers(self) -> None:
        # A pool starts a worker when there is a task and nobody idle; in come_up nobody is.
        self._first = [self._pool.submit(nothing) for _ in range(self._workers)]

    def _look(self) -> None:
        if any(future.done() for future in self._first):  # not while all wait at the entrance
            self._settle()

    def _settle(self) -> None:
        from concurrent.futures import BrokenExecutor

        try:
            for future in self._first:
                future.result()
        except BrokenExecutor as failure:
            raise WorkerLost(str(failure)) from None

    def as_completed(self, function: Callable, calls: Calls) -> Iterator:
        from concurrent.futures import BrokenExecutor, as_completed

        try:
            # No name for the list: a future is let go, and its result with it, once it has been taken.
            for future in as_completed([self._pool.submit(function, *call) for call in calls]):
                yield future.result()
        except BrokenExecutor as failure:
            raise WorkerLost(str(failure)) from None

    def stop(self) -> None:
        self._pool.shutdown()


class ThreadPool(Futures):
    travel = "queue.SimpleQueue and futures: by reference"

    def _pool_class(self) -> Callable:
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor


class ProcessPool(Futures):
    travel = "multiprocessing.Queue, and SimpleQueue back, by a thread of the pool; pickled, over pipes"
    start_method, life = "fork", "child"

    def _pool_class(self) -> Callable:
        from functools import partial
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        if self.start_method != "fork":
            expect_names()
        return partial(ProcessPoolExecutor, mp_context=get_context(self.start_method))

    def _settle(self) -> None:
        super()._settle()
        forget_names()


class ProcessPoolForkserver(ProcessPool):
    start_method, life = "forkserver", "grandchild"


class ProcessPoolSpawn(ProcessPool):
    start_method = "spawn"


class InterpreterPool(Futures):
    """An interpreter a thread, each with a GIL of its own."""

    travel = "queue.SimpleQueue and futures; pickled between interpreters"

    def gil(self) -> str:
        return "one in each interpreter"

    def _open(self) -> None:
        from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # since Python 3.14

        # A new interpreter does not have the script's folder on its path, and would not find come_up there.
        code = (f"import sys; sys.path.insert(0, {sys.path[0]!r}); import python_worker as worker; "
                f"worker.come_up({self._papers!r}, worker.Door(*{self._door.descriptors()!r}))")
        self._pool = InterpreterPoolExecutor(self._workers, initializer=exec, initargs=(code,))
        self._start_workers()


class MpPool(Executor):
    travel = "multiprocessing.Pool's threads and SimpleQueues, one task a chunk: pickled, over pipes"
    start_method, life = "fork", "child"

    def _open(self) -> None:
        from multiprocessing import get_context

        self._pool = get_context("fork").Pool(self._workers, initializer=come_up, initargs=(self._papers, self._door))

    def as_completed(self, function: Callable, calls: Calls) -> Iterator:
        return self._pool.imap_unordered(Star(function), calls)

    def stop(self) -> None:
        self._pool.close()
        self._pool.join()


class Star:
    """A function of one argument, the tuple of its arguments; unlike a lambda it can be pickled."""

    def __init__(self, function: Callable) -> None:
        self._function = function

    def __call__(self, call: tuple) -> object:
        return self._function(*call)


class WorkerLost(Exception):
    """A worker has ended without having been told to."""

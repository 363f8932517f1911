"""The executors by name, and which of them this Python has."""

from __future__ import annotations

import sys

from python_executors import (Executor, InterpreterPool, MpPool, Processes, ProcessPool, ProcessPoolForkserver,
                              ProcessPoolSpawn, Serial, ThreadPool, Threads)


class Entry:
    """An executor as it is described."""

    def __init__(self, name: str, sides: str, channel: str | None, make: type[Executor], *,
                 quick: bool = False) -> None:
        self.name, self.sides, self.channel, self.make, self._quick = name, sides, channel, make, quick

    def reason_against(self) -> str:
        """Why it cannot be had here; empty: it can."""
        if self.make is InterpreterPool:
            if sys.version_info >= (3, 14) and sys.implementation.name == "cpython":
                return ""
            return f"InterpreterPoolExecutor needs CPython 3.14 or later; this is {this_python()}"
        if self.sides != "processes":
            return ""
        try:
            import multiprocessing
            import multiprocessing.synchronize  # noqa: F401: the import is refused where semaphores do not work
        except ImportError as failure:
            return f"multiprocessing does not work here: {str(failure).splitlines()[0]}"
        methods = multiprocessing.get_all_start_methods()
        if self.make.start_method in methods:
            return ""
        return f"{this_python()} has no start method {self.make.start_method}, but {', '.join(methods)}"

    def described(self) -> dict:
        answer = {"name": self.name, "sides": self.sides, "channels": [self.channel] if self.channel else [],
                  "submitter_helps": self.make is Serial, "quick": self._quick}
        reason = self.reason_against()
        return {**answer, "unsupported": reason} if reason else answer

    def refusal(self, workers: int) -> str:
        """Why this many workers cannot be had; empty: they can."""
        if reason := self.reason_against():
            return f"{self.name}: {reason}"
        if self.make is Serial and workers != 1:
            return f"{self.name} has 1 worker, the submitter, and not {workers}"
        return ""


def this_python() -> str:
    name = {"cpython": "CPython", "pypy": "PyPy"}.get(sys.implementation.name, sys.implementation.name)
    return f"{name} {'.'.join(map(str, sys.version_info[:3]))}"


EXECUTORS = {entry.name: entry for entry in (
    Entry("python_serial", "neither", None, Serial, quick=True),
    Entry("python_thread", "threads", "python_queue", Threads),
    Entry("python_process", "processes", "python_queue", Processes),
    Entry("python_thread_pool", "threads", "python_futures", ThreadPool, quick=True),
    Entry("python_process_pool", "processes", "python_futures", ProcessPool, quick=True),
    Entry("python_process_pool_forkserver", "processes", "python_futures", ProcessPoolForkserver),
    Entry("python_process_pool_spawn", "processes", "python_futures", ProcessPoolSpawn),
    Entry("python_mp_pool", "processes", "python_pool", MpPool),
    Entry("python_interpreter_pool", "threads", "python_futures", InterpreterPool),
)}
CHANNELS = ("python_queue", "python_futures", "python_pool")
MOST_PAYLOAD_BYTES = 1 << 28  # of a message; a bound on memory, not one of Python's

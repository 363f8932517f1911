"""Who watches over a trial: that workers live, and what they and the submitter have used."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from python_system import counts_of, cpu_of, cpu_time_ns, own_counts

SHORT_S = 0.3  # for a process that is ending to have ended; the run waits 0.5 s beyond the deadline


class DeathWatch:
    """Whether a worker process has ended. multiprocessing.Pool replaces it without a word, a queue waits for ever, and
    others may do all of a block without it."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """`tell` is called, from a thread that sleeps until then, with who died and how."""
        import multiprocessing
        from multiprocessing.connection import wait

        self._wait = wait

        self._children = multiprocessing.active_children()
        self._ends = [end_of(child) for child in self._children]
        self._tell = tell
        self._over, self._end = multiprocessing.Pipe(duplex=False)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """From now on workers may end."""
        self._end.send_bytes(b"over")
        self._thread.join()

    def who_died(self) -> str:
        """For whom it is known that a worker is missing. Waits a moment for it to have ended.

        A pool that has lost one ends the others, with SIGTERM: another ending is the cause."""
        deadline = time.monotonic() + SHORT_S
        while True:
            ended = [(child.pid, child.exitcode) for child in self._children if child.exitcode is not None]
            causes = [found for found in ended if found[1] != -signal.SIGTERM]
            late = time.monotonic() > deadline
            if causes or (ended and late):
                process, code = (causes or ended)[0]
                return f"worker process {process} {ending(code)}"
            if late:
                return "a worker process has ended; which and how is not known"
            time.sleep(0.001)

    def has_lost(self) -> bool:
        """Now, without waiting."""
        return bool(self._wait(self._ends, 0))

    def _watch(self) -> None:
        ready = self._wait([self._over, *self._ends])
        if ready != [self._over]:
            self._tell(self.who_died())


def end_of(child: Any) -> int:
    """A descriptor that is readable once the process has ended. Its sentinel may be so later: a fork server learns of
    the end first."""
    try:
        return os.pidfd_open(child.pid)
    except (AttributeError, OSError):  # a Python or a kernel without it; or it has been reaped
        return child.sentinel


def ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


class Usage:
    """What workers and submitter have used until now. What cannot be read counts as unknown: 0."""

    def __init__(self, workers: list[dict]) -> None:
        """`workers`: "pid" and "tid" of each; those with this process's pid are its threads."""
        self.submitter_ns, self.workers_ns = time.process_time_ns(), 0
        counts = [own_counts()]
        try:
            for worker in workers:
                if worker["pid"] != os.getpid():
                    self.workers_ns += cpu_time_ns(worker["pid"])
                    counts.append(counts_of(worker["pid"]))
                elif worker["tid"] != worker["pid"]:
                    used = cpu_time_ns(worker["pid"], worker["tid"])
                    self.workers_ns += used
                    self.submitter_ns -= used
        except OSError:
            self.workers_ns = 0
        self.counts = [sum(column) for column in zip(*counts)]

    def since(self, before: Usage) -> dict:
        """The fields of a block. A pool's helper threads in the submitter's process are the submitter's."""
        voluntary, involuntary, minor, major = (max(0, now - then) for now, then in zip(self.counts, before.counts))
        return {"cpu_ns": {"submitter": max(0, self.submitter_ns - before.submitter_ns),
                           "workers": max(0, self.workers_ns - before.workers_ns)},
                "context_switches": {"voluntary": voluntary, "involuntary": involuntary},
                "page_faults": {"minor": minor, "major": major}}


class Crew:
    """What is said of the workers."""

    def __init__(self, greetings: list[dict]) -> None:
        self.workers = greetings
        self._cpus: list[set[int]] = [set() for _ in greetings]

    def look(self) -> None:
        """Notes where each has run last."""
        for worker, cpus in zip(self.workers, self._cpus):
            try:
                cpus.add(cpu_of(worker["pid"], worker["tid"]))
            except (OSError, ValueError, IndexError):
                continue

    def described(self) -> list[dict]:
        return [{"id": worker["id"], "pid": worker["pid"], "tid": worker["tid"], "libc_single_threaded": False,
                 "cpus_seen": sorted(cpus)} for worker, cpus in zip(self.workers, self._cpus)]

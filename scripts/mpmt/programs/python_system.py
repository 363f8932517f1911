"""Linux as workers and their watchers need it, where the standard library has no call for it."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time

PR_SET_PDEATHSIG = 1  # prctl(2)
PR_SET_TIMERSLACK = 29

_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int, name: str) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        reason = ctypes.get_errno()
        raise OSError(reason, f"prctl({name}): {os.strerror(reason)}")


def die_with_parent(parent: int) -> None:
    """SIGKILL for this process when the thread that started it ends. `parent`: the process that it had then."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, "PR_SET_PDEATHSIG")
    if os.getppid() != parent:  # it ended before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)


def wake_on_time() -> None:
    """For this thread: a sleep ends up to 50 us late otherwise."""
    _prctl(PR_SET_TIMERSLACK, 1, "PR_SET_TIMERSLACK")


def cpu_at(cpus: list[int], placement: str, position: int) -> int | None:
    """Where worker number `position` belongs; the submitter comes after all workers. None: anywhere."""
    if placement == "free":
        return None
    return cpus[0] if placement == "same" else cpus[position % len(cpus)]


def pin_here(cpu: int | None) -> None:
    """This thread, and what it starts from now on; not its siblings."""
    if cpu is None:
        return
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError as refusal:
        raise CannotPin(f"sched_setaffinity to CPU {cpu}: {refusal.strerror}; "
                        "with placement free nothing is pinned") from refusal


class CannotPin(Exception):
    """The message says where, and what can be done."""


def cpu_time_ns(process: int, thread: int | None = None) -> int:
    """User and system time of a whole process, or of a thread of this one. Raises OSError when it has gone.

    The ids of these clocks are those that clock_getcpuclockid(3) and pthread_getcpuclockid(3) make.
    """
    scheduler_time, of_thread = 2, 4
    clock = ~process << 3 | scheduler_time if thread is None else ~thread << 3 | of_thread | scheduler_time
    return time.clock_gettime_ns(clock)


def own_counts() -> tuple[int, int, int, int]:
    """Of this process: voluntary and involuntary context switches, minor and major page faults."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_nvcsw, usage.ru_nivcsw, usage.ru_minflt, usage.ru_majflt


def counts_of(process: int) -> tuple[int, int, int, int]:
    """The same of another process, all its threads together: proc(5). Raises OSError when it has gone."""
    fields = _stat(f"/proc/{process}")
    voluntary = involuntary = 0
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/status", encoding="utf-8", errors="replace") as status:
            for line in status:
                if line.startswith("voluntary_ctxt_switches:"):
                    voluntary += int(line.split()[1])
                elif line.startswith("nonvoluntary_ctxt_switches:"):
                    involuntary += int(line.split()[1])
    return voluntary, involuntary, int(fields[9]), int(fields[11])


def cpu_of(process: int, thread: int) -> int:
    """On which CPU a thread runs, or has run last."""
    return int(_stat(f"/proc/{process}/task/{thread}")[38])


def _stat(folder: str) -> list[str]:
    """The fields of proc(5)'s stat, from the first; the second, in parentheses, may have anything in it."""
    with open(f"{folder}/stat", encoding="utf-8", errors="replace") as file:
        head, _, tail = file.read().rpartition(")")
    return [*head.split(" (", 1), *tail.split()]

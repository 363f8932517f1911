"""What runs in a worker, be it a thread, a process or an interpreter: coming up, and a batch of tasks."""

from __future__ import annotations

import json
import os
import signal
import threading
from typing import Any

from python_system import cpu_at, die_with_parent, pin_here
from python_workloads import MASK, VARIANTS, WORKLOADS, Papers

_here = threading.local()  # .number, .kernel and .reads_payload of the worker that this thread is


class TaskError(Exception):
    """A task failed: which, in which worker, and why, as one text, so that it can travel."""


class Door:
    """A worker's ends of python_entrance's pipes: descriptors, or multiprocessing's Connections where it has to
    be sent them."""

    def __init__(self, tickets: Any, greetings: Any, gate: Any, life: Any) -> None:
        self._ends = (tickets, greetings, gate, life)

    def descriptors(self) -> list[int]:
        return [end if isinstance(end, int) else end.fileno() for end in self._ends]


def come_up(papers: Papers, door: Door) -> None:
    """Makes a worker of this thread. Says when it is done and returns when all are.

    Never raises: multiprocessing.Pool would put another worker in its place, again and again.
    """
    _here.door = door  # a Connection would be closed with its last reference
    tickets, greetings, gate, life = door.descriptors()
    greeting: dict[str, Any] = {"pid": os.getpid(), "tid": threading.get_native_id()}
    try:
        end_with_program(papers, life)
        greeting["id"] = int.from_bytes(os.read(tickets, 4), "little")
        settle_down(papers, greeting["id"])
    except Exception as failure:
        kind = type(failure).__name__
        greeting.update(error=f"worker {greeting.get('id', '?')} did not come up: {failure}"[:1000], kind=kind)
    os.write(greetings, json.dumps(greeting).encode() + b"\n")  # shorter than PIPE_BUF: it is never torn
    os.read(gate, 1)


def settle_down(papers: Papers, number: int) -> None:
    pin_here(cpu_at(papers["cpus"], papers["placement"], number))
    workload = WORKLOADS[papers["workload"]]
    _here.number, _here.reads_payload = number, workload.reads_payload
    _here.kernel = workload.kernel(papers)


def end_with_program(papers: Papers, life: int) -> None:
    """A worker that is a process of its own is not to outlive the program, however that ends."""
    if papers["life"] == "child":
        die_with_parent(papers["program"])
    elif papers["life"] == "grandchild":  # of a fork server: its parent does not end with the program
        threading.Thread(target=_end_when_closed, args=(life,), daemon=True).start()


def _end_when_closed(life: int) -> None:
    os.read(life, 1)  # nothing is ever written: this is the end of the program, which has the other end
    os.kill(os.getpid(), signal.SIGKILL)


def nothing() -> None:
    """What a pool is given to do for it to start a worker."""


def run_batch(first: int, count: int, request: bytes) -> tuple[int, bytes]:
    """The sum of the results of `count` tasks, mod 2^64, and their replies. `request`: the payloads of all of them."""
    kernel = _here.kernel
    task, total = first, 0
    try:
        if _here.reads_payload:
            return _run_with_payload(first, count, request)
        for task in range(first, first + count):
            total += kernel(task % VARIANTS) * (2 * task + 1)
    except Exception as failure:
        raise TaskError(f"worker {_here.number} (pid {os.getpid()}), task {task}: "
                        f"{type(failure).__name__}: {failure}") from None
    return total & MASK, request


def _run_with_payload(first: int, count: int, request: bytes) -> tuple[int, bytes]:
    size = len(request) // count
    total, replies = 0, []
    for task in range(first, first + count):
        at = (task - first) * size
        result, reply = _here.kernel(task % VARIANTS, request[at:at + size])
        total += result * (2 * task + 1)
        replies.append(reply)
    return total & MASK, b"".join(replies)

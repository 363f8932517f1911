"""The program's side of the wire. Descriptors 0 and 1 are /dev/null from the first: children that are started from here
have another standard output than the trial's."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable

from python_names import forget_names

_last_word = threading.RLock()
_wire: list[int] = []  # the standard input and output that the program was started with


def take_over() -> None:
    """Once, at the start. A child that is forked has neither of the two, and ends with this process."""
    from python_system import die_with_parent

    _wire[:] = [os.dup(0), os.dup(1)]  # closed by exec
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    program = os.getpid()

    def in_child() -> None:
        die_with_parent(program)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        for end in _wire:
            os.close(end)

    os.register_at_fork(after_in_child=in_child)


def messages() -> object:
    """One dict a line; ends when the run has gone."""
    with os.fdopen(_wire[0], "rb", closefd=False) as lines:
        for line in lines:
            message = json.loads(line)
            if not isinstance(message, dict) or not isinstance(message.get("type"), str):
                raise ValueError("a message is an object with a type")
            yield message


def say(**message: object) -> None:
    line = json.dumps(message).encode() + b"\n"
    with _last_word:
        while line:
            line = line[os.write(_wire[1], line):]


def fail(status: str, error: str) -> None:
    """The last thing that is said. Ends at once: who is stuck cannot be joined, and workers end with this process."""
    with _last_word:  # for good
        try:
            say(type="failed", status=status, error=" ".join(error.split()))
            forget_names()
        finally:  # the run may have gone
            os._exit(0)


class Deadline:
    """For each answer. A timer, so that it holds whatever the answer waits for: a lock, a queue, a long task."""

    def __init__(self, describe: Callable[[], str]) -> None:
        """`describe`: what was waited for."""
        signal.signal(signal.SIGALRM, lambda *_: fail("timed_out", describe()))

    def begin(self, seconds: float) -> None:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))

    def end(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)


def refuse(text: str) -> int:
    """For what is no conversation."""
    print(f"python_pools.py: {text}", file=sys.stderr)
    return 2

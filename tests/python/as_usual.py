"""`as_usual.py COMMAND ...` runs a command as if nothing had been ignored or blocked by whoever started it: for tests, which
send signals and expect them to be taken."""

from __future__ import annotations

import os
import signal
import sys

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def as_usual(command: list[str]) -> None:
    """In a session of its own if something was ignored, so that a hangup does not reach the command all the same."""
    ignored = any(signal.getsignal(number) == signal.SIG_IGN for number in ENDING)
    for number in (*ENDING, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    if ignored and os.getpid() != os.getpgid(0):
        os.setsid()
    os.execvp(command[0], command)


if __name__ == "__main__":
    as_usual(sys.argv[1:])

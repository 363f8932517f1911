"""Processes that outlive whoever started them: found, and ended.

As a program, `strays.py MARK` waits for the end of its standard input, which its starter holds open until it ends, however
that may be; then it ends all that carry the mark."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MARK = "MPMT_STARTED_BY"  # in the environment of what is to end with its starter
GRACE_S = 5.0  # for killed processes to be gone
LOOK_S = 0.005
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_PRCTL = ctypes.CDLL(None).prctl  # found now: a forked child must not search


# ---- by what they carry ------------------------------------------------------------------------------------


def end_marked(mark: str) -> None:
    """Kills all processes but this one that carry the mark, and waits until they are gone."""
    wanted = os.fsencode(f"{MARK}={mark}")
    deadline = time.monotonic() + GRACE_S
    while [pid for pid in _processes() if _kill_if(pid, lambda pid: wanted in _environment(pid))]:
        if time.monotonic() > deadline:
            return
        time.sleep(LOOK_S)


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # gone, or another user's
        return []


def _kill_if(pid: int, found: Callable[[int], bool]) -> bool:
    """Whether it was there. A process that has got the number of one that was found is not killed."""
    if not found(pid):
        return False
    with contextlib.suppress(OSError):
        try:
            handle = os.pidfd_open(pid)
        except (OSError, AttributeError):  # a system without
            os.kill(pid, signal.SIGKILL)
            return True
        try:
            if found(pid):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
    return True


# ---- by whose children they are ----------------------------------------------------------------------------


def _children() -> set[int]:
    """Of this process, including those that have ended and were not waited for."""
    return {pid for pid in _processes() if _parent(pid) == os.getpid()}


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()[1])
    except (OSError, IndexError):
        return 0


@contextlib.contextmanager
def adopted() -> Iterator[None]:
    """All children that this process gets in the course of the block end with it. Whoever loses its parent becomes one of
    them, whatever session or environment it has made for itself."""
    known = _children()
    _PRCTL(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        _end_children_but(known)
        _PRCTL(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _end_children_but(known: set[int]) -> None:
    """Their own children become ours as they end, so that it is done when there are none."""
    deadline = time.monotonic() + GRACE_S
    while (strays := _children() - known) and time.monotonic() < deadline:
        for pid in strays:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)  # a child keeps its number until it is waited for
        for pid in strays:
            with contextlib.suppress(OSError):
                while os.waitpid(pid, os.WNOHANG)[0] == 0 and time.monotonic() < deadline:
                    time.sleep(LOOK_S)


def die_with(parent: int) -> None:
    """In a forked child, before exec: it is killed when the thread that has forked it ends."""
    _PRCTL(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it has ended before that
        os._exit(1)


# ---- when whoever started them is killed -------------------------------------------------------------------


@contextlib.contextmanager
def kept(mark: str, lock: int) -> Iterator[None]:
    """Whatever has the mark ends with the block, even if this process is killed: another one sees to that, and holds the lock
    of the descriptor until it is done."""
    keeper = subprocess.Popen([sys.executable, "-IS", __file__, mark], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              start_new_session=True, cwd="/", pass_fds=[lock])
    assert keeper.stdin
    try:
        yield
    finally:
        keeper.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            keeper.wait(2 * GRACE_S)


if __name__ == "__main__":
    for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(_number, signal.SIG_IGN)
    sys.stdin.read()
    end_marked(sys.argv[1])

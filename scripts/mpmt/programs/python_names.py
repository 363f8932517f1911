"""What multiprocessing has given a name, for processes to find that are not forked."""

from __future__ import annotations

import sys


def expect_names() -> None:
    """Starts who removes the names of a program that is killed, before there is one: Python would start it, which takes
    some milliseconds, between making the first semaphore and telling it of that.
    """
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()


def forget_names() -> None:
    """Removes semaphores' names and the fork server's socket, once all workers have found them, or nobody will any
    more. Python would do so at its end; but who is killed does not come to that, and the tracker that should stand in
    is killed with the process group.
    """
    if "multiprocessing.util" not in sys.modules:
        return
    from multiprocessing import synchronize, util

    of_names = (synchronize.SemLock._cleanup, util._remove_temp_dir)  # type: ignore[attr-defined]  # Python has no other way
    for finalizer in list(util._finalizer_registry.values()):  # type: ignore[attr-defined]
        if finalizer._callback in of_names:
            finalizer()  # does it once only

"""The scheduling class that this process runs in."""

from __future__ import annotations

import os

_DEADLINE = 6  # Python does not name it
_REAL_TIME = {os.SCHED_FIFO: "SCHED_FIFO", os.SCHED_RR: "SCHED_RR", _DEADLINE: "SCHED_DEADLINE"}


def real_time_class() -> str:
    """The name of the real-time class that this process is in; "" when it is in none, or the system does not tell."""
    try:
        return _REAL_TIME.get(os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK, "")
    except OSError:
        return ""

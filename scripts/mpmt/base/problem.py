"""How a command of mpmt track ends when it cannot do what it was asked for."""

from __future__ import annotations

from mpmt.base.command_line import EXIT_USAGE, Problem
from mpmt.base.endings import EXIT_INTERRUPTED

__all__ = ["EXIT_INTERRUPTED", "EXIT_NOTHING", "EXIT_NOT_COMPARABLE", "EXIT_OK", "EXIT_REGRESSION", "EXIT_UNDECIDED",
           "EXIT_USAGE", "NotComparable", "NothingMeasured", "Problem"]

EXIT_OK = 0  # no regression
EXIT_REGRESSION = 1  # at least one regression is confirmed
EXIT_UNDECIDED = 3  # nothing confirmed, but a gated benchmark is undecided or unstable
EXIT_NOT_COMPARABLE = 4  # machine key or version differ, or there is no baseline
EXIT_NOTHING = 5  # nothing was measured


class NotComparable(Problem):
    """The two sides have nothing that may be compared."""

    exit_code = EXIT_NOT_COMPARABLE


class NothingMeasured(Problem):
    """There was nothing to measure, or nothing came of it."""

    exit_code = EXIT_NOTHING

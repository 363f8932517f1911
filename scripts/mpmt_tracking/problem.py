"""How a command of track.py ends when it cannot do what it was asked for."""

from __future__ import annotations

EXIT_OK = 0  # no regression
EXIT_REGRESSION = 1  # at least one regression is confirmed
EXIT_USAGE = 2  # usage, build or input/output error
EXIT_UNDECIDED = 3  # nothing confirmed, but a gated benchmark is undecided or unstable
EXIT_NOT_COMPARABLE = 4  # machine key or version differ, or there is no baseline
EXIT_NOTHING = 5  # nothing was measured
EXIT_INTERRUPTED = 130


class Problem(Exception):
    """Ends the program. The message is one line that names the option, file, commit or field at fault, and what is
    allowed. Text that comes from files goes through mpmt_records.plain first."""

    exit_code = EXIT_USAGE


class NotComparable(Problem):
    """The two sides have nothing that may be compared."""

    exit_code = EXIT_NOT_COMPARABLE


class NothingMeasured(Problem):
    """There was nothing to measure, or nothing came of it."""

    exit_code = EXIT_NOTHING

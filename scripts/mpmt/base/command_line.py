"""What every script does around its work: standard streams, options, and how it ends.

Whole lines go to the standard streams, each made fit to be read (mpmt/base/shown.py). That is the net below messages and
tables, which show names before they lay them out: whatever Python, argparse or a library says goes through it."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TextIO

from mpmt.base.endings import EXIT_FAULT, EXIT_INTERRUPTED, no_fault_is_an_answer, take_signals, tell, tell_fault
from mpmt.base.shown import shown

EXIT_USAGE, EXIT_MISSING = 2, 69
FAREWELL_S = 0.3  # for how long an interrupted script waits for a reader
LEAST_STACK = 256 << 10  # bytes; with less, JSON that is nested deeply ends Python itself


class Problem(Exception):
    """Ends the program. The message is one line that names the option, file, commit or field at fault, and what is
    allowed."""

    exit_code = EXIT_USAGE


def command_line(name: str, work: Callable[[], int]) -> int:
    """The exit code of the script `name` that does this work, whatever comes in between: Problem, OSError, an interruption,
    a missing package, a fault of its own; each is told in one line. Exit code 2 where what it had to say could not be
    written, whatever the answer."""
    no_fault_is_an_answer(name)
    _open_descriptors()
    with _streams() as out:
        code = _done(name, work)
        out.end()
        if out.lost and code != EXIT_INTERRUPTED:
            tell(f"{name}: standard output cannot be written: {out.lost}")
            return EXIT_USAGE
        return code


def _done(name: str, work: Callable[[], int]) -> int:
    try:
        take_signals(_interrupted)
        _refuse_tiny_stack()
        return work()
    except KeyboardInterrupt:
        take_signals(signal.SIG_IGN)  # it is ending
        tell(f"{name}: interrupted")
        return EXIT_INTERRUPTED
    except Problem as error:
        tell(f"{name}: {error}")
        return error.exit_code
    except OSError as error:
        tell(f"{name}: {shown(error.filename or 'input/output')}: {error.strerror or shown(error)}")
        return EXIT_USAGE
    except ModuleNotFoundError as error:
        tell(f"{name}: {sys.executable} has no package '{error.name}': name a Python that has it with MPMT_PYTHON")
        return EXIT_MISSING
    except SystemExit as error:  # argparse has said why
        return error.code if isinstance(error.code, int) else EXIT_USAGE
    except Exception as error:
        tell_fault(name, error)
        return EXIT_FAULT


_asked_to_end: list[int] = []


def stop_if_interrupted() -> None:
    """Raises KeyboardInterrupt once more after an interruption: libraries may catch whatever comes while they are loaded."""
    if _asked_to_end:
        raise KeyboardInterrupt


def _interrupted(number: int, _: Any) -> NoReturn:
    _asked_to_end.append(number)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, ShownLines):
            stream.hurried = True
    raise KeyboardInterrupt  # unwinds, so that no process or temporary file stays


def _refuse_tiny_stack() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    if soft != resource.RLIM_INFINITY and soft < LEAST_STACK:
        raise Problem(f"the stack may have {soft >> 10} KiB, but Python needs {LEAST_STACK >> 10}: raise `ulimit -s`")


# ---- options -----------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """Its messages are one line, whatever was given."""

    def error(self, message: str) -> NoReturn:
        super().error(shown(message))


FORMATS = ("png", "svg")  # of figures


def formats(text: str) -> list[str]:
    """A list of FORMATS, as an option's value."""
    chosen = list(dict.fromkeys(part.strip().lower() for part in text.split(",")))
    wrong = [part for part in chosen if part not in FORMATS]
    if wrong:
        raise argparse.ArgumentTypeError(f"unknown format '{shown(wrong[0], 40)}': choose from {', '.join(FORMATS)}")
    return chosen


# ---- standard streams --------------------------------------------------------------------------------------


class ShownLines(io.TextIOBase):
    """Whole lines for a standard stream, each as it is shown. What cannot be written is `lost`, and all that comes after
    it, but is no exception: work that has begun is ended well, and figures and files are written, although nobody reads.
    Once it is `hurried`, a reader who takes nothing (a pager) is waited for no longer than FAREWELL_S."""

    def __init__(self, beneath: TextIO) -> None:
        self.beneath = beneath
        self.lost = ""  # the reason
        self.hurried = False
        self._line = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a property everywhere
        return self.beneath.encoding

    def fileno(self) -> int:
        return self.beneath.fileno()

    def isatty(self) -> bool:
        return not self.lost and self.beneath.isatty()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *whole, self._line = (self._line + text).split("\n")
        if whole:
            self._put("".join(f"{shown(line)}\n" for line in whole))
        return len(text)

    def put_whole(self, text: str) -> None:
        """A document for another program, in UTF-8 and as it is: whoever made it has made it harmless."""
        self.flush()
        self._try(lambda: self._put_bytes(text.encode("utf-8", "backslashreplace")))

    def _put_bytes(self, data: bytes) -> None:
        buffer = self.beneath.buffer
        buffer.write(data)
        buffer.flush()

    def flush(self) -> None:
        """What has been written of a line stays here until it is whole."""
        self._try(lambda: self.beneath.flush())

    def end(self) -> None:
        if self._line:
            self.write("\n")
        self.flush()

    def _put(self, text: str) -> None:
        self._try(lambda: self.beneath.write(text))

    def _try(self, write: Callable[[], object]) -> None:
        if self.lost:
            return
        try:
            with _at_most(FAREWELL_S) if self.hurried else contextlib.nullcontext():
                write()
        except (OSError, ValueError) as error:  # ValueError: closed
            self.lost = getattr(error, "strerror", None) or str(error)
            # What is left in its buffer would be tried again.
            with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), self.beneath.fileno())


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in the middle of what takes longer."""
    def end(*_: Any) -> NoReturn:
        raise TimeoutError("nobody reads it")
    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _open_descriptors() -> None:
    """Those that were closed when we were started are opened, lest a file of ours gets their number: standard output so
    that writing to it fails."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        if opened == 1:
            os.close(opened)
            opened = os.open(os.devnull, os.O_RDONLY)
        os.set_inheritable(opened, True)
    os.close(opened)


@contextlib.contextmanager
def _streams() -> Iterator[ShownLines]:
    """Standard output, while it and standard error show what is printed."""
    before = sys.stdout, sys.stderr, warnings.formatwarning
    beneath: tuple[Any, Any] = sys.stdout or os.fdopen(1, "w"), sys.stderr or os.fdopen(2, "w")
    for stream in beneath:
        stream.reconfigure(errors="backslashreplace")
    out, errors = (ShownLines(stream) for stream in beneath)
    sys.stdout, sys.stderr = out, errors  # type: ignore[assignment]  # all of a text stream that is used
    warnings.formatwarning = lambda message, kind, *_: f"warning: {kind.__name__}: {shown(message)}\n"
    try:
        yield out
    finally:
        sys.stdout, sys.stderr, warnings.formatwarning = before

"""How a script ends: by which signals, and never with exit code 1 by a fault of its own, which for some of them is an
answer ("a regression", "something misses")."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from mpmt.base.shown import shown

EXIT_FAULT, EXIT_INTERRUPTED = 2, 130
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def take_signals(handler: Callable[[int, Any], Any] | signal.Handlers) -> None:
    """Call this first, in the main thread. Signals that end a program go to `handler`, even if blocked by whoever started
    this one; but what that one has told us to ignore (nohup, a background job of sh) stays ignored. Children that end are
    waited for: with SIGCHLD ignored, the system would throw their exit codes away."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*ENDING, signal.SIGCHLD})


def ending_signal() -> signal.Signals:
    """One that a child of ours takes, too: it ignores what we were told to ignore."""
    return next((number for number in ENDING if signal.getsignal(number) != signal.SIG_IGN), signal.SIGKILL)


def no_fault_is_an_answer(name: str) -> None:
    """From now on, an exception that nobody catches ends the script `name` with 2, an interruption with 130."""
    def end(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            tell(f"{name}: interrupted")
            os._exit(EXIT_INTERRUPTED)
        tell_fault(name, error)
        os._exit(EXIT_FAULT)
    sys.excepthook = end


def tell_fault(name: str, error: BaseException) -> None:
    """In one line, with the innermost places that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)[:-5:-1]
    places = ", ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in frames)
    tell(f"{name}: this is a fault of {name} itself: {type(error).__name__}: {shown(error, 1000)} (at {places or 'its start'})")


def tell(line: str) -> None:
    """To standard error, as far as that can be written."""
    with contextlib.suppress(OSError, ValueError):
        print(shown(line), file=sys.stderr, flush=True)

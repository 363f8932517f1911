"""Child processes with deadlines. Each is the leader of a session of its own, which ends with it; and each ends when this
process is killed."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mpmt.base.endings import ENDING
from mpmt.base.shown import shown
from mpmt.builds import strays
from mpmt.builds.scratch import temporary_place

MOST_OUTPUT = 64 << 20  # bytes
MOST_ERRORS = 64 << 10  # bytes, the last ones
LOOK_S = 0.25  # how often to see whether a process has ended whose output a child of its own still holds


class Failed(Exception):
    """A process that gave no answer. The message is one line: what was run, and what went wrong."""


_mark = ""  # of what `guarded` guards


@contextlib.contextmanager
def guarded(lock: int) -> Iterator[None]:
    """Nothing that is `started` in the block, and nothing that it starts, outlives the block, even if this process is killed;
    if it is, the lock of this descriptor stays held until all have ended."""
    global _mark
    _mark = secrets.token_hex(8)
    try:
        with strays.kept(_mark, lock):
            yield
    finally:
        _mark = ""


@contextlib.contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """The process while the block lasts; at its end, also by an exception or Ctrl-C, its session is killed, and it is reaped.
    Raises Failed when it cannot be started."""
    if _mark:
        options["env"] = {**(options.get("env") or os.environ), strays.MARK: _mark}
    parent = os.getpid()
    with contextlib.ExitStack() as stack:
        with _interruptions_wait():
            try:
                process = subprocess.Popen(command, start_new_session=True, bufsize=0,
                                           preexec_fn=lambda: strays.die_with(parent), **options)
            except OSError as error:
                raise Failed(f"{shown(command[0], 160)} cannot be started: {error.strerror}") from None
            stack.callback(_end, process)
        yield process


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            with contextlib.suppress(OSError):
                stream.close()


@contextlib.contextmanager
def _interruptions_wait() -> Iterator[None]:
    """Signals that have a handler are handled when the block ends: Ctrl-C inside Popen would lose a process that runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: handler for number in ENDING if callable(handler := signal.getsignal(number))}
    came: list[signal.Signals] = []
    for number in handlers:
        signal.signal(number, lambda number, _: came.append(signal.Signals(number)))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for number in came:
        handlers[number](number, None)


@dataclass(frozen=True)
class Answer:
    """Of a process that has ended; `code` is negative for a signal."""

    code: int
    output: bytes
    errors: bytes


def answer_of(command: Sequence[str], deadline_s: float, **options: Any) -> Answer:
    """What the process says. Raises Failed when it cannot be started, takes longer, or says more than is read."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    with (tempfile.TemporaryFile(dir=temporary_place()) as errors,
          started(command, stderr=errors, **pipes, **options) as process):
        ends_at = time.monotonic() + deadline_s
        try:
            output = _whole_output(command, process, ends_at)
            process.wait(max(0.0, ends_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Failed(f"{shown(command[0], 160)} did not end within {deadline_s:g} s") from None
        return Answer(process.returncode, output, _end_of(errors))


def output_of(command: Sequence[str], deadline_s: float, **options: Any) -> tuple[int, bytes, str]:
    """Exit code, standard output, and the last line of standard error. Raises Failed."""
    answer = answer_of(command, deadline_s, **options)
    return answer.code, answer.output, last_line(answer.errors)


def _end_of(errors: Any) -> bytes:
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - MOST_ERRORS))
    return errors.read()


def _whole_output(command: Sequence[str], process: subprocess.Popen[bytes], ends_at: float) -> bytes:
    """Until the process has ended, although a child that it leaves behind may hold its output for longer. Raises
    TimeoutExpired, Failed."""
    assert process.stdout
    whole = bytearray()
    while True:
        left, ended = ends_at - time.monotonic(), process.poll() is not None
        if left <= 0:
            raise subprocess.TimeoutExpired(command, 0)
        if select.select([process.stdout], [], [], 0 if ended else min(left, LOOK_S))[0]:
            part = os.read(process.stdout.fileno(), 1 << 16)
            whole += part
            if len(whole) > MOST_OUTPUT:
                raise Failed(f"{shown(command[0], 160)} wrote more than {MOST_OUTPUT >> 20} MiB to standard output")
            if not part:
                return bytes(whole)
        elif ended:
            return bytes(whole)


def ending(code: int) -> str:
    """An exit code of subprocess in words."""
    if code >= 0:
        return f"exited with {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:  # most real-time signals have no name
        return f"was killed by signal {-code}"


def last_line(errors: bytes) -> str:
    lines = errors[-4096:].decode("utf-8", "replace").strip().splitlines()
    return shown(lines[-1], 600) if lines else ""

"""Files that options name for what a command has to say: looked at before anything is measured, written at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from mpmt.base.endings import tell
from mpmt.base.files import append, is_standard_output, output_place, write_whole
from mpmt.base.problem import Problem
from mpmt.base.shown import shown


def check(target: Path | None, option: str) -> None:
    """Raises Problem for a file that surely cannot be written; opens nothing."""
    if target is not None and not is_standard_output(target):
        with _named(target, option):
            output_place(target)


def write(target: Path, text: str, option: str) -> None:
    """To the file, whole or not at all; `-` and /dev/stdout are standard output. Raises Problem."""
    if is_standard_output(target):
        print(text, end="", flush=True)
        return
    with _named(target, option):
        write_whole(target, text)


def add(target: Path, text: str, option: str) -> None:
    """To the file's end. What cannot be written is a warning: it costs nothing of the answer that the text belongs to."""
    if is_standard_output(target):
        print(text, end="", flush=True)
        return
    try:
        with _named(target, option):
            append(target, text)
    except Problem as why:
        tell(f"mpmt track: warning: {why}")


@contextlib.contextmanager
def _named(target: Path, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Problem(f"{option}: {shown(target, 300)} cannot be written: {error.strerror or shown(error, 160)}") from None

"""What is set against another of its kind: a program that can measure its own benchmarks, one process at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mpmt.base.files import regular_file
from mpmt.base.problem import Problem

REPETITIONS = 8  # timed blocks per process; its figure is their median


class Failed(Exception):
    """A process that gave no figure. The message is one line: what was run, and what went wrong."""


class Unsupported(Failed):
    """This machine, or this program, cannot run the case as it is meant: nothing went wrong."""


@dataclass(frozen=True)
class Case:
    """A benchmark of one program. `version`: of what a task means; cases of different versions are not compared, None
    where the program has no such thing. `detail` is the program's own."""

    name: str
    version: int | None = None
    why_not_gated: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Size:
    """How much one process does: `amount` (tasks or iterations) in each of `blocks` timed blocks, the same for both
    sides. `seconds`: how long such a process takes in all, start to end."""

    amount: int
    blocks: int
    seconds: float


class Contender(Protocol):
    """A program under test. Not thread-safe: one process runs at a time."""

    label: str  # for people: a commit or a path
    path: Path
    sha256: str

    def cases(self) -> list[Case]:
        """What it can measure. Raises Problem."""

    def size(self, case: Case, seconds: float) -> Size:
        """A size at which a process of this case takes about `seconds`, found by trying. Raises Failed."""

    def measure(self, case: Case, size: Size) -> float:
        """Time per task or iteration in ns, the median over the blocks of one fresh process. Raises Failed."""


def checked_program(path: Path) -> Path:
    """The path made absolute. Raises Problem when it is no program."""
    found = path.absolute()
    if not found.is_file():
        raise Problem(f"{path}: no such program")
    return found


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with regular_file(path) as file:
            for part in iter(lambda: file.read(1 << 20), b""):
                digest.update(part)
    except OSError as error:
        raise Problem(f"{path}: cannot be read: {error.strerror}") from None
    return digest.hexdigest()


def is_machine_code(path: Path) -> bool:
    """Whether the file is a program by itself (ELF): equal ones, with equal libraries, do the same. What a script runs is not in
    the script. Raises Problem."""
    try:
        with regular_file(path) as file:
            return file.read(4) == b"\x7fELF"
    except OSError as error:
        raise Problem(f"{path}: cannot be read: {error.strerror}") from None

"""Programs that say what they are told to say, in place of ones that measure."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import NamedTuple

from bench import BINARY, ROOT

DRAWN = BINARY.parent / "tests" / "programs" / "drawn"


class Drawn(NamedTuple):
    """How long an iteration is said to take: ns, normal with this relative standard deviation; in each `every`-th round
    `factor` times as long."""

    mean: float
    spread: float = 0.0
    factor: float = 1.0
    every: int = 1

    def times(self, factor: float) -> Drawn:
        return self._replace(mean=self.mean * factor)


def drawn_text(times: dict[str, Drawn], first: str = "", then: str = "", old: bool = False, turns: Path | None = None) -> str:
    """A script with Google Benchmark's command line (tests/programs/drawn.cpp). `first` and `then`: shell code that is run
    before everything, and before anything is measured. `turns`: the file that counts rounds."""
    words = [str(DRAWN), *(["--old"] if old else []), *(["--turns", str(turns)] if turns else [])]
    for name, drawn in times.items():
        words += ["--bench", name, *(f"{value:.9g}" for value in drawn)]
    measured = f'case "$*" in *--benchmark_list_tests=true*) ;; *)\n{then}\n;; esac\n' if then else ""
    return f"#!/bin/sh\n{first}\n{measured}exec {shlex.join(words)} \"$@\"\n"


# Sets `mine`, the number of this process's trial among all that have come here.
COUNTED = r"""
trials=0 mine=
: >>{file}
while read -r parent; do trials=$((trials + 1)); [ "$parent" = $PPID ] && mine=$trials; done <{file}
[ "$mine" ] || {{ mine=$((trials + 1)); echo $PPID >>{file}; }}
"""


def from_trial_on(number: int, benchmark: str, file: Path, act: str) -> str:
    """Shell code for `then`: acts from the benchmark's so many-th trial on, pilots included; `file` counts them."""
    counted = COUNTED.format(file=shlex.quote(str(file)))
    return f'case "$*" in *{benchmark}*)\n{counted}\nif [ $mine -ge {number} ]; then\n{act}\nfi\n;; esac'


def hang(reached: Path, before: str = ":") -> str:
    """Shell code that makes a file and sleeps, with a child that does so as well."""
    return f"{before}\nsleep 600 &\n: >{shlex.quote(str(reached))}\nsleep 600"


def example_text(changes: dict[str, str]) -> str:
    """docs/examples/program.py, which speaks the trial protocol, with these words in place of those."""
    text = (ROOT / "docs" / "examples" / "program.py").read_text("utf-8")
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return text


def program(path: Path, text: str | bytes) -> Path:
    """Written so that no process of a fork elsewhere holds it open for writing: that would be "text file busy"."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(path.name + ".new")
    made.write_bytes(text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text)
    made.chmod(0o755)
    os.replace(made, path)
    return path

"""How a commit becomes a program, with what, and why it did not."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mpmt.base.shown import shown
from mpmt.builds.process import Failed, output_of

# What changes the program without changing its source.
VARIABLES = ("CC", "CXX", "CPPFLAGS", "CFLAGS", "CXXFLAGS", "LDFLAGS", "LIBRARY_PATH", "CPATH", "CPLUS_INCLUDE_PATH",
             "CMAKE_TOOLCHAIN_FILE", "CMAKE_PREFIX_PATH", "PKG_CONFIG_PATH")
# Not the commit's fault: not remembered.
PASSING = re.compile(r"No space left on device|Disk quota exceeded|File too large|Cannot allocate memory|Killed signal"
                     r"|Could not resolve host|Connection (?:refused|timed out)")
# Lines that say why a build failed; and those that may, or may only mention it (a tool that was looked for).
CAUSE = re.compile(r"\berror:|\bCMake Error\b|undefined reference|: (?:command )?not found$", re.I)
COMPLAINT = re.compile(r"\b(?:error|fatal|not found)\b", re.I)
LOG_BYTES = 1 << 20  # of a log's end are looked at
ASKED_S = 30.0  # how long a tool may take to say what it is


@dataclass(frozen=True)
class Recipe:
    """How a commit becomes a program."""

    command: str  # run by `sh -c` in the top folder of a clean checkout
    binary: str  # the program, relative to that folder; NAME.build.json beside it is kept with it


MPMT_RECIPE = Recipe("cmake --preset release -D BUILD_TESTING=OFF && "
                     "cmake --build --preset release --target mpmt_build_identity", "build/release/mpmt")


def tools() -> dict[str, str]:
    """Compiler, CMake and the variables that they read."""
    found = {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}
    for name, command in (("c++", os.environ.get("CXX") or "c++"), ("cmake", "cmake")):
        found[f"{name} --version"] = ""  # another project may need neither
        with contextlib.suppress(Failed):
            _, said, _ = output_of([*command.split(), "--version"], ASKED_S)
            found[f"{name} --version"] = shown(said.decode("utf-8", "replace").partition("\n")[0], 160)
    return found


def outcome(code: int, log: IO[bytes]) -> str:
    """Why a build failed, with the first line that says so: later ones mostly say that something has failed. Empty if it did
    not."""
    if code == 0:
        return ""
    lines = [line.strip() for line in _end_of(log).splitlines() if line.strip()]
    why = _first(lines, CAUSE) or _first(lines, COMPLAINT) or (lines or [""])[-1]
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"the build failed ({how}){': ' + shown(why, 200) if why else ''}"


def _first(lines: list[str], pattern: re.Pattern[str]) -> str:
    """With the next one, where it ends in a colon (CMake's)."""
    for line, following in zip(lines, [*lines[1:], ""]):
        if pattern.search(line):
            return f"{line} {following}".rstrip() if line.endswith(":") else line
    return ""


def _end_of(log: IO[bytes]) -> str:
    log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_BYTES))
    return log.read().decode("utf-8", "replace")


def passing(code: int, log: IO[bytes]) -> bool:
    """Whether a build failed for a reason that may be gone next time."""
    return code < 0 or bool(PASSING.search(_end_of(log)))


def libraries_inside(binary: Path, tree: Path) -> str:
    """A shared library in the worktree that the program would load; empty if there is none."""
    return next((path for path in loaded_libraries(binary) if Path(path).resolve().is_relative_to(tree.resolve())), "")


def loaded_libraries(binary: Path) -> list[str]:
    """Paths of the shared libraries that the program would load; none for a script."""
    try:
        _, said, _ = output_of(["ldd", str(binary)], ASKED_S)
    except Failed:
        return []
    return re.findall(r"=> (/.*) \(0x", said.decode("utf-8", "replace"))

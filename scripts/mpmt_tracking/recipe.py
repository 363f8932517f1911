"""How a commit becomes a program, with what, and why it did not."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mpmt_schema import plain

# What changes the program without changing its source.
VARIABLES = ("CC", "CXX", "CPPFLAGS", "CFLAGS", "CXXFLAGS", "LDFLAGS", "LIBRARY_PATH", "CPATH", "CPLUS_INCLUDE_PATH",
             "CMAKE_TOOLCHAIN_FILE", "CMAKE_PREFIX_PATH", "PKG_CONFIG_PATH")
# Not the commit's fault: not remembered.
PASSING = re.compile(r"No space left on device|Disk quota exceeded|File too large|Cannot allocate memory|Killed signal"
                     r"|Could not resolve host|Connection (?:refused|timed out)")


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
        try:
            done = subprocess.run([*command.split(), "--version"], capture_output=True, stdin=subprocess.DEVNULL,
                                  timeout=30, check=False)
            found[f"{name} --version"] = plain(done.stdout.decode("utf-8", "replace").partition("\n")[0])
        except (OSError, subprocess.TimeoutExpired):
            found[f"{name} --version"] = ""  # another project may need neither
    return found


def outcome(code: int, log: Path) -> str:
    """Why a build failed, with the last line that says so; empty if it did not."""
    if code == 0:
        return ""
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    lines = [line.strip() for line in _end_of(log).splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"\b(?:error|fatal|undefined reference|not found)\b", line, re.I)]
    last = (telling or lines or [""])[-1]
    return f"the build failed ({how}){': ' + plain(last, 200) if last else ''}"


def _end_of(log: Path) -> str:
    with open(log, "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - (64 << 10)))
        return file.read().decode("utf-8", "replace")


def passing(code: int, log: Path) -> bool:
    """Whether a build failed for a reason that may be gone next time."""
    return code < 0 or bool(PASSING.search(_end_of(log)))


def libraries_inside(binary: Path, tree: Path) -> str:
    """A shared library in the worktree that the program would load; empty if there is none."""
    return next((path for path in loaded_libraries(binary) if Path(path).resolve().is_relative_to(tree.resolve())), "")


def loaded_libraries(binary: Path) -> list[str]:
    """Paths of the shared libraries that the program would load; none for a script."""
    try:
        done = subprocess.run(["ldd", str(binary)], capture_output=True, stdin=subprocess.DEVNULL, timeout=30,
                              check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return re.findall(r"=> (/.*) \(0x", done.stdout.decode("utf-8", "replace"))

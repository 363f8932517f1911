"""How a command starts: with a Python that has what it needs, whichever that is on this machine.

The first python3 on a PATH is often not the one whose packages the system installs (pyenv, a virtual environment). Whoever
starts a command need not know: if a package is missing here, or MPMT_PYTHON names another Python, the command goes on in the
first of $MPMT_PYTHON, python3 and /usr/bin/python3 that has them all.

As a program, `entrance.py GROUP` prints that Python, for scripts of the shell; it exits with 69 where there is none. This file
imports nothing that an old or bare Python lacks."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys

LEAST_VERSION = (3, 9)
EXIT_MISSING, EXIT_INTERRUPTED = 69, 130
# What each group of commands imports, as modules; scripts/packages.txt has the packages.
GROUPS: dict[str, tuple[str, ...]] = {
    "track": ("numpy", "scipy", "diskcache", "fastjsonschema", "regex", "tabulate"),
    "ask": ("numpy", "pandas", "fastjsonschema", "regex", "tabulate"),
    "plot": ("numpy", "scipy", "pandas", "matplotlib", "fastjsonschema", "regex"),
}
GROUPS["report"] = (*GROUPS["track"], "jinja2")
GROUPS["python"] = tuple(dict.fromkeys([*GROUPS["plot"], *GROUPS["report"]]))
GROUPS["test"] = (*GROUPS["python"], "pytest", "xdist")
_CHOSEN = "MPMT_PYTHON_CHOSEN"  # set for the Python that was chosen: it does not choose again


def enter(module: str, group: str) -> None:
    """Runs the command in `module` with the arguments of this process, and exits with its code, or with EXIT_MISSING where no
    Python has the packages of the group. Does not return."""
    if not os.environ.pop(_CHOSEN, "") and (_another_is_named() or _lacking(GROUPS[group])):
        try:
            python = chosen(GROUPS[group])
        except KeyboardInterrupt:
            sys.exit(EXIT_INTERRUPTED)
        if not python:
            sys.exit(EXIT_MISSING)
        os.environ[_CHOSEN] = "1"
        os.execv(python, [python, *sys.argv])
    sys.exit(importlib.import_module(module).main())


def _another_is_named() -> bool:
    named = os.environ.get("MPMT_PYTHON", "")
    return bool(named) and os.path.abspath(shutil.which(named) or named) != os.path.abspath(sys.executable)


def chosen(modules: tuple[str, ...]) -> str:
    """The path of a Python that has them all; empty: there is none, and standard error says what each lacks."""
    faults: list[str] = []
    for python in _candidates():
        fault = _fault(python, modules)
        if not fault:
            if faults and os.environ.get("MPMT_PYTHON"):
                print(f"python: MPMT_PYTHON is unfit ({faults[0].strip()}); using {python}", file=sys.stderr)
            return python
        faults.append(f"  {python} {fault}")
    _complain(modules, faults)
    return ""


def _candidates() -> list[str]:
    named = os.environ.get("MPMT_PYTHON", "")
    found = [shutil.which(python) for python in (named, "python3", "/usr/bin/python3") if python]
    return list(dict.fromkeys([*([named] if named and not found[0] else []), *(path for path in found if path)]))


def _lacking(modules: tuple[str, ...]) -> list[str]:
    """Of this Python. A module that is there but does not load is found out by the command."""
    old = [] if sys.version_info >= LEAST_VERSION else ["Python 3.9 or later"]
    return old + [name for name in modules if importlib.util.find_spec(name) is None]


def _fault(python: str, modules: tuple[str, ...]) -> str:
    """Why another Python will not do; empty: it will. It has to load them: a module may be there and broken."""
    lines = ["import sys", "sys.path = [path for path in sys.path if path]",  # nothing of the folder that somebody stands in
             "import importlib", f"lacking = [] if sys.version_info >= {LEAST_VERSION} else ['Python 3.9 or later']",
             f"for name in {modules!r}:", "    try: importlib.import_module(name)",
             "    except Exception: lacking.append(name)", "print('lacks ' + ', '.join(lacking) if lacking else 'fit')"]
    try:
        done = subprocess.run([python, "-c", "\n".join(lines)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return "does not run"
    said = done.stdout.strip()
    return "" if said == "fit" else said or "does not run"


def _complain(modules: tuple[str, ...], faults: list[str]) -> None:
    packages = [{"xdist": "pytest-xdist"}.get(name, name) for name in modules]
    lines = ["no Python has all modules that are needed:", *(faults or ["  there is no python3"]),
             "On Debian: apt-get install python3 " + " ".join(f"python3-{name}" for name in packages),
             f"Elsewhere: python3 -m venv .venv && .venv/bin/pip install {' '.join(packages)}, then export "
             "MPMT_PYTHON=.venv/bin/python"]
    for line in lines:
        print(f"python: {line}", file=sys.stderr)


if __name__ == "__main__":
    _python = chosen(GROUPS[sys.argv[1]])
    print(os.path.abspath(_python) if _python else "", end="\n" if _python else "")
    sys.exit(0 if _python else EXIT_MISSING)

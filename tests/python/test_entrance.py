"""A command goes on in a Python that has its packages, whichever is first on the PATH; else it says what each lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import PATIENCE_S, ROOT
from mpmt import entrance

UNAVAILABLE = 69
SYSTEM = "/usr/bin/python3"
# The last resort has what is needed: what it is here, is found out by a Python that has nothing.
FIT = subprocess.run([SYSTEM, "-c", "import " + ", ".join(entrance.GROUPS["python"])], capture_output=True, check=False) if (
    os.access(SYSTEM, os.X_OK)) else None
system_is_fit = pytest.mark.skipif(FIT is None or FIT.returncode != 0, reason=f"{SYSTEM} lacks packages")

Start = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """A script, started by the python3 that is first on the PATH: one without packages, unless the test puts another there."""
    bare = python(tmp_path / "bin" / "python3", "-S")

    def start_(script: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        path = f"{bare.parent}:{os.environ['PATH']}"
        return subprocess.run(["python3", ROOT / "scripts" / script, *map(str, arguments)], capture_output=True, text=True,
                              timeout=4 * PATIENCE_S, check=False, cwd=tmp_path, env={**os.environ, "PATH": path, **variables})
    return start_


def python(path: Path, *options: str, before: str = "") -> Path:
    """A Python at this path, started with these options; with -S it has no packages."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{before}\nexec {sys.executable} {' '.join(options)} \"$@\"\n")
    path.chmod(0o755)
    return path


@system_is_fit
@pytest.mark.parametrize(("script", "arguments"), [("plot.py", []), ("track.py", ["history"])])
def test_a_first_python_without_packages_gives_way_to_the_systems(start: Start, script: str, arguments: list[str]) -> None:
    done = start(script, *arguments, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(" ".join(["usage: mpmt", script[:-3], *arguments]))


@system_is_fit
def test_a_virtual_environment_without_packages_gives_way_as_well(start: Start, tmp_path: Path) -> None:
    """Its python3 is a link to the one that has them."""
    subprocess.run([SYSTEM, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True, timeout=PATIENCE_S)
    done = start("plot.py", "--help", PATH=f"{tmp_path / 'venv' / 'bin'}:{os.environ['PATH']}")
    assert (done.returncode, done.stderr) == (0, "")


def test_mpmt_python_is_taken_although_the_first_would_do(start: Start, tmp_path: Path) -> None:
    first, named = (python(tmp_path / folder / "python3", before=f"echo {folder} >> {tmp_path}/who")
                    for folder in ("first", "named"))
    done = start("plot.py", "--help", PATH=f"{first.parent}:{os.environ['PATH']}", MPMT_PYTHON=str(named))
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "who").read_text().split() == ["first", "named", "named"]  # it starts, the named is asked, and taken


@system_is_fit
@pytest.mark.parametrize("named", ["bare", "gone", "false"])
def test_an_unfit_mpmt_python_is_named_in_one_line_and_another_taken(start: Start, tmp_path: Path, named: str) -> None:
    path = {"bare": tmp_path / "bin" / "python3", "gone": tmp_path / "gone", "false": Path("/bin/false")}[named]
    done = start("plot.py", "--help", MPMT_PYTHON=str(path))
    why = "lacks numpy, scipy, " if named == "bare" else "does not run"
    assert done.returncode == 0 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"python: MPMT_PYTHON is unfit ({path} {why}")


def none_fits(tmp_path: Path, **variables: str) -> list[str]:
    """What is said where a package is needed that nobody has."""
    script = tmp_path / "script.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\nfrom mpmt import entrance\n"
                      "entrance.GROUPS['plot'] = ('no_such_package',)\nentrance.enter('mpmt.commands.plot', 'plot')\n")
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, timeout=PATIENCE_S, check=False,
                          env={**os.environ, **variables})
    assert (done.returncode, done.stdout) == (UNAVAILABLE, ""), done
    return done.stderr.splitlines()


def test_where_no_python_fits_each_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    bare = python(tmp_path / "bin" / "python3", "-S")
    lines = none_fits(tmp_path, MPMT_PYTHON="/bin/false", PATH=f"{bare.parent}:{os.environ['PATH']}")
    assert lines[:3] == ["python: no Python has all modules that are needed:", "python:   /bin/false does not run",
                         f"python:   {bare} lacks no_such_package"]
    assert lines[-2].startswith("python: On Debian: apt-get install ") and "MPMT_PYTHON" in lines[-1]
    assert all(line.startswith("python: ") for line in lines)


def test_nothing_of_the_folder_that_one_stands_in_is_run(start: Start, tmp_path: Path) -> None:
    """A checkout of somebody else's may hold a pandas.py."""
    (tmp_path / "pandas.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    start("plot.py", "--help")
    assert not (tmp_path / "ran").exists()

"""`mpmt ask`, `report`, `plot` and `track` become the package's scripts: as if those had been called themselves."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench import BINARY, Bench, source_of, with_file_over, with_signals

UNAVAILABLE = 69
EVERY = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)

# A python3 that tells how it was started; this file is its only output, since standard output may be closed.
TELLS = """#!/bin/sh
{ grep -E '^Sig(Blk|Ign)|^ShdPnd' /proc/self/status; cat /proc/self/limits; ls /proc/$$/fd; umask; } > TOLD 2>&1
"""
WAYS: dict[str, Sequence[str]] = {
    "as usual": (),
    "signals ignored": with_signals(ignored=EVERY),
    "signals blocked": with_signals(blocked=EVERY),
    "nothing ignored": ("env", "--default-signal"),
    "all ignored": ("env", "--ignore-signal"),
    "small stack": ("sh", "-c", 'ulimit -S -s 128 && exec "$@"', "sh"),
    "closed streams": ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"),
}


def python3(folder: Path, text: str) -> str:
    """The PATH on which a program of this text is the first python3."""
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").write_text(text)
    (folder / "bin" / "python3").chmod(0o755)
    return f"{folder / 'bin'}:{os.environ['PATH']}"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", ["ask", "report", "plot", "track"])
def test_a_script_starts_as_if_it_had_been_called_itself(bench: Bench, command: str, way: str) -> None:
    told = bench.folder / "told"
    bench.environment["PATH"] = python3(bench.folder, TELLS.replace("TOLD", str(told)))
    bench.run("x", binary=bench.folder / "bin" / "python3", under=WAYS[way])
    itself = told.read_text()
    told.unlink()
    assert bench.run(command, under=WAYS[way]).returncode == 0
    assert told.read_text() == itself


def test_a_script_gets_all_arguments_as_they_are_and_the_program_to_measure_with(bench: Bench) -> None:
    bench.environment["PATH"] = python3(bench.folder, '#!/bin/sh\nprintf "%s\\n" "$MPMT_BINARY" "$@"\n')
    arguments = ["--help", "compare", "--version", "", "a b", "--", "run", "--", "-h"]
    done = bench.run("track", *arguments)
    assert done.stdout.splitlines() == [str(BINARY.resolve()), str(source_of(BINARY) / "scripts" / "track.py"), *arguments]


def test_help_lists_them_and_theirs_is_their_own(bench: Bench) -> None:
    listed = bench.run("--help").stdout
    for command in ("ask", "report", "plot", "track"):
        assert f"\n  {command} " in listed
    assert bench.run("plot", "--help").stdout.startswith("usage: mpmt plot ")
    assert bench.run("track", "history", "--help").stdout.startswith("usage: mpmt track history ")


def test_messages_begin_with_the_command(bench: Bench) -> None:
    assert bench.run("plot", "none.json").stderr == "mpmt plot: none.json: cannot be read: No such file or directory\n"
    done = bench.run("track", "diff", "a", "b")
    assert (done.returncode, done.stderr) == (2, "mpmt track diff: a: cannot be read: No such file or directory\n")
    assert bench.run("track", "nonsense").stderr.splitlines()[-1].startswith("mpmt track: error: ")


def test_without_any_python_one_line_says_so(bench: Bench) -> None:
    if bench.island.why_not:
        pytest.skip(bench.island.why_not)
    nothing = bench.folder / "nothing"
    nothing.write_text("")
    under = [*with_file_over(nothing, "/usr/bin/python3"), "/usr/bin/env", "PATH=/nowhere"]
    for command in ("plot", "track"):
        done = bench.run(command, "--help", under=under)
        assert (done.returncode, done.stdout) == (UNAVAILABLE, "")
        assert done.stderr == (f"mpmt: {command}: no python3 can be started, neither of the PATH nor /usr/bin/python3 "
                               "(Permission denied); on Debian: apt-get install python3\n")


def test_a_path_without_python_is_no_obstacle(bench: Bench) -> None:
    assert bench.run("plot", "--help", under=["/usr/bin/env", "PATH=/nowhere"]).returncode == 0

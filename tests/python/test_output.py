"""What the scripts print where nobody reads it, where it cannot be written, and where there is hardly a stack."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import PATIENCE_S, ROOT, USAGE, until
from make_channel_record import make_record

ENDED_WITHIN_S = 1.0
SLACK = 5.0  # for a machine that does other things as well
DEADLINE_S = 120.0  # drawing takes long on a busy machine

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A script, started by a shell that may do things to its output first; `code` gets its exit code."""
    def run_(script: str, *arguments: object, redirect: str = "", before: str = "") -> subprocess.CompletedProcess[str]:
        command = f'{{ {before} "$@"; echo $? > "$CODE"; }} {redirect}'
        done = subprocess.run(["sh", "-c", command, "sh", sys.executable, str(ROOT / "scripts" / script), *map(str, arguments)],
                              capture_output=True, text=True, timeout=DEADLINE_S, cwd=tmp_path, check=False,
                              env={**os.environ, "CODE": str(tmp_path / "code"), "XDG_CACHE_HOME": str(tmp_path / "cache")})
        done.returncode = int((tmp_path / "code").read_text())
        return done
    return run_


@pytest.fixture(scope="module")
def misses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of which check_channels.py says that something misses."""
    slow = {"channel": "shm_ring", "wait": "yield", "placement": "spread"}
    path = tmp_path_factory.mktemp("record") / "record.json"
    path.write_text(json.dumps(make_record(channels=("shm_ring",), sizes=(64,), factors=((slow, 9.0),), bimodal=(),
                                           disturbed=())))
    return path


NAMES = {"check_channels.py": "check_channels.py", "plot.py": "mpmt plot", "track.py": "mpmt track diff"}
COMMANDS = {"check_channels.py": (), "plot.py": ("--format", "svg"), "track.py": ("diff",)}
# A reader that has gone, and says so through a FIFO before the script begins.
GONE, AFTER_GONE = '| { exec <&-; : > gone; }', 'read _ < gone;'
REDIRECTS = (GONE, ">&-", ">/dev/full")


@pytest.mark.parametrize(("script", "redirect"), [*((script, redirect) for script in ("check_channels.py", "track.py")
                                                    for redirect in REDIRECTS), ("plot.py", ">/dev/full")])
def test_what_cannot_be_written_is_no_answer(run: Run, misses: Path, tmp_path: Path, script: str, redirect: str) -> None:
    both = [misses, misses] if script == "track.py" else [misses]
    os.mkfifo(tmp_path / "gone")
    done = run(script, *COMMANDS[script], *both, redirect=redirect, before=AFTER_GONE if redirect == GONE else "")
    lines = done.stderr.splitlines()
    assert done.returncode == USAGE and len(lines) == 1, done
    assert lines[0].startswith(f"{NAMES[script]}: standard output cannot be written: "), lines
    assert bool(list(tmp_path.rglob("*.svg"))) is (script == "plot.py")  # figures are written although nobody reads of them


def test_with_a_reader_the_answer_is_the_exit_code(run: Run, misses: Path) -> None:
    assert run("check_channels.py", misses).returncode == 1
    assert run("check_channels.py", misses, redirect="2>&-").returncode == 1


# ---- signals -----------------------------------------------------------------------------------------------

TALKS = (f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\n"
         "from mpmt.base.command_line import command_line\n"
         "def work():\n"
         "    for _ in range(5000):\n        print('x' * 100)\n"
         "    return 0\n"
         "sys.exit(command_line('talks', work))\n")


SWALLOWS = (f"import os, signal, sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\n"
            "from mpmt.base.command_line import command_line, stop_if_interrupted\n"
            "def work():\n"
            "    try:\n        os.kill(os.getpid(), signal.SIGTERM)\n"
            "    except BaseException:\n        pass  # as libraries do while they are loaded\n"
            "    stop_if_interrupted()\n"
            "    return 0\n"
            "sys.exit(command_line('swallows', work))\n")


def test_a_signal_that_a_library_swallows_ends_a_script_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", SWALLOWS], capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (130, "swallows: interrupted\n")


@pytest.mark.parametrize("buffered", [True, False], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("errors", ["apart", "together"])
def test_a_signal_ends_a_script_whose_output_nobody_takes(errors: str, buffered: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    theirs, ours = os.pipe()
    script = subprocess.Popen([sys.executable, *([] if buffered else ["-u"]), "-c", TALKS], env=environment, stdout=ours,
                              stderr=ours if errors == "together" else subprocess.PIPE)
    try:
        until(lambda: not select.select([], [ours], [], 0)[1], "the script to wait for its reader")
        script.send_signal(signal.SIGTERM)
        assert script.wait(ENDED_WITHIN_S * SLACK) == 130
    finally:
        script.kill()
        script.communicate()
        os.close(ours)
        os.close(theirs)


# ---- stack -------------------------------------------------------------------------------------------------


def with_stack(kib: int, script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_STACK, (kib << 10, kib << 10))
    return subprocess.run([sys.executable, ROOT / "scripts" / script, *map(str, arguments)], capture_output=True, text=True,
                          timeout=DEADLINE_S, preexec_fn=limit, check=False)


@pytest.mark.parametrize("script", COMMANDS)
def test_a_tiny_stack_is_refused_in_one_line(script: str, misses: Path) -> None:
    done = with_stack(160, script, *COMMANDS[script], misses)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr == f"{NAMES[script]}: the stack may have 160 KiB, but Python needs 256: raise `ulimit -s`\n"


@pytest.mark.parametrize("text", ["[" * 900_000, '{"a":' * 900_000, "[" * 990 + "]" * 990], ids=["lists", "objects", "closed"])
def test_the_least_stack_is_enough_for_deep_files(text: str, tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text(text)
    for script, arguments in (("check_channels.py", [path]), ("track.py", ["diff", path, path])):
        done = with_stack(256, script, *arguments)
        assert done.returncode == USAGE and len(done.stderr.splitlines()) == 1, done


def test_the_least_stack_is_enough_to_draw(misses: Path, tmp_path: Path) -> None:
    done = with_stack(256, "plot.py", misses, "-o", tmp_path)
    assert done.returncode == 0 and list(tmp_path.glob("*.png")), done

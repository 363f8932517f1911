"""How scripts end, and what ends with them: inherited dispositions, signals, faults of their own, SIGKILL."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import as_usual
from bench import PATIENCE_S, ROOT, Island, marked, until, with_signals
from desk import QUICK, Desk
from fakes import from_trial_on, hang
from mpmt.base.endings import ENDING
from repository import Repository
from tracker import SCRIPT, Started


class Real:
    """The real scripts, started with dispositions of a test's choice."""

    def __init__(self, desk: Desk, island: Island) -> None:
        self.desk, self._island = desk, island
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, *arguments: object, ignored: Sequence[int] = (), blocked: Sequence[int] = (),
              script: Path = SCRIPT) -> subprocess.Popen[str]:
        command = [*with_signals(ignored, blocked), sys.executable, script, *arguments]
        self._processes.append(subprocess.Popen(
            self._island.command(self.desk.folder, command), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.desk.environment, start_new_session=True))
        return self._processes[-1]

    def run(self, *arguments: object, **options: Any) -> tuple[int, str, str]:
        started = self.start(*arguments, **options)
        out, err = started.communicate(timeout=PATIENCE_S)
        return started.returncode, out, err

    def clear(self) -> None:
        for started in self._processes:
            if started.returncode is None:
                started.kill()
                started.communicate(timeout=PATIENCE_S)


@pytest.fixture
def real(desk: Desk, island: Island) -> Iterator[Real]:
    made = Real(desk, island)
    yield made
    made.clear()


def hanging(desk: Desk, before: str = ":") -> tuple[Path, Path, Path]:
    """Two programs of which one hangs, after its pilots, and a file that appears when it does."""
    reached = desk.folder / "reached"
    then = from_trial_on(4, "BM_x", desk.folder / "trials", hang(reached, before))
    return desk.program("a"), desk.program("b", then=then), reached


# ---- SIGCHLD -----------------------------------------------------------------------------------------------


def test_with_sigchld_ignored_a_program_that_aborts_has_failed(real: Real) -> None:
    a, b = real.desk.program("a"), real.desk.program("b", then="kill -ABRT $$")
    code, out, err = real.run("compare", a, b, *QUICK, ignored=[signal.SIGCHLD])
    assert code == 5 and "SIGABRT" in out + err, (code, out, err)


def test_with_sigchld_ignored_a_failing_git_is_no_answer(real: Real) -> None:
    repository = Repository(real.desk.folder / "repository")
    repository.commit({"file": "x\n"})
    code, out, err = real.run("compare", "HEAD", "none", "--repo", repository.path, "--build", "true", "--binary", "x",
                              ignored=[signal.SIGCHLD])
    assert code == 2 and "'none': no such commit" in err, (code, out, err)


# ---- signals -----------------------------------------------------------------------------------------------


def test_what_it_was_told_to_ignore_it_ignores(real: Real) -> None:
    """nohup; a background job of sh. Its children, too."""
    a, b, reached = hanging(real.desk)
    started = real.start("compare", a, b, *QUICK, ignored=[signal.SIGHUP, signal.SIGINT])
    until(reached.exists, "a process that hangs")
    for number in (signal.SIGHUP, signal.SIGINT):
        started.send_signal(number)
    started.send_signal(signal.SIGTERM)
    _, err = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 130 and "Traceback" not in err


@pytest.mark.parametrize("number", ENDING)
def test_what_was_blocked_when_it_started_is_taken(real: Real, number: int) -> None:
    a, b, reached = hanging(real.desk)
    started = real.start("compare", a, b, *QUICK, blocked=ENDING)
    until(reached.exists, "a process that hangs")
    started.send_signal(number)
    _, err = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 130 and "Traceback" not in err


@pytest.mark.parametrize(("module", "name"), [("commands.plot", "mpmt plot"), ("checks.channels", "check_channels.py")])
def test_other_scripts_are_ended_by_what_is_not_ignored_only(real: Real, module: str, name: str, tmp_path: Path) -> None:
    waits = tmp_path / "record.json"  # reading it lasts until somebody writes
    os.mkfifo(waits)
    path = tmp_path / "script.py"
    path.write_text(f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\nimport os\nimport mpmt.{module} as s\n"
                    f"def wait(*_):\n    print('here', flush=True)\n    open({str(waits)!r}).read()\n"
                    "s.load_records = s.load_runs = wait\nsys.exit(s.main())\n")
    started = real.start("some.json", ignored=[signal.SIGHUP], script=path)
    assert started.stdout.readline() == "here\n"
    started.send_signal(signal.SIGHUP)
    started.send_signal(signal.SIGTERM)
    _, err = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 130 and err == f"{name}: interrupted\n"


def test_a_command_is_run_as_if_nothing_had_been_ignored(real: Real) -> None:
    code, out, err = real.run("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status", script=Path(as_usual.__file__),
                              ignored=[*ENDING, signal.SIGCHLD], blocked=ENDING)
    assert code == 0, err
    blocked, ignored = (int(line.split()[1], 16) for line in out.splitlines())
    assert not any((blocked | ignored) & 1 << (number - 1) for number in (*ENDING, signal.SIGCHLD, signal.SIGPIPE))


# ---- faults of its own -------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["commands.track", "commands.plot", "checks.channels"])
@pytest.mark.parametrize("fault", ["raise RuntimeError('odd')", "raise MemoryError", "sys.stderr.close(); raise ValueError"])
def test_no_fault_leaves_with_an_answers_exit_code(real: Real, module: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\nimport mpmt.{module} as s\n"
                    f"def fail(*_):\n    {fault}\ns.parse = s.parse_arguments = fail\nsys.exit(s.main())\n")
    started = real.start(script=path)
    _, err = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 2 and ("this is a fault of" in err or "close" in fault), (started.returncode, err)


def test_a_message_that_cannot_be_written_costs_no_exit_code(real: Real) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    started = subprocess.Popen([sys.executable, SCRIPT, "compare", "a"], stderr=writer, stdout=writer,
                               env=real.desk.environment)
    os.close(writer)
    assert started.wait(PATIENCE_S) == 2


# ---- SIGKILL -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [":", "setsid sleep 600 &"], ids=["a child", "a daemon"])
def test_a_killed_compare_leaves_nothing_running_and_the_next_sweeps(desk: Desk, before: str) -> None:
    a, b, reached = hanging(desk, before)
    started = desk.start("compare", a, b, *QUICK)
    until(reached.exists, "a process that hangs")
    killed_and_swept(desk, started)


def killed_and_swept(desk: Desk, started: Started) -> None:
    """Of the killed `mpmt run` no journal stays, of which later ones would complain."""
    started.kill(signal.SIGKILL)
    assert started.wait().code in (-signal.SIGKILL, 0)
    until(lambda: not marked(desk.mark), "what it had started to end", 5)
    done = desk.compare(desk.program("c"), desk.program("d"))
    assert done.code == 0 and "left as it is" not in done.err, done
    desk.expect_nothing_left()


def test_a_compare_that_is_killed_at_any_moment_leaves_nothing_running(desk: Desk) -> None:
    seed = int(os.environ.get("MPMT_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
    print(f"MPMT_SEED={seed}")
    draw = random.Random(seed)
    a, b = desk.program("a"), desk.program("b")
    for _ in range(int(os.environ.get("MPMT_KILLS", "5"))):
        started = desk.start("compare", a, b, *QUICK)
        time.sleep(draw.uniform(0, 2.5))
        killed_and_swept(desk, started)


def test_a_killed_track_leaves_no_build_running(desk: Desk) -> None:
    repository, reached = Repository(desk.folder / "repository"), desk.folder / "reached"
    commit = repository.commit({"build.sh": f"(setsid sleep 600 & sleep 600) & touch {reached}\nwait\n"})
    started = desk.start("compare", commit, commit, "--repo", repository.path, "--build", "sh build.sh", "--binary", "x",
                         *QUICK)
    until(reached.exists, "the build to run")
    started.kill(signal.SIGKILL)
    started.wait()
    until(lambda: not marked(desk.mark), "what the build had started to end", 5)


# ---- files and commits of one name -------------------------------------------------------------------------


def test_a_file_named_like_a_tag_is_said_to_be_both(desk: Desk) -> None:
    repository = Repository(desk.folder / "repository")
    commit = repository.commit({"file": "x\n"})
    repository.git("tag", "v1")
    desk.program("repository/v1")
    done = desk.run("compare", "v1", desk.program("b"), *QUICK, cwd=repository.path)
    assert done.code == 2 and f"'v1' is both a file and a commit, {commit[:12]}: write ./v1 for the file" in done.err
    assert desk.compare("./v1", desk.program("b"), cwd=repository.path).code == 0



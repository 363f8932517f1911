"""What python_pools.py does when a task, a worker or the program itself fails, and what its executors promise."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import Process, marked, until
from pools import END, EXECUTORS, POOLS, PROCESSES, PROGRAM, PROGRAMS, PYTHON, RUN, case, expect_failure, ready
from test_trial_example import Conversation

PROBE = str(Path(__file__).with_name("python_pool_probe.py"))
LONG: dict = {"type": "run", "tasks": 4000}


@pytest.fixture
def short(mark: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files whose name leaves room for that of a socket: unix(7) allows 107 bytes."""
    found = Path(tempfile.mkdtemp(prefix="m", dir="/tmp"))
    monkeypatch.setenv("TMPDIR", str(found))
    yield found
    left = os.listdir(found)
    shutil.rmtree(found)
    assert left == []


@pytest.fixture
def talk(mark: str, short: Path) -> Iterator[Conversation]:
    """Of what it starts nothing may be left, neither processes (`mark` sees to that) nor temporary files."""
    made = Conversation(PROGRAM)
    yield made
    made.trial.kill()
    made.trial.communicate()


def probe(executor: str, name: str) -> object:
    ended = subprocess.run([PYTHON, PROBE, str(PROGRAMS), executor, name], capture_output=True, text=True, timeout=30)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def say(talk: Conversation, message: dict) -> None:
    assert talk.trial.stdin
    talk.trial.stdin.write(json.dumps(message) + "\n")
    talk.trial.stdin.flush()


def hear(talk: Conversation) -> dict:
    assert talk.trial.stdout
    return json.loads(talk.trial.stdout.readline())


@pytest.mark.parametrize("executor", POOLS)
def test_the_shortest_is_completed_first(short: Path, executor: str) -> None:
    assert probe(executor, "order") == [0.0, 1.5, 3.0]


@pytest.mark.parametrize("executor", [name for name in EXECUTORS if name != "python_interpreter_pool"])
def test_only_threads_see_what_a_worker_has_written(short: Path, executor: str) -> None:
    seen = [] if executor in PROCESSES else ["by a worker"]
    assert probe(executor, "isolation") == ["nothing", *seen]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_error_crosses_with_its_text_and_the_pool_stays_usable(short: Path, executor: str) -> None:
    assert probe(executor, "error") == ["one, two; drei", [0.0] * 5]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_task_that_fails_is_named(talk: Conversation, mark: str, executor: str) -> None:
    """Here the echo server is gone, the one child that is no worker of any kind."""
    answer = ready(talk, case(executor, "loopback_echo", grain=1))
    workers = {worker["pid"] for worker in answer["workers"]}
    others = [process for process in marked(mark) if process.parent == talk.trial.pid and process.pid not in workers
              and process.arguments == PROGRAM]
    assert len(others) == 1
    os.kill(others[0].pid, signal.SIGKILL)
    until(lambda: not others[0].alive(), "the server to end")
    expect_failure(talk.ask(RUN), "error", "worker ", "task ", "echo server at 127.0.0.1:")
    assert talk.close() == (0, "")


@pytest.mark.parametrize("executor", PROCESSES)
def test_a_worker_that_is_killed_at_work_is_named(talk: Conversation, executor: str) -> None:
    worker = ready(talk, case(executor, "sleep_wait", grain=10_000))["workers"][1]
    say(talk, LONG)
    until(lambda: wakes(worker["pid"]) > 5, "the worker to work")
    os.kill(worker["pid"], signal.SIGKILL)
    expect_failure(hear(talk), "worker_died", f"{worker['pid']} was killed by SIGKILL")
    assert talk.close() == (0, "")


def wakes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])


@pytest.mark.parametrize("executor", PROCESSES)
def test_a_worker_that_is_killed_at_rest_is_told_of_when_next_asked(talk: Conversation, executor: str) -> None:
    worker = ready(talk, case(executor))["workers"][0]
    talk.ask(RUN)
    os.kill(worker["pid"], signal.SIGSEGV)
    until(lambda: not running(worker["pid"]), "the worker to end")
    expect_failure(talk.ask(RUN if executor != "python_process" else END), "worker_died",
                   f"{worker['pid']} was killed by SIGSEGV")
    assert talk.close() == (0, "")


def running(pid: int) -> bool:
    """Any of its threads: the first may be gone before the others."""
    try:
        return any(task.joinpath("stat").read_text("utf-8").rpartition(") ")[2][0] not in "ZX"
                   for task in Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return False


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("moment", ["resting", "working"])
def test_nothing_outlives_a_program_that_is_killed(talk: Conversation, mark: str, executor: str, moment: str) -> None:
    ready(talk, case(executor, "loopback_echo", grain=1000))
    if moment == "working":
        say(talk, LONG)
    assert len(marked(mark)) >= 2  # it has the echo server at least
    talk.trial.kill()
    until(lambda: not marked(mark), "all processes to end", 5)


@pytest.mark.parametrize("executor", PROCESSES)
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_nothing_outlives_a_program_that_is_killed_while_workers_start(talk: Conversation, mark: str, short: Path,
                                                                       executor: str, processes: int) -> None:
    say(talk, case(executor, workers=8, warmup_tasks=2000))
    until(lambda: len(marked(mark)) > processes, "a child")
    talk.trial.kill()
    until(lambda: not marked(mark), "all processes to end", 5)
    # Of Python's fork server, whose socket has a name until all workers are there; or what tempfile tries a folder with.
    for left in short.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


@pytest.mark.parametrize("executor", PROCESSES)
def test_a_trial_at_rest_has_nothing_with_a_name(talk: Conversation, short: Path, executor: str) -> None:
    """Its process group may be killed, and with it all who would tidy up."""
    ready(talk, case(executor))
    maps = Path(f"/proc/{talk.trial.pid}/maps").read_text("utf-8").splitlines()
    semaphores = [line for line in maps if "/dev/shm/sem." in line]
    assert semaphores and all(line.endswith("(deleted)") for line in semaphores)
    assert os.listdir(short) == []


@pytest.mark.parametrize("executor", EXECUTORS)
def test_it_ends_when_nobody_asks_any_more(talk: Conversation, mark: str, executor: str) -> None:
    ready(talk, case(executor, "loopback_echo", grain=1))
    assert talk.close() == (0, "")
    until(lambda: not marked(mark), "all processes to end", 5)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_children_hold_neither_its_input_nor_its_output(talk: Conversation, mark: str, executor: str) -> None:
    ready(talk, case(executor, "loopback_echo", grain=1))
    assert talk.trial.stdin and talk.trial.stdout
    wires = {os.readlink(f"/proc/self/fd/{end.fileno()}") for end in (talk.trial.stdin, talk.trial.stdout)}
    for process in marked(mark):
        if process.pid != talk.trial.pid:
            assert not wires & set(descriptors(process)), process


def descriptors(process: Process) -> list[str]:
    found = []
    for entry in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            found.append(os.readlink(entry))
        except OSError:
            continue  # closed meanwhile
    return found


@pytest.mark.parametrize("executor", POOLS)
def test_it_uses_no_cpu_between_blocks(talk: Conversation, mark: str, executor: str) -> None:
    """Of no thread: who sleeps does not switch either."""
    ready(talk, case(executor, warmup_tasks=10))
    talk.ask(RUN)

    def counts() -> list[tuple[str, int]]:
        return [(str(task), wakes(int(task.name))) for process in marked(mark)
                for task in Path(f"/proc/{process.pid}/task").iterdir()]
    until(lambda: all(settled(counts)), "all to sleep")
    before = counts()
    time.sleep(0.25)  # nothing can be waited for: nothing is to happen
    assert counts() == before


def settled(counts: object) -> list[bool]:
    first = counts()
    time.sleep(0.25)  # who is to wake may have to wait for a CPU
    return [first == counts()]

"""`mpmt ask` as it is typed: usage, the dialogue on a terminal, short real runs, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import PATIENCE_S, ROOT, Bench, finish, kill_and_reap, until
from asked import CATALOGUE
from mpmt.asking import catalogue, dialogue
from mpmt.asking.question import Wish
from mpmt.base.problem import Problem

SCRIPT = ROOT / "scripts" / "ask.py"
LONG_S = 3 * PATIENCE_S  # what is asked for takes some seconds of a machine that others use as well
SHORT = ("--budget", "5")
USAGE, NOTHING, INTERRUPTED = 2, 5, 130


@pytest.fixture
def ask(bench: Bench) -> Any:
    bench.environment["MPMT_BINARY"] = str(Path(os.environ.get("MPMT_BINARY", ROOT / "build/release/mpmt")).absolute())

    def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        done = finish(start(*arguments, **options), LONG_S)
        assert "Traceback" not in done.stderr and "fault" not in done.stderr, done.stderr
        return done

    def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        return bench.start(SCRIPT, *arguments, binary=sys.executable, **options)
    run.start = start  # type: ignore[attr-defined]
    return run


# ---- usage -------------------------------------------------------------------------------------------------


def test_without_a_case_and_a_terminal_one_line_says_how(ask: Any) -> None:
    done = ask()
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr == ("mpmt ask: describe the case, such as `mpmt ask --task 50us --payload 2Ki --workers 2` (mpmt ask "
                           "--help has all options)\n")


@pytest.mark.parametrize(("arguments", "option"), [
    (["--task", "50"], "--task"), (["--payload", "2Gi"], "--payload"), (["--workers", "0"],
                                                                        "--workers"), (["--kind", "x\x1b[2J"], "--kind"),
    (["--like", "::error::x"], "--like"), (["--waiting", "100%"], "--waiting"), (["--budget", "nan"],
                                                                                 "--budget"), (["--margin", "0"], "--margin"),
    (["--channel", "a b"], "--channel"), (["--command", "a=x"],
                                          "--command"), (["--command", "a=x", "--command", "b=y", "--task", "1ms"], "--task"),
    (["--task", "1ms", "--keep", "/dev/null/x"], "--keep"), (["--task", "1ms", "--keep", "\udcff/\x01"], "--keep")])
def test_what_cannot_be_asked_is_refused_in_one_line_that_names_the_option(ask: Any, arguments: list[str], option: str,
                                                                           bench: Bench) -> None:
    (bench.cwd / os.fsdecode(b"\xff")).write_text("no folder")
    done = ask(*map(os.fsencode, arguments)) if "\udcff" in arguments[-1] else ask(*arguments)
    assert (done.returncode, done.stdout) == (USAGE, "")
    last = done.stderr.splitlines()[-1]
    assert option in last and "\x1b" not in done.stderr and not last.startswith("::")


def test_an_mpmt_that_is_none_is_named(ask: Any, bench: Bench) -> None:
    bench.environment["MPMT_BINARY"] = "/bin/true"
    done = ask("--task", "1ms")
    assert (done.returncode, done.stderr) == (USAGE, "mpmt ask: /bin/true: `mpmt list --json` is not what these scripts read: "
                                                     "is it as new as they are?\n")


def test_the_catalogue_of_the_binary_is_read(ask: Any, binary: Path) -> None:
    found = catalogue.of(binary)
    assert {"cpu", "wait", "file", "copy", "hand_over"} <= set(found.questions())
    assert all(found.typical(question) for question in found.questions())
    assert found.channels["shm_ring"].joins_both and not found.channels["by_reference"].joins_both


# ---- short real runs ---------------------------------------------------------------------------------------


def test_a_case_is_answered_and_its_records_are_kept(ask: Any, bench: Bench) -> None:
    done = ask("--kind", "hand_over", "--workers", "1", "--channel", "shm_ring", "--budget", "10", "--json", "--keep", "kept")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["format"] == "mpmt-answer" and document["sentence"].endswith(".")
    assert document["verdict"] in ("a", "b", "same", "undecided", "unstable") and document["table"]["rows"]
    kept = sorted((bench.cwd / "kept").iterdir())
    assert document["records"] == [f"kept/{path.name}" for path in kept] and kept
    assert json.loads(kept[0].read_text())["context"]["suite"] == "mpmt"


def test_two_commands_are_set_against_each_other(ask: Any) -> None:
    done = ask("--command", "quick=true", "--command", "slow=sleep 0.02", *SHORT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(("quick: ", "Undecided between quick and slow", "Unstable", "Too few rounds"))
    assert "mpmt ask --command quick=true --command 'slow=sleep 0.02'" in done.stdout


def test_a_command_that_fails_is_no_answer(ask: Any) -> None:
    done = ask("--command", "a=false", "--command", "b=true", *SHORT)
    assert (done.returncode, done.stdout) == (NOTHING, "") and "exit" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_interrupts_it_finds_nothing_left(ask: Any, bench: Bench, number: int) -> None:
    started = ask.start("--task", "20us", "--workers", "2", "--channel", "shm_ring", "--budget", "60")
    until(lambda: any(process.is_trial for process in bench.processes()) and bench.temporary.iterdir(), "a trial")
    started.send_signal(number)
    done = finish(started)
    assert done.returncode == INTERRUPTED and "Traceback" not in done.stderr, done.stderr
    assert list(bench.temporary.iterdir()) == []  # and of processes the bench sees to it


def test_who_kills_it_leaves_no_process(ask: Any, bench: Bench) -> None:
    started = ask.start("--task", "20us", "--workers", "2", "--channel", "shm_ring", "--budget", "60")
    until(lambda: any(process.is_trial for process in bench.processes()), "a trial")
    kill_and_reap(started)
    until(lambda: not bench.processes(), "all processes to end", 5)
    assert ask("--like", "nonsense").returncode == USAGE  # sweeps what is left of it
    assert list(bench.temporary.iterdir()) == []


# ---- the dialogue ------------------------------------------------------------------------------------------


def answered(*lines: str) -> tuple[Wish, list[str]]:
    """What comes of these answers, and what was asked."""
    said: list[str] = []
    left: Iterator[str] = iter([f"{line}\n" for line in lines])
    return dialogue.asked(Wish(), CATALOGUE, 2, said.append, lambda: next(left, "")), [line for line in said
                                                                                       if line.endswith("]")]


def test_enter_five_times_is_an_answer() -> None:
    wish, questions = answered("", "", "", "", "")
    assert wish == Wish(kind="cpu", task_ns=100e3, payload=0, workers=(2,)) and len(questions) == 5


@pytest.mark.parametrize(("kind", "questions"), [("wait", 5), ("mix", 5), ("file", 5), ("copy", 4), ("hand_over", 4)])
def test_what_makes_no_sense_for_a_kind_is_not_asked(kind: str, questions: int) -> None:
    assert len(answered(kind, *[""] * (questions - 1))[1]) == questions


def test_an_answer_that_is_none_is_asked_for_once_more() -> None:
    wish, questions = answered("nonsense", "wait", "soon", "2ms", "", "1,2", "perhaps", "yes")
    assert (wish.kind, wish.task_ns, wish.workers, wish.must_survive_crash) == ("wait", 2e6, (1, 2),
                                                                                True) and len(questions) == 8


def test_answers_that_end_are_a_problem() -> None:
    with pytest.raises(Problem, match="not answered to the end"):
        answered("cpu", "")


def talked(bench: Bench, terminal: int, answers: list[bytes]) -> str:
    """What stands on the terminal in the end: each answer is given once one is waited for."""
    text, deadline = b"", time.monotonic() + PATIENCE_S
    for given in answers:
        asked = text.count(b"> ") + 1
        while text.count(b"> ") < asked:
            assert select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0], text
            text += os.read(terminal, 1 << 16)
        os.write(terminal, given)
    return text.decode()


def test_on_a_terminal_it_asks_and_ctrl_c_there_ends_it(ask: Any, bench: Bench) -> None:
    terminal, theirs = pty.openpty()
    try:
        started = ask.start(stdin=theirs, stderr=theirs, stdout=subprocess.PIPE)
        text = talked(bench, terminal, [b"cpu\n", b"nonsense\n"])
        assert "What does a task do? [cpu]" in text
        until(lambda: select.select([terminal], [], [], 0)[0], "the next question")
        started.send_signal(signal.SIGINT)
        assert started.wait(PATIENCE_S) == INTERRUPTED
        os.close(theirs)
        theirs = -1
    finally:
        os.close(terminal)
        if theirs >= 0:
            os.close(theirs)

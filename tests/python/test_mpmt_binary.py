"""Trials of mpmt that behave, and ones that do not: each gives a figure or one line that says what went wrong."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bench import BINARY
from fakes import CASE, program, trial_text
from mpmt.base.problem import NothingMeasured, Problem
from mpmt.builds import process
from mpmt.measuring import contender, mpmt_binary
from mpmt.measuring.campaign import Campaign, Progress
from mpmt.measuring.comparison import NOT_COMPARED, rows_of
from mpmt.measuring.contender import Case, Failed, Size, Unsupported
from mpmt.measuring.experiment import Rules
from mpmt.measuring.mpmt_binary import MpmtBinary

pytestmark = pytest.mark.usefixtures("mark")
AT_ONCE_S = 20.0  # what must not wait for a deadline of its own, which is longer


def trial_of(tmp_path: Path, text: str) -> MpmtBinary:
    return MpmtBinary(program(tmp_path / "fake", text), "B")


def test_a_trial_that_behaves_is_sized_and_measured(tmp_path: Path) -> None:
    fake = trial_of(tmp_path, trial_text(ns=50_000))
    case, = fake.cases()
    assert (case.name, case.version, case.why_not_gated) == ("hash_chain/serial", 1, "")
    size = fake.size(case, 0.2)
    assert size.amount % 2 == 0 and 1 <= size.blocks <= contender.REPETITIONS
    assert 0 < size.seconds and size.amount * size.blocks * 50_000 / 1e9 <= 0.25
    assert fake.measure(case, size) == 50_000
    assert fake.machine_key() == "0123456789ab"
    assert len(fake.sha256) == 64


def test_the_figure_of_a_process_is_the_median_of_its_blocks(tmp_path: Path) -> None:
    fake = trial_of(tmp_path, trial_text("if number < 3: answer['wall_ns'] = [700, 400, 100000][number]"))
    assert fake.measure(Case("x", detail=CASE), Size(2, 3, 0.1)) == 350


@pytest.mark.parametrize(("then", "said"), [
    ("os._exit(0)", "the trial exited with 0"),
    ("sys.exit('no more\\nfoo: bar')", "the trial exited with 1: foo: bar"),
    ("os.kill(os.getpid(), 11)", "the trial was killed by SIGSEGV"),
    ("os.kill(os.getpid(), 40)", "the trial was killed by signal 40"),
    ("answer = 'hello'", "not an answer of the trial protocol: hello"),
    ("answer = '[1]'", r"not an answer of the trial protocol: \[1\]"),
    ("answer = '\"type\"'", "not an answer"), ("answer = '[' * 100000", "not an answer"), ("answer = ''", "not an answer"),
    ("answer = '\\x1b[31m'", r"not an answer of the trial protocol: \\x1b\[31m"),
    ("answer = {'type': 'done'} if number == 0 else answer", "answered 'done' where 'block' is due"),
    ("answer = {'type': ['block']}", "where 'block' is due"),
    ("answer['tasks'] += 1", "a block had 5 tasks where 4 were asked for"),
    ("answer.pop('tasks', 0)", "a block had None tasks"),
    ("answer.pop('wall_ns', 0)", "block.wall_ns is None, not a positive integer"),
    *((f"answer['wall_ns'] = {value}", "block.wall_ns is .*, not a positive integer") for value in
      ("0", "-5", "1.5", "float('nan')", "float('inf')", "'1'", "None", "True", "10 ** 400", "[1]")),
    ("answer = {'type': 'failed', 'status': 'wrong_checksum', 'error': 'task 3'}", "^wrong_checksum: task 3$"),
    ("answer = {'type': 'failed'}", "^error: $"),
    ("answer = {'type': 'failed', 'status': ['x'], 'error': {'a': '\\x1b[2J\\n'}}", r"^[^\x1b\n]*$"),
    ("os.close(1); time.sleep(600)", "the trial closed its output"),
    ("answer['type'] = 'done'; say(answer); os._exit(0)", "answered 'done' where 'block'"),
    ("if answer['type'] == 'done': say(answer); sys.exit(3)", "the trial exited with 3"),
])
def test_a_trial_that_misbehaves_gives_no_figure_but_a_reason(tmp_path: Path, then: str, said: str) -> None:
    fake, start = trial_of(tmp_path, trial_text(then)), time.monotonic()
    with pytest.raises(Failed, match=said):
        fake.measure(Case("x", detail=CASE), Size(4, 2, 10.0))
    assert time.monotonic() - start < AT_ONCE_S


def test_what_is_unsupported_here_is_not_compared_and_no_failure(tmp_path: Path) -> None:
    fake = trial_of(tmp_path, trial_text("answer = {'type': 'failed', 'status': 'unsupported', 'error': 'no such device'}"))
    with pytest.raises(Unsupported, match="^unsupported: no such device$"):
        fake.measure(Case("x", detail=CASE), Size(4, 2, 10.0))
    case = Case("x", detail=CASE)
    outcome = Campaign(fake, fake, [(case, case)], Rules(), {}, 1.0, 1, Progress()).run()
    assert [(row.verdict, row.note) for row in rows_of(outcome)] == [(NOT_COMPARED, "unsupported: no such device")]


@pytest.mark.parametrize("then", ["time.sleep(600)", "if answer['type'] == 'done': say(answer); time.sleep(600)",
                                  "while True: sys.stdout.write('x'); sys.stdout.flush(); time.sleep(0.01)"])
def test_a_trial_that_is_silent_is_killed_at_its_deadline(tmp_path: Path, then: str) -> None:
    fake = program(tmp_path / "fake", trial_text(then))
    with pytest.raises(Failed, match="timed_out: no answer before the deadline|did not end after its last answer"):
        with process.Conversation([str(fake), "trial"], 0.5) as trial:
            trial.ask({"type": "case", "tasks": 2}, "ready")
            trial.ask({"type": "run"}, "block")
            trial.ask({"type": "end"}, "done")
            trial.finish()


def test_a_line_without_end_is_not_read_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_LINE", 1 << 20)
    fake = trial_of(tmp_path, trial_text("while True: sys.stdout.write('x' * 65536)"))
    with pytest.raises(Failed, match="said a line of more than 1 MiB"):
        fake.measure(Case("x", detail=CASE), Size(4, 2, 10.0))


def test_a_child_that_a_trial_leaves_behind_holds_nothing_up(tmp_path: Path) -> None:
    fake, start = trial_of(tmp_path, trial_text("if number == 0 and os.fork() == 0: time.sleep(600)")), time.monotonic()
    assert fake.measure(Case("x", detail=CASE), Size(4, 2, 100.0)) == 100_000
    assert time.monotonic() - start < AT_ONCE_S


def test_a_trial_whose_blocks_take_no_time_is_not_made_longer_without_end(tmp_path: Path) -> None:
    fake = trial_of(tmp_path, trial_text("if answer['type'] == 'block': answer['wall_ns'] = 1"))
    with pytest.raises(Failed, match="tasks take only 1e-09 s"):
        fake.size(Case("x", detail=CASE), 1000.0)


def test_a_pilot_is_given_a_minute_and_not_twenty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(mpmt_binary, "Conversation", lambda command, deadline_s: asked.append(deadline_s) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        trial_of(tmp_path, trial_text()).size(Case("x", detail=CASE), 0.2)
    assert asked == [mpmt_binary.DEADLINE_S + 1]


@pytest.mark.parametrize(("plan", "said"), [
    ("no JSON", "did not answer in JSON"), ("[" * 100000, "did not answer in JSON"), ("[]", "its plan is of version None"),
    ({"plan_version": 2, "cases": []}, "its plan is of version 2, but this script reads version 1"),
    ({"plan_version": 1}, "its plan has no usable field 'cases'"), ({"plan_version": 1, "cases": 3}, "no usable field"),
    *(({"plan_version": 1, "cases": [{**CASE, field: value}]}, f"no usable field.*{name}")
      for field, value, name in (("divides", 0, "divides"), ("divides", -2, "divides"), ("divides", "2", "divides"),
                                 ("name", "", "name"), ("name", 7, "name"), ("bench_version", None, "bench_version"),
                                 ("case", {}, "placement"))),
])
def test_a_plan_that_cannot_be_used_is_refused_by_name(tmp_path: Path, plan: object, said: str) -> None:
    with pytest.raises(Problem, match=f"^B: .*{said}"):
        trial_of(tmp_path, trial_text(plan=plan)).cases()


@pytest.mark.parametrize("machine", ["", "{}", {"key": 5}, {"key": "short"}, {"key": "../../../x/y"}, [1]])
def test_a_machine_key_that_is_none_is_refused(tmp_path: Path, machine: object) -> None:
    with pytest.raises(Problem, match="^B: "):
        trial_of(tmp_path, trial_text(machine=machine)).machine_key()


def test_a_plan_that_matches_nothing_or_fails_says_so(tmp_path: Path) -> None:
    with pytest.raises(NothingMeasured):
        trial_of(tmp_path, trial_text(code=5)).cases()
    with pytest.raises(Problem, match="exited with 2"):
        trial_of(tmp_path, trial_text(code=2)).cases()


def test_unpinned_cases_are_not_gated(tmp_path: Path) -> None:
    plan = {"plan_version": 1, "cases": [{**CASE, "case": {"placement": "free"}}]}
    assert trial_of(tmp_path, trial_text(plan=plan)).cases()[0].why_not_gated.startswith("not pinned")


@pytest.mark.usefixtures("binary")
@pytest.mark.parametrize("workload", ["hash_chain", "empty"])
def test_mpmt_itself_is_a_contender(workload: str) -> None:
    mpmt = MpmtBinary(BINARY, "A", ["--workload", workload, "--executor", "serial", "--grain", "1"])
    case = mpmt.cases()[0]
    assert case.name.startswith(f"{workload}/serial/")
    assert len(mpmt.machine_key()) == 12
    size = mpmt.size(case, 0.05)
    assert size.amount >= 1 and size.seconds < 5
    assert 0 < mpmt.measure(case, size) < 1e9


@pytest.mark.usefixtures("binary")
def test_mpmt_says_which_option_it_does_not_know() -> None:
    with pytest.raises(Problem, match="exited with 2.*--nonsense"):
        MpmtBinary(BINARY, "A", ["--nonsense"]).cases()
    with pytest.raises(NothingMeasured):
        MpmtBinary(BINARY, "A", ["--benchmark_filter", "nothing is called that"]).cases()

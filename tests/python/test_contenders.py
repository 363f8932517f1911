"""Programs under test that behave, and ones that do not: each gives a figure or one line that says what went wrong, in time,
and no process stays."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import BINARY, MARK, until
from fakes import CASE, google_text, program, trial_text
from mpmt_tracking import contender, mpmt_binary, process
from mpmt_tracking.campaign import Campaign, Progress
from mpmt_tracking.comparison import NOT_COMPARED, rows_of
from mpmt_tracking.contender import Case, Failed, Size, Unsupported
from mpmt_tracking.experiment import Rules
from mpmt_tracking.google_binary import GoogleBinary
from mpmt_tracking.mpmt_binary import MpmtBinary
from mpmt_tracking.problem import NothingMeasured, Problem

AT_ONCE_S = 20.0  # what must not wait for a deadline of its own, which is longer


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Everything that is started carries it; nothing of that may be left, nor a temporary file."""
    found = uuid.uuid4().hex
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv(MARK, found)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    yield found
    try:
        until(lambda: not marked(found), "all processes to end", 5)
        assert os.listdir(temporary) == []
    finally:
        for pid in marked(found):
            os.kill(pid, signal.SIGKILL)


def marked(mark: str) -> list[int]:
    """Processes, but this one and what waits to be reaped."""
    found = []
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if f"{MARK}={mark}".encode() in environment and pid != os.getpid():
            found.append(pid)
    return found


# ---- output_of ---------------------------------------------------------------------------------------------


def python(code: str) -> list[str]:
    return [sys.executable, "-IS", "-c", code]


LINGERS = "import os, time\nif os.fork() == 0:\n    time.sleep(600)\nprint('said')"


@pytest.mark.parametrize(("code", "answer"), [
    ("", (0, b"", "")), ("print('a'); print('b')", (0, b"a\nb\n", "")),
    ("import sys; sys.exit('first\\n\\nlast  ')", (1, b"", "last")),
    ("import os; os.kill(os.getpid(), 9)", (-9, b"", "")), (LINGERS, (0, b"said\n", "")),
    ("import os; os.close(1); os.close(2)", (0, b"", "")),
    ("print('x' * 1_000_000)", (0, b"x" * 1_000_000 + b"\n", "")),
    ("import sys; sys.stderr.buffer.write(b'\\xff\\x1b[31mred')", (0, b"", "\ufffd\ufffd[31mred")),
])
def test_a_process_gives_its_exit_code_its_output_and_its_last_words(code: str, answer: tuple[int, bytes, str]) -> None:
    start = time.monotonic()
    got = process.output_of(python(code), 300)
    assert got == answer
    assert time.monotonic() - start < AT_ONCE_S


@pytest.mark.parametrize("code", [
    "import time; time.sleep(600)", "import os, time; os.close(1); time.sleep(600)",
    "import signal, time\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\ntime.sleep(600)",
    "import os, time\nos.fork(); os.fork()\ntime.sleep(600)",
])
def test_a_process_that_does_not_end_is_killed_with_all_its_children(code: str) -> None:
    with pytest.raises(Failed, match=r"did not end within 0.2 s$"):
        process.output_of(python(code), 0.2)


def test_output_without_end_is_not_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_OUTPUT", 1 << 20)
    with pytest.raises(Failed, match="wrote more than 1 MiB to standard output"):
        process.output_of(python("while True: print('x' * 4096)"), 300)


def test_what_cannot_be_started_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no program")
    for path, why in ((tmp_path / "file", "Permission denied"), (tmp_path / "none", "No such file or directory")):
        with pytest.raises(Failed, match=f"cannot be started: {why}$"):
            process.output_of([str(path)], 5)


@pytest.mark.parametrize(("code", "words"), [
    (0, "exited with 0"), (3, "exited with 3"), (-11, "was killed by SIGSEGV"), (-40, "was killed by signal 40"),
])
def test_an_ending_in_words(code: int, words: str) -> None:
    assert process.ending(code) == words


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_while_a_process_is_being_started_leaves_none(number: int, mark: str,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst moment: it runs already, but Popen has not returned."""
    class Popen(process.subprocess.Popen):  # type: ignore[name-defined,misc]
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)  # type: ignore[arg-type]
            os.kill(os.getpid(), number)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt
    previous = signal.signal(number, interrupt)
    try:
        monkeypatch.setattr(process.subprocess, "Popen", Popen)
        with pytest.raises(KeyboardInterrupt):
            process.output_of(python("import time; time.sleep(600)"), 300)
        assert signal.getsignal(number) is interrupt
    finally:
        signal.signal(number, previous)
    assert marked(mark) == []


# ---- trials ------------------------------------------------------------------------------------------------


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
    ("answer = '\\x1b[31m'", "not an answer of the trial protocol: \ufffd\\[31m"),
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


@pytest.mark.skipif(not os.access(BINARY, os.X_OK), reason=f"no binary: set MPMT_BINARY or build {BINARY}")
@pytest.mark.parametrize("workload", ["hash_chain", "empty"])
def test_mpmt_itself_is_a_contender(workload: str) -> None:
    mpmt = MpmtBinary(BINARY, "A", ["--workload", workload, "--executor", "serial", "--grain", "1"])
    case = mpmt.cases()[0]
    assert case.name.startswith(f"{workload}/serial/")
    assert len(mpmt.machine_key()) == 12
    size = mpmt.size(case, 0.05)
    assert size.amount >= 1 and size.seconds < 5
    assert 0 < mpmt.measure(case, size) < 1e9


@pytest.mark.skipif(not os.access(BINARY, os.X_OK), reason=f"no binary: set MPMT_BINARY or build {BINARY}")
def test_mpmt_says_which_option_it_does_not_know() -> None:
    with pytest.raises(Problem, match="exited with 2.*--nonsense"):
        MpmtBinary(BINARY, "A", ["--nonsense"]).cases()
    with pytest.raises(NothingMeasured):
        MpmtBinary(BINARY, "A", ["--benchmark_filter", "nothing is called that"]).cases()


# ---- Google Benchmark --------------------------------------------------------------------------------------


def google_of(tmp_path: Path, *args: object, **options: object) -> GoogleBinary:
    return GoogleBinary(program(tmp_path / "fake", google_text(*args, **options)), "B")  # type: ignore[arg-type]


@pytest.mark.parametrize("old", [False, True])
def test_a_google_benchmark_of_either_age_is_sized_and_measured(tmp_path: Path, old: bool) -> None:
    fake = google_of(tmp_path, {"BM_x/8": "250_000.0", "BM_y": "1.0"}, old=old)
    assert [case.name for case in fake.cases()] == ["BM_x/8", "BM_y"]
    size = fake.size(fake.cases()[0], 0.2)
    assert fake.fixed_iterations is not old
    assert size.amount == pytest.approx(0.2 / 8 / 250e-6, rel=0.6) and size.blocks == 8
    assert fake.measure(fake.cases()[0], size) == 250_000


NAMES = ["BM_a.b", "BM_a+b*", "BM_(x)", "BM_[1]{2}", "BM_a|b", "BM_^$", "BM_back\\slash", "BM_<int, 3>/real_time",
         "BM_ with space", "-BM", "BM_\u00e9", "BM_\u2028", "BM_\x85\x0b\x0c\x1c", "BM_\"quote\"", "BM_'", "all"]


def test_any_name_is_filtered_exactly(tmp_path: Path) -> None:
    fake = google_of(tmp_path, {name: f"{100.0 + i}" for i, name in enumerate(NAMES)})
    assert [case.name for case in fake.cases()] == NAMES
    fake.size(fake.cases()[0], 0.01)
    for i, name in enumerate(NAMES):
        assert fake.measure(Case(name), Size(1, 1, 0.1)) == 100 + i, name


@pytest.mark.parametrize(("then", "said"), [
    ("sys.exit(1)", "^B exited with 1$"), ("sys.exit('why\\nit broke')", "^B exited with 1: it broke$"),
    ("os.kill(os.getpid(), 11)", "^B was killed by SIGSEGV$"),
])
def test_a_google_benchmark_that_dies_says_how(tmp_path: Path, then: str, said: str) -> None:
    with pytest.raises(Failed, match=said):
        google_of(tmp_path, then=then).size(Case("BM_x"), 0.1)


@pytest.mark.parametrize(("out", "said"), [
    ("", "JSON cannot be used"), ("{", "JSON cannot be used"), ("[" * 10000, "JSON cannot be used"),
    ("[]", "JSON cannot be used"), ("{}", "JSON cannot be used: .*benchmarks"), ('{"benchmarks": 3}', "JSON cannot be used"),
    ('{"benchmarks": [3]}', "JSON cannot be used"), ('{"benchmarks": []}', "no such benchmark"),
    ('{"benchmarks": [{"run_type": "aggregate", "real_time": 3}]}', "no such benchmark"),
    ('{"benchmarks": [{}]}', "real_time"), ('{"benchmarks": [{"real_time": 1, "time_unit": "h"}]}', "cannot be used: 'h'"),
    ('{"benchmarks": [{"real_time": 1, "time_unit": []}]}', "cannot be used"),
    *((f'{{"benchmarks": [{{"real_time": {value}}}]}}', "real_time is|cannot be used") for value in
      ("0", "-1", "NaN", "Infinity", '"x"', "null", "1e-320", "1e300", "1" + "0" * 400)),
    ('{"benchmarks": [{"real_time": 1, "error_occurred": true, "error_message": "no \\u001b[31mGPU"}]}', "no \ufffd\\[31mGPU$"),
    ('{"benchmarks": [{"real_time": 1, "skipped": "SKIPPED", "skip_message": "why"}]}', "why$"),
    ('{"benchmarks": [{"real_time": 1, "error_occurred": true}]}', "no reason given$"),
])
def test_json_that_cannot_be_used_says_why(tmp_path: Path, out: str, said: str) -> None:
    then = (f"path = flag('--benchmark_out')\nif path:\n    open(path, 'w').write({out!r})\n    sys.exit(0)")
    with pytest.raises(Failed, match=said) as raised:
        google_of(tmp_path, then=then).size(Case("BM_x"), 0.1)
    assert "\x1b" not in str(raised.value)


def test_a_program_that_writes_no_file_at_all_has_failed(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="JSON cannot be used: .*No such file"):
        google_of(tmp_path, then="sys.exit(0)").size(Case("BM_x"), 0.1)


def test_garbage_on_standard_output_while_measuring_does_no_harm(tmp_path: Path) -> None:
    fake = google_of(tmp_path, {"BM_x": "7.0"}, then="print('{]' * 1000); print('\\x1b[31m', file=sys.stderr)")
    assert fake.measure(Case("BM_x"), fake.size(Case("BM_x"), 0.01)) == 7


@pytest.mark.parametrize(("first", "kind", "said"), [
    ("sys.exit(0)", NothingMeasured, "B: it lists no benchmark"), ("sys.exit(1)", Problem, "--benchmark_list_tests exited with 1$"),
    ("sys.exit('bad flag')", Problem, "exited with 1: bad flag"),
    ("os.kill(os.getpid(), 6)", Problem, "was killed by SIGABRT"), ("print('  '); sys.exit(0)", NothingMeasured, "lists no"),
])
def test_a_listing_that_fails_says_why(tmp_path: Path, first: str, kind: type, said: str) -> None:
    with pytest.raises(Problem, match=said) as raised:
        google_of(tmp_path, first=first).cases()
    assert type(raised.value) is kind


def test_one_benchmark_that_crashes_does_not_make_a_new_google_benchmark_an_old_one(tmp_path: Path) -> None:
    fake = google_of(tmp_path, {"BM_bad": "1.0", "BM_x": "1.0"}, then="if 'bad' in wanted: os.kill(os.getpid(), 11)")
    with pytest.raises(Failed, match="SIGSEGV"):
        fake.size(Case("BM_bad"), 0.01)
    fake.size(Case("BM_x"), 0.01)
    assert fake.fixed_iterations


def test_options_and_prefix_reach_the_program(tmp_path: Path) -> None:
    text = google_text(first=f"json_ = sys.argv\nopen({str(tmp_path / 'seen')!r}, 'w').write(repr(sys.argv[1:3]))")
    fake = GoogleBinary(program(tmp_path / "fake", text), "B", ["env", "-u", "X"], ["--mine"])
    fake.cases()
    assert (tmp_path / "seen").read_text() == repr(["--mine", "--benchmark_list_tests=true"])


# ---- what is no program ------------------------------------------------------------------------------------


def test_what_is_no_program_is_refused_at_once(tmp_path: Path) -> None:
    for kind in (GoogleBinary, MpmtBinary):
        for path in (tmp_path / "none", tmp_path):
            with pytest.raises(Problem, match="no such program"):
                kind(path)


def test_the_digest_is_of_the_contents(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert contender.sha256_of(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert json.loads(json.dumps(contender.sha256_of(tmp_path / "x")))

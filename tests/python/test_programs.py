"""Programs of others that `mpmt run` measures: what they do wrong costs them their own rows, and leaves nothing."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from bench import BINARY, PATIENCE_S, USAGE, Bench, finish, until
from fakes import program

Json = dict[str, Any]

CASE_FAILED, NOTHING_MATCHED, INTERRUPTED = 1, 5, 130
CHAIN = ("--workload", "hash_chain", "--executor", "serial", "--grain", "5", "--tasks", "8", "--laps", "1")
ONCE = (*CHAIN, "--rounds", "1")

# Speaks the protocol, and computes what mpmt's hash_chain computes. `then`: Python that may change what is said at a
# `moment` (describe, case, run, end), in `answer`, or do something else.
FAKE = r'''#!{python} -IS
import json, os, sys, time
if len(sys.argv) > 1:
    sys.exit("unknown option " + sys.argv[1])
MASK = (1 << 64) - 1
def chain(value, grain):
    for _ in range(grain):
        value = (value + 0x9E3779B97F4A7C15) & MASK
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
        value ^= value >> 31
    return value
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for stream in (0, 1, 2):
                os.close(stream)
            time.sleep(600)
        os._exit(0)
    os.wait()
def described():
    return {{"type": "description", "protocol": 2, "name": "fake",
            "workloads": [{{"name": "hash_chain", "kind": "cpu", "version": 1}}],
            "executors": [{{"name": "serial", "sides": "neither", "quick": True}},
                          {{"name": "pool", "sides": "threads", "channels": ["wire"]}}],
            "channels": [{{"name": "wire"}}]}}
def block(tasks):
    total = sum(chain(task % 16, case["grain"]) * (2 * task + 1) for task in range(tasks)) & MASK
    return {{"type": "block", "tasks": tasks, "messages": tasks, "wall_ns": 1000 * tasks, "checksum": "0x%016x" % total,
            "cpu_ns": {{"submitter": 0, "workers": 0}}, "context_switches": {{"voluntary": 0, "involuntary": 0}},
            "page_faults": {{"minor": 0, "major": 0}}}}
def answered(order):
    global case
    moment = order["type"]
    if moment == "describe":
        answer = described()
    elif moment == "case":
        case = order["case"]
        answer = {{"type": "ready", "startup_ns": 1, "workers": []}}
    elif moment == "run":
        answer = block(order["tasks"])
    else:
        answer = {{"type": "done", "shutdown_ns": 1, "workers": [],
                  "latency_ns": {{"count": 0, "max": 0, "histogram": []}}}}
{then}
    print(answer if isinstance(answer, str) else json.dumps(answer), flush=True)
    return moment
for line in sys.stdin:
    if answered(json.loads(line)) in ("describe", "end"):
        break
'''

FLOOD = "while True:\n    os.write({stream}, b'x' * 65536)"


def at(moment: str, then: str) -> str:
    return f"if moment == {moment!r}:\n" + textwrap.indent(then, "    ")


class Programs:
    """Fakes, as --program names them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def named(self, name: str, then: str = "pass") -> tuple[str, str]:
        text = FAKE.format(python=sys.executable, then=textwrap.indent(then, "    "))
        path = program(self._folder / "programs" / name, text)
        return "--program", f"{name}={shlex.quote(str(path))}"


MPMT = ("--program", f"mpmt={shlex.quote(str(BINARY))}")


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


def entries(bench: Bench) -> list[Json]:
    """Of single rounds, with what is said of their cases."""
    record = json.loads(bench.out.read_text("utf-8"))
    return [{**record["cases"][entry["name"]], **entry} for entry in record["benchmarks"] if entry["run_type"] == "iteration"]


def statuses(bench: Bench) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in entries(bench):
        found.setdefault(entry["program"], set()).add(entry["status"])
    return found


def errors(bench: Bench) -> dict[str, str]:
    """By program."""
    said = {entry["program"]: entry["error"] for entry in entries(bench) if entry["error"] is not None}
    assert not [error for error in said.values() if "\n" in error]
    return said


# ---- what is refused before anything is measured ---------------------------------------------------------------


WRONG_DESCRIPTIONS = [
    ("answer['protocol'] = 3", "protocol 3, not 2"),
    ("answer.pop('protocol')", "protocol"),
    ("answer['workloads'] = 7", "workloads is not a list"),
    ("answer['workloads'][0].pop('kind')", "'kind' is missing"),
    ("answer['workloads'][0]['name'] = 'a/b'", "'a/b' is no name"),
    ("answer['workloads'][0]['version'] = 'new'", "type must be number"),
    ("answer['executors'][1].pop('channels')", "executor pool: who has sides has channels"),
    ("answer['executors'][0]['sides'] = 'both'", "'both' is unknown; allowed: threads, processes, neither"),
    ("answer = {'type': 'ready'}", "instead of what it offers"),
    ("answer = '[1]'", "it says '[1]' instead of what it offers"),
    ("answer = '\\x1b[31m'", "instead of what it offers"),
    ("answer = ''", "instead of what it offers"),
    ("sys.exit('no more\\nI give up')", "it exited with 1 without an answer: I give up"),
    ("os._exit(3)", "it exited with 3 without an answer"),
    ("os._exit(0)", "it exited with 0 without an answer"),
    ("os.kill(os.getpid(), 11)", "it was killed by SIGSEGV without an answer"),
    (FLOOD.format(stream=1), "instead of what it offers"),
    ("os.write(2, b'x' * 5000000); os._exit(3)", "it exited with 3 without an answer: xxx"),
    ("os.close(1); daemon(); time.sleep(600)", "without an answer"),
]


@pytest.mark.parametrize(("then", "said"), WRONG_DESCRIPTIONS, ids=[row[0][:40] for row in WRONG_DESCRIPTIONS])
def test_a_program_that_does_not_describe_itself_is_refused_in_one_line(
        bench: Bench, programs: Programs, then: str, said: str) -> None:
    done = bench.measure(*programs.named("bad", at("describe", then)), *ONCE)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr.startswith("mpmt: --program: bad=") and done.stderr.count("\n") == 1
    assert said in done.stderr and "\x1b" not in done.stderr and len(done.stderr) < 2000
    assert not bench.out.exists()


def test_a_program_that_does_not_answer_is_not_waited_for_without_end(bench: Bench, programs: Programs) -> None:
    done = bench.measure(*programs.named("bad", "daemon(); time.sleep(600)"), *ONCE)
    assert done.returncode == USAGE and "it has not answered within 10 s" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_interrupt_ends_the_question(bench: Bench, programs: Programs) -> None:
    reached = bench.folder / "reached"
    run = bench.start("run", *programs.named("bad", f"daemon(); open({str(reached)!r}, 'w'); time.sleep(600)"), *ONCE)
    until(reached.exists, "the program to be asked")
    run.send_signal(signal.SIGINT)
    done = finish(run, timeout=8)
    assert done.returncode == INTERRUPTED
    assert done.stderr == "mpmt: interrupted before the first trial; there is no record\n"


def test_a_program_that_offers_nothing_has_nothing_to_be_measured(bench: Bench, programs: Programs) -> None:
    done = bench.measure(*programs.named("bad", at("describe", "answer = {'type': 'description', 'protocol': 2}")))
    assert done.returncode == NOTHING_MATCHED and "nothing matches" in done.stderr


@pytest.mark.parametrize(("command", "said"), [
    ("/no/such/program", "/no/such/program cannot be started: No such file"), ("no-such-program-anywhere", "no such program"),
    ("sh -c 'exit 3'", "exited with 3"), ("true", "exited with 0 without an answer"),
    ("'unclosed", "a quote is not closed"), ("", "has no command: write NAME=COMMAND"),
])
def test_a_command_that_is_no_program_is_refused(bench: Bench, command: str, said: str) -> None:
    done = bench.measure("--program", f"x={command}", *ONCE)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert said in done.stderr and done.stderr.startswith("mpmt: --program: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a,b", "x" * 41, "\x1b[31m", "é"])
def test_a_name_that_is_none_is_refused(bench: Bench, name: str) -> None:
    done = bench.measure("--program", f"{name}=true", *ONCE)
    assert done.returncode == USAGE and "has no name: write NAME=COMMAND" in done.stderr
    assert done.stderr.count("\n") == 1 and "\x1b" not in done.stderr


def test_a_command_without_a_name_is_refused(bench: Bench) -> None:
    done = bench.measure("--program", "true", *ONCE)
    assert done.returncode == USAGE and "--program: 'true' has no name" in done.stderr


def test_no_two_are_called_alike(bench: Bench) -> None:
    done = bench.measure("--program", "x=true", "--program", "x=false", *ONCE)
    assert done.returncode == USAGE and "--program: two are called 'x'" in done.stderr


# ---- what goes wrong while it is measured ------------------------------------------------------------------------


def test_who_lies_costs_its_own_rows_only(bench: Bench, programs: Programs) -> None:
    wrong = {
        "sums": ("run", "answer['checksum'] = '0x0000000000000007'", "wrong_checksum", "that of hash_chain/serial/"),
        "drifts": ("run", "answer['checksum'] = '0x%016x' % time.monotonic_ns()", "wrong_checksum", "blocks of the same tasks"),
        "tasks": ("run", "answer['tasks'] += 1", "error", "ran 9 tasks instead of 8"),
        "short": ("run", "answer.pop('wall_ns')", "error", "key 'wall_ns' not found"),
        "timeless": ("run", "answer['wall_ns'] = 0", "error", "without duration"),
        "types": ("run", "answer['cpu_ns'] = None", "error", "'block' is not as the protocol has it"),
        "mute": ("case", "answer.pop('workers')", "error", "key 'workers' not found"),
    }
    arguments = [word for name, (moment, then, _, _) in wrong.items()
                 for word in programs.named(name, at(moment, then))]
    done = bench.measure(*MPMT, *programs.named("good"), *arguments, *ONCE)
    assert done.returncode == CASE_FAILED, done.stderr
    assert statuses(bench) == {"mpmt": {"ok"}, "good": {"ok"}, **{name: {row[2]} for name, row in wrong.items()}}
    for name, said in errors(bench).items():
        assert wrong[name][3] in said, (name, said)


def test_the_first_program_is_the_measure_of_sums_whatever_it_is_called(bench: Bench, programs: Programs) -> None:
    liar = programs.named("a_liar", at("run", "answer['checksum'] = '0x0000000000000007'"))
    done = bench.measure(*MPMT, *liar, *ONCE)
    assert done.returncode == CASE_FAILED, done.stderr
    assert statuses(bench) == {"mpmt": {"ok"}, "a_liar": {"wrong_checksum"}}


def test_no_program_is_called_as_another_that_is_asked_for(bench: Bench) -> None:
    done = bench.measure("--program", f"python={BINARY}", "--with", "python", *ONCE)
    assert done.returncode == USAGE and "two programs are called 'python'" in done.stderr


def test_who_dies_or_talks_nonsense_costs_its_own_rows_only(bench: Bench, programs: Programs) -> None:
    wrong = {
        "at_case": ("case", "daemon(); sys.exit('cannot')", "worker_died", "exited with 1: cannot"),
        "at_run": ("run", "daemon(); os.kill(os.getpid(), 9)", "worker_died", "killed by SIGKILL"),
        "at_end": ("end", "daemon(); os._exit(3)", "worker_died", "exited with 3"),
        "after": ("end", "print(json.dumps(answer), flush=True); os._exit(4)", "worker_died", "exited with 4"),
        "talks": ("run", "answer = 'hello'", "error", "said 'hello' instead of 'block'"),
        "early": ("case", "answer['type'] = 'done'", "error", "instead of 'ready'"),
        "refuses": ("case", "answer = {'type': 'failed', 'status': 'unsupported', 'error': 'not today'}", "unsupported",
                    "not today"),
    }
    arguments = [word for name, (moment, then, _, _) in wrong.items()
                 for word in programs.named(name, at(moment, then))]
    done = bench.measure(*MPMT, *arguments, *ONCE)
    assert done.returncode == CASE_FAILED, done.stderr
    assert statuses(bench) == {"mpmt": {"ok"}, **{name: {row[2]} for name, row in wrong.items()}}
    for name, said in errors(bench).items():
        assert wrong[name][3] in said, (name, said)


@pytest.mark.parametrize("wrong", [
    {"at_case": ("case", "daemon(); time.sleep(600)", "timed_out", "did not answer within 2 s"),
     "at_run": ("run", "time.sleep(600)", "timed_out", "did not answer within 2 s")},
    {"at_end": ("end", "time.sleep(600)", "timed_out", "did not answer within 2 s"),
     "stays": ("end", "print(json.dumps(answer), flush=True); time.sleep(600)", "timed_out", "2 s")},
    {"floods": ("run", FLOOD.format(stream=1), "error", "a line of more than 16 MiB"),
     "complains": ("run", FLOOD.format(stream=2), "timed_out", "did not answer within 2 s")},
], ids=" and ".join)
def test_who_hangs_or_floods_costs_its_own_rows_only(bench: Bench, programs: Programs,
                                                     wrong: dict[str, tuple[str, str, str, str]]) -> None:
    arguments = [word for name, (moment, then, _, _) in wrong.items()
                 for word in programs.named(name, at(moment, then))]
    # On a busy machine the round is made again, and all that hang are waited for each time.
    done = bench.measure(*MPMT, *arguments, *ONCE, "--timeout", "2", timeout=2 * PATIENCE_S)
    assert done.returncode == CASE_FAILED, done.stderr
    assert statuses(bench)["mpmt"] == {"ok"}
    assert {name: found for name, found in statuses(bench).items() if name != "mpmt"} == {
        name: {row[2]} for name, row in wrong.items()}, errors(bench)
    for name, said in errors(bench).items():
        assert wrong[name][3] in said, (name, said)


def test_who_floods_after_its_last_word_is_not_kept_in_memory(bench: Bench, programs: Programs) -> None:
    pours = at("end", "print(json.dumps(answer), flush=True)\n" + FLOOD.format(stream=1))
    done = bench.measure(*MPMT, *programs.named("pours", pours), *ONCE, "--timeout", "3")
    assert done.returncode == CASE_FAILED, done.stderr
    assert statuses(bench) == {"mpmt": {"ok"}, "pours": {"timed_out"}}


def test_what_is_unsupported_is_no_failure(bench: Bench, programs: Programs) -> None:
    refuses = at("case", "answer = {'type': 'failed', 'status': 'unsupported', 'error': 'not today'}")
    done = bench.measure(*MPMT, *programs.named("no", refuses), *ONCE)
    assert done.returncode == 0, done.stderr
    assert statuses(bench) == {"mpmt": {"ok"}, "no": {"unsupported"}}


# ---- daemons -----------------------------------------------------------------------------------------------------


def sleepers(bench: Bench) -> int:
    """Daemons of fakes, whose output is closed."""
    return sum(not os.path.exists(f"/proc/{process.pid}/fd/1") for process in bench.processes())


def test_daemons_end_with_their_trial(bench: Bench, programs: Programs) -> None:
    done = bench.measure(*programs.named("a", "daemon()"), *ONCE)
    assert done.returncode == 0, done.stderr
    assert bench.processes() == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=lambda s: s.name)
def test_daemons_end_with_the_run(bench: Bench, programs: Programs, ending: signal.Signals) -> None:
    reached = bench.folder / "reached"
    then = "daemon()\n" + at("run", f"open({str(reached)!r}, 'w'); time.sleep(600)")
    run = bench.start("run", "--out", bench.out, *programs.named("a", then), *ONCE)
    until(reached.exists, "a block")
    until(lambda: sleepers(bench) >= 2, "daemons")
    run.send_signal(ending)
    done = finish(run, timeout=8)
    assert done.returncode == (INTERRUPTED if ending == signal.SIGINT else -ending)
    bench.expect_no_process()
    for journal in bench.journals():
        journal.unlink()

"""A conversation with `mpmt trial`, as a scheduler other than ours would have it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from bench import Bench, finish, line_of
from left_out import LEFT_OUT

USAGE = 2
CASE = {"family": "pool", "workload": "prime_count", "executor": "process_pool", "channel": "boost_queue",
        "workers": 2, "grain": 10, "batch": 1, "batch_split": False, "payload_bytes": 0, "window": 2, "placement": "same",
        "wait": "block"}


class Talk:
    def __init__(self, bench: Bench) -> None:
        self.process: subprocess.Popen[bytes] = bench.start("trial", stdin=subprocess.PIPE, text=False, bufsize=0)

    def say(self, message: object) -> None:
        line = message if isinstance(message, str) else json.dumps(message)
        self.process.stdin.write(line.encode() + b"\n")

    def hear(self) -> dict[str, Any]:
        line = line_of(self.process.stdout, "the trial's answer")
        assert line, self.process.stderr.read()
        return json.loads(line)

    def ask(self, message: object, expected: str) -> dict[str, Any]:
        self.say(message)
        answer = self.hear()
        assert answer["type"] == expected, answer
        return answer

    def end(self) -> subprocess.CompletedProcess[bytes]:
        """Closes its input; what it says until it has ended."""
        self.process.stdin.close()
        self.process.stdin = None
        return finish(self.process)


@pytest.fixture
def talk(bench: Bench) -> Talk:
    return Talk(bench)


def assignment(changed: dict[str, Any] | None = None, **case: Any) -> dict[str, Any]:
    message = {"type": "case", "protocol": 1, "case": {**CASE, **case}, "tasks": 64, "warmup_tasks": 8,
               "deadline_s": 20, "data_dir": "/tmp", **(changed or {})}
    message["case"] = {name: value for name, value in message["case"].items() if value is not LEFT_OUT} \
        if isinstance(message["case"], dict) else message["case"]
    return {name: value for name, value in message.items() if value is not LEFT_OUT}


@pytest.mark.parametrize("case", [
    {},
    {"executor": "thread_pool"},
    {"executor": "thread_pool", "channel": "by_reference"},
    {"executor": "serial", "channel": None, "window": None, "wait": None, "workers": 1},
    {"batch": 16},
    {"batch_split": True},
    {"batch_split": LEFT_OUT},
    {"workload": "payload_copy", "payload_bytes": 4096},
    {"workers": 5},
], ids=str)
def test_a_whole_conversation(bench: Bench, talk: Talk, case: dict[str, Any]) -> None:
    ready = talk.ask(assignment(**case), "ready")
    workers = case.get("workers", CASE["workers"])
    assert ready["startup_ns"] > 0 and len(ready["workers"]) == workers
    blocks = [talk.ask({"type": "run"}, "block") for _ in range(3)]
    for block in blocks:
        assert block["tasks"] == 64 and block["wall_ns"] > 0 and 1 <= block["messages"] <= 64
        assert set(block["cpu_ns"]) == {"submitter", "workers"}
        assert set(block["context_switches"]) == {"voluntary", "involuntary"}
        assert set(block["page_faults"]) == {"minor", "major"}
    assert len({block["checksum"] for block in blocks}) == 1
    done = talk.ask({"type": "end"}, "done")
    assert done["shutdown_ns"] >= 0 and len(done["workers"]) == workers
    assert sum(count for _, count in done["latency_ns"]["histogram"]) == done["latency_ns"]["count"]
    assert done["latency_ns"]["count"] in (sum(block["messages"] for block in blocks), 0)
    ended = talk.end()
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_the_sum_does_not_depend_on_who_computes_it(bench: Bench) -> None:
    sums = set()
    for case in ({}, {"executor": "thread_pool"}, {"batch": 7}, {"workers": 3}):
        talk = Talk(bench)
        talk.ask(assignment(**case), "ready")
        sums.add(talk.ask({"type": "run"}, "block")["checksum"])
        talk.end()
    assert len(sums) == 1


@pytest.mark.parametrize("blocks", [None, 0, 1], ids=["before the case", "when ready", "after a block"])
def test_a_trial_ends_when_nobody_speaks_to_it_any_more(bench: Bench, talk: Talk, blocks: int | None) -> None:
    if blocks is not None:
        talk.ask(assignment(), "ready")
        assert len(bench.children(talk.process.pid)) == 2
        for _ in range(blocks):
            talk.ask({"type": "run"}, "block")
    ended = talk.end()
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    bench.expect_nothing_left()


def test_a_trial_whose_input_ends_within_a_line_ends(talk: Talk) -> None:
    talk.process.stdin.write(json.dumps(assignment()).encode()[:-10])
    ended = talk.end()
    assert ended.returncode == USAGE and ended.stdout == b"" and ended.stderr.count(b"\n") == 1


@pytest.mark.parametrize("message", ["garbage", "", "{", "5", "[]", "null", '{"type": 5}', "{}", "\x00\xff"])
@pytest.mark.parametrize("first", [True, False], ids=["first", "when ready"])
def test_a_trial_that_cannot_understand_ends_with_one_line(talk: Talk, message: str, first: bool) -> None:
    if not first:
        talk.ask(assignment(), "ready")
    talk.say(message)
    ended = talk.end()
    assert (ended.returncode, ended.stdout) == (USAGE, b"")
    assert ended.stderr.startswith(b"mpmt: trial: ") and ended.stderr.count(b"\n") == 1, ended.stderr


WRONG_ASSIGNMENTS = [
    ({"protocol": 3}, {}, b"protocol 3; this trial speaks 1 to 2"),
    ({"protocol": 0}, {}, b"protocol 0"),
    ({"protocol": "1"}, {}, b"protocol"),
    ({"protocol": LEFT_OUT}, {}, b"protocol"),
    ({"type": "run"}, {}, b"'case'"),
    ({"case": LEFT_OUT}, {}, b"case"),
    ({"case": 5}, {}, b""),
    ({"tasks": "many"}, {}, b""),
    ({"tasks": LEFT_OUT}, {}, b"tasks"),
    ({"deadline_s": None}, {}, b""),
    ({"data_dir": 5}, {}, b""),
    ({}, {"workload": LEFT_OUT}, b"workload"),
    ({}, {"grain": LEFT_OUT}, b"grain"),
    ({}, {"workers": "two"}, b""),
    ({}, {"placement": "nope"}, b"'nope'"),
    ({}, {"wait": "nope"}, b"'nope'"),
]


@pytest.mark.parametrize("changed, case, words", WRONG_ASSIGNMENTS, ids=range(len(WRONG_ASSIGNMENTS)))
def test_an_assignment_that_is_none_is_refused(talk: Talk, changed: dict[str, Any], case: dict[str, Any],
                                               words: bytes) -> None:
    talk.say(assignment(changed, **case))
    ended = talk.end()
    assert (ended.returncode, ended.stdout) == (USAGE, b"")
    assert ended.stderr.startswith(b"mpmt: trial: ") and ended.stderr.count(b"\n") == 1
    assert words in ended.stderr


@pytest.mark.parametrize("case, words", [
    ({"workload": "nope"}, ["'nope'", "prime_count"]),
    ({"executor": "nope"}, ["'nope'", "thread_pool"]),
    ({"channel": "nope"}, ["'nope'", "boost_queue"]),
    ({"channel": None}, ["channel"]),
    ({"channel": "by_reference"}, ["by_reference", "process"]),
    ({"workers": 0}, ["workers"]),
    ({"workers": -3}, ["workers"]),
    ({"window": 0}, ["window"]),
    ({"window": 1 << 40}, ["/dev/shm"]),
    ({"payload_bytes": 1 << 50}, []),
    ({"waiting": 0.7}, ["--waiting", "takes none"]),
    ({"workload": "mixed_wait"}, ["--waiting", "'mixed_wait' needs a share"]),
], ids=str)
def test_a_case_that_cannot_be_measured_fails_with_its_reason(talk: Talk, case: dict[str, Any],
                                                              words: list[str]) -> None:
    failed = talk.ask(assignment(**case), "failed")
    assert failed["status"] == "error"
    assert all(word in failed["error"] for word in words), failed
    ended = talk.end()
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_a_message_out_of_turn_is_a_failure(talk: Talk) -> None:
    talk.ask(assignment(), "ready")
    assert "'case'" in talk.ask(assignment(), "failed")["error"]
    assert talk.end().returncode == 0


def test_a_trial_names_what_it_waited_for_at_its_deadline(bench: Bench, talk: Talk) -> None:
    slow = assignment({"deadline_s": 3, "tasks": 1000}, workload="sleep_wait", grain=100_000)
    talk.say({**slow, "warmup_tasks": 1})
    assert talk.hear()["type"] == "ready"
    failed = talk.ask({"type": "run"}, "failed")
    assert failed["status"] == "timed_out" and "worker" in failed["error"]
    assert talk.end().returncode == 0
    bench.expect_nothing_left()


def test_since_protocol_2_the_time_allowed_is_for_each_answer(talk: Talk) -> None:
    asked = {"protocol": 2, "deadline_s": 3, "tasks": 100, "warmup_tasks": 2}
    talk.ask(assignment(asked, workload="sleep_wait", grain=11_000), "ready")
    for _ in range(3):  # more than a second each, more than three in all
        talk.ask({"type": "run", "settle_tasks": 100}, "block")
    failed = talk.ask({"type": "run", "tasks": 100_000}, "failed")
    assert failed["status"] == "timed_out"


def test_a_block_is_as_it_is_asked_for(talk: Talk) -> None:
    talk.ask(assignment({"protocol": 2}), "ready")
    asked = talk.ask({"type": "run", "tasks": 8, "settle_tasks": 4, "latencies": False}, "block")
    usual = talk.ask({"type": "run"}, "block")
    assert (asked["tasks"], usual["tasks"]) == (8, 64)
    assert talk.ask({"type": "end"}, "done")["latency_ns"]["count"] == usual["messages"]


def test_a_trial_dies_with_the_process_that_it_is_told(bench: Bench) -> None:
    """Its parent is not process 1: it has gone already."""
    ended = bench.run("trial", "--parent", "1", text=False)
    assert ended.returncode != 0 and ended.stdout == b""

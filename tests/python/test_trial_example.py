"""The program of docs/examples speaks the protocol that docs/trial-protocol.md describes, and mpmt measures it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bench import BINARY, ROOT, Bench

Json = dict[str, Any]

EXAMPLE = [sys.executable, str(ROOT / "docs" / "examples" / "program.py")]
CASE: Json = {
    "type": "case", "protocol": 2, "tasks": 40, "warmup_tasks": 5, "deadline_s": 30.0, "data_dir": "/tmp",
    "case": {"family": "pool", "workload": "hash_chain", "executor": "threads", "channel": "futures",
             "workers": 3, "grain": 20, "batch": 4, "batch_split": False, "payload_bytes": 0, "window": None,
             "placement": "free", "wait": None, "program": "mine", "who": "threads", "baseline": False},
}
EXECUTORS = ("here", "threads", "processes")
RUN: Json = {"type": "run", "tasks": 40, "settle_tasks": 0, "latencies": True}


class Conversation:
    """The run's side."""

    def __init__(self, command: list[str]) -> None:
        self.trial = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, start_new_session=True)

    def ask(self, message: Json) -> Json:
        assert self.trial.stdin and self.trial.stdout
        self.trial.stdin.write(json.dumps(message) + "\n")
        self.trial.stdin.flush()
        return json.loads(self.trial.stdout.readline())

    def close(self) -> tuple[int, str]:
        """Its exit code, and what else it had to say."""
        rest, _ = self.trial.communicate(timeout=30)
        return self.trial.returncode, rest


@pytest.fixture
def conversation() -> Iterator[Conversation]:
    talk = Conversation(EXAMPLE)
    yield talk
    with contextlib.suppress(ProcessLookupError):
        os.killpg(talk.trial.pid, signal.SIGKILL)  # its workers would hold its output
    talk.trial.communicate(timeout=30)


def changed(**changes: Any) -> Json:
    case = {**CASE["case"], **{key: value for key, value in changes.items() if key in CASE["case"]}}
    return {**CASE, **{key: value for key, value in changes.items() if key in CASE}, "case": case}


def check_block(block: Json, messages: int, tasks: int = 40) -> None:
    assert block["type"] == "block" and block["tasks"] == tasks and block["messages"] == messages
    assert block["wall_ns"] > 0
    numbers = [value for part in ("cpu_ns", "context_switches", "page_faults") for value in block[part].values()]
    assert len(numbers) == 6 and all(isinstance(value, int) and value >= 0 for value in numbers)


def of(executor: str, **changes: Any) -> Json:
    """The case as it is under this executor."""
    alone = {"channel": None, "workers": 1, "who": "neither", "baseline": True} if executor == "here" else {"who": executor}
    return changed(executor=executor, **alone, **changes)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_it_holds_a_whole_conversation(conversation: Conversation, executor: str) -> None:
    ready = conversation.ask(of(executor))
    assert ready["type"] == "ready" and ready["startup_ns"] >= 0 and ready["workers"] == []
    sums = set()
    for _ in range(2):
        block = conversation.ask(RUN)
        check_block(block, messages=10)
        assert block["cpu_ns"]["workers"] > 0
        sums.add(block["checksum"])
    assert len(sums) == 1
    done = conversation.ask({"type": "end"})
    assert done["type"] == "done" and done["shutdown_ns"] >= 0 and done["workers"] == []
    assert done["latency_ns"] == {"count": 0, "max": 0, "histogram": []}
    assert conversation.close() == (0, "")


@pytest.mark.parametrize("executor", EXECUTORS)
def test_split_deals_one_batch_to_each_worker(conversation: Conversation, executor: str) -> None:
    conversation.ask(of(executor, batch_split=True, batch=0))
    check_block(conversation.ask(RUN), messages=1 if executor == "here" else 3)


@pytest.mark.parametrize("change", [{"workload": "prime_count"}, {"executor": "fibers"}, {"payload_bytes": 8}])
def test_it_says_why_it_cannot_run_a_case(conversation: Conversation, change: Json) -> None:
    answer = conversation.ask(changed(**change))
    assert answer["type"] == "failed" and answer["status"] == "unsupported" and "hash_chain" in answer["error"]
    assert conversation.close() == (0, "")


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_it_pins_as_the_placement_has_it_and_says_when_it_cannot(conversation: Conversation, executor: str) -> None:
    answer = conversation.ask({**of(executor, placement="spread"), "cpus": [1 << 15]})
    assert answer["type"] == "failed" and answer["status"] == "unsupported" and "placement free" in answer["error"]


def test_it_names_its_deadline_when_it_passes(conversation: Conversation) -> None:
    answer = conversation.ask(changed(deadline_s=0.3, grain=10_000, warmup_tasks=400))
    assert answer["type"] == "failed" and answer["status"] == "timed_out"


def test_a_block_is_as_it_is_asked_for(conversation: Conversation) -> None:
    conversation.ask(CASE)
    check_block(conversation.ask({"type": "run", "tasks": 80, "settle_tasks": 7, "latencies": False}), messages=20, tasks=80)
    check_block(conversation.ask(RUN), messages=10)


def test_the_time_allowed_is_for_each_answer(conversation: Conversation) -> None:
    """Waiting for the run's next message takes none of it."""
    conversation.ask(changed(deadline_s=3.0, grain=1000))
    time.sleep(3.1)
    check_block(conversation.ask(RUN), messages=10)
    answer = conversation.ask({**RUN, "tasks": 20_000})
    assert answer["type"] == "failed" and answer["status"] == "timed_out"


def test_it_describes_itself(conversation: Conversation) -> None:
    description = conversation.ask({"type": "describe", "protocol": 2})
    assert (description["type"], description["protocol"]) == ("description", 2)
    assert [executor["name"] for executor in description["executors"]] == list(EXECUTORS)
    assert conversation.close() == (0, "")


@pytest.mark.parametrize("first", [changed(protocol=3), {"type": "describe", "protocol": 3}, {"type": "hello", "protocol": 2}])
def test_it_refuses_another_protocol(conversation: Conversation, first: Json) -> None:
    assert conversation.trial.stdin
    conversation.trial.stdin.write(json.dumps(first) + "\n")
    assert conversation.close() == (2, "")


@pytest.mark.parametrize("executor", EXECUTORS)
def test_it_ends_when_nobody_asks_any_more(conversation: Conversation, executor: str) -> None:
    conversation.ask(of(executor))
    assert conversation.close() == (0, "")


@pytest.mark.usefixtures("binary")
@pytest.mark.parametrize("executor", EXECUTORS)
def test_its_sums_are_those_of_mpmts_own_trial(conversation: Conversation, executor: str) -> None:
    conversation.ask(of(executor))
    theirs = conversation.ask(RUN)["checksum"]
    own = Conversation([str(BINARY), "trial"])
    assert own.ask(changed(executor="thread_pool", channel="by_reference", window=1, wait="block"))["type"] == "ready"
    assert own.ask(RUN)["checksum"] == theirs
    assert own.ask({"type": "end"})["type"] == "done"
    assert own.close() == (0, "")


def test_mpmt_measures_it(bench: Bench) -> None:
    """Beside mpmt itself, so that their sums are compared."""
    done = bench.measure("--program", f"mine={' '.join(EXAMPLE)}", "--program", f"mpmt={BINARY}", "--workload",
                         "hash_chain", "--grain", "20", "--batch", "4", "--rounds", "1", "--laps", "2", "--tasks", "40")
    assert done.returncode == 0, done.stderr
    record = json.loads(bench.out.read_text("utf-8"))
    assert {entry["status"] for entry in record["benchmarks"] if entry["run_type"] == "iteration"} == {"ok"}
    mine = [case for case in record["cases"].values() if case["program"] == "mine"]
    assert {case["executor"] for case in mine} == set(EXECUTORS)
    assert len({case["checksum"] for case in record["cases"].values()}) == 1

"""The foreign trial of docs/examples speaks the protocol that docs/trial-protocol.md describes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT

Json = dict[str, Any]

EXAMPLE = [sys.executable, str(ROOT / "docs" / "examples" / "trial.py")]
BINARY = Path(os.environ.get("MPMT_BINARY", ROOT / "build" / "release" / "mpmt"))
CASE: Json = {
    "type": "case", "protocol": 1, "tasks": 40, "warmup_tasks": 5, "deadline_s": 30.0, "data_dir": "/tmp",
    "case": {"family": "pool", "workload": "hash_chain", "executor": "python_threads", "channel": "python_queue",
             "workers": 3, "grain": 20, "batch": 4, "batch_split": False, "payload_bytes": 0, "window": 1,
             "placement": "free", "wait": "block"},
}


class Conversation:
    """The run's side."""

    def __init__(self, command: list[str]) -> None:
        self.trial = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)

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
    talk.trial.kill()
    talk.trial.communicate()


def changed(**changes: Any) -> Json:
    case = {**CASE["case"], **{key: value for key, value in changes.items() if key in CASE["case"]}}
    return {**CASE, **{key: value for key, value in changes.items() if key in CASE}, "case": case}


def check_block(block: Json, messages: int, tasks: int = 40) -> None:
    assert block["type"] == "block" and block["tasks"] == tasks and block["messages"] == messages
    assert block["wall_ns"] > 0
    numbers = [value for part in ("cpu_ns", "context_switches", "page_faults") for value in block[part].values()]
    assert len(numbers) == 6 and all(isinstance(value, int) and value >= 0 for value in numbers)


@pytest.mark.parametrize("protocol", [1, 2])
def test_it_holds_a_whole_conversation(conversation: Conversation, protocol: int) -> None:
    ready = conversation.ask(changed(protocol=protocol))
    assert ready["type"] == "ready" and ready["startup_ns"] > 0
    assert [worker["id"] for worker in ready["workers"]] == [0, 1, 2]
    assert len({worker["tid"] for worker in ready["workers"]}) == 3
    for worker in ready["workers"]:
        assert set(worker) == {"id", "pid", "tid", "libc_single_threaded", "cpus_seen"}
    sums = set()
    for _ in range(2):
        block = conversation.ask({"type": "run"})
        check_block(block, messages=10)
        sums.add(block["checksum"])
    assert len(sums) == 1
    done = conversation.ask({"type": "end"})
    assert done["type"] == "done" and done["shutdown_ns"] >= 0 and done["workers"] == ready["workers"]
    assert done["latency_ns"] == {"count": 0, "max": 0, "histogram": []}
    assert conversation.close() == (0, "")


def test_split_deals_one_batch_to_each_worker(conversation: Conversation) -> None:
    conversation.ask(changed(batch_split=True, batch=0))
    check_block(conversation.ask({"type": "run"}), messages=3)


def test_it_says_why_it_cannot_run_a_case(conversation: Conversation) -> None:
    answer = conversation.ask(changed(workload="prime_count"))
    assert answer["type"] == "failed" and answer["status"] == "unsupported" and "hash_chain" in answer["error"]
    assert conversation.close() == (0, "")


def test_it_names_its_deadline_when_it_passes(conversation: Conversation) -> None:
    answer = conversation.ask(changed(deadline_s=0.3, grain=10_000, warmup_tasks=400))
    assert answer["type"] == "failed" and answer["status"] == "timed_out"


def test_a_block_is_as_it_is_asked_for(conversation: Conversation) -> None:
    conversation.ask(changed(protocol=2))
    check_block(conversation.ask({"type": "run", "tasks": 80, "settle_tasks": 7, "latencies": False}), messages=20, tasks=80)
    check_block(conversation.ask({"type": "run"}), messages=10)


def test_since_protocol_2_the_time_allowed_is_for_each_answer(conversation: Conversation) -> None:
    """Waiting for the run's next message takes none of it."""
    conversation.ask(changed(protocol=2, deadline_s=1.0, grain=1000))
    time.sleep(1.1)
    check_block(conversation.ask({"type": "run"}), messages=10)
    answer = conversation.ask({"type": "run", "tasks": 20_000})
    assert answer["type"] == "failed" and answer["status"] == "timed_out"


def test_it_refuses_another_protocol(conversation: Conversation) -> None:
    assert conversation.trial.stdin
    conversation.trial.stdin.write(json.dumps(changed(protocol=3)) + "\n")
    assert conversation.close() == (2, "")


def test_it_ends_when_nobody_asks_any_more(conversation: Conversation) -> None:
    conversation.ask(CASE)
    assert conversation.close() == (0, "")


@pytest.mark.skipif(not os.access(BINARY, os.X_OK), reason=f"no binary: set MPMT_BINARY or build {BINARY}")
def test_its_sums_are_those_of_mpmts_own_trial(conversation: Conversation) -> None:
    conversation.ask(CASE)
    theirs = conversation.ask({"type": "run"})["checksum"]
    own = Conversation([str(BINARY), "trial"])
    assert own.ask(changed(executor="thread_pool", channel="by_reference"))["type"] == "ready"
    assert own.ask({"type": "run"})["checksum"] == theirs
    assert own.ask({"type": "end"})["type"] == "done"
    assert own.close() == (0, "")

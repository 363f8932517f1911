"""Python's own pools run mpmt's tasks, as scripts/mpmt/programs/python_pools.py has them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pools import (CHANNELS, END, EXECUTORS, NEWEST, POOLS, PROCESSES, PROGRAM, RUN, VERSION, case, expect_failure,
                   ready, true_sum)
from test_trial_example import Conversation, Json, check_block

needs_binary = pytest.mark.usefixtures("binary")
SHARED = ("empty", "prime_count", "hash_chain", "sort_block", "payload_copy", "sleep_wait", "mixed_wait", "loopback_echo",
          "file_cached", "file_sync")


@pytest.fixture
def talk() -> Iterator[Conversation]:
    made = Conversation(PROGRAM)
    yield made
    made.trial.kill()
    made.trial.communicate()


def description() -> Json:
    talk = Conversation(PROGRAM)
    answer = talk.ask({"type": "describe", "protocol": 2})
    assert talk.close() == (0, "")
    return answer


@needs_binary
@pytest.mark.parametrize("workload", SHARED)
@pytest.mark.parametrize("executor", EXECUTORS)
def test_sums_are_those_of_mpmts_own_trial(talk: Conversation, tmp_path_factory: pytest.TempPathFactory, executor: str,
                                           workload: str) -> None:
    payload = 19 if workload == "payload_copy" else 0
    folder = tmp_path_factory.getbasetemp()
    waiting = 0.7 if workload == "mixed_wait" else None
    expected = true_sum(workload, 2, payload, 20, folder, waiting)
    if expected is None:
        pytest.skip(f"{workload} is unsupported in {folder}")
    ready(talk, case(executor, workload, payload_bytes=payload, waiting=waiting, data_dir=str(folder), warmup_tasks=4))
    block = talk.ask(RUN)
    check_block(block, messages=7, tasks=20)
    assert block["checksum"] == expected
    assert talk.ask(END)["type"] == "done"
    assert talk.close() == (0, "")


@needs_binary
@pytest.mark.parametrize(("workload", "grain", "payload", "tasks"),
                         [("hash_chain", 1, 0, 1), ("hash_chain", 50, 0, 16), ("prime_count", 1100, 0, 17),
                          ("payload_copy", 3, 64, 100), ("payload_copy", 1, 7, 5), ("file_cached", 70, 0, 3)])
def test_sums_hold_at_other_sizes(talk: Conversation, workload: str, grain: int, payload: int, tasks: int) -> None:
    message = case("python_serial", workload, grain=grain, payload_bytes=payload, tasks=tasks)
    ready(talk, message)
    assert talk.ask(RUN)["checksum"] == true_sum(workload, grain, payload, tasks, Path(message["data_dir"]))


@pytest.mark.parametrize("executor", ["python_serial", "python_thread_pool", "python_process_pool"])
def test_hashlib_large_hashes_a_mebibyte_a_unit(talk: Conversation, executor: str) -> None:
    rest = hashlib.shake_256(b"mpmt").digest((1 << 20) - 32)

    def result(variant: int) -> int:
        digest = variant.to_bytes(32, "little")
        for _ in range(2):
            digest = hashlib.sha256(digest + rest).digest()
        return int.from_bytes(digest[:8], "little") | 1
    ready(talk, case(executor, "hashlib_large", tasks=3))
    assert int(talk.ask(RUN)["checksum"], 16) == sum(result(i) * (2 * i + 1) for i in range(3)) % (1 << 64)


def test_it_describes_itself() -> None:
    found = description()
    assert (found["type"], found["protocol"], found["name"]) == ("description", 2, "python_pools")
    assert found["versions"]["python"] == ".".join(map(str, VERSION))
    assert found["versions"]["gil"] in ("yes", "no") and float(found["versions"]["switch_interval_s"]) > 0
    assert {entry["name"] for entry in found["workloads"]} == {*SHARED, "hashlib_large"}
    for entry in found["workloads"]:
        assert entry["kind"] in ("cpu", "io", "harness") and entry["version"] == 1 and entry["usual_grain"] >= 1
        assert entry["minimum_payload"] == (1 if entry["name"] == "payload_copy" else 0)
        assert entry["grain_scales"] == (entry["name"] != "empty")
    units = {entry["name"]: entry["unit_ns"] for entry in found["workloads"] if "unit_ns" in entry}
    assert units == {"sleep_wait": 1000}
    assert {entry["name"]: entry["channels"] for entry in found["executors"]} == {
        name: [channel] if channel else [] for name, channel in CHANNELS.items()}
    assert {entry["name"] for entry in found["executors"] if entry["sides"] == "processes"} == set(PROCESSES)
    assert [entry["name"] for entry in found["executors"] if entry["quick"]] == [
        "python_serial", "python_thread_pool", "python_process_pool"]
    assert [entry["name"] for entry in found["executors"] if entry["submitter_helps"]] == ["python_serial"]
    for entry in found["channels"]:
        assert entry["max_payload_bytes"] > 0 and not entry["has_window"] and not entry["has_wait"]


def test_who_takes_a_share_of_waiting_says_so() -> None:
    assert [entry["name"] for entry in description()["workloads"] if entry["takes_waiting"]] == ["mixed_wait"]


@needs_binary
@pytest.mark.parametrize("waiting", [0, 0.01, 0.29, 0.99])
def test_sums_hold_at_every_share_of_waiting(talk: Conversation, tmp_path: Path, waiting: float) -> None:
    ready(talk, case("python_serial", "mixed_wait", grain=3, waiting=waiting))
    assert talk.ask(RUN)["checksum"] == true_sum("mixed_wait", 3, 0, 20, tmp_path, waiting)


@pytest.mark.skipif(VERSION >= (3, 14), reason="this Python has it")
def test_an_executor_that_is_missing_says_which_version_has_it(talk: Conversation) -> None:
    reason = next(entry["unsupported"] for entry in description()["executors"] if entry["name"] == NEWEST)
    assert "3.14" in reason and ".".join(map(str, VERSION)) in reason
    expect_failure(talk.ask(case(NEWEST)), "unsupported", reason)


@pytest.mark.parametrize(("change", "parts"), [
    ({"workload": "matrix"}, ("workload 'matrix'", "hash_chain")),
    ({"executor": "fibers"}, ("executor 'fibers'", "python_thread_pool")),
    ({"channel": "pipe"}, ("channel 'pipe'", "python_futures")),
    ({"placement": "left"}, ("placement 'left'", "spread")),
    ({"family": "channel"}, ("family 'channel'", "pools")),
    ({"workers": 0}, ("workers 0", "from 1")),
    ({"workload": "payload_copy"}, ("payload_bytes 0", "1 or more")),
    ({"workload": "sleep_wait", "grain": 10**10}, ("grain 10000000000", "3600000000")),
    ({"waiting": 0.5}, ("waiting 0.5", "empty takes none")),
    ({"workload": "mixed_wait"}, ("waiting None", "0 to 0.99")),
    ({"workload": "mixed_wait", "waiting": 1}, ("waiting 1", "0 to 0.99")),
    ({"workload": "mixed_wait", "waiting": 0.705}, ("waiting 0.705", "whole per cents")),
    ({"payload_bytes": 1 << 27}, ("3 tasks with 134217728 bytes",)),
    ({"executor": "python_serial", "channel": None, "workers": 2}, ("1 worker",)),
    ({"placement": "same", "cpus": [4000]}, ("CPU 4000", "placement free")),
])
def test_what_it_does_not_have_is_refused_by_name(talk: Conversation, change: Json, parts: tuple[str, ...]) -> None:
    expect_failure(talk.ask(case(**{"executor": "python_thread_pool", **change})), "unsupported", *parts)
    assert talk.close() == (0, "")


@pytest.mark.parametrize("line", ['{"type": "case", "protocol": 3}', '{"type": "run"}', "[1]", "{", "\n",
                                  '{"type": "case", "protocol": 2, "tasks": 1, "case": {"family": "pool"}}'])
def test_what_is_no_conversation_ends_with_2_and_a_reason(line: str) -> None:
    ended = subprocess.run(PROGRAM, input=line + "\n", capture_output=True, text=True, timeout=20)
    assert (ended.returncode, ended.stdout) == (2, "") and ended.stderr.startswith("python_pools.py: ")


@pytest.mark.parametrize("executor", POOLS)
def test_all_workers_are_there_before_the_first_task(talk: Conversation, executor: str) -> None:
    answer = ready(talk, case(executor, workers=3))
    assert [worker["id"] for worker in answer["workers"]] == [0, 1, 2]
    assert len({worker["tid"] for worker in answer["workers"]}) == 3
    own = {worker["pid"] == talk.trial.pid for worker in answer["workers"]}
    assert own == {executor not in PROCESSES}
    assert answer["startup_ns"] > 0 and answer["surroundings"]["tasks_travel_by"]
    assert ("start_method" in answer["surroundings"]) == (executor in PROCESSES)


@pytest.mark.parametrize("executor", ["python_thread_pool", "python_process_pool", "python_mp_pool"])
def test_workers_run_where_they_are_put(talk: Conversation, executor: str) -> None:
    cpus = sorted(os.sched_getaffinity(0))[:2]
    answer = ready(talk, case(executor, workers=2, placement="spread", cpus=cpus))
    assert [os.sched_getaffinity(worker["tid"]) for worker in answer["workers"]] == [{cpus[0]}, {cpus[-1]}]
    assert os.sched_getaffinity(talk.trial.pid) == {cpus[0]}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_block_is_as_it_is_asked_for(talk: Conversation, executor: str) -> None:
    """Batches of a split follow from the case's tasks. A payload that only travels comes back as it was."""
    workers = 1 if executor == "python_serial" else 2
    ready(talk, case(executor, batch_split=True, batch=0, payload_bytes=5, warmup_tasks=3))
    check_block(talk.ask({"type": "run", "tasks": 40, "settle_tasks": 7, "latencies": False}), 40 * workers // 20, 40)
    check_block(talk.ask(RUN), workers, 20)


@pytest.mark.parametrize("executor", ["python_thread", "python_process", "python_mp_pool"])
def test_many_large_messages_block_nobody(talk: Conversation, executor: str) -> None:
    ready(talk, case(executor, "payload_copy", grain=1, batch=1, payload_bytes=70_000, warmup_tasks=64))
    check_block(talk.ask({"type": "run", "tasks": 128}), messages=128, tasks=128)


@pytest.mark.parametrize("executor", ["python_serial", "python_thread", "python_process", "python_thread_pool",
                                      "python_process_pool", "python_mp_pool"])
def test_a_deadline_that_passes_is_named(talk: Conversation, executor: str) -> None:
    ready(talk, case(executor, "sleep_wait", grain=600_000, deadline_s=3.0, tasks=1))
    expect_failure(talk.ask({"type": "run", "tasks": 40}), "timed_out", "the deadline of 3 s", "tasks 0 to 39")
    assert talk.close() == (0, "")


def test_waiting_for_the_next_message_takes_no_time_of_an_answer(talk: Conversation) -> None:
    ready(talk, case("python_thread_pool", "sleep_wait", grain=450_000, deadline_s=3.0, batch=1))
    for _ in range(4):
        check_block(talk.ask({"type": "run", "tasks": 4}), messages=4, tasks=4)

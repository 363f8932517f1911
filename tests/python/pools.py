"""Talks to scripts/mpmt/programs/python_pools.py, and asks mpmt's own trial what a sum must be."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import BINARY
from test_trial_example import Conversation, Json

from conftest import ROOT

PROGRAMS = ROOT / "scripts" / "mpmt" / "programs"
PYTHON = os.environ.get("MPMT_POOLS_PYTHON", sys.executable)  # another one than the tests'
PROGRAM = [PYTHON, str(PROGRAMS / "python_pools.py")]
VERSION = tuple(map(int, subprocess.check_output(
    [PYTHON, "-c", "import sys; print(*sys.version_info[:3])"], text=True).split()))

CHANNELS = {"python_serial": None, "python_thread": "python_queue", "python_process": "python_queue",
            "python_thread_pool": "python_futures", "python_process_pool": "python_futures",
            "python_process_pool_forkserver": "python_futures", "python_process_pool_spawn": "python_futures",
            "python_mp_pool": "python_pool", "python_interpreter_pool": "python_futures"}
NEWEST = "python_interpreter_pool"
EXECUTORS = [name for name in CHANNELS if name != NEWEST or VERSION >= (3, 14)]
POOLS = [name for name in EXECUTORS if name != "python_serial"]
PROCESSES = [name for name in POOLS if "process" in name or name == "python_mp_pool"]

RUN: Json = {"type": "run"}
END: Json = {"type": "end"}


def case(executor: str, workload: str = "empty", **changes: Any) -> Json:
    """The message of a case; `changes` of its fields, those in "case" included."""
    inner: Json = {"family": "pool", "workload": workload, "executor": executor,
                   "channel": CHANNELS.get(executor), "workers": 1 if executor == "python_serial" else 2, "grain": 2,
                   "batch": 3, "batch_split": False, "payload_bytes": 0, "window": None, "placement": "free",
                   "wait": None}
    outer: Json = {"type": "case", "protocol": 2, "tasks": 20, "warmup_tasks": 0, "deadline_s": 20.0,
                   "data_dir": "/tmp", "cpus": []}
    for name, value in changes.items():
        (inner if name in inner or name == "waiting" else outer)[name] = value
    return {**outer, "case": inner}


def ready(talk: Conversation, message: Json) -> Json:
    answer = talk.ask(message)
    assert answer["type"] == "ready", answer
    return answer


def expect_failure(answer: Json, status: str, *parts: str) -> None:
    assert (answer["type"], answer.get("status")) == ("failed", status), answer
    for part in parts:
        assert part in answer["error"], answer


@functools.cache
def true_sum(workload: str, grain: int, payload_bytes: int, tasks: int, data_dir: Path,
             waiting: float | None = None) -> str | None:
    """What mpmt's own serial trial says. None: it does not run here."""
    talk = Conversation([str(BINARY), "trial"])
    try:
        message = case("serial", workload, workers=1, grain=grain, payload_bytes=payload_bytes, tasks=tasks,
                       data_dir=str(data_dir), waiting=waiting)
        if talk.ask(message).get("status") == "unsupported":
            return None
        return talk.ask(RUN)["checksum"]
    finally:
        talk.trial.kill()
        talk.trial.communicate()

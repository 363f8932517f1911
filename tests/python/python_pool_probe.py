#!/usr/bin/env python3
"""Gives an executor of python_pools other functions than tasks to run, and prints what it returns, as JSON.

    python_pool_probe.py FOLDER_OF_PROGRAMS EXECUTOR PROBE
"""

from __future__ import annotations

import json
import os
import sys
import time

sys.path.insert(0, sys.argv[1])

written = ["nothing"]


def wait_for(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def fail(text: str) -> None:
    raise ValueError(text)


def write(text: str) -> None:
    written.append(text)


def probe(executor: object, name: str) -> object:
    if name == "order":
        return list(executor.as_completed(wait_for, [(3.0,), (1.5,), (0.0,)]))
    if name == "isolation":
        list(executor.as_completed(write, [("by a worker",)]))
        return written
    try:
        return list(executor.as_completed(fail, [("one, two; drei",)]))
    except ValueError as failure:
        again = list(executor.as_completed(wait_for, [(0.0,)] * 5))
        return [str(failure), again]


def main() -> None:
    from python_catalogue import EXECUTORS
    from python_conversation import take_over

    answers = os.dup(1)
    take_over()
    papers = {"workload": "empty", "workers": 3, "grain": 1, "payload_bytes": 0, "data_dir": "/tmp", "cpus": [0],
              "placement": "free", "program": os.getpid()}
    executor = EXECUTORS[sys.argv[2]].make(papers)
    executor.begin()
    os.write(answers, json.dumps(probe(executor, sys.argv[3])).encode())
    executor.stop()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Python's own pools as a program of mpmt: speaks docs/trial-protocol.md, and describes itself.

    {"type": "describe", "protocol": 2}     what there is, as one line of JSON
    {"type": "case", "protocol": 2, ...}    a trial

Nothing but the standard library, from CPython 3.9 on. What is not needed is not loaded: a pool's modules with it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

PROTOCOL = 2


def description() -> dict:
    from python_catalogue import CHANNELS, EXECUTORS, MOST_PAYLOAD_BYTES, this_python
    from python_executors import gil
    from python_workloads import WORKLOADS

    implementation, version = this_python().split()
    return {"type": "description", "protocol": PROTOCOL, "name": "python_pools",
            "versions": {"python": version, "implementation": implementation, "gil": gil(),
                         "switch_interval_s": f"{sys.getswitchinterval():g}", "compiler": sys.version.split("\n")[-1]},
            "workloads": [workload.described for workload in WORKLOADS.values()],
            "executors": [entry.described() for entry in EXECUTORS.values()],
            "channels": [{"name": name, "max_payload_bytes": MOST_PAYLOAD_BYTES, "has_window": False,
                          "has_wait": False} for name in CHANNELS]}


def prepare_process() -> None:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR):  # nothing would be measured as it is meant there
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    # What Python's tracker of semaphores says of a trial that ended while its workers came up would be the last line of
    # standard error, where the reason of the end is looked for.
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker"


def try_case(message: dict, orders: Iterator[dict]) -> int:
    from python_conversation import fail, refuse
    from python_trial import Trial, papers_of
    from python_workloads import Unsupported

    prepare_process()
    try:
        trial = Trial(message, papers_of(message))
    except Unsupported as reason:
        fail("unsupported", str(reason))
    except (KeyError, TypeError, ValueError) as mistake:
        return refuse(f"the case cannot be read: {type(mistake).__name__}: {mistake}")
    trial.get_ready()
    for order in orders:
        if order["type"] == "end":
            trial.end()
            return 0
        if order["type"] != "run":
            raise ValueError(f"{order['type']!r} is not a message to a trial that is ready")
        trial.run(order)
    os._exit(0)  # the run has gone: workers are not waited for, and end with this process


def main() -> int:
    from python_conversation import messages, refuse, say, take_over

    take_over()
    try:
        orders = messages()
        first = next(orders, None)
        if first is None:
            return 0
        if first["type"] not in ("describe", "case") or first.get("protocol") != PROTOCOL:
            return refuse(f"the first message must be describe or case, in protocol {PROTOCOL}")
        if first["type"] == "case":
            return try_case(first, orders)
        say(**description())
        return 0
    except ValueError as mistake:
        return refuse(str(mistake))


if __name__ == "__main__":
    sys.exit(main())

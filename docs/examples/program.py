#!/usr/bin/env python3
"""A program of one's own that mpmt measures: Python's threads against its processes.

    mpmt run --program mine='python3 docs/examples/program.py' --workload hash_chain --grain 100us

Messages come on standard input and are answered on standard output, one JSON object a line (docs/trial-protocol.md). A
task is what it is in mpmt's hash_chain, version 1: equal tasks have equal sums, and mpmt compares them.
"""

import concurrent.futures
import json
import multiprocessing
import os
import sys
import threading
import time

MASK, VARIANTS = (1 << 64) - 1, 16
DESCRIPTION = {
    "type": "description", "protocol": 2, "name": "program.py", "versions": {"python": sys.version.split()[0]},
    "workloads": [{"name": "hash_chain", "kind": "cpu", "version": 1, "grain_unit": "one round of the hash"}],
    "executors": [{"name": "here", "sides": "neither", "submitter_helps": True, "quick": True},
                  {"name": "threads", "sides": "threads", "channels": ["futures"], "quick": True},
                  {"name": "processes", "sides": "processes", "channels": ["futures"], "quick": True}],
    "channels": [{"name": "futures", "max_payload_bytes": 0, "has_window": False, "has_wait": False}]}


def chain(variant, grain):
    value = variant
    for _ in range(grain):
        value = (value + 0x9E3779B97F4A7C15) & MASK
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
        value ^= value >> 31
    return value


def run_batch(first, count, grain):
    """The sum of so many tasks' results, each weighed by its index, mod 2^64; and the CPU time that they took."""
    start = time.thread_time_ns()
    total = sum(chain(task % VARIANTS, grain) * (2 * task + 1) for task in range(first, first + count))
    return total & MASK, time.thread_time_ns() - start


class Here:
    """Whoever submits a batch runs it: what the others are compared with."""

    def submit(self, work, *arguments):
        done = concurrent.futures.Future()
        done.set_result(work(*arguments))
        return done

    def shutdown(self):
        pass


def pin(case, cpus, place):
    """Where `placement` wants number `place`: first the workers, then who submits."""
    if case["placement"] != "free":
        os.sched_setaffinity(0, {cpus[0 if case["placement"] == "same" else place % len(cpus)]})


def come_up(everyone, case, cpus):
    pin(case, cpus, everyone.wait())  # nobody waits here twice, so all of them exist


def executor_for(case, cpus):
    if case["executor"] == "here":
        return Here()
    threads = case["executor"] == "threads"
    make = concurrent.futures.ThreadPoolExecutor if threads else concurrent.futures.ProcessPoolExecutor
    everyone = (threading if threads else multiprocessing).Barrier(case["workers"])
    return make(case["workers"], initializer=come_up, initargs=(everyone, case, cpus))


def say(**message):
    print(json.dumps(message), flush=True)


def fail(status, error):
    """The last word. Ends at once: a thread that is stuck cannot be joined, and mpmt ends all that is left."""
    say(type="failed", status=status, error=error)
    os._exit(0)


class Trial:
    def __init__(self, message):
        self.case, self.tasks, self.allowed_s = message["case"], message["tasks"], message["deadline_s"]
        self.begin_answer()
        case, cpus = self.case, message.get("cpus") or sorted(os.sched_getaffinity(0))
        executors = [entry["name"] for entry in DESCRIPTION["executors"]]
        if case["workload"] != "hash_chain" or case["executor"] not in executors or case["payload_bytes"] > 0:
            fail("unsupported", f"there is hash_chain, without payload, under {', '.join(executors)}")
        # What every sum is checked with: tasks of one variant differ in their weight only.
        self.results = [chain(variant, case["grain"]) for variant in range(VARIANTS)]
        try:
            pin(case, cpus, case["workers"])
        except OSError as refusal:
            fail("unsupported", f"sched_setaffinity: {refusal}; with placement free nothing is pinned")
        start = time.monotonic_ns()
        self.executor = executor_for(case, cpus)
        self.wait_for([self.executor.submit(int) for _ in range(case["workers"])])  # each brings one worker up
        startup_ns = time.monotonic_ns() - start
        if message["warmup_tasks"] > 0:
            self.block(message["warmup_tasks"])
        say(type="ready", startup_ns=startup_ns, workers=[])  # of whom nothing is told; they sleep until they are needed

    def begin_answer(self):
        self.deadline = time.monotonic() + self.allowed_s

    def wait_for(self, futures):
        try:
            return [future.result(timeout=max(0.0, self.deadline - time.monotonic())) for future in futures]
        except concurrent.futures.TimeoutError:
            fail("timed_out", "the deadline passed before all tasks were done")
        except concurrent.futures.BrokenExecutor as broken:
            fail("worker_died", str(broken))

    def block(self, tasks):
        """Runs tasks 0 to tasks - 1, checks their sum, and returns the block's message."""
        batch, grain = self.case["batch"], self.case["grain"]
        if self.case["batch_split"]:
            batch = max(1, -(-self.tasks // self.case["workers"]))
        cpu_before, start = time.process_time_ns(), time.monotonic_ns()
        done = self.wait_for([self.executor.submit(run_batch, first, min(batch, tasks - first), grain)
                              for first in range(0, tasks, batch)])
        wall_ns = time.monotonic_ns() - start
        own, workers = time.process_time_ns() - cpu_before, sum(cpu for _, cpu in done)
        total = sum(part for part, _ in done) & MASK
        expected = sum(self.results[task % VARIANTS] * (2 * task + 1) for task in range(tasks)) & MASK
        if total != expected:
            fail("wrong_checksum", f"the sum over {tasks} tasks is {total:#018x}; expected {expected:#018x}")
        submitter = own if self.case["executor"] == "processes" else max(0, own - workers)
        return {"type": "block", "tasks": tasks, "messages": len(done), "wall_ns": wall_ns, "checksum": f"{total:#018x}",
                "cpu_ns": {"submitter": submitter, "workers": workers},
                "context_switches": {"voluntary": 0, "involuntary": 0}, "page_faults": {"minor": 0, "major": 0}}

    def run(self, order):
        self.begin_answer()
        if order["settle_tasks"] > 0:
            self.block(order["settle_tasks"])
        say(**self.block(order["tasks"]))

    def end(self):
        start = time.monotonic_ns()
        self.executor.shutdown()
        say(type="done", shutdown_ns=time.monotonic_ns() - start, workers=[],
            latency_ns={"count": 0, "max": 0, "histogram": []})  # not measured


def main():
    line = sys.stdin.readline()
    if not line:
        return 0
    first = json.loads(line)
    if first.get("protocol") != 2 or first.get("type") not in ("describe", "case"):
        print("program.py: the first message must be describe or case, in protocol 2", file=sys.stderr)
        return 2
    if first["type"] == "describe":
        say(**DESCRIPTION)
        return 0
    trial = Trial(first)
    for line in sys.stdin:  # its end means that the run has gone: so do we
        order = json.loads(line)
        if order["type"] == "end":
            trial.end()
            return 0
        trial.run(order)
    return 0


if __name__ == "__main__":
    sys.exit(main())

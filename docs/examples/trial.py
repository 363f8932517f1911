#!/usr/bin/env python3
"""A trial in another language: hash_chain under Python's own thread pool, as docs/trial-protocol.md has it.

Reads messages on standard input and answers on standard output, one JSON object a line. A task is what it is in
mpmt's hash_chain, version 1, so that the sums are the same.
"""

import concurrent.futures
import json
import os
import resource
import sys
import threading
import time

MASK = (1 << 64) - 1
VARIANTS = 16


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def chain(variant, grain):
    value = variant
    for _ in range(grain):
        value = mix((value + 0x9E3779B97F4A7C15) & MASK)
    return value


def run_batch(first, count, grain):
    """The sum of the tasks' results, each weighed by its index, mod 2^64."""
    return sum(chain(task % VARIANTS, grain) * (2 * task + 1) for task in range(first, first + count)) & MASK


def say(**message):
    print(json.dumps(message), flush=True)


def fail(status, error):
    """The last thing that is said. Ends at once: a thread that is stuck cannot be joined."""
    say(type="failed", status=status, error=error)
    os._exit(0)


class Trial:
    def __init__(self, message):
        self.message = message
        self.deadline = time.monotonic() + message["deadline_s"]
        self.case = case = message["case"]
        if (case["workload"], case["executor"]) != ("hash_chain", "python_threads"):
            fail("unsupported", "this trial runs the workload hash_chain under python_threads, nothing else")
        # An untimed, serial answer to compare with: the same for every task of a variant, but for its weight.
        self.results = [chain(variant, case["grain"]) for variant in range(VARIANTS)]

        start = time.monotonic_ns()
        self.pool = concurrent.futures.ThreadPoolExecutor(case["workers"])
        self.threads = []
        everyone = threading.Barrier(case["workers"])
        self.wait_for([self.pool.submit(self.come_up, everyone) for _ in range(case["workers"])])
        startup_ns = time.monotonic_ns() - start

        self.block(message["warmup_tasks"])
        say(type="ready", startup_ns=startup_ns, workers=self.workers())  # who sleep until there is something to do

    def begin_answer(self):
        """Since protocol 2 the time allowed is for each answer; before, for the whole trial."""
        if self.message["protocol"] > 1:
            self.deadline = time.monotonic() + self.message["deadline_s"]

    def run(self, order):
        """One block, as this message asks for it."""
        self.begin_answer()
        settle = order.get("settle_tasks", 0)
        if settle:
            self.block(settle)
        say(**self.block(order.get("tasks", self.message["tasks"])))

    def come_up(self, everyone):
        everyone.wait(self.left())  # no thread takes two of these, so that all of them exist
        self.threads.append(threading.get_native_id())
        return 0

    def left(self):
        return max(0.0, self.deadline - time.monotonic())

    def wait_for(self, futures):
        try:
            return sum(future.result(timeout=self.left()) for future in futures) & MASK
        except (concurrent.futures.TimeoutError, threading.BrokenBarrierError):
            fail("timed_out", "the deadline passed before all tasks were done")

    def workers(self):
        return [{"id": number, "pid": os.getpid(), "tid": thread, "libc_single_threaded": False, "cpus_seen": []}
                for number, thread in enumerate(self.threads)]

    def block(self, tasks):
        """Runs tasks 0 to tasks - 1, checks their sum and returns the block's message."""
        batch, grain = self.case["batch"], self.case["grain"]
        if self.case["batch_split"]:
            batch = max(1, -(-self.message["tasks"] // self.case["workers"]))
        before, submitter_before = resource.getrusage(resource.RUSAGE_SELF), time.thread_time_ns()
        cpu_before = time.process_time_ns()

        start = time.monotonic_ns()
        futures = [self.pool.submit(run_batch, first, min(batch, tasks - first), grain)
                   for first in range(0, tasks, batch)]
        total = self.wait_for(futures)
        wall_ns = time.monotonic_ns() - start

        submitter = time.thread_time_ns() - submitter_before
        everything = time.process_time_ns() - cpu_before
        after = resource.getrusage(resource.RUSAGE_SELF)
        expected = sum(self.results[task % VARIANTS] * (2 * task + 1) for task in range(tasks)) & MASK
        if total != expected:
            fail("wrong_checksum", f"the sum over {tasks} tasks is {total:#018x}; expected {expected:#018x}")
        return {
            "type": "block", "tasks": tasks, "messages": len(futures), "wall_ns": wall_ns,
            "checksum": f"{total:#018x}",
            "cpu_ns": {"submitter": submitter, "workers": max(0, everything - submitter)},
            "context_switches": {"voluntary": after.ru_nvcsw - before.ru_nvcsw,
                                 "involuntary": after.ru_nivcsw - before.ru_nivcsw},
            "page_faults": {"minor": after.ru_minflt - before.ru_minflt,
                            "major": after.ru_majflt - before.ru_majflt},
        }

    def end(self):
        self.begin_answer()
        start = time.monotonic_ns()
        self.pool.shutdown(wait=True)
        say(type="done", shutdown_ns=time.monotonic_ns() - start, workers=self.workers(),
            latency_ns={"count": 0, "max": 0, "histogram": []})  # not measured


def main():
    first = sys.stdin.readline()
    if not first:
        return 0
    message = json.loads(first)
    if message.get("type") != "case" or message.get("protocol") not in (1, 2):
        print("trial.py: the first message must be a case, in protocol 1 or 2", file=sys.stderr)
        return 2
    trial = Trial(message)
    for line in sys.stdin:  # its end means that the run has gone: so do we
        order = json.loads(line)
        if order["type"] == "end":
            trial.end()
            return 0
        trial.run(order)
    return 0


if __name__ == "__main__":
    sys.exit(main())

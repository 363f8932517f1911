"""One case, from its fixture to the end of its workers."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from python_conversation import Deadline, fail, say
from python_catalogue import CHANNELS, EXECUTORS, MOST_PAYLOAD_BYTES, this_python
from python_entrance import MOST_WORKERS
from python_executors import WorkerLost
from python_system import CannotPin, cpu_at, pin_here
from python_watch import Crew, DeathWatch, Usage
from python_worker import TaskError, run_batch
from python_workloads import COMPLEMENT, MASK, WORKLOADS, ExpectedSums, Papers, Unsupported, request_of


def papers_of(message: Papers) -> Papers:
    """What a worker has to know of a case. Raises KeyError for a field that is missing, Unsupported for what is not
    offered."""
    case = message["case"]
    if case["family"] != "pool":
        raise Unsupported(f"family {case['family']!r}: pools are all that there is here")
    for field, known in (("workload", WORKLOADS), ("executor", EXECUTORS), ("placement", ("same", "spread", "free"))):
        if case[field] not in known:
            raise Unsupported(f"{field} {case[field]!r} is not known here: there is {', '.join(known)}")
    entry = EXECUTORS[case["executor"]]
    if case["channel"] != entry.channel:
        raise Unsupported(f"channel {case['channel']!r}: {entry.name} has {entry.channel or 'none (null)'} only")
    batch = case["batch"]
    if case["batch_split"]:
        batch = max(1, -(-message["tasks"] // max(1, case["workers"])))
    papers = {"program": os.getpid(), "data_dir": message["data_dir"], "batch": batch,
              "cpus": message.get("cpus") or sorted(os.sched_getaffinity(0)),
              **{field: case[field] for field in ("workload", "executor", "workers", "grain", "payload_bytes",
                                                  "placement")},
              "waiting": case.get("waiting")}
    refuse_sizes(papers)
    reason = entry.refusal(papers["workers"]) or WORKLOADS[papers["workload"]].refusal(papers)
    if reason:
        raise Unsupported(reason)
    return papers


def refuse_sizes(papers: Papers) -> None:
    for field, least, most in (("workers", 1, MOST_WORKERS), ("grain", 1, 1 << 62), ("batch", 1, 1 << 62),
                               ("payload_bytes", 0, MOST_PAYLOAD_BYTES)):
        if not least <= papers[field] <= most:
            raise Unsupported(f"{field} {papers[field]}: from {least} to {most} is allowed")
    if papers["batch"] * papers["payload_bytes"] > MOST_PAYLOAD_BYTES:
        raise Unsupported(f"a message of {papers['batch']} tasks with {papers['payload_bytes']} bytes each is larger "
                          f"than {MOST_PAYLOAD_BYTES} bytes, the most that {', '.join(CHANNELS)} carry here")


class Batches:
    """What a block sends, and what must come back."""

    def __init__(self, papers: Papers) -> None:
        self._batch, self._bytes = papers["batch"], papers["payload_bytes"]
        # A block may have fewer tasks than a batch; most have more.
        self._request = request_of(self._bytes) * (self._batch if self._bytes else 0)
        reads = WORKLOADS[papers["workload"]].reads_payload
        self._reply = self._request.translate(COMPLEMENT) if reads else self._request

    def calls(self, tasks: int) -> Iterator[tuple[int, int, bytes]]:
        """Arguments of run_batch."""
        for first in range(0, tasks, self._batch):
            count = min(self._batch, tasks - first)
            yield first, count, self._request if count == self._batch else self._request[:count * self._bytes]

    def is_right(self, reply: bytes) -> bool:
        """Whether these are the replies to some number of tasks."""
        return reply == self._reply[:len(reply)] and (not self._bytes or len(reply) > 0)


class Trial:
    """Each of get_ready, run and end gives one answer, within the time allowed for it, or fails."""

    def __init__(self, message: Papers, papers: Papers) -> None:
        self._message, self._papers = message, papers
        self._workload = WORKLOADS[papers["workload"]]
        self._executor: Any = None  # once workers are to come up
        self._watch: DeathWatch | None = None
        self._doing, self._came = "", 0
        self._answering = threading.Event()
        self._deadline = Deadline(lambda: f"the deadline of {message['deadline_s']:g} s passed; waited for "
                                          f"{self._doing} ({self._came} messages had come back)")

    def get_ready(self) -> None:
        self._answer(self._built)

    def run(self, order: Papers) -> None:
        def ran() -> dict:
            self._block(order.get("settle_tasks", 0), check_replies=True)
            block = self._block(order.get("tasks", self._message["tasks"]))
            self._miss_nobody()
            return block
        self._answer(ran)

    def end(self) -> None:
        self._answer(self._ended)

    def _answer(self, work: Callable[[], dict]) -> None:
        self._deadline.begin(self._message["deadline_s"])
        self._answering.set()
        try:
            self._miss_nobody()
            answer = work()
        except (Unsupported, CannotPin) as reason:
            fail("unsupported", str(reason))
        except WorkerLost as lost:
            fail("worker_died", self._watch.who_died() if self._watch else f"{lost}, before it had come up")
        except TaskError as failure:
            fail("error", str(failure))
        except Exception as failure:
            fail("error", f"{type(failure).__name__}: {failure}; waited for {self._doing}")
        self._answering.clear()
        self._deadline.end()
        say(**answer)

    def _built(self) -> dict:
        papers = self._papers
        self._doing = f"the fixture of {papers['workload']}"
        self._fixture = self._workload.fixture(papers)
        papers.update(self._fixture.papers)
        self._batches, self._expected = Batches(papers), ExpectedSums(self._workload, papers)
        startup_ns = self._start_workers()
        self._block(self._message["warmup_tasks"], check_replies=True)
        self._doing = "the expected sum"
        self._expected.of(self._message["tasks"])  # may take its time when it is first asked for
        return {"type": "ready", "startup_ns": startup_ns, "workers": self._crew.described(),
                "surroundings": self._surroundings()}

    def _start_workers(self) -> int:
        papers, entry = self._papers, EXECUTORS[self._papers["executor"]]
        self._doing = f"{papers['workers']} workers of {entry.name} to come up"
        pin_here(cpu_at(papers["cpus"], papers["placement"], papers["workers"]))
        start = time.monotonic_ns()
        self._executor = entry.make(papers)
        self._crew = Crew(self._executor.begin())
        startup_ns = time.monotonic_ns() - start
        if self._executor.start_method:
            self._watch = DeathWatch(self._tell_of_death)
        self._crew.look()
        return startup_ns

    def _tell_of_death(self, who: str) -> None:
        """Of what happens between blocks is told with the next answer."""
        self._answering.wait()
        fail("worker_died", who)

    def _miss_nobody(self) -> None:
        if self._watch and self._watch.has_lost():
            raise WorkerLost("a worker process has ended")

    def _block(self, tasks: int, check_replies: bool = False) -> dict:
        """Runs tasks 0 to tasks - 1, verifies them and returns what is to be said."""
        self._doing, self._came, total = f"tasks 0 to {tasks - 1}", 0, 0
        before = Usage(self._crew.workers)
        start = time.monotonic_ns()
        for part, reply in self._executor.as_completed(run_batch, self._batches.calls(tasks)):
            total += part
            self._came += 1
            if check_replies and not self._batches.is_right(reply):
                fail("wrong_checksum", f"message {self._came} to come back has a wrong payload")
        wall_ns = time.monotonic_ns() - start
        used = Usage(self._crew.workers).since(before)
        self._crew.look()
        total &= MASK
        expected = self._expected.of(tasks)
        if total != expected:
            fail("wrong_checksum", f"the sum over tasks 0 to {tasks - 1} is {total:#018x}; expected {expected:#018x}")
        return {"type": "block", "tasks": tasks, "messages": self._came, "wall_ns": max(1, wall_ns),
                "checksum": f"{total:#018x}", **used}

    def _ended(self) -> dict:
        self._doing, self._came = "workers to leave", 0
        if self._watch:
            self._watch.close()
        start = time.monotonic_ns()
        self._executor.stop()
        shutdown_ns = time.monotonic_ns() - start
        self._fixture.close()
        return {"type": "done", "shutdown_ns": shutdown_ns, "workers": self._crew.described(),
                "latency_ns": {"count": 0, "max": 0, "histogram": []}}  # of a single message it is not known

    def _surroundings(self) -> dict[str, str]:
        found = {"python": this_python(), "gil": self._executor.gil(), "tasks_travel_by": self._executor.travel}
        if self._executor.start_method:
            found["start_method"] = self._executor.start_method
        return {**found, **self._fixture.surroundings}

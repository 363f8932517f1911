"""What tests of `mpmt ask` share: an invented catalogue, and an engine whose answers follow from a rule, not from a machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mpmt.asking.catalogue import Catalogue, Channel, Workload
from mpmt.asking.question import Case, Wish, case
from mpmt.measuring.engine import Answer

CPUS = 2
UNIT_NS = 100.0  # of a grain, everywhere


def workload(name: str, question: str, typical: bool = True, **changes: Any) -> Workload:
    return Workload(name, f"{name} in words", question, typical,
                    **{"grain_unit": "one of them", "grain_scales": True, "least_payload": 0,
                                                                    **changes})


CATALOGUE = Catalogue(
    {one.name: one for one in [
        workload("prime_count", "cpu"), workload("hash_chain", "cpu", False), workload("sleep_wait", "wait"),
        workload("mixed_wait", "mix", takes_waiting=True), workload("file_cached", "file"), workload("file_sync", "file",
                                                                                                     False),
        workload("payload_copy", "copy", least_payload=1), workload("empty", "hand_over", grain_scales=False)]},
    {"by_reference": Channel(False, 1 << 30), "shm_ring": Channel(True, 1 << 24), "boost_queue": Channel(True, 1 << 24),
     "shm_arena": Channel(True, 1 << 24), "small": Channel(True, 1024)})


def case_of(**wish: Any) -> Case:
    return case(Wish(**wish), CATALOGUE, CPUS)


@dataclass
class Invented:
    """Stands for the engine: `ratio(task_ns, payload, workers)` is processes ÷ threads, as exactly as that, over each channel;
    `verdict` overrides what follows from it. Remembers what it was asked."""

    ratio: Callable[[float, int, int], float]
    verdict: str | None = None
    rate: Callable[[int], float] = float  # how much faster than one so many workers are
    margin: float = 0.03
    asked: list[dict[str, str]] = field(default_factory=list)
    calibrated: float = 1.0  # a task takes so many times what a time as grain asked for
    busy: int = 0
    interrupt_at: int | None = None  # which run is interrupted, from 0

    def __call__(self, arguments: Sequence[str], until: float) -> Answer:
        options = dict(zip(arguments[::2], arguments[1::2]))
        self.asked.append(options)
        if self.interrupt_at is not None and len(self.asked) > self.interrupt_at:
            return Answer(None, True, "interrupted")
        return Answer(self._record(options), False)

    def _record(self, options: dict[str, str]) -> dict[str, Any]:
        entries: list[dict[str, Any]] = []
        rows: list[dict[str, Any]] = []
        counts = [int(count) for count in options["--workers"].split(",")]
        for grain in map(self._grain, options["--grain"].split(",")):
            for payload in map(size, options["--payload"].split(",")):
                work = {"workload": options["--workload"], "grain": grain, "payload_bytes": payload}
                if "serial" in options["--executor"]:
                    entries.append(entry("serial", "", 1, work, grain * UNIT_NS))
                made = [self._pair(channel, count, work, entries) for channel in options["--channel"].split(",")
                        for count in counts]
                if "--rounds" not in options:
                    rows += [row for row in made if row and row["table"] == "controlled"]
                    rows.append(self._deployed(work, [row for row in made if row], max(counts)))
        return {"context": {"rules": {"margin": self.margin, "confidence": 0.95}, "warnings": [],
                            "group_rounds": {"done": 10, "busy": self.busy}}, "benchmarks": entries, "comparisons": rows}

    def _grain(self, text: str) -> int:
        units = {"ns": 1.0, "us": 1e3, "ms": 1e6}
        unit = next((unit for unit in units if text.endswith(unit)), None)
        return int(text) if unit is None else round(float(text.removesuffix(unit)) * units[unit] * self.calibrated / UNIT_NS)

    def _pair(self, channel: str, count: int, work: dict[str, Any], entries: list[dict[str, Any]]) -> dict[str, Any]:
        alone = work["grain"] * UNIT_NS
        ratio = self.ratio(alone, work["payload_bytes"], count)
        threads = entry("thread_pool", channel, count, work, alone / self.rate(count))
        entries.append(threads)
        if channel == "by_reference":
            return {}
        processes = entry("process_pool", channel, count, work, ratio * alone / self.rate(count), startup_ns=900_000)
        entries.append(processes)
        return self._row("controlled", channel, count, work, ratio, threads["name"], processes["name"])

    def _deployed(self, work: dict[str, Any], rows: list[dict[str, Any]], count: int) -> dict[str, Any]:
        best = next(row for row in rows if row["workers"] == count)
        return {**best, "table": "deployed", "channel": None}

    def _row(self, table: str, channel: str, count: int, work: dict[str, Any], ratio: float, threads: str,
             processes: str) -> dict[str, Any]:
        verdict = self.verdict or ("threads" if ratio > 1 + self.margin else "processes" if ratio < 1 / (1 + self.margin)
                                   else "same")
        return {**work, "table": table, "channel": channel, "workers": count, "placement": "spread", "batch": 1, "window": 2,
                "wait": "block", "ratio": ratio, "low": ratio * 0.99, "high": ratio * 1.01, "verdict": verdict,
                "detectable": 0.06, "rounds": 8, "reason": "", "threads_case": threads, "processes_case": processes}


def size(text: str) -> int:
    return int(text[:-2]) << {"Ki": 10, "Mi": 20}[text[-2:]] if text[-1] == "i" else int(text)


def entry(executor: str, channel: str, workers: int, work: dict[str, Any], ns_per_task: float,
          startup_ns: float = 500_000) -> dict[str, Any]:
    name = f"{work['workload']}/{executor}/{channel}/{workers}/{work['grain']}/{work['payload_bytes']}"
    return {**work, "name": name, "run_type": "iteration", "family": "pool", "status": "ok", "disturbed_by": None,
            "error": None,
            "executor": executor, "baseline": None, "channel": channel, "workers": workers, "ns_per_task": ns_per_task,
            "startup_ns": startup_ns, "round": 0}


class Turns:
    """A clock that a run moves on by this many seconds; the real one stands still."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._now = seconds, time.monotonic()

    def now(self) -> float:
        return self._now

    def taking(self, run: Invented) -> Callable[[Sequence[str], float], Answer]:
        def timed(arguments: Sequence[str], until: float) -> Answer:
            self._now += self._seconds
            return run(arguments, until)
        return timed

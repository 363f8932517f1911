"""Records made by hand for tests of views: only what views read, with times that a test chooses. Not checked against the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mpmt.views.report import Shown, subjects_of

Json = dict[str, Any]


def pool(executor: str, workers: int, rounds: Sequence[float], channel: str | None = "shm_ring", **fields: Any) -> list[Json]:
    """A pool's entries: a round for each time per task, ns. `fields` go over what is usual."""
    alone = executor == "serial"
    case: Json = {"family": "pool", "program": None, "workload": "hash_chain", "workload_kind": "cpu", "bench_version": 1, "executor": executor,
                  "channel": None if alone else channel, "workers": 1 if alone else workers, "grain": 1000, "batch": 1, "batch_split": False,
                  "payload_bytes": 0, "window": None if alone else 2, "placement": "spread", "wait": None if alone else "block", **fields}
    name = "/".join(str(case[key]) for key in ("program", "workload", "executor", "channel", "workers", "grain", "payload_bytes", "wait"))
    return [{**case, "name": name, "run_name": name, "run_type": "iteration", "status": "ok", "disturbed_by": None, "error": None,
             "round": at, "together": "a", "iterations": 2, "tasks": 10, "ns_per_task": value, "startup_ns": 100_000 * workers,
             "shutdown_ns": 50_000, "cpu_ns": {"submitter": 100.0, "workers": 300.0},
             "context_switches": {"voluntary": 40, "involuntary": 0}, "latency_ns": None, **fields} for at, value in enumerate(rounds)]


def command(program: str, rounds: Sequence[float], memory: int) -> list[Json]:
    return [{"family": "command", "program": program, "parameters": {"level": "9"}, "name": f"command/{program}", "run_name": f"command/{program}",
             "run_type": "iteration", "status": "ok", "disturbed_by": None, "error": None, "round": at, "together": "c", "iterations": 1,
             "tasks": 1, "ns_per_execution": value, "peak_memory_bytes": memory, "pss_bytes": None, "latency_ns": None,
             "channel": None} for at, value in enumerate(rounds)]


def unstable(entries: Sequence[Json]) -> Json:
    """The aggregate that says so of their case."""
    return {**{key: entries[0][key] for key in ("family", "name", "run_name")}, "run_type": "aggregate", "status": "ok", "unstable": "two modes"}


def compared(of_a: Sequence[Json], of_b: Sequence[Json], ratio: float | None, verdict: str = "undecided", width: float = 0.01, **fields: Any) -> Json:
    """A row that compares these cases."""
    case = of_a[0]
    row: Json = {"table": "controlled", "threads_case": of_a[0]["name"], "processes_case": of_b[0]["name"], "ratio": ratio,
                 "low": ratio and ratio * (1 - width), "high": ratio and ratio * (1 + width), "verdict": verdict, "detectable": 0.05,
                 "rounds": len(of_a), "rounds_looked_at": len(of_a), "reason": ""}
    row.update({key: case.get(key) for key in ("workload", "grain", "payload_bytes", "workers", "placement", "channel", "batch", "batch_split",
                                               "window", "wait")})
    return {**row, **fields}


def record(entries: Sequence[Json], comparisons: Sequence[Json] = (), cpus: int = 8, capacity: Mapping[int, float] = {},
           histograms: Mapping[str, Sequence[Sequence[int]]] = {}) -> Json:
    """`histograms`: by a case's name."""
    points = [{"workers": workers, "capacity": value} for workers, value in capacity.items()]
    context = {"schema_version": 3, "rules": {"margin": 0.03, "confidence": 0.95}, "num_cpus": cpus, "family": "pool", "warnings": [],
               "machine": {"key": "0123456789ab", "identity": {"usable_cpus": cpus}}, "commit": {"id": "deadbeef"}, "build": {},
               "started_utc": "2026-01-01T00:00:00Z", "suite_version": "0", "profile": "quick", "capacity": {"before": points, "after": None}}
    return {"context": context, "benchmarks": list(entries), "comparisons": list(comparisons),
            "cases": {name: {"latency_histogram": buckets} for name, buckets in histograms.items()}}


def sides(workers: int, threads: Sequence[float], processes: Sequence[float], **fields: Any) -> tuple[list[Json], list[Json]]:
    """The entries of a thread pool and of a process pool that are the same in all else."""
    return pool("thread_pool", workers, threads, **fields), pool("process_pool", workers, processes, **fields)


def shown(*records: Json) -> list[Shown]:
    named = {f"record {at}": one for at, one in enumerate(records)}
    return [Shown(one, subject, at) for at, (one, subject) in enumerate(zip(records, subjects_of(named)))]

"""Writes tests/data/golden_record.json: a plausible, invented record with a fixed seed, for tests of the
scripts.

    MPMT_BINARY=build/release/mpmt python3 tests/python/make_golden_record.py [FILE]

Nothing in it was measured; its comparisons are what `mpmt judge` says of the invented rounds. It holds what a real
record may hold: good, unstable, unsupported, dead, disturbed cases. Records of older versions, golden_record_1.json and
golden_record_2.json beside it, are what this program and make_channel_record.py made of parts of theirs when these were
the newest; they stay as they are. """

from __future__ import annotations

import json
import math
import random
import statistics
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from judged import RULES, found_in, rounds_of  # noqa: E402

from mpmt.records import histograms  # noqa: E402
from mpmt.records import stats  # noqa: E402
from mpmt.records.families import outcome  # noqa: E402

ROUNDS, LAPS, SEED = 14, 4, 20240501  # rounds of a first look, and of the series that confirms what it shows
STOPPED = "the trial was stopped and continued"
Json = dict[str, Any]

# workload: grain, serial ns per task, whether it scales, tasks per block
WORKLOADS: dict[str, tuple[int, float, bool, int]] = {
    "empty": (1, 2.0, False, 400_000),
    "prime_count": (20_000, 1_010_000.0, True, 80),
    "hash_chain": (4_000, 985_000.0, True, 80),
    "matrix_multiply": (96, 1_060_000.0, True, 80),
    "sort_block": (12_000, 940_000.0, True, 80),
    "sleep_wait": (1_000, 1_070_000.0, True, 80),
    "file_cached": (16, 21_000.0, True, 4_000),
    "file_sync": (1, 1_800_000.0, True, 40),
    "loopback_echo": (100, 181_000.0, True, 500),
    "payload_copy": (1, 950.0, True, 60_000),
}
# executor, channel, workers, dispatch cost in ns per message
CASES: list[tuple[str, str | None, int, float]] = [
    ("serial", None, 1, 0.0),
    ("thread_pool", "by_reference", 1, 150.0),
    ("thread_pool", "by_reference", 2, 210.0),
    ("thread_pool", "boost_queue", 1, 470.0),
    ("thread_pool", "boost_queue", 2, 520.0),
    ("process_pool", "boost_queue", 1, 520.0),
    ("process_pool", "boost_queue", 2, 600.0),
]


def case_fields(workload: str, executor: str, channel: str | None, workers: int) -> Json:
    grain, _, _, _ = WORKLOADS[workload]
    payload = 4096 if workload == "payload_copy" else 0
    serial = channel is None
    of_processes = executor == "process_pool"
    return {
        "family": "pool", "workload": workload, "bench_version": 1, "executor": executor, "channel": channel,
        "workers": workers, "processes": workers if of_processes else 1,
        "threads_per_process": 1 if of_processes else workers, "grain": grain, "batch": 1,
        "payload_bytes": payload,
        "window": None if serial else 64, "placement": "spread", "wait": None if serial else "block",
        "group": f"{workload}/grain:{grain}/batch:1/payload:{payload}",
        "submitter_helps": serial,
    }


def case_name(fields: Json) -> str:
    parts = [fields["workload"], fields["executor"], fields["channel"], f"workers:{fields['workers']}",
             f"grain:{fields['grain']}", f"batch:{fields['batch']}", f"payload:{fields['payload_bytes']}",
             f"window:{fields['window']}" if fields["window"] else None, f"placement:{fields['placement']}",
             f"wait:{fields['wait']}" if fields["wait"] else None]
    return "/".join(part for part in parts if part)


def time_per_task(random_: random.Random, workload: str, dispatch: float, workers: int, executor: str,
                  round_: int,
                  drift: float) -> float:
    _, cost, scales, _ = WORKLOADS[workload]
    share = workers if scales else 1
    per_task = cost / share * (1.0 if workers == 1 else 1.02) + dispatch / share
    if workload == "file_cached" and workers == 2 and executor == "thread_pool":
        per_task *= 1.28  # one descriptor table for all
    if workload == "loopback_echo" and executor == "process_pool" and workers == 2 and round_ % 5 in (1, 3):
        per_task *= 1.9  # two modes: unstable
    return per_task * drift * math.exp(random_.gauss(0, 0.012))


def latency(random_: random.Random, per_task: float, workers: int, count: int) -> Json:
    """Mostly a full window, with a tail."""
    values = [per_task * workers * random_.lognormvariate(2.0, 0.25) * (random_.choice((4, 9))
                                                                        if random_.random() < 0.004
              else 1) for _ in range(30)]
    shares: dict[int, int] = {}
    for value in values:
        lowest = int(value) - int(value) % histograms.bucket_width(int(value))
        shares[lowest] = shares.get(lowest, 0) + 1
    coarse = sorted(shares.items())
    buckets = [[low, max(1, n * count // 30)] for low, n in coarse]
    total, highest = histograms.total(buckets), int(max(values))
    percentiles = {f"p{name}": histograms.quantile(buckets, q, highest)
                   for name, q in (("50", 0.5), ("90", 0.9), ("99", 0.99), ("999", 0.999))}
    if total < histograms.P999_FROM:
        percentiles["p999"] = None
    return {"count": total, **percentiles, "max": highest, "histogram": buckets}


def failure(workload: str, executor: str, workers: int, round_: int) -> tuple[str, str | None]:
    if workload == "file_sync":
        return "unsupported", "fdatasync does nothing on tmpfs: choose another --data-dir"
    if (workload, executor, workers, round_) == ("sort_block", "process_pool", 2, 3):
        return "worker_died", "worker 1 was killed by signal 9; batch of tasks 12..12 is lost"
    if (workload, executor, workers, round_) == ("hash_chain", "thread_pool", 1, 2):
        return "disturbed", STOPPED
    return "ok", None


def trial(random_: random.Random, fields: Json, index: int, round_: int, dispatch: float,
          drift: float) -> Json:
    workload, workers = fields["workload"], fields["workers"]
    tasks = WORKLOADS[workload][3]
    status, error = failure(workload, fields["executor"], workers, round_)
    disturbed_by, status, error = (error, "ok", None) if status == "disturbed" else (None, status, error)
    name = case_name(fields)
    entry: Json = {
        "name": name, "family_index": index, "per_family_instance_index": 0, "run_name": name,
        "run_type": "iteration", "repetitions": ROUNDS, "repetition_index": round_, "threads": 1,
        "iterations": 0, "real_time": 0.0, "cpu_time": 0.0, "time_unit": "ns", **fields,
        "libc_single_threaded": fields["executor"] != "thread_pool", "status": status, "error": error,
        "disturbed_by": disturbed_by, "round": round_, "together": fields["group"], "attempts": 3 if disturbed_by else 1,
        "stage": 1, "tasks": tasks, "settle_tasks": max(1, tasks // 50), "dropped_laps": round_ % 3,
    }
    measured = ("laps_ns", "wall_ns", "ns_per_task", "tasks_per_second", "startup_ns", "shutdown_ns",
                "checksum", "cpu_ns",
                "context_switches", "page_faults", "latency_ns", "cpus_seen", "workers_seen", "load",
                "surroundings")
    if status != "ok":
        entry |= {"error_occurred": True, "error_message": error, "libc_single_threaded": None}
        return entry | dict.fromkeys(measured)
    per_task = time_per_task(random_, workload, dispatch, workers, fields["executor"], round_, drift)
    per_task *= 1.3 if disturbed_by else 1
    laps = [float(f"{per_task * math.exp(random_.gauss(0, 0.004)):.5g}") for _ in range(LAPS)]
    ns_per_task, wall = statistics.median(laps), sum(laps) * tasks
    messages = tasks * LAPS
    waits = workload in ("sleep_wait", "loopback_echo")
    worker_cpu = round((WORKLOADS[workload][1] * (0.02 if waits else 1) + dispatch * 0.5) * messages)
    submitter_cpu = 0 if fields["channel"] is None else round((dispatch * 0.6 + 90) * messages)
    return entry | {
        "iterations": LAPS, "real_time": wall / LAPS,
        "cpu_time": (worker_cpu + submitter_cpu) / LAPS,
        "laps_ns": laps, "wall_ns": wall, "ns_per_task": ns_per_task, "tasks_per_second": 1e9 / ns_per_task,
        "startup_ns": {"serial": 4_000, "thread_pool": 61_000}.get(fields["executor"], 420_000) * workers,
        "shutdown_ns": {"serial": 300, "thread_pool": 35_000}.get(fields["executor"], 260_000) * workers,
        "checksum": f"0x{(tasks * 0x9E3779B97F4A7C15) % 2**64:016x}",
        "cpu_ns": {"submitter": submitter_cpu, "workers": worker_cpu},
        "context_switches": {"voluntary": round(messages * (1.1 if waits else 0.4 if dispatch else 0.0)),
                             "involuntary": random_.randrange(3, 20)},
        "page_faults": {"minor": random_.randrange(0, 30), "major": 0},
        "latency_ns": None if fields["channel"] is None else latency(random_, per_task, workers, messages),
        "cpus_seen": [i % 2 for i in range(workers)], "workers_seen": workers,
        "load": {"steal_ns": 0, "foreign_cpu_ns": 900_000, "foreign_share": 0.003},
        "surroundings": {"file_system": "ext4"} if workload.startswith("file") else {},
    }


def modes_and_doubt(values: list[float]) -> Json:
    """What an aggregate says of these."""
    found = stats.modes(values) if len(values) > 1 else []
    modes = None if len(found) < 2 else {"low": statistics.median(found[0]), "high": statistics.median(found[1]),
                                         "low_share": len(found[0]) / len(values)}
    unsteady = len(values) > 1 and stats.is_unstable(values)
    why = "two modes" if modes else "the rounds differ by more than 20 %"
    return {"modes": modes, "unstable": why if unsteady else None}


def aggregates(trials: list[Json]) -> list[Json]:
    """Google Benchmark's four, over the rounds of one case that count."""
    good = [t for t in trials if outcome(t) == "ok"]
    first = trials[0]
    fields = {key: first[key] for key in case_fields("empty", "serial", None, 1)}
    judged = modes_and_doubt([t["ns_per_task"] for t in good])
    entries = []
    for kind in ("mean", "median", "stddev", "cv") if good else ():
        times = {}
        for key in ("real_time", "cpu_time"):
            values = sorted(t[key] for t in good)
            mean = sum(values) / len(values)
            deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1))
            times[key] = {"mean": mean, "median": values[len(values) // 2], "stddev": deviation,
                          "cv": deviation / mean}[kind]
        entries.append({
            "name": f"{first['name']}_{kind}", "family_index": first["family_index"],
            "per_family_instance_index": 0,
            "run_name": first["name"], "run_type": "aggregate", "repetitions": 0, "threads": 1,
            "aggregate_name": kind, "aggregate_unit": "percentage" if kind == "cv" else "time",
            "iterations": len(good), **times, "time_unit": "ns", **fields, "status": "ok", **judged,
        })
    return entries


def comparison(table: str, threads: list[Json], processes: list[Json]) -> Json:
    first, other = processes[0], threads[0]
    row = {key: first[key] for key in ("workload", "workers", "grain", "batch", "payload_bytes", "window", "placement",
                                       "wait")}
    return {"table": table, **row, "channel": first["channel"] if table == "controlled" else None,
            "processes_case": first["name"], "threads_case": other["name"]}


def comparisons(by_case: dict[tuple[str, str, str | None, int], list[Json]]) -> list[Json]:
    rows = [(table, by_case[workload, "thread_pool", channel, workers],
             by_case[workload, "process_pool", "boost_queue", workers])
            for table, channel in (("controlled", "boost_queue"), ("deployed", "by_reference"))
            for workload in WORKLOADS for workers in ((1, 2) if table == "controlled" else (2,))]
    found = found_in([rounds_of(threads, processes) for _, threads, processes in rows])
    return [comparison(*row) | said for row, said in zip(rows, found)]


def core_to_core(cpus: int, seed: int = SEED) -> Json:
    """CPUs in pairs of hyper-threads, eight to a cache, in two sockets."""
    random_ = random.Random(seed)
    rows: list[list[float | None]] = [[None] * cpus for _ in range(cpus)]
    for a in range(cpus):
        for b in range(a):
            middle = 46 if a // 2 == b // 2 else 98 if a // 8 == b // 8 else 171 if a * 2 // cpus == b * 2 // cpus else 340
            rows[a][b] = rows[b][a] = round(middle * math.exp(random_.gauss(0, 0.04)), 1)
    return {"cpus": list(range(cpus)), "round_trip_ns": rows, "complete": True}


def context(done: int) -> Json:
    return {
        "date": "2024-05-01T12:00:00+00:00", "host_name": "golden", "executable": "build/release/mpmt",
        "num_cpus": 2,
        "mhz_per_cpu": 2445, "cpu_scaling_enabled": False,
        "caches": [{"type": "Data", "level": 1, "size": 32768, "num_sharing": 1}],
        "load_avg": [0.11, 0.2, 0.1],
        "library_build_type": "release", "schema_version": 3, "suite": "mpmt", "suite_version": "0.1.0",
        "command_line": ["mpmt", "run", "--profile", "quick"], "profile": "quick", "seed": SEED,
        "rounds": ROUNDS, "laps": LAPS, "block_ns": 3_000_000, "budget_s": 50.0,
        "rules": RULES, "family": "pool", "started_utc": "2024-05-01T12:00:00Z",
        "finished_utc": "2024-05-01T12:00:52Z", "interrupted": False, "recovered": False,
        "commit": {"id": "0123456789abcdef0123456789abcdef01234567", "parents": ["89abcdef" * 5],
                   "date": "2024-05-01T11:50:00+00:00", "dirty": False},
        "build": {"binary_sha256": "ab" * 32, "compiler": "GNU 12.2.0", "flags": "-O3 -DNDEBUG",
                  "build_type": "Release"},
        "libraries": {"google_benchmark": "1.7.1", "boost": "1.74.0", "nlohmann_json": "3.11.2",
                      "cli11": "2.1.2",
                      "libc": "glibc 2.36"},
        "machine": {
            "key": "0a1b2c3d4e5f",
            "identity": {"cpu_vendor": "GoldenVendor", "cpu_family": "25", "cpu_model": "1",
                         "cpu_stepping": "1",
                         "usable_cpus": "2", "threads_per_core": "1", "memory_gib": "8", "hypervisor": "kvm",
                         "kernel": "6.1", "os": "debian 12", "libc": "glibc 2.36"},
            "epoch": {"microcode": "0x1", "kernel_release": "6.1.0-18-amd64", "governor": "",
                      "transparent_hugepages": "madvise"},
            "state": {"cpu_name": "Golden CPU 9000 (invented)", "load_1min": "0.11", "aslr": "2"},
        },
        "capacity": {"before": [{"workers": 1, "capacity": 1.0}, {"workers": 2, "capacity": 1.97}],
                     "after": [{"workers": 1, "capacity": 1.0}, {"workers": 2, "capacity": 1.95}]},
        "core_to_core": core_to_core(2),
        "trials": {"done": done}, "group_rounds": {"done": ROUNDS * len(WORKLOADS), "busy": 3},
        "warnings": ["invented figures: for tests only"],
    }


def make_record() -> Json:
    random_ = random.Random(SEED)
    by_case: dict[tuple[str, str, str | None, int], list[Json]] = {}
    for round_ in range(ROUNDS):
        for workload in WORKLOADS:
            drift = math.exp(random_.gauss(0, 0.01))
            for at, (executor, channel, workers, dispatch) in enumerate(CASES):
                fields = case_fields(workload, executor, channel, workers)
                index = list(WORKLOADS).index(workload) * len(CASES) + at
                entry = trial(random_, fields, index, round_, dispatch, drift)
                by_case.setdefault((workload, executor, channel, workers), []).append(entry)
    entries = [entry for trials in by_case.values() for entry in (*trials, *aggregates(trials))]
    done = sum(len(trials) for trials in by_case.values())
    return {"context": context(done), "benchmarks": entries, "comparisons": comparisons(by_case)}


def as_text(record: Json) -> str:
    """One entry a line, so that differences can be read."""
    def line(value: Any) -> str:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    lists = {key: ",\n".join(line(item) for item in record[key]) for key in ("benchmarks", "comparisons")}
    return (f'{{"context":{line(record["context"])},\n"benchmarks":[\n{lists["benchmarks"]}\n],\n'
            f'"comparisons":[\n{lists["comparisons"]}\n]}}\n')


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests" / "data" / "golden_record.json"
    path.write_text(as_text(make_record()), "utf-8")
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()

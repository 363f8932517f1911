"""Synthetic histories: a git repository of empty commits in a moment, and records of them with given times.

    python3 tests/python/make_history.py DIR [--commits 100] [--cases 10] [--trials 10] [--plain] [--seed 1]

writes DIR/repository and DIR/results. Nothing in it was measured. Entries are as large as real ones, histograms
included, unless --plain leaves these out. """

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import make_golden_record as golden
from mpmt.records import histograms

Json = dict[str, Any]

KEY = "0a1b2c3d4e5f"
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
EPOCH = {"kernel_release": "6.1.0-18-amd64", "microcode": "0x1"}


def make_repository(folder: Path, count: int) -> list[str]:
    """A repository whose branch main has `count` empty commits, an hour apart; their ids, oldest first."""
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(folder)], check=True)
    commits = []
    for at in range(count):
        message = f"change {at}\n".encode()
        seconds = int((START + timedelta(hours=at)).timestamp())
        commits.append(b"commit refs/heads/main\nmark :%d\ncommitter A <a@example.org> %d +0000\ndata %d\n%s"
                       % (at + 1, seconds, len(message), message))
    subprocess.run(["git", "-C", str(folder), "fast-import", "--quiet"], input=b"\n".join(commits), check=True)
    said = subprocess.run(["git", "-C", str(folder), "rev-list", "--reverse", "main"], check=True, capture_output=True)
    return said.stdout.decode().split()


def context(commit: str, parents: Sequence[str], at: int, rounds: int, *, key: str = KEY,
            epoch: Mapping[str, str] | None = None, dirty: bool = False, interrupted: bool = False) -> Json:
    """The context of a record of the commit that was made `at` hours after START."""
    made = golden.context(rounds)
    started = START + timedelta(hours=at, minutes=5)
    made["commit"] = {"id": commit, "parents": list(parents), "dirty": dirty,
                      "date": (START + timedelta(hours=at)).isoformat()}
    made |= {"started_utc": f"{started:%Y-%m-%dT%H:%M:%SZ}", "rounds": rounds, "interrupted": interrupted}
    made["machine"] |= {"key": key, "epoch": dict(EPOCH if epoch is None else epoch)}
    return made


def case_fields(name: str, placement: str = "spread", version: int = 1) -> Json:
    fields = golden.case_fields("prime_count", "process_pool", "boost_queue", 2)
    return fields | {"workload": name.split("/")[0][:200] or "x", "placement": placement, "bench_version": version}


def trial(name: str, fields: Json, round_: int, ns: float, latency: Json | None) -> Json:
    tasks = 80
    wall = round(ns * tasks)
    return {
        "name": name, "family_index": 0, "per_family_instance_index": 0, "run_name": name, "run_type": "iteration",
        "repetitions": 10, "repetition_index": round_, "threads": 1, "iterations": 1, "real_time": float(wall),
        "cpu_time": wall * 1.9, "time_unit": "ns", **fields, "libc_single_threaded": True, "status": "ok",
        "error": None, "disturbed_by": None, "round": round_, "together": fields["group"], "attempts": 1, "tasks": tasks,
        "stage": 1, "settle_tasks": 2, "dropped_laps": 0, "laps_ns": [ns], "wall_ns": wall, "ns_per_task": ns,
        "tasks_per_second": 1e9 / ns, "startup_ns": 840000, "shutdown_ns": 520000, "checksum": "0x0000000000b1a2c3",
        "cpu_ns": {"submitter": 108000, "workers": wall}, "context_switches": {"voluntary": 96, "involuntary": 11},
        "page_faults": {"minor": 10, "major": 0}, "latency_ns": latency, "cpus_seen": [0, 1], "workers_seen": 2,
        "load": {"steal_ns": 0, "foreign_cpu_ns": 900000, "foreign_share": 0.003}, "surroundings": {},
    }


def latency(random_: random.Random, buckets: int = 48) -> Json:
    lows = sorted({int(v) - int(v) % histograms.bucket_width(int(v))
                   for v in (random_.lognormvariate(14, 0.3) for _ in range(3 * buckets))})[:buckets]
    counts = [[low, random_.randrange(1, 4000)] for low in lows]
    total = sum(count for _, count in counts)
    return {"count": total, "p50": 1200000.0, "p90": 1500000.0, "p99": 1900000.0, "p999": None, "max": lows[-1] + 1,
            "histogram": counts}


def entries(name: str, values: Sequence[float], fields: Json | None = None, of_latency: Json | None = None) -> list[Json]:
    """Trials with these times per task in ns, and their aggregates, as `mpmt run` writes them."""
    fields = case_fields(name) if fields is None else fields
    trials = [trial(name, fields, at, value, of_latency) for at, value in enumerate(values)]
    return [*trials, *golden.aggregates(trials)]


def place(results: Path, made: Json) -> Path:
    """Where the record belongs below `results`."""
    started = datetime.fromisoformat(made["started_utc"].replace("Z", "+00:00"))
    commit = made["commit"]["id"][:12] if made["commit"] else "nogit"
    return results / made["machine"]["key"] / f"{commit}-{started:%Y%m%dT%H%M%SZ}.json"


def write_record(results: Path, made: Json, benchmarks: Sequence[Json]) -> Path:
    path = place(results, made)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"context": made, "benchmarks": list(benchmarks), "comparisons": []}), "utf-8")
    return path


def write_history(results: Path, commits: Sequence[str], levels: Mapping[str, Sequence[float]], *, trials: int = 5,
                  noise: float = 0.005, seed: int = 1, key: str = KEY,
                  epochs: Sequence[Mapping[str, str]] | None = None, full: bool = False) -> list[Path]:
    """One record for each commit: case i has levels[case][i] ns per task times log-normal noise; NaN: not measured.

    `full` entries have latency histograms. """
    random_ = random.Random(seed)
    shapes = [latency(random_) for _ in range(20)] if full else [None]
    paths = []
    for at, commit in enumerate(commits):
        benchmarks: list[Json] = []
        for name, by_commit in levels.items():
            if not math.isnan(by_commit[at]):
                values = [by_commit[at] * math.exp(random_.gauss(0, noise)) for _ in range(trials)]
                benchmarks += entries(name, values, None, random_.choice(shapes))
        epoch = epochs[at] if epochs else None
        made = context(commit, commits[at - 1:at] if at else [], at, trials, key=key, epoch=epoch)
        paths.append(write_record(results, made, benchmarks))
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--cases", type=int, default=10)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random_ = random.Random(options.seed)
    commits = make_repository(options.folder / "repository", options.commits)
    levels = {}
    for at in range(options.cases):
        change = random_.randrange(options.commits)
        step = random_.choice((1.0, 1.0, 1.05, 1.1, 0.9))
        levels[f"case_{at}/process_pool/workers:2"] = [
            1e5 * (at + 1) * (step if c >= change else 1) * math.exp(random_.gauss(0, 0.008))
            for c in range(options.commits)]
    write_history(options.folder / "results", commits, levels, trials=options.trials, seed=options.seed,
                  full=not options.plain)
    print(f"{options.folder}: {options.commits} commits, {options.cases} cases")


if __name__ == "__main__":
    main()

"""A plausible, invented record of the channel family, with a fixed seed, for tests of the scripts.

    MPMT_BINARY=build/release/mpmt python3 tests/python/make_channel_record.py FILE

Nothing in it was measured; its comparisons are what `mpmt judge` says of the invented rounds. Tests ask `make_record`
for the part of it that they need. """

from __future__ import annotations

import json
import math
import random
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from judged import found_in, rounds_of  # noqa: E402
from make_golden_record import STOPPED, modes_and_doubt  # noqa: E402
from make_golden_record import context as golden_context  # noqa: E402

from mpmt.records import histograms  # noqa: E402
from mpmt.records.families import outcome  # noqa: E402

Json = dict[str, Any]
LAPS, SEED = 4, 20240601
SIZES = (8, 64, 512, 4096, 32768, 262144, 1 << 20, 16 << 20)


@dataclass(frozen=True)
class Kind:
    """Round trips in ns on one CPU and on two, each waiting by block and by yield; ns per byte and way; what it can."""

    same: tuple[float, float]
    spread: tuple[float, float]
    per_byte: float
    copies: int | None
    most_bytes: int = 1 << 62
    futex: bool = False
    threads_only: bool = False


CHANNELS: dict[str, Kind] = {
    "boost_condition": Kind((3900, 4300), (11800, 9200), 0.16, 2),
    "boost_queue": Kind((7100, 1900), (13900, 2300), 0.17, 2, 1 << 20),
    "by_reference": Kind((3150, 2500), (9300, 900), 0.06, 0, threads_only=True),
    "eventfd_ring": Kind((4300, 1400), (10400, 420), 0.15, 2),
    "pipe": Kind((3700, 4100), (10300, 6100), 0.31, 2),
    "posix_queue": Kind((4200, 4500), (11200, 6900), 0.33, 2, 8192),
    "shm_arena": Kind((3260, 760), (9500, 205), 0.06, 0, futex=True),
    "shm_ring": Kind((3180, 690), (9300, 176), 0.15, 2, futex=True),
    "tcp_loopback": Kind((15100, 15900), (23800, 19800), 0.55, 2),
    "unix_seqpacket": Kind((5000, 5300), (11800, 7700), 0.37, 2, 131072),
    "unix_stream": Kind((5100, 5400), (11900, 7800), 0.36, 2),
}
FLOORS: dict[str, Kind] = {
    "floor_cache_line": Kind((640, 640), (142, 142), 0.06, None),
    "floor_futex": Kind((3050, 3050), (9050, 9050), 0.06, None, futex=True),
    "floor_pipe": Kind((3600, 3600), (10100, 10100), 0.31, None),
    "floor_seqpacket": Kind((4850, 4850), (11500, 11500), 0.37, None, 131072),
    "floor_memcpy": Kind((650, 650), (150, 150), 0.15, None),
}


@dataclass
class Choice:
    """Which part of the record to make."""

    channels: Sequence[str] = tuple(CHANNELS)
    floors: Sequence[str] = tuple(FLOORS)
    sizes: Sequence[int] = SIZES
    sides: Sequence[str] = ("threads", "processes")
    patterns: Sequence[str] = ("ping_pong", "stream")
    placements: Sequence[str] = ("same", "spread")
    waits: Sequence[str] = ("block", "yield")
    untouched: bool = True  # shm_arena also without touching
    rounds: int = 6
    rate: float = 1000.0
    bimodal: Sequence[Mapping[str, Any]] = ({"placement": "free", "pattern": "ping_pong"},
                                            {"channel": "tcp_loopback", "message_bytes": 4096, "placement": "spread"})
    disturbed: Sequence[Mapping[str, Any]] = ({"channel": "pipe", "message_bytes": 512, "round": 2},)
    factors: Sequence[tuple[Mapping[str, Any], float]] = field(default_factory=tuple)  # cases that take that much longer


def case_fields(channel: str, sides: str, pattern: str, size: int, placement: str, wait: str | None, futex: str | None,
                touched: bool, rate: float) -> Json:
    kind = CHANNELS.get(channel) or FLOORS[channel]
    offered = rate if pattern == "open_loop" else None
    of_group = [pattern, f"bytes:{size}", f"placement:{placement}", *([f"rate:{rate:g}"] if offered else []),
                *([] if touched else ["touch:no"])]
    return {
        "family": "channel", "bench_version": 1, "channel": channel, "floor": channel in FLOORS, "sides": sides,
        "pattern": pattern, "message_bytes": size, "window": 1 if pattern == "ping_pong" else 64, "placement": placement,
        "wait": wait, "futex": futex, "touched": touched, "rate": offered, "copies_per_message": kind.copies,
        "group": "/".join(of_group),
    }


def case_name(fields: Json) -> str:
    parts = [fields["channel"], fields["sides"], fields["pattern"], f"bytes:{fields['message_bytes']}",
             f"window:{fields['window']}", f"placement:{fields['placement']}",
             *(f"{key}:{fields[key]}" for key in ("wait", "futex", "rate") if fields[key] is not None)]
    return "/".join([*parts, *([] if fields["touched"] else ["touch:no"])])


def cases(choice: Choice) -> list[Json]:
    made = []
    for pattern, size, placement, channel, sides in product(choice.patterns, choice.sizes, choice.placements,
                                                            (*choice.floors, *choice.channels), choice.sides):
        kind = CHANNELS.get(channel) or FLOORS[channel]
        if size > kind.most_bytes or (kind.threads_only and sides == "processes"):
            continue
        futexes = [None] if not kind.futex else ["shared"] if sides == "processes" else ["private", "shared"]
        touches = [True, False] if channel == "shm_arena" and choice.untouched else [True]
        waits = [None] if channel in FLOORS else choice.waits
        for wait, futex, touched in product(waits, futexes, touches):
            made.append(case_fields(channel, sides, pattern, size, placement, wait, futex, touched, choice.rate))
    return made


def matches(fields: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(fields[key] == value for key, value in wanted.items())


def time_ns(random_: random.Random, choice: Choice, fields: Json, round_: int, drift: float) -> float:
    kind = CHANNELS.get(fields["channel"]) or FLOORS[fields["channel"]]
    bases = kind.same if fields["placement"] == "same" else kind.spread
    value = bases[fields["wait"] in ("yield", "spin")]
    ways = 2
    if fields["pattern"] != "ping_pong":
        ways, value = 1, value * (0.09 if fields["pattern"] == "stream" else 0.55)
    per_byte = kind.per_byte * (1.25 if fields["message_bytes"] > 1 << 20 else 1)
    value += ways * per_byte * fields["message_bytes"] if fields["touched"] else 0
    value *= 1.02 if fields["sides"] == "processes" else 1.015 if fields["futex"] == "shared" else 1
    for wanted, factor in choice.factors:
        value *= factor if matches(fields, wanted) else 1
    if any(matches(fields, wanted) for wanted in choice.bimodal) and round_ % 5 in (1, 3):
        value *= 2.6
    return value * drift * math.exp(random_.gauss(0, 0.012))


def latency(random_: random.Random, middle: float, count: int) -> Json:
    values = [middle * random_.lognormvariate(0.0, 0.08) * (8 if random_.random() < 0.01 else 1) for _ in range(60)]
    buckets: dict[int, int] = {}
    for value in values:
        lowest = int(value) - int(value) % histograms.bucket_width(int(value))
        buckets[lowest] = buckets.get(lowest, 0) + max(1, count // 60)
    histogram, highest = [[low, n] for low, n in sorted(buckets.items())], int(max(values)) + 1
    quantiles = {f"p{name}": histograms.quantile(histogram, q, highest)
                 for name, q in (("50", 0.5), ("90", 0.9), ("99", 0.99), ("999", 0.999))}
    total = histograms.total(histogram)
    if total < histograms.P999_FROM:
        quantiles["p999"] = None
    return {"count": total, **quantiles, "max": highest, "histogram": histogram}


def trial(random_: random.Random, choice: Choice, fields: Json, index: int, round_: int, drift: float) -> Json:
    disturbed = any(matches({**fields, "round": round_}, wanted) for wanted in choice.disturbed)
    ns = time_ns(random_, choice, fields, round_, drift) * (3 if disturbed else 1)
    operations = max(16, round(5e6 / ns))
    per_second = 1e9 / ns * (2 if fields["pattern"] == "ping_pong" else 1)
    if fields["pattern"] == "open_loop":
        per_second = fields["rate"]
    open_loop = fields["pattern"] == "open_loop"
    laps = [float(f"{ns * math.exp(random_.gauss(0, 0.003)):.5g}") for _ in range(1 if open_loop else LAPS)]
    ns = statistics.median(laps)
    wall = ns * operations * LAPS
    name = case_name(fields)
    return {
        "name": name, "family_index": index, "per_family_instance_index": 0, "run_name": name, "run_type": "iteration",
        "repetitions": choice.rounds, "repetition_index": round_, "threads": 1, "iterations": LAPS,
        "real_time": wall / LAPS, "cpu_time": 1.6 * wall / LAPS, "time_unit": "ns", **fields,
        "libc_single_threaded": fields["sides"] == "processes", "status": "ok", "error": None,
        "disturbed_by": STOPPED if disturbed else None, "round": round_, "together": fields["group"],
        "attempts": 3 if disturbed else 1, "stage": 1, "tasks": operations, "settle_tasks": 4, "dropped_laps": 0,
        "laps_ns": laps,
        "wall_ns": wall, "ns_per_operation": ns,
        "messages_per_second": per_second, "bytes_per_second": per_second * fields["message_bytes"],
        "generator_late_share": 0.0004 if fields["pattern"] == "open_loop" else None,
        "startup_ns": 410_000, "shutdown_ns": 240_000, "checksum": f"0x{operations * 0x9E3779B97F4A7C15 % 2**64:016x}",
        "cpu_ns": {"submitter": wall * 0.8, "workers": wall * 0.8},
        "context_switches": {"voluntary": 2 * operations if fields["wait"] == "block" else 3, "involuntary": 4},
        "page_faults": {"minor": 2, "major": 0},
        "latency_ns": None if fields["pattern"] == "stream" else latency(random_, ns, operations * LAPS),
        "cpus_seen": [0] if fields["placement"] == "same" else [0, 1],
        "load": {"steal_ns": 0, "foreign_cpu_ns": 900_000, "foreign_share": 0.003}, "surroundings": {},
    }


def ok_values(trials: Sequence[Json]) -> dict[int, float]:
    return {t["round"]: t["ns_per_operation"] for t in trials if outcome(t) == "ok"}


def aggregates(fields: Json, trials: Sequence[Json]) -> list[Json]:
    good = [t for t in trials if outcome(t) == "ok"]
    judged = modes_and_doubt([t["ns_per_operation"] for t in good])
    entries = []
    for kind in ("mean", "median", "stddev", "cv") if good else ():
        times = [t["real_time"] for t in good]
        deviation = statistics.stdev(times) if len(times) > 1 else 0.0
        shown = {"mean": statistics.fmean(times), "median": statistics.median(times), "stddev": deviation,
                 "cv": deviation / statistics.fmean(times)}[kind]
        entries.append({
            "name": f"{trials[0]['name']}_{kind}", "family_index": trials[0]["family_index"],
            "per_family_instance_index": 0, "run_name": trials[0]["name"], "run_type": "aggregate",
            "repetitions": 0, "threads": 1, "aggregate_name": kind,
            "aggregate_unit": "percentage" if kind == "cv" else "time", "iterations": len(good), "real_time": shown,
            "cpu_time": 1.6 * shown, "time_unit": "ns", **fields,
            "status": "ok", **judged,
        })
    return entries


NOT_PINNED = {"verdict": "undecided", "reason": "not pinned"}
SHARED_KEYS = ("pattern", "message_bytes", "window", "placement", "wait", "futex", "touched")


def comparison(table: str, threads: list[Json], processes: list[Json]) -> Json:
    first, other = processes[0], threads[0]
    return {
        "table": table, "workload": None, "channel": first["channel"] if table == "controlled" else None,
        **dict.fromkeys(("workers", "grain", "batch", "batch_split", "payload_bytes")),
        **{key: first[key] if first[key] == other[key] else None for key in SHARED_KEYS},
        "processes_case": first["name"], "threads_case": other["name"],
    }


def comparisons(by_case: dict[str, list[Json]]) -> list[Json]:
    channels = [t for t in by_case.values() if not t[0]["floor"] and ok_values(t)]
    keys = ("channel", "pattern", "message_bytes", "placement", "wait", "futex", "touched", "rate")
    threads = {tuple(t[0][key] for key in keys): t for t in channels if t[0]["sides"] == "threads"}
    rows = [("controlled", threads[key], t) for t in channels if t[0]["sides"] == "processes"
            and (key := tuple(t[0][k] for k in keys)) in threads]
    best: dict[tuple[Any, ...], dict[str, list[Json]]] = {}
    for t in channels:
        if t[0]["touched"]:
            sides = best.setdefault(tuple(t[0][key] for key in ("pattern", "message_bytes", "placement")), {})
            old = sides.get(t[0]["sides"])
            middle = statistics.median(ok_values(t).values())
            if old is None or middle < statistics.median(ok_values(old).values()):
                sides[t[0]["sides"]] = t
    rows += [("deployed", s["threads"], s["processes"]) for s in best.values() if len(s) == 2]
    found = found_in([rounds_of(threads, processes) for _, threads, processes in rows])
    return [comparison(*row) | said | (NOT_PINNED if row[2][0]["placement"] == "free" else {})
            for row, said in zip(rows, found)]


def make_record(choice: Choice | None = None, **changes: Any) -> Json:
    """`changes`: fields of Choice."""
    choice = choice or Choice(**changes)
    random_ = random.Random(SEED)
    by_case: dict[str, list[Json]] = {}
    planned = cases(choice)
    for round_ in range(choice.rounds):
        drift = math.exp(random_.gauss(0, 0.008))
        for index, fields in enumerate(planned):
            by_case.setdefault(case_name(fields), []).append(trial(random_, choice, fields, index, round_, drift))
    entries = [entry for fields in planned
               for entry in (*by_case[case_name(fields)], *aggregates(fields, by_case[case_name(fields)]))]
    context = golden_context(len(planned) * choice.rounds) | {
        "family": "channel", "rounds": choice.rounds, "laps": LAPS,
        "command_line": ["mpmt", "run", "--family", "channel"]}
    return {"context": context, "benchmarks": entries, "comparisons": comparisons(by_case)}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(make_record(), allow_nan=False), "utf-8")

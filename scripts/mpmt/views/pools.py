"""A record's pools, each with its rounds, and which of them differ in side, channel and workers only: read once, in one
pass."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mpmt.answers import words
from mpmt.answers.rows import task_times, workload_of
from mpmt.records.families import POOL, Round, case_status, is_baseline_entry, round_of, rounds_that_count, value_ns
from mpmt.records.record_file import Record
from mpmt.records.stored_files import MEASURABLE_NS
from mpmt.views.naming import Names
from mpmt.views.view import BASELINE, PROCESSES, THREADS

_SIDES = {"thread_pool": THREADS, "process_pool": PROCESSES, THREADS: THREADS, PROCESSES: PROCESSES}
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Pool:
    """A case. `entry`: one of its rounds; what makes the case is in each. `side`: "" of an executor that is neither."""

    name: str
    entry: Entry
    entries: tuple[Entry, ...]  # rounds that count
    side: str
    unstable: bool

    @property
    def workers(self) -> int:
        return int(self.entry["workers"])

    @property
    def channel(self) -> str:
        return self.entry["channel"] or ""

    @property
    def series(self) -> str:
        """"threads over shm_ring"."""
        who = self.side if self.side in (THREADS, PROCESSES) else self.entry["executor"]
        return f"{who} over {self.channel}" if self.channel else str(who)

    def by_round(self) -> dict[Round, float]:
        """ns per task."""
        return {round_of(entry): float(value_ns(entry)) for entry in self.entries}

    def median(self, *path: str) -> float | None:
        """Of a field of its rounds; None where no round has it."""
        known = [float(value) for entry in self.entries if (value := _at(entry, path)) is not None]
        return statistics.median(known) if known else None

    def per_task(self, *path: str) -> float | None:
        """The same of a round's total, for each task that it did."""
        known = [float(value) / tasks for entry in self.entries
                 if (value := _at(entry, path)) is not None and (tasks := entry["iterations"] * (entry.get("tasks") or 0))]
        return statistics.median(known) if known else None


def _at(entry: Any, path: Sequence[str]) -> Any:
    for key in path:
        entry = (entry or {}).get(key)
    return entry


@dataclass(frozen=True)
class Group:
    """Pools that differ in side, channel and workers only. `serial`: what their speed-up is over. `title`: tells it from the
    other groups of the record; `name` as well, and is unique. `task_ns` as in Row."""

    name: str
    title: str
    entry: Entry
    pools: tuple[Pool, ...]
    serial: Pool | None
    task_ns: float | None

    @property
    def workload(self) -> str:
        return workload_of(self.entry)

    @property
    def payload(self) -> int:
        return int(self.entry["payload_bytes"])

    @property
    def program(self) -> str | None:
        return self.entry.get("program")

    @property
    def computes(self) -> bool:
        """Whether CPUs bound it; what a program does not say counts as that."""
        return (self.entry.get("workload_kind") or "cpu") == "cpu"

    @property
    def workers(self) -> list[int]:
        return sorted({pool.workers for pool in self.pools})

    def lines(self) -> dict[str, list[Pool]]:
        """By series, threads first, each by workers."""
        order = {THREADS: 0, PROCESSES: 1}
        found: dict[str, list[Pool]] = {}
        for pool in sorted(self.pools, key=lambda one: (one.channel, order.get(one.side, 2), one.series, one.workers)):
            found.setdefault(pool.series, []).append(pool)
        return found

    def place(self) -> str:
        """"hash_chain tasks of 1 ms with 4 KiB"."""
        task = f" of {words.duration(self.task_ns)}" if self.task_ns is not None else ""
        data = f" with {words.size(self.payload)}" if self.payload else ""
        return f"{self.workload} tasks{task}{data}" + (f" by {self.program}" if self.program else "")



def pools_of(record: Record) -> list[Pool]:
    """All with a round that counts, in the record's order. Times that nobody can have measured are passed over: their ratios
    would not be finite."""
    least, most = MEASURABLE_NS
    found: dict[str, list[Entry]] = {}
    for _, entry in rounds_that_count(record):
        if entry["family"] == POOL and least <= value_ns(entry) <= most:
            found.setdefault(entry["name"], []).append(entry)
    unstable = {entry["run_name"] for entry in record["benchmarks"]
                if entry["run_type"] == "aggregate" and entry["family"] == POOL and case_status(entry) == "unstable"}
    return [Pool(name, entries[0], tuple(entries), _side(entries[0]), name in unstable) for name, entries in found.items()]


def _side(entry: Entry) -> str:
    if entry["channel"] is None:
        return BASELINE
    return _SIDES.get(entry.get("who") or entry["executor"], "")


def _work(entry: Entry) -> tuple[Any, ...]:
    """What two cases of a program have in common whose tasks are the same."""
    return tuple(entry.get(key) for key in ("program", "workload", "waiting", "bench_version", "grain", "payload_bytes"))


def _batch(entry: Entry) -> Any:
    return "split" if entry.get("batch_split") else entry["batch"]


def groups_of(record: Record, pools: Iterable[Pool]) -> list[Group]:
    """In the record's order. Serial pools are in none, but are what others' speed-ups are over."""
    found: dict[tuple[Any, ...], list[Pool]] = {}
    alone: dict[tuple[Any, ...], list[Pool]] = {}
    for pool in pools:
        entry = pool.entry
        if entry["channel"] is None:
            alone.setdefault(_work(entry), []).append(pool)
        else:
            found.setdefault((*_work(entry), _batch(entry), *(entry.get(key) for key in ("window", "placement", "wait"))),
                             []).append(pool)
    times = task_times(record)
    titles = _titles({key: members[0].entry for key, members in found.items()}, times)
    names = Names()
    return [Group(names.one(titles[key]), titles[key], members[0].entry, tuple(members),
                  _serial(alone.get(_work(members[0].entry), ()), members[0].entry),
                  times.get((workload_of(members[0].entry), members[0].entry["grain"]))) for key, members in found.items()]


def _serial(pools: Iterable[Pool], one: Entry) -> Pool | None:
    """The closest in its other parameters."""
    baselines = [pool for pool in pools if is_baseline_entry(pool.entry)]
    baselines.sort(key=lambda pool: (_batch(pool.entry) != _batch(one), pool.entry["placement"] != one["placement"]))
    return baselines[0] if baselines else None


def _titles(entries: Mapping[tuple[Any, ...], Entry], times: Mapping[tuple[str, int], float]) -> dict[tuple[Any, ...], str]:
    """The workload, and what tells its groups apart."""
    parts = {key: _parts(entry, times) for key, entry in entries.items()}
    values: dict[tuple[str, str, str], set[str]] = {}
    for own in parts.values():
        for name, text in own.items():
            values.setdefault((own["workload"], "" if name == "program" else own["program"], name), set()).add(text)

    def tells(own: Mapping[str, str], name: str) -> bool:
        return name == "workload" or len(values[own["workload"], "" if name == "program" else own["program"], name]) > 1

    return {key: ", ".join(text for name, text in own.items() if text and tells(own, name)) for key, own in parts.items()}


def _parts(entry: Entry, times: Mapping[tuple[str, int], float]) -> dict[str, str]:
    task = times.get((workload_of(entry), entry["grain"]))
    return {"workload": workload_of(entry), "program": entry.get("program") or "",
            "task": words.duration(task) if task is not None else f"grain {entry['grain']}",
            "payload": words.size(entry["payload_bytes"]) if entry["payload_bytes"] else "no payload",
            "batch": f"batch {_batch(entry)}", "window": f"window {entry['window']}" if entry.get("window") else "",
            "placement": entry["placement"] or "", "wait": entry["wait"] or ""}

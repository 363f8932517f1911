"""Who was measured in a run, and what each took: of a record's pools."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mpmt.answers.rows import CONTROLLED, DEPLOYED, Row, said_and_rows
from mpmt.records.families import POOL, Round, is_baseline_entry, round_of, rounds_that_count, value_ns
from mpmt.records.record_file import Record

THREADS, PROCESSES = "threads", "processes"
_SIDES = {"thread_pool": THREADS, "process_pool": PROCESSES}


@dataclass(frozen=True)
class Contender:
    """Of the rounds that count, ns: their median time per task; `startup_ns` by the round. `name`: of its case."""

    name: str
    side: str
    channel: str
    workers: int
    grain: int
    payload: int
    task_ns: float
    startup_ns: Mapping[Round, float]

    @property
    def tasks_per_s(self) -> float:
        return 1e9 / self.task_ns


def contenders_of(record: Record) -> list[Contender]:
    rounds: dict[str, list[Mapping[str, Any]]] = {}
    for _, entry in rounds_that_count(record):
        if entry["family"] == POOL and entry["executor"] in _SIDES:
            rounds.setdefault(entry["name"], []).append(entry)
    return [_contender(name, entries) for name, entries in rounds.items()]


def _contender(name: str, entries: list[Mapping[str, Any]]) -> Contender:
    one = entries[0]
    return Contender(name, _SIDES[one["executor"]], one["channel"], one["workers"], one["grain"], one["payload_bytes"],
                     statistics.median(value_ns(entry) for entry in entries),
                     {round_of(entry): entry["startup_ns"] for entry in entries if entry["startup_ns"] is not None})


def rates(contenders: Iterable[Contender]) -> dict[int, float]:
    """Tasks per second of the best at each count of workers, in rising order."""
    by_count: dict[int, float] = {}
    for one in contenders:
        by_count[one.workers] = max(by_count.get(one.workers, 0.0), one.tasks_per_s)
    return dict(sorted(by_count.items()))


def grows_up_to(rates_by_count: Mapping[int, float], margin: float) -> int:
    """The last count that brought more than the margin over all smaller ones; 0 of none."""
    up_to, most = 0, 0.0
    for count, rate in rates_by_count.items():
        if rate > most * (1 + margin):
            up_to = count
        most = max(most, rate)
    return up_to


@dataclass(frozen=True)
class Found:
    """A comparison, and who it is of; None where a side has no round that counts."""

    row: Row
    threads: Contender | None
    processes: Contender | None


def has_serial(record: Record) -> bool:
    """Whether a case says what a task takes by itself."""
    return any(is_baseline_entry(entry) for _, entry in rounds_that_count(record) if entry["family"] == POOL)


def found_in(record: Record, alone_ns: float | None = None) -> list[Found]:
    """In the record's order. `alone_ns`: what a task takes by itself, where the record has no serial case to say it."""
    who = {one.name: one for one in contenders_of(record)}
    serial = has_serial(record)
    return [Found(row if serial else replace(row, task_ns=alone_ns), who.get(said["threads_case"]),
                  who.get(said["processes_case"]))
            for said, row in said_and_rows(record) if row.table in (CONTROLLED, DEPLOYED)]


def failures(record: Record) -> list[str]:
    """Why cases gave no figure, each reason once."""
    return list(dict.fromkeys(f"{entry['name']}: {entry['status']}: {entry['error']}" for entry in record["benchmarks"]
                              if entry["run_type"] == "iteration" and entry["status"] != "ok" and entry["error"]))


def foreign_share(record: Record) -> float:
    """The share of the rounds in which others used the CPUs."""
    rounds = record["context"].get("group_rounds") or {}
    return rounds["busy"] / rounds["done"] if rounds.get("done") else 0.0

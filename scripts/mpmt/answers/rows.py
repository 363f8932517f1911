"""A record's comparisons as a reader asks for them: by the time that a task takes, not by its grain."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mpmt.answers import words
from mpmt.records.families import POOL, comparisons_of, is_baseline_entry, rounds_that_count, value_ns
from mpmt.records.record_file import Record, rules
from mpmt.records.stored_files import MEASURABLE_NS

A_FASTER, B_FASTER, SAME, UNDECIDED, UNSTABLE = "a", "b", "same", "undecided", "unstable"
CONTROLLED, DEPLOYED, PROGRAMS = "controlled", "deployed", "programs"
BEST = "best of either side"  # in place of a channel: of rows as deployed


@dataclass(frozen=True)
class Row:
    """A comparison of pools. `a` and `b` name its sides: "threads" and "processes", or two programs; `ratio` is time of b ÷
    time of a, above 1 where a is faster; None before a first look. `task_ns`: what a task takes serially, or in the row's own
    case where no serial one was measured; the same for all rows of a workload and grain; None: nothing is known."""

    subject: int  # which of the records that are shown
    table: str
    a: str
    b: str
    workload: str  # as workload_of names it
    grain: int
    task_ns: float | None
    payload_bytes: int | None  # here and below None: the sides differ in it
    workers: int | None
    placement: str | None
    channel: str | None
    batch: int | None
    window: int | None
    wait: str | None
    ratio: float | None
    low: float | None
    high: float | None
    verdict: str
    detectable: float | None  # a share
    rounds: int
    reason: str
    margin: float
    confidence: float


VERDICTS = {"threads": A_FASTER, "processes": B_FASTER, "a": A_FASTER, "b": B_FASTER}


def rows_of(record: Record, subject: int = 0) -> list[Row]:
    """Of pools, in the record's order. Versions 1 and 2 had the same rows."""
    return [row for _, row in said_and_rows(record, subject)]


def said_and_rows(record: Record, subject: int = 0) -> list[tuple[Mapping[str, Any], Row]]:
    """The same, each beside what the record says of it."""
    times = task_times(record)
    judged = rules(record)
    return [(said, _row(said, workload_of({**said, "waiting": _waiting(record, said)}), subject, times, judged.margin,
                        judged.confidence))
            for said in comparisons_of(record, POOL) if said["workload"] is not None and said["grain"] is not None]


def workload_of(said: Mapping[str, Any]) -> str:
    """What readers know a pool's tasks by: of an entry or a case; "mixed_wait (70 % waiting)" where a share of a task waits."""
    name, waiting = str(said["workload"]), said.get("waiting")
    return name if waiting is None else f"{name} ({words.fixed(100 * waiting, 0)} % waiting)"


def _waiting(record: Record, said: Mapping[str, Any]) -> float | None:
    """Of the cases that the row compares. Records without `cases` are from before there was such a share."""
    cases = record.get("cases", {})
    names = (said.get(key) for key in ("threads_case", "processes_case", "a_case", "b_case"))
    return next((cases[name]["waiting"] for name in names if name in cases and cases[name].get("waiting") is not None), None)


def _row(said: Mapping[str, Any], workload: str, subject: int, times: Mapping[tuple[str, int], float], margin: float,
         confidence: float) -> Row:
    of_programs = said["table"] == PROGRAMS
    ratio, low, high = bounded_ratio(said)
    return Row(subject, said["table"], said["a"] if of_programs else "threads", said["b"] if of_programs else "processes",
               workload, said["grain"], times.get((workload, said["grain"])), said["payload_bytes"], said["workers"],
               said["placement"], said["channel"], said["batch"], said["window"], said["wait"], ratio, low, high,
               VERDICTS.get(said["verdict"], said["verdict"]), detectable_of(said), said["rounds"], said["reason"] or "",
               margin, confidence)


def bounded_ratio(said: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    """Ratio and interval of a comparison: from 1e-9 to 1e9, so that their inverses are numbers as well; None before a look."""
    if said["ratio"] is None:
        return None, None, None
    ratio, low, high = (None if said[key] is None else min(max(float(said[key]), 1e-9), 1e9)
                        for key in ("ratio", "low", "high"))
    return ratio, low, high


def detectable_of(said: Mapping[str, Any]) -> float | None:
    """The share that would have been seen: bounded as ratios are."""
    found = said.get("detectable")
    return None if found is None else min(float(found), 1e9)


def task_times(record: Record) -> dict[tuple[str, int], float]:
    """What a task of a workload, as workload_of names it, takes at a grain, ns: the median round of its serial cases with the
    least payload, else of its case with the fewest workers; mpmt's own, or the first program's that has any. Times that nobody
    can have measured count for nothing: sums and ratios of them would not be finite."""
    rounds: dict[tuple[str, int], dict[tuple[bool, int, int, int], list[float]]] = {}
    programs: dict[str | None, int] = {None: 0}
    for entry in _pool_rounds(record):
        program = programs.setdefault(entry.get("program"), len(programs))
        order = (not is_baseline_entry(entry), program, entry["payload_bytes"], entry["workers"])
        rounds.setdefault((workload_of(entry), entry["grain"]), {}).setdefault(order, []).append(value_ns(entry))
    return {key: statistics.median(by_order[min(by_order)]) for key, by_order in rounds.items()}


def _pool_rounds(record: Record) -> Iterator[Mapping[str, Any]]:
    least, most = MEASURABLE_NS
    return (entry for _, entry in rounds_that_count(record) if entry["family"] == POOL and least <= value_ns(entry) <= most)


def channel_of(row: Row) -> str:
    """As a reader chooses it: rows as deployed are of the best of either side."""
    return BEST if row.table == DEPLOYED else (row.channel or "")


def plain(rows: Iterable[Row]) -> list[Row]:
    """One for each place that a reader can ask for: where several differ in batch, window or wait, the first."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        found.setdefault((row.subject, row.table, row.a, row.b, row.workload, row.grain, row.payload_bytes, row.workers,
                          row.placement, channel_of(row)), row)
    return list(found.values())

"""A record's cases, each with the rounds that count, as views draw and rank them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mpmt.records.families import CHANNEL, POOL, Round, case_status, family_of, is_baseline_entry, round_of, rounds_that_count
from mpmt.records.record_file import Record
from mpmt.records.stored_files import MEASURABLE_NS
from mpmt.views.view import BASELINE, FEW_ROUNDS, FLOOR, PROCESSES, PROGRAM, THREADS, UNSTABLE

LEAST_ROUNDS = 3  # fewer say next to nothing of the spread


@dataclass(eq=False)  # a case is itself, and not its rounds
class Case:
    """`said`: one of its entries, all of which say the same of what makes the case; `rounds`: ns per task, operation, …"""

    name: str
    said: Mapping[str, Any]
    unstable: bool
    rounds: dict[Round, float] = field(default_factory=dict)

    @property
    def values(self) -> list[float]:
        return list(self.rounds.values())

    @property
    def median(self) -> float:
        return statistics.median(self.rounds.values())

    @property
    def low(self) -> float:
        return min(self.rounds.values())

    @property
    def high(self) -> float:
        return max(self.rounds.values())

    @property
    def marks(self) -> tuple[str, ...]:
        return ((UNSTABLE,) if self.unstable else ()) + ((FEW_ROUNDS,) if len(self.rounds) < LEAST_ROUNDS else ())


def cases_of(record: Record, family: str) -> list[Case]:
    """Those with a round that counts, in the record's order. Times that nobody can have measured are passed over: their ratios
    would not be finite."""
    unstable = {entry["run_name"] for entry in record["benchmarks"]
                if entry["run_type"] == "aggregate" and case_status(entry) == "unstable"}
    least, most = MEASURABLE_NS
    found: dict[str, Case] = {}
    for _, entry in rounds_that_count(record):
        if entry["family"] == family and least <= (value := entry[family_of(entry).metric]) <= most:
            case = found.get(entry["name"])
            if case is None:
                case = found[entry["name"]] = Case(entry["name"], entry, entry["run_name"] in unstable)
            case.rounds[round_of(entry)] = float(value)
    return list(found.values())


def of_first_program(cases: list[Case]) -> list[Case]:
    """Where several programs were measured, those of the first one."""
    return [case for case in cases if case.said.get("program") == cases[0].said.get("program")]


def side_of(entry: Mapping[str, Any]) -> str:
    """Which of the views' sides a case belongs to."""
    if entry["family"] == CHANNEL:
        return FLOOR if entry["floor"] else THREADS if entry["sides"] == "threads" else PROCESSES
    if entry["family"] != POOL:
        return PROGRAM
    if is_baseline_entry(entry):
        return BASELINE
    said = entry.get("who") or {"thread_pool": "threads", "process_pool": "processes"}.get(entry["executor"])
    return {"threads": THREADS, "processes": PROCESSES}.get(said or "", BASELINE)


def number_of(value: Any) -> float | None:
    """A number of a record that can have been meant; None: it is none, or beyond all measure, so that sums and ratios of it
    would not be finite."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and (value == 0 or MEASURABLE_NS[0] <= abs(value) <= MEASURABLE_NS[1]) else None

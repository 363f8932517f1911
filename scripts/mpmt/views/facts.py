"""What claims are decided from: the cases of one program in one record, and their speed-ups, pairs and utilisations."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mpmt.answers.rows import workload_of
from mpmt.records.families import CHANNEL, POOL, Round, round_of, rounds_that_count
from mpmt.records.record_file import Record, rules, usable_cpus
from mpmt.records.stats import log_mean_interval, speedup
from mpmt.views.measured import Case, cases_of, number_of, side_of
from mpmt.views.ranking import lead
from mpmt.views.verdict_of_claim import Interval
from mpmt.views.view import BASELINE, PROCESSES, THREADS

_LEAST_PAIRS = 3  # for an interval over pairs


@dataclass
class Facts:
    """`program`: "" is mpmt itself. Ratios have intervals at the record's confidence."""

    record: Record
    program: str
    pools: list[Case]
    channels: list[Case]
    entries: Mapping[str, list[Mapping[str, Any]]] = field(repr=False)  # by case: rounds that count

    @property
    def cpus(self) -> int:
        return usable_cpus(self.record)

    @property
    def margin(self) -> float:
        return rules(self.record).margin

    @property
    def confidence(self) -> float:
        return rules(self.record).confidence

    @cached_property
    def _task_ns(self) -> dict[tuple[str, int], float]:
        """Of this program's own tasks: serially, with the least payload, else with the fewest workers."""
        order: dict[tuple[str, int], tuple[tuple[bool, int, int], float]] = {}
        for case in self.pools:
            said = case.said
            found = (side_of(said) != BASELINE, said["payload_bytes"], said["workers"]), case.median
            key = workload_of(said), said["grain"]
            order[key] = min(order.get(key, found), found)
        return {key: time for key, (_, time) in order.items()}

    @cached_property
    def _baselines(self) -> dict[Any, Case]:
        return {case.said["group"]: case for case in self.pools if side_of(case.said) == BASELINE}

    def of(self, side: str, workloads: Iterable[str] = (), kind: str = "") -> list[Case]:
        """Pools of this side, of these workloads or of this kind."""
        names = tuple(workloads)
        return [case for case in self.pools
                if side_of(case.said) == side and (case.said["workload"] in names or (kind and _is_of(case, kind)))]

    def time_of(self, case: Case) -> float:
        return self._task_ns[workload_of(case.said), case.said["grain"]]

    def longest(self, cases: Iterable[Case]) -> list[Case]:
        """Of each workload, those with its longest tasks."""
        found = list(cases)
        most: dict[str, float] = {}
        for case in found:
            most[workload_of(case.said)] = max(most.get(workload_of(case.said), 0.0), self.time_of(case))
        return [case for case in found if self.time_of(case) == most[workload_of(case.said)]]

    def speedup(self, case: Case) -> Interval | None:
        """Over the serial case of its group."""
        serial = self._baselines.get(case.said["group"])
        found = speedup(serial.rounds, case.rounds, self.confidence) if serial else None
        return Interval(found.ratio, found.low, found.high) if found else None

    def ratio(self, above: Case, below: Case) -> Interval:
        """Of times."""
        found = lead(below, above, "", self.confidence)
        return Interval(found.factor, found.low, found.high)

    def pairs(self, kind: str = "", least_workers: int = 1) -> list[tuple[Case, Case]]:
        """(processes, threads) that are equal in all else."""
        sides: list[dict[tuple[Any, ...], Case]] = []
        for side in (PROCESSES, THREADS):
            sides.append({(case.said["group"], case.said["channel"], case.said["workers"]): case for case in self.pools
                          if side_of(case.said) == side and case.said["workers"] >= least_workers
                          and (not kind or _is_of(case, kind))})
        return [(case, sides[1][key]) for key, case in sides[0].items() if key in sides[1]]

    def ratio_over_pairs(self, pairs: list[tuple[Case, Case]], name: str) -> Interval | None:
        """Of a field of rounds: over the pairs' ratios of medians, or where there are too few pairs over those of rounds."""
        values = [(self.of_rounds(a, name), self.of_rounds(b, name)) for a, b in pairs]
        ratios = [statistics.median(a) / statistics.median(b) for a, b in values if a and b]
        if 0 < len(ratios) < _LEAST_PAIRS:
            rounds = [(self._by_round(a, name), self._by_round(b, name)) for a, b in pairs]
            ratios = [one[key] / other[key] for one, other in rounds for key in one if key in other]
        found = log_mean_interval(ratios, self.confidence) if ratios else None
        return Interval(found.ratio, found.low, found.high) if found else None

    def _by_round(self, case: Case, name: str) -> dict[Round, float]:
        return {round_of(entry): number for entry in self.entries[case.name]
                if (number := number_of(entry.get(name))) is not None and number > 0}

    def of_rounds(self, case: Case, name: str, inner: str = "") -> list[float]:
        """A field of its rounds, above 0."""
        found = ((entry.get(name) or {}).get(inner) if inner else entry.get(name) for entry in self.entries[case.name])
        return [number for value in found if (number := number_of(value)) is not None and number > 0]

    def utilisation(self, case: Case) -> list[float]:
        """Of the usable CPUs, by the submitter and the workers: each round's share."""
        shares = []
        for entry in self.entries[case.name]:
            walls = entry["wall_ns"] if isinstance(entry["wall_ns"], list) else [entry["wall_ns"]]  # a list in versions 1 and 2
            used = entry.get("cpu_ns") or {}
            parts = [number_of(value) for value in (*walls, used.get("submitter"), used.get("workers"))]
            known = [part for part in parts if part is not None]
            if len(known) == len(parts) and sum(known[:-2]) > 0:
                shares.append(sum(known[-2:]) / sum(known[:-2]) / self.cpus)
        return shares


def _is_of(case: Case, kind: str) -> bool:
    """Where the record says so. Copying what comes with a task is not computing."""
    return case.said.get("workload_kind") == kind and case.said["workload"] != "payload_copy"


def facts_of(record: Record) -> list[Facts]:
    """One for each program that has pools or channels."""
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for _, entry in rounds_that_count(record):
        entries.setdefault(entry["name"], []).append(entry)
    pools, channels = cases_of(record, POOL), cases_of(record, CHANNEL)
    programs = dict.fromkeys(case.said.get("program") or "" for case in (*pools, *channels))

    def of(program: str, cases: list[Case]) -> list[Case]:
        return [case for case in cases if (case.said.get("program") or "") == program]
    return [Facts(record, program, of(program, pools), of(program, channels), entries) for program in programs]

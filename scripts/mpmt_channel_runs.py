"""Records as what the table of channel ratios asks of them: a case by its fields, and medians of several cases over the
rounds that they have in common."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mpmt_families import CHANNEL, comparisons_of, value_ns
from mpmt_records import Record

ANY = object()  # a field that may be anything


@dataclass(frozen=True)
class Case:
    """A case's ok trials: their entries by round."""

    fields: Mapping[str, Any]
    trials: Mapping[int, Mapping[str, Any]]
    status: str
    modes: Mapping[str, Any] | None

    def values(self, field: str | None = None) -> dict[int, float]:
        """By round: ns per operation or task, or another field."""
        return {at: float(trial[field] if field else value_ns(trial)) for at, trial in self.trials.items()}


class Run:
    """One record, its cases by fields."""

    def __init__(self, label: str, record: Record) -> None:
        self.label, self.record = label, record
        trials: dict[str, list[Mapping[str, Any]]] = {}
        said: dict[str, Mapping[str, Any]] = {}
        for entry in record["benchmarks"]:
            if entry["run_type"] == "iteration":
                trials.setdefault(entry["name"], []).append(entry)
            else:
                said[entry["run_name"]] = entry
        self.cases = []
        for name, entries in trials.items():
            good = {entry["round"]: entry for entry in entries if entry["status"] == "ok"}
            if good:
                aggregate = said.get(name, {})
                self.cases.append(Case(entries[0], good, aggregate.get("status", "ok"), aggregate.get("modes")))

    def find(self, **wanted: Any) -> list[Case]:
        """The cases whose fields are as wanted."""
        return [case for case in self.cases
                if all(value is ANY or case.fields.get(key) == value for key, value in wanted.items())]

    def channel(self, channel: str, futexes: Sequence[str | None] = ("private", "shared", None), touched: bool = True,
                **wanted: Any) -> Case | None:
        """A channel's case: with the first kind of futex that there is. A floor has no wait, and may leave touching out."""
        floor = channel.startswith("floor_")
        asked = {**wanted, **({"wait": ANY} if floor else {}), "family": CHANNEL, "channel": channel}
        for futex in futexes:
            for is_touched in (touched, not touched) if floor else (touched,):
                if found := self.find(**asked, futex=futex, touched=is_touched):
                    return found[0]
        return None

    def comparisons(self) -> list[dict[str, Any]]:
        return comparisons_of(self.record, CHANNEL)


@dataclass(frozen=True)
class Medians:
    """Of several cases over the rounds in which all are ok."""

    values: list[float]
    rounds: int
    unstable: bool


def medians(*cases: Case | None, field: str | None = None) -> Medians | None:
    """None where a case is missing, or they have no round in common."""
    if any(case is None for case in cases):
        return None
    columns = [case.values(field) for case in cases if case]
    rounds = set.intersection(*({*column} for column in columns))
    if not rounds:
        return None
    return Medians([statistics.median(column[at] for at in rounds) for column in columns], len(rounds),
                   any(case.status == "unstable" for case in cases if case))

"""Records as what the table of channel ratios asks of them: a case by its fields, and medians of several cases over
rounds that count."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mpmt.records.families import CHANNEL, Round, case_status, comparisons_of, outcome, round_of, value_ns
from mpmt.records.record_file import Record

ANY = object()  # a field that may be anything


@dataclass(frozen=True)
class Case:
    """A case's rounds that count."""

    fields: Mapping[str, Any]
    trials: Mapping[Round, Mapping[str, Any]]
    status: str
    modes: Mapping[str, Any] | None

    def laps(self) -> dict[Round, list[float]]:
        """By round: ns per operation or task of every lap; of records that have none, of the round."""
        return {at: list(trial.get("laps_ns") or [value_ns(trial)]) for at, trial in self.trials.items()}

    def values(self, field: str | None = None) -> dict[Round, float]:
        """By round: ns per operation or task, or another field."""
        return {at: float(trial[field] if field else value_ns(trial)) for at, trial in self.trials.items()}


class Run:
    """One record, its cases by fields."""

    def __init__(self, label: str, record: Record, mpmt: str) -> None:
        """`mpmt`: the program that judges."""
        self.label, self.record, self.mpmt = label, record, mpmt
        trials: dict[str, list[Mapping[str, Any]]] = {}
        said: dict[str, Mapping[str, Any]] = {}
        for entry in record["benchmarks"]:
            if entry["run_type"] == "iteration":
                trials.setdefault(entry["name"], []).append(entry)
            else:
                said[entry["run_name"]] = entry
        self.cases = []
        for name, entries in trials.items():
            good = {round_of(entry): entry for entry in entries if outcome(entry) == "ok"}
            if good:
                aggregate = said.get(name, {"status": "ok"})
                self.cases.append(Case(entries[0], good, case_status(aggregate), aggregate.get("modes")))

    def find(self, **wanted: Any) -> list[Case]:
        """The cases whose fields are as wanted."""
        return [case for case in self.cases
                if all(value is ANY or case.fields.get(key) == value for key, value in wanted.items())]

    def channel(self, channel: str, futexes: Sequence[str | None] = ("private", "shared", None), touched: bool = True,
                **wanted: Any) -> Case | None:
        """A channel's case: with the first kind of futex that there is. A floor has no wait, and may leave touching out."""
        floor = channel.startswith("floor_")
        asked: dict[str, Any] = {**wanted, **({"wait": ANY} if floor else {}), "family": CHANNEL, "channel": channel}
        for futex in futexes:
            for is_touched in (touched, not touched) if floor else (touched,):
                if found := self.find(**asked, futex=futex, touched=is_touched):
                    return found[0]
        return None

    def comparisons(self) -> list[dict[str, Any]]:
        return comparisons_of(self.record, CHANNEL)


@dataclass(frozen=True)
class Medians:
    """Of several cases over the rounds that count."""

    values: list[float]
    rounds: int
    unstable: bool


def paired(ours: Case, theirs: Case) -> list[list[tuple[float, float]]]:
    """Of each round that both have, its laps: theirs and ours, which correspond."""
    one, other = ours.laps(), theirs.laps()
    return [list(zip(other[at], one[at])) for at in one if at in other and len(one[at]) == len(other[at])]


def medians(*cases: Case | None, field: str | None = None) -> Medians | None:
    """Over the rounds that they have in common; of cases that were never together in a group, each over all of its own. None
    where a case is missing, or those that were together have no round in common."""
    if any(case is None for case in cases):
        return None
    columns = [case.values(field) for case in cases if case]
    if set.intersection(*({group for group, _ in column} for column in columns)):
        common = set.intersection(*({*column} for column in columns))
        columns = [{at: column[at] for at in common} for column in columns]
    if not all(columns):
        return None
    return Medians([statistics.median(column.values()) for column in columns], min(map(len, columns)),
                   any(case.status == "unstable" for case in cases if case))

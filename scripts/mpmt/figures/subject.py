"""What a set of figures is about: one record's pools, laid out as tables, and their panels."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas

from mpmt.base.shown import shown
from mpmt.figures.style import Series, duration, series_table
from mpmt.records import record_file
from mpmt.records.families import POOL, Round, is_baseline
from mpmt.records.record_file import Record

# Parameters that a figure holds fixed within a panel; no panel has pools of two programs. Serial cases leave out window,
# placement and wait.
PANEL_FIELDS = ["program", "workload", "bench_version", "grain", "batch_shown", "payload_bytes", "window",
                "placement", "wait"]
PARAMETERS = {"program": "program", "grain": "grain", "batch_shown": "batch", "payload_bytes": "payload",
              "window": "window", "placement": "placement", "wait": "wait"}


class NothingToDraw(Exception):
    """A figure that this record has no data for; the message says why."""


@dataclass
class Subject:
    record: Record
    all_cases: pandas.DataFrame = field(init=False)
    cases: pandas.DataFrame = field(init=False)  # those with a round that counts
    trials: dict[str, pandas.DataFrame] = field(init=False)  # case name -> its rounds that count
    cpus: int = field(init=False)
    series: dict[tuple[str, str | None], Series] = field(init=False)
    named: dict[str, Any] = field(init=False)  # rows of `cases`, by name
    alone: dict[tuple[Any, ...], list[Any]] = field(init=False)  # work -> its cases without a channel
    kinds: dict[str, str] = field(init=False)  # workload -> what its tasks mostly use
    left_out: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.all_cases = record_file.cases(self.record)
        self.all_cases["batch_shown"] = ["split" if split else batch for split, batch in
                                         zip(self.all_cases["batch_split"], self.all_cases["batch"])]
        rows = record_file.trials(self.record)
        self.trials = {str(name): group for name, group in rows[rows["status"] == "ok"].groupby("name",
                                                                                                sort=False)}
        self.cases = self.all_cases[self.all_cases["ok"] > 0]
        self.cpus = record_file.usable_cpus(self.record)
        self.series = series_table((c.executor, c.channel) for c in self.cases.itertuples())
        self.left_out = record_file.left_out(self.record, POOL)
        self.named = {case.name: case for case in rows_of(self.cases)}
        self.alone = {}
        for case in self.named.values():
            if case.channel is None:
                self.alone.setdefault(work_of(case), []).append(case)
        self.kinds = {entry["workload"]: entry["workload_kind"] for entry in self.record["benchmarks"]
                      if entry["family"] == POOL and entry.get("workload_kind")}

    def by_round(self, case: Any) -> dict[Round, float]:
        """ns per task of a case's rounds that count."""
        return record_file.by_round(self.trials[case.name], case.name)

    def unstable(self) -> list[str]:
        """Names of the cases that are drawn but marked."""
        return [str(case.name) for case in rows_of(self.cases) if case.status == "unstable"]


@dataclass(frozen=True)
class Panel:
    """The cases that differ in executor, channel and workers only."""

    workload: str
    parameters: dict[str, Any]  # by PARAMETERS' values, without those that do not apply
    cases: list[Any]  # rows of Subject.cases, as named tuples


def rows_of(cases: pandas.DataFrame) -> list[Any]:
    return list(cases.itertuples(index=False, name="Case"))


def work_of(case: Any) -> tuple[Any, ...]:
    """What two cases of a program have in common whose tasks are the same."""
    return case.program, case.workload, case.bench_version, case.grain, case.payload_bytes


def panels(subject: Subject) -> list[Panel]:
    """Pooled cases by workload and parameters, in the record's order. Serial cases are not in them: see
    serial_cases."""
    found: dict[tuple[Any, ...], list[Any]] = {}
    for case in rows_of(subject.cases):
        if case.channel is not None:
            found.setdefault(tuple(getattr(case, name) for name in PANEL_FIELDS), []).append(case)
    made = []
    for cases in found.values():
        values = {label: getattr(cases[0], name) for name, label in PARAMETERS.items()}
        values["grain"] = grain_text(subject, min(cases, key=lambda case: case.workers))
        made.append(Panel(cases[0].workload, {k: v for k, v in values.items() if v is not None}, cases))
    order = list(dict.fromkeys(subject.cases["workload"]))
    return sorted(made, key=lambda panel: order.index(panel.workload))


def serial_cases(subject: Subject, one: Any) -> list[Any]:
    """Serial cases of the same work, the closest in its other parameters first."""
    return sorted(subject.alone.get(work_of(one), []),
                  key=lambda c: (not is_baseline(c), c.batch_shown != one.batch_shown,
                                 c.placement != one.placement))


def serial_case(subject: Subject, one: Any) -> Any | None:
    """What a speed-up is over."""
    return next((case for case in serial_cases(subject, one) if is_baseline(case)), None)


def grain_text(subject: Subject, case: Any) -> str:
    """20000 = 1.02 ms serial: the grain, and what a task of it takes in the serial case or, where that is missing, in
    this one."""
    serial = serial_case(subject, case)
    measured = serial or case
    whose = "serial" if serial else f"{shown(case.executor, 24)} ×{case.workers}"
    typical = statistics.median(subject.by_round(measured).values())
    return f"{case.grain} = {duration(typical)} {whose}"


def common_parameters(parameters: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What all of them agree on: said once, in the figure's heading."""
    every = list(parameters)
    return {key: value for key, value in (every[0].items() if every else ())
            if all(key in other and other[key] == value for other in every)}


def parameter_text(parameters: dict[str, Any], without: Iterable[str] = ()) -> str:
    """grain 20000 = 1.02 ms serial, payload 4096 B; no payload goes without saying"""
    skip = {*without, *(key for key in ("payload",) if parameters.get(key) == 0)}
    return ", ".join(f"{key} {shown(value, 60)}{' B' if key == 'payload' else ''}"
                     for key, value in parameters.items() if key not in skip)

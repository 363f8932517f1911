"""Files of other Google Benchmark programs (--benchmark_out_format=json): the real time of each repetition.

Format: https://github.com/google/benchmark/blob/main/docs/user_guide.md. Before 1.5 entries have no run_type: aggregates are
told by their names. Everything in them is untrusted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from mpmt.base.shown import shown
from mpmt.records.record_file import BadRecord
from mpmt.records.stored_files import MEASURABLE_NS

UNITS_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
MIDDLES = ("median", "mean")  # of the aggregates, what can stand for the repetitions; the better one first
_MOST_REASONS = 5


class Run(NamedTuple):
    name: str
    entry: dict[str, Any]


class BadTime(ValueError):
    """Why the entry has no time, in one line."""


def is_foreign(parsed: Any) -> bool:
    """Whether this is what a Google Benchmark program wrote, and no mpmt record. A context may have any key besides
    (--benchmark_context)."""
    context = parsed.get("context") if isinstance(parsed, dict) else None
    return isinstance(context, dict) and context.get("suite") != "mpmt" and isinstance(parsed.get("benchmarks"), list)


def times(parsed: dict[str, Any], named: str) -> tuple[dict[str, list[float]], list[str]]:
    """(real times in ns by run_name, what must be said of them). Benchmarks of one name are numbered. Of a benchmark whose
    repetitions are not in the file there is one value, an aggregate. One with a time that cannot be used is left out, and said.
    Raises BadRecord, naming the file as `named`: there is no benchmark at all."""
    notes: list[str] = []
    runs, aggregates = _sorted_out(parsed["benchmarks"], notes)
    faults = _Faults()
    found = _times_of([run for run in runs if not skipped(run.entry)], notes, faults)
    repeated = {run.name for run in runs}
    alone = [run for run in aggregates if run.name not in repeated]
    alone.sort(key=lambda run: -MIDDLES.index(run.entry["repetition_index"]))  # the better one takes the place
    values = {name: found_[-1:] for name, found_ in _times_of(alone, notes, faults).items()}
    found.update(values)
    for run in runs:
        if why := skipped(run.entry):
            faults.add(run.name, why)
    notes += faults.lines(found)
    if values:
        notes.append(f"{len(values)} benchmarks, say {shown(next(iter(values)), 100)}: the file has only aggregates: their "
                     "median (else the mean) is one value, and has no interval; --benchmark_report_aggregates_only=false "
                     "writes all")
    if not found and not notes:
        raise BadRecord(f"{named}: benchmarks: there is none")
    return found, notes


def kind_of(entry: dict[str, Any], names: AbstractSet[Any] = frozenset()) -> tuple[str, str]:
    """(`iteration`, the name of an aggregate, or `other`; the benchmark's name where only the entry's own tells it). `names`:
    of all entries of the file."""
    if "big_o" in entry or "rms" in entry:
        return "other", ""
    if "run_type" in entry:
        kind = entry["run_type"]
        if kind == "aggregate":
            kind = entry.get("aggregate_name")
        return (kind if isinstance(kind, str) else "other"), ""
    stem, _, end = str(entry.get("name")).rpartition("_")
    of_repetitions = stem in names or {f"{stem}_mean", f"{stem}_stddev"} <= names
    return (end, stem) if of_repetitions and end in (*MIDDLES, "stddev", "cv") else ("iteration", "")


def skipped(entry: dict[str, Any]) -> str:
    """Why it was not measured; empty: it was."""
    if not entry.get("error_occurred") and not entry.get("skipped"):
        return ""
    said = entry.get("error_message") or entry.get("skip_message")
    return shown(said, 200) if said else "no reason given"


def time_ns(entry: dict[str, Any]) -> float:
    """The real time. Raises BadTime."""
    unit, value = entry.get("time_unit", "ns"), entry.get("real_time")
    if not isinstance(unit, str) or unit not in UNITS_NS:
        raise BadTime(f"time_unit is {shown(json.dumps(unit), 40)}, but it is one of {', '.join(UNITS_NS)}")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadTime(f"real_time: {shown(json.dumps(value), 40)} is not a number")
    if not MEASURABLE_NS[0] <= value * UNITS_NS[unit] <= MEASURABLE_NS[1]:
        raise BadTime(f"real_time: {value:g} {unit} is not a time that can be measured")
    return float(value * UNITS_NS[unit])


def _sorted_out(benchmarks: list[Any], notes: list[str]) -> tuple[list[Run], list[Run]]:
    """Runs, and aggregates that can stand for them, with their kind in place of the repetition's number. `notes` gets a line
    for what is no entry of a benchmark."""
    names = {entry["name"] for entry in benchmarks if isinstance(entry, dict) and isinstance(entry.get("name"), str)}
    runs: list[Run] = []
    aggregates: list[Run] = []
    bad: list[str] = []
    for index, entry in enumerate(benchmarks):
        if not isinstance(entry, dict):
            bad.append(f"benchmarks[{index}]: not an object")
            continue
        kind, stem = kind_of(entry, names)
        if kind != "iteration" and kind not in MIDDLES:
            continue
        name = stem or entry.get("run_name", entry.get("name"))
        if not isinstance(name, str) or not name:
            bad.append(f"benchmarks[{index}].run_name: not a name")
        elif kind == "iteration":
            runs.append(Run(name, entry))
        else:
            aggregates.append(Run(name, {**entry, "repetition_index": kind}))
    if bad:
        notes.append(f"left out: {bad[0]}" + (f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""))
    return runs, aggregates


def _times_of(runs: list[Run], notes: list[str], faults: _Faults) -> dict[str, list[float]]:
    """Of benchmarks all of whose times can be used; others are at fault."""
    found: dict[str, list[float]] = {}
    bad = set()
    for name, run in _numbered(runs, notes):
        try:
            found.setdefault(name, []).append(time_ns(run.entry))
        except BadTime as error:
            faults.add(name, str(error))
            bad.add(name)
    return {name: values for name, values in found.items() if name not in bad}


def _numbered(runs: list[Run], notes: list[str]) -> list[tuple[str, Run]]:
    """Each run with a name that only the repetitions of one benchmark share: a repetition that comes a second time is another
    benchmark's. `notes` gets a line for each name of several."""
    seen: Counter[tuple[str, Any]] = Counter()
    numbers: list[int] = []
    most: Counter[str] = Counter()
    for run in runs:
        repetition = run.entry.get("repetition_index")
        is_known = isinstance(repetition, (int, float, str))
        key = (run.name, repetition if is_known else None)
        seen[key] += is_known
        numbers.append(max(1, seen[key]))
        most[run.name] = max(most[run.name], numbers[-1])
    notes += [f"{count} benchmarks are called {shown(name, 100)}: they are numbered in the order of the file"
              for name, count in most.items() if count > 1]
    return [(f"{run.name} #{number}" if most[run.name] > 1 else run.name, run) for run, number in zip(runs, numbers)]


class _Faults:
    """Why runs do not count: by reason, how many of which benchmark."""

    def __init__(self) -> None:
        self._by_reason: dict[str, Counter[str]] = {}

    def add(self, name: str, reason: str) -> None:
        self._by_reason.setdefault(reason, Counter())[name] += 1

    def lines(self, found: Collection[str]) -> list[str]:
        """`found`: benchmarks that other runs have a time for."""
        lines = []
        for reason, names in self._by_reason.items():
            gone = [name for name in names if name not in found]
            if gone:
                more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
                lines.append(f"not compared: {shown(gone[0], 100)}{more}: {reason}")
            lines += [f"left out: {count} runs of {shown(name, 100)}: {reason}"
                      for name, count in names.items() if name in found]
        rest = len(lines) - _MOST_REASONS
        return lines if rest <= 0 else [*lines[:_MOST_REASONS], f"not compared, or left out: for {rest} more reasons"]

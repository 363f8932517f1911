"""Files of other Google Benchmark programs (--benchmark_out_format=json): the real time of each repetition.

Format: https://github.com/google/benchmark/blob/main/docs/user_guide.md. Before 1.5 entries have no run_type: aggregates are
told by their names. Everything in them is untrusted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, NoReturn

from mpmt_records import BadRecord
from mpmt_shown import shown

from .stored_files import MEASURABLE_NS

UNITS_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
MIDDLES = ("median", "mean")  # of the aggregates, what can stand for the repetitions; the better one first
_MOST_REASONS = 5


class Run(NamedTuple):
    where: str  # for messages
    name: str
    entry: dict[str, Any]


def is_foreign(parsed: Any) -> bool:
    """Whether this is what a Google Benchmark program wrote, and no mpmt record."""
    context = parsed.get("context") if isinstance(parsed, dict) else None
    return isinstance(context, dict) and "suite" not in context and isinstance(parsed.get("benchmarks"), list)


def times(parsed: dict[str, Any], named: str) -> tuple[dict[str, list[float]], list[str]]:
    """(real times in ns by run_name, what must be said of them). Benchmarks of one name are numbered. Of a benchmark whose
    repetitions are not in the file there is one value, an aggregate. Raises BadRecord, naming the file as `named`, and the
    field at fault."""
    entries = _entries(parsed["benchmarks"], named)
    names = {entry.get("name") for _, entry in entries}
    runs: list[Run] = []
    aggregates: list[Run] = []
    for where, entry in entries:
        kind, stem = kind_of(entry, names)
        if kind == "iteration":
            runs.append(Run(where, _name(entry, where, "run_name"), entry))
        elif kind in MIDDLES:
            aggregates.append(Run(where, stem or _name(entry, where, "run_name"), {**entry, "repetition_index": kind}))
    notes = _left_out(run for run in runs if skipped(run.entry))
    found: dict[str, list[float]] = {}
    for name, run in _numbered([run for run in runs if not skipped(run.entry)], notes):
        found.setdefault(name, []).append(_real_time(run.entry, run.where))
    repeated = {run.name for run in runs}
    alone = dict(sorted(_numbered([run for run in aggregates if run.name not in repeated], notes),
                        key=lambda one: -MIDDLES.index(one[1].entry["repetition_index"])))  # the better one takes the place
    found.update({name: [_real_time(run.entry, run.where)] for name, run in alone.items()})
    if alone:
        notes.append(f"{len(alone)} benchmarks, say {shown(next(iter(alone)), 100)}: the file has only aggregates: their median "
                     "(else the mean) is one value, and has no interval; --benchmark_report_aggregates_only=false writes all")
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


def _entries(benchmarks: list[Any], named: str) -> list[tuple[str, dict[str, Any]]]:
    entries = []
    for index, entry in enumerate(benchmarks):
        where = f"{named}: benchmarks[{index}]"
        if not isinstance(entry, dict):
            raise BadRecord(f"{where}: not an object")
        for field in ("name", "repetition_index"):
            if isinstance(entry.get(field), (list, dict)):
                raise BadRecord(f"{where}.{field}: neither a text nor a number")
        entries.append((where, entry))
    return entries


def _name(entry: dict[str, Any], where: str, field: str) -> str:
    name = entry.get(field, entry.get("name"))
    if not isinstance(name, str) or not name:
        raise BadRecord(f"{where}.{field}: not a name")
    return name


def _numbered(runs: list[Run], notes: list[str]) -> list[tuple[str, Run]]:
    """Each run with a name that only the repetitions of one benchmark share: a repetition that comes a second time is another
    benchmark's. `notes` gets a line for each name of several."""
    seen: Counter[tuple[str, Any]] = Counter()
    numbers: list[int] = []
    most: Counter[str] = Counter()
    for run in runs:
        repetition = run.entry.get("repetition_index")
        seen[run.name, repetition] += repetition is not None
        numbers.append(max(1, seen[run.name, repetition]))
        most[run.name] = max(most[run.name], numbers[-1])
    notes += [f"{count} benchmarks are called {shown(name, 100)}: they are numbered in the order of the file"
              for name, count in most.items() if count > 1]
    return [(f"{run.name} #{number}" if most[run.name] > 1 else run.name, run) for run, number in zip(runs, numbers)]


def _left_out(runs: Iterable[Run]) -> list[str]:
    by_reason: dict[str, dict[str, int]] = {}
    for run in runs:
        of_names = by_reason.setdefault(skipped(run.entry), {})
        of_names[run.name] = of_names.get(run.name, 0) + 1
    lines = []
    for reason, names in by_reason.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        lines.append(f"left out: {shown(next(iter(names)), 100)}{more}: {sum(names.values())} runs: {reason}")
    more = len(lines) - _MOST_REASONS
    return lines if more <= 0 else [*lines[:_MOST_REASONS], f"left out: runs with {more} more reasons"]


def _real_time(entry: dict[str, Any], where: str) -> float:
    def refuse(field: str, what: str) -> NoReturn:
        raise BadRecord(f"{where}.{field}: {what}")
    unit, value = entry.get("time_unit", "ns"), entry.get("real_time")
    if not isinstance(unit, str) or unit not in UNITS_NS:
        refuse("time_unit", f"{shown(json.dumps(unit), 40)}, but it is one of {', '.join(UNITS_NS)}")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse("real_time", f"{shown(json.dumps(value), 40)} is not a number")
    if not MEASURABLE_NS[0] <= value * UNITS_NS[unit] <= MEASURABLE_NS[1]:
        refuse("real_time", f"{shown(json.dumps(value), 40)} is not a time that can be measured")
    return float(value * UNITS_NS[unit])

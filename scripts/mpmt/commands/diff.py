"""Two stored records, case by case: B's times over A's. Also reads two files of any Google Benchmark program.

The two were measured at different times, so the machine may have been in another state: they differ by more than the
intervals say. `mpmt track compare` measures both together, and is what can be believed."""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy
from scipy.special import stdtrit

from mpmt.base.patterns import pattern
from mpmt.base.problem import EXIT_OK, NotComparable, Problem
from mpmt.base.row_names import common_parts, short_names
from mpmt.base.shown import shown, shown_json
from mpmt.history.changes import welch
from mpmt.records import google_files, record_file, stats
from mpmt.records.families import SERVER, rounds_that_count, value_ns
from mpmt.records.record_file import BadRecord
from mpmt.records.stored_files import beyond_measure
from mpmt.views.view import Column, Table
from mpmt.writers.terminal_tables import table_text
from mpmt.writers.text_lines import MOST_WIDTH, Form, fit

COLUMNS = (Column("B / A", "ratio"), Column("95 % interval", "ratio"), Column("A", "ns"), Column("B", "ns"),
           Column("trials", "count"), Column("benchmark"))
CAUTION = ("measured in two sessions, not interleaved: the machine's own changes between them are in the ratios, and not in "
           "the intervals; `mpmt track compare` measures both together")

Case = tuple[str, int]  # name, bench_version


@dataclass
class Side:
    """One file: every case's times in ns (per task or operation; of Google Benchmark files, per iteration), and what was
    left out."""

    shown: str
    times: dict[Case, list[float]]
    machine: str | None = None
    epoch: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    programs: dict[str, dict[str, Any]] = field(default_factory=dict)  # by the names that a user gave them


@dataclass
class Row:
    """A common case: the ratio B / A of geometric means with its 95 % interval; None with fewer than 2 values a side."""

    name: str
    version: int
    ratio: float
    low: float | None
    high: float | None
    a: list[float]
    b: list[float]
    unstable: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", type=Path, metavar="A.json", help="the record to compare with")
    parser.add_argument("b", type=Path, metavar="B.json", help="the other one; above 1: B is slower")
    parser.add_argument("--cases", metavar="REGEX", type=pattern, help="benchmarks whose name matches")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def run(options: argparse.Namespace) -> int:
    """0. Raises Problem for unreadable files, NotComparable for unlike machines and when no case is common."""
    a, b = (read(path) for path in (options.a, options.b))
    warnings = _check(a, b)
    rows = [row_of(case, a.times[case], b.times[case]) for case in a.times
            if case in b.times and (options.cases is None or options.cases.search(case[0]))]
    if not rows:
        raise NotComparable(f"{a.shown} and {b.shown} have no case in common{_why_none(a, b, options)}")
    rows.sort(key=lambda row: (-abs(math.log(row.ratio)), row.name))
    if options.json:
        print(shown_json(_as_json(a, b, rows, warnings)))
    else:
        print(text(a, b, rows, warnings, *fit(sys.stdout)))
    return EXIT_OK


def _why_none(a: Side, b: Side, options: argparse.Namespace) -> str:
    for side in (a, b):
        if not side.times and side.notes:
            return f": {side.shown} has none: {side.notes[0]}"
    names = {name for name, _ in a.times} & {name for name, _ in b.times}
    if a.times.keys() & b.times.keys():
        return f" that matches --cases {shown(options.cases.pattern, 80)}"
    return f": {len(names)} benchmarks have the same name, but another bench_version" if names else ""


# ---- reading -----------------------------------------------------------------------------------------------


def read(path: Path) -> Side:
    """A file's times. Raises Problem."""
    named = shown(path, 300)
    try:
        parsed = record_file.read_json(path)
        if google_files.is_foreign(parsed):
            found, left_out = google_files.times(parsed, named)
            return Side(named, {(name, 1): values for name, values in found.items()}, None, {}, left_out)
        record = record_file.load(path)
        if fault := beyond_measure(record):
            raise BadRecord(f"{named}: {fault}")
    except BadRecord as error:
        raise Problem(str(error)) from None
    times: dict[Case, list[float]] = {}
    for _, entry in rounds_that_count(record):
        times.setdefault((entry["name"], entry["bench_version"]), []).append(value_ns(entry))
    machine, notes = record["context"]["machine"], [f"left out: {line}" for line in record_file.left_out(record)]
    context = record["context"]
    # A server's port, which is in its command, is another one in each run.
    programs = {program["name"]: program for program in context.get("programs", ()) if context["family"] != SERVER}
    return Side(named, times, machine["key"], machine["epoch"], notes, programs)


def _check(a: Side, b: Side) -> list[str]:
    """Warnings. Raises NotComparable for two machines, or two kinds of file."""
    if (a.machine is None) != (b.machine is None):
        other = a if a.machine is None else b
        raise NotComparable(f"{other.shown} is no mpmt record, the other one is: their times mean different things")
    if a.machine is None:
        return ["these files do not say which machine they come from: that it is the same one cannot be checked"]
    if a.machine != b.machine:
        raise NotComparable(f"{b.shown}: context.machine.key is {b.machine}, but {a.machine} in {a.shown}: times of "
                            "different machines are not compared")
    warnings = _renamed(a, b)
    if a.epoch != b.epoch:
        from mpmt.history.table import what_changed
        warnings.append(f"the machine's state changed between them: {what_changed(a.epoch, b.epoch)}")
    return warnings


def _renamed(a: Side, b: Side) -> list[str]:
    """Names that stand for another program in B than in A."""
    warnings = []
    for name in a.programs.keys() & b.programs.keys():
        for what, old, new in ((what, a.programs[name][what], b.programs[name][what]) for what in ("command", "versions")):
            if old != new:
                warnings.append(f"program {shown(name, 60)}: not the same {what}: {_told(old)} in A, {_told(new)} in B")
    return sorted(warnings)


def _told(said: Any) -> str:
    words = [f"{key} {value}" for key, value in said.items()] if isinstance(said, dict) else said
    return shown(" ".join(words), 120) or "nothing"


# ---- statistics --------------------------------------------------------------------------------------------


def row_of(case: Case, a: list[float], b: list[float]) -> Row:
    """Welch's t interval on logarithms, unpaired: rounds of two sessions have nothing in common."""
    step_logs = [numpy.log(side) for side in (a, b)]
    difference = float(step_logs[1].mean() - step_logs[0].mean())
    unstable = stats.is_unstable(a) or stats.is_unstable(b)
    if min(len(a), len(b)) < 2:
        return Row(*case, math.exp(difference), None, None, a, b, unstable)
    step = welch(*step_logs)
    half = float(stdtrit(step.freedom, 0.975)) * step.error
    low, high = (math.exp(max(-700.0, min(700.0, difference + shift))) for shift in (-half, half))  # t(1) may be huge
    return Row(*case, math.exp(difference), low, high, a, b, unstable)


# ---- output ------------------------------------------------------------------------------------------------


def text(a: Side, b: Side, rows: list[Row], warnings: list[str], width: int = MOST_WIDTH, unicode: bool = True) -> str:
    form = Form(width, unicode)
    names = short_names([row.name for row in rows])
    common = common_parts([row.name for row in rows])
    head = [f"A  {a.shown}", f"B  {b.shown}", f"caution: {CAUTION}", *(f"warning: {w}" for w in warnings),
            *([f"all benchmarks: {shown(common, 300)}"] if common else []), ""]
    notes = [f"{side}: {note}" for side, both in (("A", a), ("B", b)) for note in both.notes]
    alone = [f"only in {side}: {len(one.times.keys() - other.times.keys())} cases"
             for side, one, other in (("A", a, b), ("B", b, a)) if one.times.keys() - other.times.keys()]
    table = table_text(Table(COLUMNS, tuple(_cells(row, names[row.name]) for row in rows)), width, unicode)
    told = [line for text in ("", *notes, *alone, f"{len(rows)} cases compared") for line in form.wrapped(text, "  ")]
    return "\n".join(form.closed([*(line for text in head for line in form.wrapped(text, "   ")), *table, *told]))


def _cells(row: Row, name: str) -> tuple[str, ...]:
    interval = "-" if row.low is None or row.high is None else f"{_ratio(row.low)} … {_ratio(row.high)}"
    version = f" (version {row.version})" if row.version != 1 else ""
    return (_ratio(row.ratio), interval, duration(statistics.median(row.a)), duration(statistics.median(row.b)),
            f"{len(row.a)}/{len(row.b)}", shown(name, 130) + version + (" (unstable)" if row.unstable else ""))


def _ratio(value: float) -> str:
    return f"{value:.3f}" if 1e-3 <= value < 1e4 else f"{value:.2e}"


def duration(ns: float) -> str:
    """1.23 ms"""
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if ns >= size:
            return f"{ns / size:.3g} {unit}" if ns < 1e3 * size else f"{ns / size:.0f} {unit}"
    return f"{ns:.3g} ns"


def _as_json(a: Side, b: Side, rows: list[Row], warnings: list[str]) -> dict[str, Any]:
    return {
        "a": a.shown, "b": b.shown, "machine": a.machine, "warnings": [CAUTION, *warnings],
        "left_out": {"a": a.notes, "b": b.notes},
        "cases": [{"benchmark": row.name, "bench_version": row.version, "ratio": row.ratio, "low": row.low,
                   "high": row.high, "trials_a": len(row.a), "trials_b": len(row.b), "unstable": row.unstable}
                  for row in rows],
    }

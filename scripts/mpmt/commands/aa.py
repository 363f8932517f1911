"""mpmt track aa: a program against itself. What it calls slower or faster is a false alarm, and what it would have found tells
how small a change can be seen on this machine."""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mpmt.base.problem import EXIT_INTERRUPTED, EXIT_NOTHING, EXIT_OK, EXIT_REGRESSION, EXIT_UNDECIDED
from mpmt.base.row_names import common_parts, short_names
from mpmt.base.shown import shown, shown_json
from mpmt.builds.builds import add_build_arguments
from mpmt.measuring.comparison import FAILED, FASTER, NOT_COMPARED, SAME, SLOWER, Comparison, Row
from mpmt.measuring.comparison_table import percent
from mpmt.measuring.options import add_measuring_arguments, say_as
from mpmt.measuring.sides import Named, opened
from mpmt.records.stats import share_interval
from mpmt.views.view import Column, Table
from mpmt.writers.terminal_tables import table_text
from mpmt.writers.text_lines import MOST_WIDTH, Form, fit

ALARMS = (SLOWER, FASTER)
COLUMNS = (Column("differs from itself by", "share"), Column("would see", "share"), Column("verdicts"), Column("benchmark"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("program", nargs="?", default="HEAD", metavar="A",
                        help="a commit, or the path of a program (default: HEAD)")
    parser.add_argument("--runs", type=_runs, default=3, metavar="N",
                        help="whole comparisons, 1 to 1000 (default: 3); more make the rate of alarms surer")
    parser.add_argument("--json", action="store_true", help="standard output is JSON instead of a table")
    add_build_arguments(parser)
    add_measuring_arguments(parser)


def _runs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 1000:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a number from 1 to 1000")
    return int(text)


@dataclass
class SelfTest:
    """All runs together. An experiment is one gated benchmark in one run that could have raised an alarm."""

    label: str
    rows: dict[str, list[Row]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    runs: int = 0
    interrupted: bool = False
    notes: list[str] = field(default_factory=list)

    def add(self, found: Comparison) -> None:
        """A run; of one that was interrupted, what was measured by then."""
        self.interrupted |= found.interrupted
        self.runs += not found.interrupted
        self.notes += [f"run {self.runs}: {note}" for note in found.notes
                       if not any(known.endswith(f": {note}") for known in self.notes)]
        for row in found.rows:
            if row.verdict == FAILED:
                self.failures[row.name] = row.note
            elif row.effect is not None and row.verdict != NOT_COMPARED:
                self.rows.setdefault(row.name, []).append(row)

    @property
    def verdicts(self) -> list[str]:
        return [row.verdict for rows in self.rows.values() for row in rows if row.gated]

    @property
    def alarms(self) -> int:
        return sum(verdict in ALARMS for verdict in self.verdicts)

    @property
    def alarm_rate(self) -> tuple[float, float]:
        """With 95 % confidence."""
        return share_interval(self.alarms, len(self.verdicts))

    def exit_code(self) -> int:
        if self.interrupted:
            return EXIT_INTERRUPTED
        if not self.rows:
            return EXIT_NOTHING
        if self.alarms:
            return EXIT_REGRESSION
        return EXIT_OK if all(verdict == SAME for verdict in self.verdicts) and not self.failures else EXIT_UNDECIDED


def run(options: argparse.Namespace) -> int:
    say = say_as("aa")
    with opened([Named(options.program, Path(options.program) if Path(options.program).is_file() else None)], options,
                say) as (sides, [one]):
        found = SelfTest(one.side.label)
        for number in range(options.runs):
            say(f"run {number + 1} of {options.runs}")
            found.add(sides.compare(one, replace(one, reads_tree=True)))  # measured, although it is the same program
            if options.seed is not None:
                options.seed += 1
            if found.interrupted:
                break
    print(shown_json(as_json(found)) if options.json else table(found, *fit(sys.stdout)))
    sys.stdout.flush()
    return found.exit_code()


def _half_width(rows: Sequence[Row]) -> float | None:
    """As ratio - 1, the median over runs."""
    widths = [math.sqrt((1 + row.high) / (1 + row.low)) - 1 for row in rows if row.low is not None and row.high is not None]
    return statistics.median(widths) if widths else None


def _detectable(rows: Sequence[Row]) -> float | None:
    seen = [row.detectable for row in rows if row.detectable is not None]
    return statistics.median(seen) if seen else None


def as_json(found: SelfTest) -> dict[str, Any]:
    low, high = found.alarm_rate
    return {
        "format": "mpmt-aa", "format_version": 2, "program": found.label, "runs": found.runs,
        "interrupted": found.interrupted, "experiments": len(found.verdicts), "notes": found.notes, "alarms": found.alarms,
        "alarm_rate_95": [low, high], "exit_code": found.exit_code(), "failures": found.failures,
        "benchmarks": [{"name": name, "gated": rows[0].gated, "verdicts": [row.verdict for row in rows],
                        "half_width": _half_width(rows), "detectable": _detectable(rows)}
                       for name, rows in found.rows.items()],
    }


def table(found: SelfTest, width: int = MOST_WIDTH, unicode: bool = True) -> str:
    """What differs from itself most first; the rate of alarms is the last line."""
    form = Form(width, unicode)
    lines = table_text(_table(found), width, unicode)
    if common := common_parts(list(found.rows)):
        lines += ["", *form.wrapped(f"all: {shown(common, 300)}", "     ")]
    low, high = found.alarm_rate
    told = [*(f"failed: {shown(name, 160)}: {shown(reason, 300)}" for name, reason in found.failures.items()), "",
            *(f"note: {shown(note)}" for note in found.notes),
            f"{found.alarms} false alarms in {len(found.verdicts)} experiments, {found.runs} runs of "
            f"{shown(found.label, 200)} against itself; with 95 % confidence the rate is between {percent(low)} and "
            f"{percent(high)}"]
    return "\n".join(form.closed([*lines, *(line for text in told for line in form.wrapped(text, "  "))]))


def _table(found: SelfTest) -> Table:
    names = short_names(list(found.rows))
    rows = []
    for name, verdicts in sorted(found.rows.items(), key=lambda item: -(_detectable(item[1]) or 0)):
        words = [row.verdict for row in verdicts]
        counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
        half, seen = _half_width(verdicts), _detectable(verdicts)
        rows.append(("" if half is None else f"± {percent(half)}", "" if seen is None else percent(seen),
                     counts + ("" if verdicts[0].gated else " (not gated)"), shown(names[name], 160)))
    return Table(COLUMNS, tuple(rows))

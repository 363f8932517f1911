"""track.py aa: a program against itself. What it calls slower is a false alarm, and what it does not find tells how small a
change can be seen on this machine. Its half-widths become the gates of later comparisons here, until aa runs again."""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mpmt.base.endings import tell
from mpmt.base.places import NoPlace
from mpmt.base.problem import EXIT_INTERRUPTED, EXIT_NOTHING, EXIT_OK, EXIT_REGRESSION, EXIT_UNDECIDED
from mpmt.base.shown import shown, shown_json
from mpmt.builds.builds import add_build_arguments
from mpmt.measuring import sides as measuring, widths
from mpmt.measuring.campaign import Outcome
from mpmt.measuring.comparison_table import percent
from mpmt.measuring.experiment import FASTER, INTERRUPTED, SLOWER, UNSTABLE, Finding
from mpmt.records import stats


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("program", nargs="?", default="HEAD", metavar="A",
                        help="a commit, or the path of a program (default: HEAD)")
    parser.add_argument("--runs", type=_runs, default=3, metavar="N",
                        help="whole comparisons, 1 to 1000 (default: 3); more make the alarm rate surer")
    parser.add_argument("--json", action="store_true", help="standard output is JSON instead of a table")
    add_build_arguments(parser)
    measuring.add_measuring_arguments(parser)


def _runs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 1000:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a number from 1 to 1000")
    return int(text)


@dataclass
class CaseTally:
    """What the runs said of one benchmark. `half_widths` and `detectable`: one per run, as ratio - 1."""

    gated: bool = True
    verdicts: list[str] = field(default_factory=list)
    half_widths: list[float] = field(default_factory=list)
    detectable: list[float] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        self.gated = finding.benchmark.gated
        self.verdicts.append(finding.verdict)
        if finding.verdict == UNSTABLE:
            return
        if finding.low is not None and finding.high is not None:
            self.half_widths.append(math.sqrt((1 + finding.high) / (1 + finding.low)) - 1)
        if finding.detectable is not None:
            self.detectable.append(finding.detectable)


@dataclass
class SelfTest:
    """All runs together. An experiment is one gated benchmark in one run that could have raised an alarm: not an unstable
    one."""

    label: str
    cases: dict[str, CaseTally] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    runs: int = 0
    interrupted: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def experiments(self) -> int:
        return len(self.verdicts) - self.verdicts.count(UNSTABLE)

    def add(self, outcome: Outcome, notes: list[str]) -> None:
        """A run; of one that was interrupted, what was answered by then."""
        self.interrupted |= outcome.interrupted
        self.runs += not outcome.interrupted
        self.notes += [f"run {self.runs}: {note}" for note in notes if not any(n.endswith(f": {note}") for n in self.notes)]
        self.failures.update((name, why) for name, why in outcome.failures.items() if name not in outcome.unsupported)
        for name, finding in outcome.findings.items():
            if finding.reason != INTERRUPTED:
                self.cases.setdefault(name, CaseTally()).add(finding)

    @property
    def verdicts(self) -> list[str]:
        return [verdict for tally in self.cases.values() if tally.gated for verdict in tally.verdicts]

    @property
    def alarms(self) -> int:
        return self.verdicts.count(SLOWER)

    def exit_code(self) -> int:
        if self.interrupted:
            return EXIT_INTERRUPTED
        if not self.cases:
            return EXIT_NOTHING
        if self.alarms:
            return EXIT_REGRESSION
        answered = all(v in ("same", FASTER) for v in self.verdicts) and not self.failures
        return EXIT_OK if answered else EXIT_UNDECIDED


def run(options: argparse.Namespace) -> int:
    progress = measuring.TerminalProgress()
    program = Path(options.program) if Path(options.program).is_file() else None
    with measuring.contenders([options.program], [program], options, progress) as [(contender, side)]:
        cases, _ = measuring.common_cases(contender, contender, options.cases)
        found, seed = SelfTest(side.label), measuring.seed_of(options)
        for number in range(options.runs):
            progress.say(f"run {number + 1} of {options.runs}: {len(cases)} benchmarks against themselves")
            outcome = measuring.measure(contender, contender, cases, options, seed + number, progress)
            found.add(outcome, measuring.notes_of([contender], outcome))
            if found.interrupted:
                break
        key = measuring.key_of_widths(contender)
    progress.clear()
    print(shown_json(as_json(found, seed)) if options.json else table(found))
    sys.stdout.flush()
    _save(key, found)
    return found.exit_code()


def _save(key: str, found: SelfTest) -> None:
    """Where the half-widths cannot be kept, that is said, and costs nothing of what was found."""
    known = {name: _middle(tally.half_widths) for name, tally in found.cases.items() if tally.gated}
    if not known:
        return
    try:
        target = widths.place_to_write(key)
        widths.save(target, known)
    except NoPlace as why:
        tell(f"track.py: warning: half-widths are not kept: {why}")
    except OSError as error:
        tell(f"track.py: warning: half-widths are not kept: {shown(error.filename or 'the state folder', 300)}: "
             f"{error.strerror}; XDG_STATE_HOME chooses another folder")
    else:
        tell(f"track.py: half-widths kept in {shown(target, 300)}: comparisons on this machine use them as gates")


def as_json(found: SelfTest, seed: int) -> dict[str, Any]:
    low, high = stats.share_interval(found.alarms, found.experiments)
    return {
        "format": "mpmt-aa", "format_version": 1, "program": found.label, "runs": found.runs, "seed": seed,
        "interrupted": found.interrupted, "experiments": found.experiments, "notes": found.notes, "alarms": found.alarms,
        "alarm_rate_95": [low, high], "exit_code": found.exit_code(), "failures": found.failures,
        "benchmarks": [{"name": name, "gated": tally.gated, "verdicts": tally.verdicts,
                        "half_width": _middle(tally.half_widths), "detectable": _middle(tally.detectable)}
                       for name, tally in found.cases.items()],
    }


def _middle(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


def table(found: SelfTest) -> str:
    rows = [("differs from itself by", "would see", "verdicts", "benchmark")]
    for name, tally in sorted(found.cases.items(), key=lambda item: -(_middle(item[1].detectable) or 0)):
        counts = ", ".join(f"{tally.verdicts.count(v)} {v}" for v in dict.fromkeys(tally.verdicts))
        half, seen = _middle(tally.half_widths), _middle(tally.detectable)
        rows.append(("" if half is None else f"± {percent(half)}", "" if seen is None else percent(seen),
                     counts + ("" if tally.gated else " (not gated)"), shown(name, 160)))
    wide = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = ["  ".join((row[0].rjust(wide[0]), row[1].rjust(wide[1]), row[2].ljust(wide[2]), row[3])) for row in rows]
    lines += [f"failed: {shown(name, 160)}: {shown(reason, 300)}" for name, reason in found.failures.items()]
    low, high = stats.share_interval(found.alarms, found.experiments)
    lines += ["", *(f"note: {shown(note)}" for note in found.notes),
              f"{found.alarms} false alarms in {found.experiments} experiments, {found.runs} runs of {shown(found.label, 200)} against "
              f"itself; with 95 % confidence the rate is between {percent(low)} and {percent(high)}"]
    return "\n".join(lines)

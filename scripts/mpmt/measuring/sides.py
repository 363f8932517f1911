"""What `compare`, `gate`, `aa` and `bisect` have in common: their options, the two sides, the cases both have."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import re
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mpmt.base.command_line import ShownLines
from mpmt.base.patterns import Pattern, pattern
from mpmt.base.problem import NotComparable, NothingMeasured, Problem
from mpmt.base.shown import shown
from mpmt.builds import commits
from mpmt.builds.builds import Builds, builds_of
from mpmt.builds.recipe import MPMT_RECIPE, loaded_libraries
from mpmt.measuring import scheduling, widths
from mpmt.measuring.campaign import Campaign, Outcome, Progress
from mpmt.measuring.comparison import NOT_COMPARED, UNCHANGED, Comparison, Row, Side, rows_of
from mpmt.measuring.contender import Case, Contender, is_machine_code, sha256_of
from mpmt.measuring.experiment import Rules
from mpmt.measuring.google_binary import GoogleBinary
from mpmt.measuring.measuring_lock import measuring_lock
from mpmt.measuring.mpmt_binary import MpmtBinary

SAY_EVERY_S = 0.1


# ---- options -----------------------------------------------------------------------------------------------


def add_measuring_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("measuring")
    group.add_argument("--cases", type=pattern, metavar="REGEX",
                       help="only benchmarks in whose name the regular expression is found")
    group.add_argument("--budget", type=_seconds, default=8.0, metavar="S",
                       help="seconds per benchmark for the first look, at most three times that in all (default: 8)")
    group.add_argument("--pairs", type=_pairs, default=20, metavar="N",
                       help="pairs of processes in the first look, 10 to 1000 (default: 20)")
    group.add_argument("--gate", type=percentage, default=0.02, metavar="PERCENT",
                       help="smallest change of interest, 0.1%% to 100%% (default: 2%%)")
    group.add_argument("--seed", type=_seed, metavar="N", help="order inside and among pairs (default: drawn)")
    group.add_argument("--cpu", type=_cpus, metavar="LIST",
                       help="pin the processes of a Google Benchmark program to these CPUs, e.g. 1 or 2,3 or 4-7")


def exactly(name: str) -> Pattern:
    """Found in this name only."""
    return Pattern(rf"\A{re.escape(name)}\Z")


def _number(text: str, low: float, high: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not {what}")
    return value


def _seconds(text: str) -> float:
    return _number(text, 0.1, 86400, "a number of seconds from 0.1 to 86400")


def _pairs(text: str) -> int:
    if not text.isdecimal() or not 10 <= int(text[:9]) <= 1000:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a number from 10 to 1000")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a whole number of at most 15 digits")
    return int(text)


def percentage(text: str) -> float:
    """"5%", "5 %" or "5": a share."""
    return _number(text.rstrip().removesuffix("%"), 0.1, 100, "a percentage from 0.1% to 100%") / 100


def _cpus(text: str) -> frozenset[int]:
    """A list such as taskset takes, of CPUs that may be used."""
    usable, named = os.sched_getaffinity(0), set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not all(number.isdecimal() and len(number) < 6 for number in ([first, last] if dash else [first])):
            raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a list of CPUs such as 1 or 2,3 or 4-7")
        named |= set(range(int(first), int(last if dash else first) + 1)) or {-1}
    if not named <= usable:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}': the usable CPUs are {', '.join(map(str, sorted(usable)))}")
    return frozenset(named)


# ---- sides -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def contenders(texts: Sequence[str], programs: Sequence[Path | None], options: argparse.Namespace,
               progress: Progress) -> Iterator[list[tuple[Contender, Side]]]:
    """For each text, a commit or the path of a program, what it names; `programs` go before texts. All names are looked up
    before anything is built, and all is built before anything is measured."""
    paths = [program or _program_named(text, options.repo) for text, program in zip(texts, programs)]
    wanted = {text: _resolve(text, options.repo) for text, path in zip(texts, paths) if path is None}
    with contextlib.ExitStack() as stack:
        builds = stack.enter_context(builds_of(options, progress.say)) if wanted else None
        made = []
        for text, path in zip(texts, paths):
            if path is None:
                made.append(of_commit(builds, wanted[text], text, options))
            else:
                contender = _of_program(path, options)
                made.append((contender, Side(contender.label, str(contender.path), contender.sha256)))
        yield made


def _program_named(text: str, repo: Path) -> Path | None:
    """None: there is no such file, so that it names a commit. Raises Problem where it names both."""
    if not Path(text).is_file():
        return None
    try:
        commit = commits.short(_resolve(text, repo))
    except Problem:
        return Path(text)
    said = shown(text, 100)
    raise Problem(f"'{said}' is both a file and a commit, {commit}: write ./{said} for the file, {commit} for the commit")


def _resolve(text: str, repo: Path) -> str:
    if not commits.is_repository(repo):
        raise Problem(f"'{shown(text, 100)}': no such file, and {shown(repo, 200)} is in no git repository that could have "
                      "such a commit")
    return commits.resolve(commits.top(repo), text)


def of_commit(builds: Builds, commit: str, text: str, options: argparse.Namespace) -> tuple[Contender, Side]:
    """The commit's program, built if need be. Raises BuildFailed."""
    path = builds.binary(commit)
    short = commits.short(commit)
    label = short if commit.startswith(text) else f"{short} ({shown(text, 60)})"
    contender: Contender = (_mpmt(path, label, options) if builds.recipe is MPMT_RECIPE
                            else GoogleBinary(path, label, options.cpu or (), options.options,
                                              f"{builds.repo}:{builds.recipe.binary}"))
    return contender, Side(label, str(path), contender.sha256, commit, commits.subject(builds.repo, commit))


def _of_program(path: Path, options: argparse.Namespace) -> Contender:
    """mpmt knows no option in place of a command: a program that lists its benchmarks when asked in Google Benchmark's
    words is one of those."""
    google = GoogleBinary(path, cpus=options.cpu or (), options=options.options)
    try:
        google.cases()
        return google
    except NothingMeasured:
        return google
    except Problem as why_not_google:
        try:
            MpmtBinary(path).machine_key()
        except Problem:
            raise why_not_google from None
        return _mpmt(path, "", options)


def _mpmt(path: Path, label: str, options: argparse.Namespace) -> MpmtBinary:
    if options.cpu:
        raise Problem("--cpu: mpmt pins its own workers: choose with `-- --placement same`, spread or free")
    return MpmtBinary(path, label, options.options)


# ---- cases -------------------------------------------------------------------------------------------------


def common_cases(a: Contender, b: Contender,
                 wanted: Pattern | None) -> tuple[list[tuple[Case, Case]], list[Row]]:
    """The cases that both have, and a row for each that cannot be compared. Raises NothingMeasured when none is asked
    for, NotComparable when none is common."""
    of_a, of_b = ({case.name: case for case in side.cases() if not wanted or wanted.search(case.name)}
                  for side in (a, b))
    if not of_a and not of_b:
        raise NothingMeasured(f"--cases: no benchmark's name contains '{shown(wanted.pattern if wanted else '', 80)}'")
    pairs, rows = [], []
    for name in dict.fromkeys([*of_a, *of_b]):
        if name not in of_a or name not in of_b:
            rows.append(Row(name, NOT_COMPARED, f"only {'A' if name in of_a else 'B'} has it"))
        elif of_a[name].version != of_b[name].version:
            rows.append(Row(name, NOT_COMPARED, f"bench_version {of_a[name].version} in A, {of_b[name].version} in B: "
                                                "a task means something else"))
        else:
            pairs.append((of_a[name], of_b[name]))
    if not pairs:
        raise NotComparable(f"no benchmark can be compared: {shown(rows[0].name, 160)}: {rows[0].note}"
                            + (f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""))
    return pairs, rows


# ---- measuring ---------------------------------------------------------------------------------------------


def seed_of(options: argparse.Namespace) -> int:
    return options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)


def rules_of(options: argparse.Namespace) -> Rules:
    return Rules(pairs=options.pairs, least_gate=options.gate)


def machine_key_of(contender: Contender) -> str | None:
    """None for a program that is not mpmt's."""
    return contender.machine_key() if isinstance(contender, MpmtBinary) else None


def key_of_widths(contender: Contender) -> str:
    """Under which `aa` keeps what it has learned of this program's benchmarks on this machine."""
    if isinstance(contender, MpmtBinary):
        return contender.machine_key()
    return "program-" + hashlib.sha256(contender.identity.encode("utf-8", "replace")).hexdigest()[:12]


def measure(a: Contender, b: Contender, cases: Sequence[tuple[Case, Case]], options: argparse.Namespace, seed: int,
            progress: Progress) -> Outcome:
    """One campaign, alone on this machine."""
    rules = rules_of(options)
    gates = widths.gates(widths.place(key_of_widths(a)), [case.name for case, _ in cases], rules.least_gate)
    campaign = Campaign(a, b, cases, rules, gates, options.budget, seed, progress)
    with measuring_lock(progress.say) as not_alone:
        return replace(campaign.run(), not_alone=not_alone)


def compare_sides(sides: Sequence[tuple[Contender, Side]], options: argparse.Namespace,
                  progress: Progress) -> Comparison:
    """The whole comparison of two sides. Raises NothingMeasured, NotComparable, Problem."""
    (a, side_a), (b, side_b) = sides
    if isinstance(a, GoogleBinary) != isinstance(b, GoogleBinary):
        raise NotComparable(f"{a.label} and {b.label}: one is mpmt, the other another Google Benchmark program")
    seed, start = seed_of(options), time.monotonic()
    cases, rows = common_cases(a, b, options.cases)
    found = Comparison(side_a, side_b, rows, rules_of(options), options.budget, seed, machine_key_of(a))
    if _are_one(a, b):
        found.rows += [Row(case.name, UNCHANGED) for case, _ in cases]
        found.notes.append("the two programs are identical: nothing was measured (`aa` measures a program against itself)")
        return found
    progress.say(f"{len(cases)} benchmarks, {options.budget:g} to {found.rules.cap * options.budget:g} s each")
    outcome = measure(a, b, cases, options, seed, progress)
    found.rows += rows_of(outcome, {case.name for pair in cases for case in pair if case.why_not_gated})
    found.interrupted, found.seconds = outcome.interrupted, time.monotonic() - start
    found.notes += notes_of((a, b), outcome) + _gate_notes(outcome, found.rules)
    return found


def _are_one(a: Contender, b: Contender) -> bool:
    """Whether the two are the same program: equal files of machine code that load the same libraries."""
    return a.sha256 == b.sha256 and is_machine_code(a.path) and _libraries(a) == _libraries(b)


def _libraries(contender: Contender) -> list[str]:
    return [sha256_of(Path(path)) for path in loaded_libraries(contender.path)]


def notes_of(sides: Sequence[Contender], outcome: Outcome) -> list[str]:
    notes = []
    if outcome.tallies and any(isinstance(side, GoogleBinary) and not side.fixed_iterations for side in sides):
        notes.append("this Google Benchmark is older than 1.8: each process chose its own number of iterations")
    kept = sum(tally.disturbed for tally in outcome.tallies.values())
    redone = sum(tally.redone for tally in outcome.tallies.values())
    if kept or redone:
        notes.append(f"others used the CPUs: {redone} pairs were measured again, {kept} disturbed ones had to be kept")
    if outcome.load_unknown:
        notes.append(f"what others did on these CPUs is not known ({outcome.load_unknown}): a pair that they disturbed was not "
                     "found out")
    if outcome.cpus_changed:
        notes.append(f"{outcome.cpus_changed} while this measured")
    if outcome.not_alone:
        notes.append(outcome.not_alone)
    real_time = scheduling.real_time_class()
    if real_time and any(isinstance(side, MpmtBinary) for side in sides):
        notes.append(f"track.py was started in the real-time class {real_time} (chrt): mpmt measures in SCHED_OTHER all the same")
    return notes


def _gate_notes(outcome: Outcome, rules: Rules) -> list[str]:
    wider = [finding.benchmark.gate for finding in outcome.findings.values() if finding.benchmark.gate > rules.least_gate]
    if not wider:
        return []
    return [f"{len(wider)} of the benchmarks differ from themselves by more than {rules.least_gate:.1%} on this machine "
            f"(`aa` found that): less is not called a change, for the widest {max(wider):.1%}"]


# ---- progress ----------------------------------------------------------------------------------------------


class TerminalProgress(Progress):
    """One line that is rewritten, on a terminal that can; elsewhere only what is said. Standard error."""

    def __init__(self, quiet: bool = False) -> None:
        able = os.environ.get("TERM", "dumb") not in ("", "dumb")
        self._live = sys.stderr if isinstance(sys.stderr, ShownLines) and sys.stderr.isatty() and able and not quiet else None
        self._quiet = quiet
        self._start = self._shown_at = time.monotonic()
        super().__init__(self._step, self._say)

    def _step(self, line: str) -> None:
        now = time.monotonic()
        if self._live and now - self._shown_at >= SAY_EVERY_S:
            self._shown_at = now
            room = shutil.get_terminal_size().columns - 10
            self._live.rewrite(f"{now - self._start:5.0f} s  {shown(line, max(10, room))}")

    def _say(self, line: str) -> None:
        self.clear()
        if not self._quiet:
            print(f"track.py: {shown(line, 400)}", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._live:
            self._live.rewrite("")

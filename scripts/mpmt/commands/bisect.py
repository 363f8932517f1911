"""track.py bisect: the commit since which a benchmark differs. The two ends are compared first; each commit between is then
measured against the good end, in pairs, until it is clear on which side of half the change it lies. What does not build is
skipped. In the end the two commits around the change are compared once more, with fresh measurements: that is the proof."""

from __future__ import annotations

import argparse
import math
import random
import sys
from dataclasses import dataclass, field
from typing import Any

from mpmt.base.patterns import pattern
from mpmt.base.problem import EXIT_INTERRUPTED, EXIT_OK, EXIT_REGRESSION, EXIT_UNDECIDED, NotComparable, Problem
from mpmt.base.shown import shown, shown_json
from mpmt.builds import commits
from mpmt.builds.builds import BuildFailed, Builds, add_build_arguments, builds_of
from mpmt.measuring import search, sides as measuring
from mpmt.measuring.campaign import Progress, Sitting
from mpmt.measuring.comparison import UNCHANGED, Comparison, as_json
from mpmt.measuring.comparison_table import text_table
from mpmt.measuring.contender import Contender, Failed, is_machine_code
from mpmt.measuring.experiment import FASTER, SAME, SLOWER
from mpmt.measuring.load import LoadMeter
from mpmt.measuring.measuring_lock import measuring_lock
from mpmt.measuring.pairs import Pair, instability, log_ratio


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("good", metavar="GOOD", help="a commit that is still as it should be")
    parser.add_argument("bad", metavar="BAD", help="a later commit that is not")
    parser.add_argument("case", metavar="CASE", help="name of the benchmark, or a regular expression found in one name only")
    parser.add_argument("--json", action="store_true", help="standard output is JSON instead of text")
    add_build_arguments(parser)
    measuring.add_measuring_arguments(parser)


def run(options: argparse.Namespace) -> int:
    progress, trouble = measuring.TerminalProgress(), None
    with builds_of(options, progress.say) as builds:
        bisection = Bisection(builds, options, progress)
        try:
            bisection.run()
        except KeyboardInterrupt:
            bisection.interrupted = True
        except (Problem, OSError) as error:
            if bisection.range is None:
                raise
            trouble = error
    progress.clear()
    document = bisection.as_json()
    print(shown_json(document) if options.json else bisection.text())
    sys.stdout.flush()
    if trouble:  # what was narrowed down by then has been told
        raise trouble
    return bisection.exit_code()


@dataclass
class Answer:
    """Of one commit between the ends."""

    commit: str
    subject: str
    answer: str
    why: str = ""


@dataclass
class Bisection:
    """One benchmark, one range. `run` does the work; the rest tells what came of it."""

    builds: Builds
    options: argparse.Namespace
    progress: Progress
    interrupted: bool = False
    ends: Comparison | None = None
    proof: Comparison | None = None
    range: search.Range | None = None
    answers: list[Answer] = field(default_factory=list)

    def run(self) -> None:
        repo, options = self.builds.repo, self.options
        good, bad = commits.resolve(repo, options.good), commits.resolve(repo, options.bad)
        chain = commits.between(repo, good, bad)
        if not chain:
            raise Problem("GOOD and BAD are the same commit")
        sides = [measuring.of_commit(self.builds, commit, commit, options) for commit in (good, bad)]
        options.cases = _one_case(sides[0][0], options.case)
        self.progress.say(f"the ends: {commits.short(good)} and {commits.short(bad)}, {len(chain)} commits apart")
        self.ends = measuring.compare_sides(sides, options, self.progress)
        self.interrupted = self.ends.interrupted
        if self.interrupted or self.ends.rows[0].verdict not in (SLOWER, FASTER):
            return
        sorter = Sorter((sides[0][0], sides[1][0]), math.log1p(self.ends.rows[0].finding.effect), options, self.progress)
        self.range = search.Range(good, chain)
        search.narrow(self.range, lambda commit: self._ask(commit, sorter))
        self._prove()

    def _ask(self, commit: str, sorter: Sorter) -> str:
        subject = commits.subject(self.builds.repo, commit)
        try:
            contender, _ = measuring.of_commit(self.builds, commit, commit, self.options)
        except BuildFailed as error:
            answer, why = search.SKIPPED, f"does not build (log: {error.log})"
        else:
            try:
                answer, why = sorter.side_of(contender)
            except (Failed, Problem) as error:
                answer, why = search.SKIPPED, str(error)
        self.answers.append(Answer(commit, subject, answer, why))
        self.progress.say(f"{commits.short(commit)} {answer}{f': {why}' if why else ''}  \"{subject}\"")
        return answer

    def _prove(self) -> None:
        last_good, first_bad = self.range.good, self.range.bad
        self.progress.say(f"the proof: {commits.short(last_good)} and {commits.short(first_bad)}, measured afresh")
        sides = [measuring.of_commit(self.builds, commit, commit, self.options) for commit in (last_good, first_bad)]
        self.proof = measuring.compare_sides(sides, self.options, self.progress)
        self.interrupted |= self.proof.interrupted

    # ---- telling ---------------------------------------------------------------------------------------

    @property
    def proved(self) -> bool:
        return bool(self.proof and self.proof.rows and self.proof.rows[0].verdict == self.ends.rows[0].verdict)

    def exit_code(self) -> int:
        """0: nothing to bisect, the ends are the same; 1: the change was found; 3: it was not, or not proved."""
        if self.interrupted:
            return EXIT_INTERRUPTED
        if self.range is None:
            same = self.ends is not None and self.ends.rows[0].verdict in (SAME, UNCHANGED)
            return EXIT_OK if same else EXIT_UNDECIDED
        return EXIT_REGRESSION if self.proved else EXIT_UNDECIDED

    def text(self) -> str:
        if self.ends is None:
            return "interrupted before the ends were compared"
        parts = [text_table(self.ends)]
        if self.range is None:
            return "\n".join([*parts, "", "there is nothing to look for: no difference between the ends was confirmed"])
        parts += ["", *(f"{commits.short(a.commit)}  {a.answer:<9}  {shown(a.why or a.subject, 120)}" for a in self.answers)]
        if self.proof:
            parts += ["", text_table(self.proof)]
        return "\n".join([*parts, "", *self._verdict()])

    def _verdict(self) -> list[str]:
        repo, within = self.builds.repo, self.range.within
        named = [f"{commits.short(commit)} \"{commits.subject(repo, commit)}\"" for commit in within]
        state = "interrupted; so far " if self.interrupted else "" if self.proved else "not proved by fresh measurements: "
        if self.range.found:
            return [f"{state}the change came with {named[0]}"]
        return [f"{state}the change came with one of {len(within)} commits, after {commits.short(self.range.good)}:",
                *(f"  {line}" for line in named)]

    def as_json(self) -> dict[str, Any]:
        return {
            "format": "mpmt-bisection", "format_version": 1, "case": self.options.case, "exit_code": self.exit_code(),
            "interrupted": self.interrupted, "proved": self.proved,
            "last_good": self.range.good if self.range else None, "first_bad": self.range.bad if self.range else None,
            "candidates": self.range.within if self.range else [], "answers": [vars(a) for a in self.answers],
            "ends": as_json(self.ends) if self.ends else None, "proof": as_json(self.proof) if self.proof else None,
        }


def _one_case(contender: Contender, text: str) -> Any:
    """A pattern for the only case whose name is `text`, or in whose name it is found."""
    names = [case.name for case in contender.cases()]
    if text not in names:
        try:
            wanted = pattern(text)
        except argparse.ArgumentTypeError as error:
            raise Problem(f"CASE: {error}, nor the name of a benchmark") from None
        matching = [name for name in names if wanted.search(name)]
        if len(matching) != 1:
            some = f": {shown(', '.join(matching[:3]), 300)}{', …' if len(matching) > 3 else ''}" if matching else ""
            raise NotComparable(f"CASE: '{shown(text, 80)}' is in the names of {len(matching)} benchmarks{some}")
        text = matching[0]
    return measuring.exactly(text)


class Sorter:
    """Tells on which side of half the change, in log time against the good end, a commit lies: three-valued, with more
    pairs as long as it is unclear. A program that is identical to one that has been placed lies where that does."""

    def __init__(self, ends: tuple[Contender, Contender], change: float, options: argparse.Namespace,
                 progress: Progress) -> None:
        self._good, self._half = ends[0], change / 2
        self._placed: dict[str, str] = {}
        for end, side in zip(ends, (search.OLD, search.NEW)):
            self._place_all_like(end, side)
        self._options, self._progress = options, progress
        self._rules = measuring.rules_of(options)

    def side_of(self, contender: Contender) -> tuple[str, str]:
        """The answer, and why there is none. Raises Failed, Problem."""
        if contender.sha256 in self._placed:
            return self._placed[contender.sha256], "its program is identical to one that was measured"
        pairs, _ = measuring.common_cases(self._good, contender, self._options.cases)
        with measuring_lock(self._progress.say):
            order = random.Random(measuring.seed_of(self._options))
            sitting = Sitting((self._good, contender), pairs[0], self._rules, self._options.budget, order,
                              LoadMeter())
            answer, why = self._place(sitting)
        if not why:
            self._place_all_like(contender, answer)
        return answer, why

    def _place_all_like(self, contender: Contender, side: str) -> None:
        if is_machine_code(contender.path):  # equal scripts may run different programs
            self._placed[contender.sha256] = side

    def _place(self, sitting: Sitting) -> tuple[str, str]:
        taken: list[Pair] = []
        target, most = sitting.first_look, self._rules.cap * sitting.first_look
        while True:
            while len(taken) < target:
                self._progress.step(f"pair {len(taken) + 1} of {target}")
                taken.append(sitting.pair())
            ratio = log_ratio(taken)
            away, wide = ratio.mean - self._half, ratio.half_width(self._rules.confidence)
            if abs(away) > wide and not instability(taken):
                is_new = (away > 0) == (self._half > 0)
                return (search.NEW if is_new else search.OLD), ""
            if target == most or sitting.over_budget:
                return search.UNCLEAR, instability(taken) or f"{math.expm1(ratio.mean):+.1%} after {len(taken)} pairs"
            target = min(2 * target, most)

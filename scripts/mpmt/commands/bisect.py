"""mpmt track bisect: the commit since which a benchmark differs. The two ends are compared first; each commit between is then
compared with the good end, with half the change as the margin: the same within that is like good, what differs is like bad.
What does not build is skipped. In the end the two commits around the change are compared once more, with fresh measurements:
that is the proof."""

from __future__ import annotations

import argparse
import math
import re
import sys
from dataclasses import dataclass, field
from typing import Any

from mpmt.base.patterns import Pattern, pattern
from mpmt.base.problem import EXIT_INTERRUPTED, EXIT_OK, EXIT_REGRESSION, EXIT_UNDECIDED, NotComparable, Problem
from mpmt.base.shown import shown, shown_json
from mpmt.builds import commits
from mpmt.builds.builds import BuildFailed, Builds, add_build_arguments, builds_of
from mpmt.measuring import engine, search
from mpmt.measuring.comparison import FAILED, FASTER, NOT_COMPARED, SAME, SLOWER, UNCHANGED, Comparison, as_json
from mpmt.measuring.comparison_table import text_table
from mpmt.measuring.options import add_measuring_arguments, say_as
from mpmt.measuring.sides import Say, Sides


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("good", metavar="GOOD", help="a commit that is still as it should be")
    parser.add_argument("bad", metavar="BAD", help="a later commit that is not")
    parser.add_argument("case", metavar="CASE", help="name of the benchmark, or a regular expression found in one name only")
    parser.add_argument("--json", action="store_true", help="standard output is JSON instead of text")
    add_build_arguments(parser)
    add_measuring_arguments(parser)


def run(options: argparse.Namespace) -> int:
    trouble, say = None, say_as("bisect")
    with builds_of(options, say) as builds:
        bisection = Bisection(builds, options, say)
        try:
            bisection.run()
        except KeyboardInterrupt:
            bisection.interrupted = True
        except (Problem, OSError) as error:
            if bisection.range is None:
                raise
            trouble = error
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
    say: Say
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
        self._sides = Sides(options, self.say, self.builds)
        self._sides.build((good, bad))
        self._good = self._sides.of_commit(good)
        options.cases = self._one_case(options.case)
        self.say(f"the ends: {commits.short(good)} and {commits.short(bad)}, {len(chain)} commits apart")
        self.ends = self._sides.compare(self._good, self._sides.of_commit(bad))
        self.interrupted = self.ends.interrupted
        if self.interrupted or self.ends.rows[0].verdict not in (SLOWER, FASTER):
            return
        self.range = search.Range(good, chain)
        search.narrow(self.range, self._ask)
        self._prove()

    def _one_case(self, text: str) -> Pattern:
        """A pattern for the only case whose name is `text`, or in whose name it is found."""
        names = [case.name for case in engine.cases_of(self._sides.engine, self._good.contender, self._good.options)]
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
        return Pattern(rf"\A{re.escape(text)}\Z")

    def _ask(self, commit: str) -> str:
        subject = commits.subject(self.builds.repo, commit)
        try:
            answer, why = self._side_of(commit)
        except BuildFailed as error:
            answer, why = search.SKIPPED, f"does not build (log: {error.log})"
        except Problem as error:
            answer, why = search.SKIPPED, str(error)
        self.answers.append(Answer(commit, subject, answer, why))
        self.say(f"{commits.short(commit)} {answer}{f': {why}' if why else ''}  \"{subject}\"")
        return answer

    def _side_of(self, commit: str) -> tuple[str, str]:
        """Which end this commit is like, and why that is not known. Raises BuildFailed, Problem, KeyboardInterrupt."""
        change = 1 + self.ends.rows[0].effect
        found = self._sides.compare(self._good, self._sides.of_commit(commit), margin=math.exp(abs(math.log(change)) / 2) - 1)
        if found.interrupted:
            raise KeyboardInterrupt
        verdict, note = found.rows[0].verdict, found.rows[0].note
        if verdict in (SAME, UNCHANGED, SLOWER, FASTER):
            return search.NEW if verdict == self.ends.rows[0].verdict else search.OLD, ""
        return (search.SKIPPED if verdict in (FAILED, NOT_COMPARED) else search.UNCLEAR), note

    def _prove(self) -> None:
        last_good, first_bad = self.range.good, self.range.bad
        self.say(f"the proof: {commits.short(last_good)} and {commits.short(first_bad)}, measured afresh")
        self.proof = self._sides.compare(*(self._sides.of_commit(commit) for commit in (last_good, first_bad)))
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

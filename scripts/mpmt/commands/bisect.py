"""mpmt track bisect: the commit since which a benchmark differs. The two ends are compared first; each commit between is then
compared with the good end, with half the change as the margin: the same within that is like good, what differs is like bad.
What does not build is skipped. In the end the two commits around the change are compared once more, with fresh measurements:
that is the proof."""

from __future__ import annotations

import argparse
import math
import re
import sys
from dataclasses import dataclass
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
from mpmt.measuring.sides import Measured, Say, Sides
from mpmt.writers.text_lines import MOST_WIDTH, fit


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
    print(shown_json(document) if options.json else bisection.text(*fit(sys.stdout)))
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


@dataclass(frozen=True)
class Question:
    """Whether a commit is like the good `end`, or differs from it as the bad one does: by the `verdict`, with `half` the change
    as the margin (ratio - 1)."""

    end: Measured
    verdict: str
    half: float


class Bisection:
    """One benchmark, one range. `run` does the work; the rest tells what came of it."""

    def __init__(self, builds: Builds, options: argparse.Namespace, say: Say) -> None:
        self._builds, self._options, self._say = builds, options, say
        self._sides = Sides(options, say, builds)
        self.interrupted = False
        self.ends: Comparison | None = None
        self.proof: Comparison | None = None
        self.range: search.Range | None = None
        self.answers: list[Answer] = []

    def run(self) -> None:
        repo, options = self._builds.repo, self._options
        good, bad = commits.resolve(repo, options.good), commits.resolve(repo, options.bad)
        chain = commits.between(repo, good, bad)
        if not chain:
            raise Problem("GOOD and BAD are the same commit")
        self._sides.build((good, bad))
        end = self._sides.of_commit(good)
        options.cases = self._one_case(end, options.case)
        self._say(f"the ends: {commits.short(good)} and {commits.short(bad)}, {len(chain)} commits apart")
        self.ends = self._sides.compare(end, self._sides.of_commit(bad))
        self.interrupted = self.ends.interrupted
        change = self.ends.rows[0]
        if self.interrupted or change.verdict not in (SLOWER, FASTER) or change.effect is None:
            return
        half = math.exp(abs(math.log1p(change.effect)) / 2) - 1
        self.range = search.Range(good, chain)
        search.narrow(self.range, lambda commit: self._ask(commit, Question(end, change.verdict, half)))
        self._prove(self.range)

    def _one_case(self, end: Measured, text: str) -> Pattern:
        """A pattern for the only case whose name is `text`, or in whose name it is found."""
        names = [case.name for case in engine.cases_of(self._sides.engine, end.contender, end.options)]
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

    def _ask(self, commit: str, question: Question) -> str:
        subject = commits.subject(self._builds.repo, commit)
        try:
            answer, why = self._side_of(commit, question)
        except BuildFailed as error:
            answer, why = search.SKIPPED, f"does not build (log: {error.log})"
        except Problem as error:
            answer, why = search.SKIPPED, str(error)
        self.answers.append(Answer(commit, subject, answer, why))
        self._say(f"{commits.short(commit)} {answer}{f': {why}' if why else ''}  \"{subject}\"")
        return answer

    def _side_of(self, commit: str, question: Question) -> tuple[str, str]:
        """Which end this commit is like, and why that is not known. Raises BuildFailed, Problem, KeyboardInterrupt."""
        found = self._sides.compare(question.end, self._sides.of_commit(commit), margin=question.half)
        if found.interrupted:
            raise KeyboardInterrupt
        verdict, note = found.rows[0].verdict, found.rows[0].note
        if verdict in (SAME, UNCHANGED, SLOWER, FASTER):
            return (search.NEW if verdict == question.verdict else search.OLD), ""
        return (search.SKIPPED if verdict in (FAILED, NOT_COMPARED) else search.UNCLEAR), note

    def _prove(self, found: search.Range) -> None:
        self._say(f"the proof: {commits.short(found.good)} and {commits.short(found.bad)}, measured afresh")
        self.proof = self._sides.compare(self._sides.of_commit(found.good), self._sides.of_commit(found.bad))
        self.interrupted |= self.proof.interrupted

    # ---- telling ---------------------------------------------------------------------------------------

    @property
    def proved(self) -> bool:
        return bool(self.ends and self.proof and self.proof.rows and self.proof.rows[0].verdict == self.ends.rows[0].verdict)

    def exit_code(self) -> int:
        """0: nothing to bisect, the ends are the same; 1: the change was found; 3: it was not, or not proved."""
        if self.interrupted:
            return EXIT_INTERRUPTED
        if self.range is None:
            same = self.ends is not None and self.ends.rows[0].verdict in (SAME, UNCHANGED)
            return EXIT_OK if same else EXIT_UNDECIDED
        return EXIT_REGRESSION if self.proved else EXIT_UNDECIDED

    def text(self, width: int = MOST_WIDTH, unicode: bool = True) -> str:
        if self.ends is None:
            return "interrupted before the ends were compared"
        parts = [text_table(self.ends, width, unicode)]
        if self.range is None:
            return "\n".join([*parts, "", "there is nothing to look for: no difference between the ends was confirmed"])
        parts += ["", *(f"{commits.short(a.commit)}  {a.answer:<9}  {shown(a.why or a.subject, 120)}" for a in self.answers)]
        if self.proof:
            parts += ["", text_table(self.proof, width, unicode)]
        return "\n".join([*parts, "", *self._verdict(self.range)])

    def _verdict(self, found: search.Range) -> list[str]:
        named = [f"{commits.short(commit)} \"{commits.subject(self._builds.repo, commit)}\"" for commit in found.within]
        state = "interrupted; so far " if self.interrupted else "" if self.proved else "not proved by fresh measurements: "
        if found.found:
            return [f"{state}the change came with {named[0]}"]
        return [f"{state}the change came with one of {len(found.within)} commits, after {commits.short(found.good)}:",
                *(f"  {line}" for line in named)]

    def as_json(self) -> dict[str, Any]:
        return {
            "format": "mpmt-bisection", "format_version": 2, "case": self._options.case, "exit_code": self.exit_code(),
            "interrupted": self.interrupted, "proved": self.proved,
            "last_good": self.range.good if self.range else None, "first_bad": self.range.bad if self.range else None,
            "candidates": self.range.within if self.range else [], "answers": [vars(a) for a in self.answers],
            "ends": as_json(self.ends) if self.ends else None, "proof": as_json(self.proof) if self.proof else None,
        }

"""Measures two programs against each other: pairs of fresh processes, in random order, benchmark after benchmark."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mpmt.measuring.contender import Case, Contender, Failed, Unsupported
from mpmt.measuring.experiment import INTERRUPTED, SAME, Benchmark, Experiment, Finding, Rules
from mpmt.measuring.load import Load, LoadMeter
from mpmt.measuring.pairs import Pair

LEAST_PAIRS = 10
SLACK = 1.25  # for pairs that take longer than they were expected to
REDO_SHARE = 0.5  # of a benchmark's first look: how many pairs may be taken again because others were busy

FAILED = "failed"


@dataclass
class Tally:
    """What a benchmark has cost."""

    seconds: float = 0.0
    redone: int = 0
    disturbed: int = 0  # pairs that were kept although others were busy
    foreign: float | None = 0.0  # CPU time in s that others took during the pairs that were kept; None when not always known
    available: float = 0.0  # of all usable CPUs in that time

    def keep(self, load: Load) -> None:
        self.disturbed += load.disturbing
        self.foreign = None if self.foreign is None or load.foreign is None else self.foreign + load.foreign
        self.available += load.available

    @property
    def foreign_share(self) -> float | None:
        """None where it is unknown."""
        return self.foreign / self.available if self.foreign is not None and self.available > 0 else None


@dataclass(frozen=True)
class Outcome:
    """`findings` and `tallies` by name; `failures`: benchmarks that could not be measured, and why;
    `unsupported`: those of them that are not meant to run here; `not_begun`: what an interruption came before;
    `load_unknown`: why it is not known, or not of all pairs, what others did meanwhile; `cpus_changed`: in words;
    `not_alone`: why others may have measured meanwhile."""

    findings: dict[str, Finding]
    tallies: dict[str, Tally]
    failures: dict[str, str]
    unsupported: set[str]
    not_begun: list[str]
    interrupted: bool
    seconds: float
    load_unknown: str = ""
    cpus_changed: str = ""
    not_alone: str = ""


@dataclass
class Progress:
    """`step`: before each pair; `say`: what is worth a line of its own."""

    step: Callable[[str], None] = lambda line: None
    say: Callable[[str], None] = lambda line: None


class Sitting:
    """One benchmark under two programs, `a` and `b`: finds a size that suits both, then takes pairs. Raises Failed."""

    def __init__(self, sides: tuple[Contender, Contender], cases: tuple[Case, Case], rules: Rules, budget_s: float,
                 order: random.Random, meter: LoadMeter) -> None:
        self._sides, self._cases, self._order, self._meter = sides, cases, order, meter
        sizes = [side.size(case, budget_s / (2 * rules.pairs)) for side, case in zip(sides, cases)]
        # Both do the same: what the slower side can do in that time.
        self._size = min(sizes, key=lambda size: size.amount * size.blocks)
        affordable = int(budget_s / (2 * self._size.seconds))
        self.first_look = min(rules.pairs, max(LEAST_PAIRS, affordable))
        # A process that takes long does not cost a benchmark its confirmation.
        self._most_seconds = rules.cap * max(budget_s, SLACK * 2 * self.first_look * self._size.seconds)
        self.tally = Tally()

    @property
    def over_budget(self) -> bool:
        return self.tally.seconds > self._most_seconds

    def pair(self) -> Pair:
        """One process of either side, in random order; taken again while others disturb it, as often as is allowed."""
        while True:
            before, start = self._meter.sample(), time.monotonic()
            pair = self._pair()
            self.tally.seconds += time.monotonic() - start
            load = self._meter.since(before)
            if not load.disturbing or self.over_budget or self.tally.redone >= REDO_SHARE * self.first_look:
                self.tally.keep(load)
                return pair
            self.tally.redone += 1

    def _pair(self) -> Pair:
        values = [0.0, 0.0]
        for side in self._order.sample((0, 1), 2):
            values[side] = self._sides[side].measure(self._cases[side], self._size)
        return Pair(*values)


class Campaign:
    """The same cases under two programs. Gates are by name. Not thread-safe; the measuring lock is the caller's."""

    def __init__(self, a: Contender, b: Contender, cases: Sequence[tuple[Case, Case]], rules: Rules,
                 gates: Mapping[str, float], budget_s: float, seed: int, progress: Progress) -> None:
        self._sides = (a, b)
        self._cases = {pair[0].name: pair for pair in cases}
        self._rules, self._gates, self._budget_s = rules, gates, budget_s
        self._order = random.Random(seed)
        self._progress = progress
        self._meter = LoadMeter()
        self._sittings: dict[str, Sitting] = {}
        self._failures: dict[str, str] = {}
        self._unsupported: set[str] = set()
        self._answered: set[str] = set()

    def run(self) -> Outcome:
        """Ctrl-C ends it early: what is answered stays answered, the rest is undecided."""
        start = time.monotonic()
        interrupted, experiment = False, None
        try:
            self._prepare()
            experiment = Experiment([self._benchmark(name) for name in self._sittings], self._rules)
            self._measure(experiment)
        except KeyboardInterrupt:
            interrupted = True
        findings: list[Finding] = []
        if experiment is not None:
            experiment.stop(INTERRUPTED)
            findings = experiment.findings()
        known = {f.benchmark.name for f in findings} | self._failures.keys()
        not_begun = [name for name in self._cases if name not in known]
        return Outcome({f.benchmark.name: f for f in findings if f.benchmark.name not in self._failures},
                       {name: sitting.tally for name, sitting in self._sittings.items()}, self._failures,
                       self._unsupported, not_begun, interrupted, time.monotonic() - start, self._meter.why_unknown,
                       self._meter.change)

    def _prepare(self) -> None:
        for index, (name, cases) in enumerate(self._cases.items()):
            self._progress.step(f"sizing {index + 1} of {len(self._cases)}: {name}")
            try:
                self._sittings[name] = Sitting(self._sides, cases, self._rules, self._budget_s, self._order, self._meter)
            except (Failed, OSError) as error:
                self._fail(name, error)

    def _benchmark(self, name: str) -> Benchmark:
        a, b = self._cases[name]
        return Benchmark(name, self._gates.get(name, self._rules.least_gate), a.why_not_gated or b.why_not_gated,
                         self._sittings[name].first_look)

    def _measure(self, experiment: Experiment) -> None:
        while names := experiment.wanted():
            self._say_answers(experiment)
            self._order.shuffle(names)
            for name in names:
                self._progress.step(self._standing(name, experiment))
                self._take_pair(name, experiment)
        self._say_answers(experiment)

    def _take_pair(self, name: str, experiment: Experiment) -> None:
        sitting = self._sittings[name]
        try:
            experiment.add(name, sitting.pair())
        except (Failed, OSError) as error:  # OSError: no descriptors, no room for a temporary file
            self._fail(name, error)
            experiment.give_up(name, str(error))
            return
        if sitting.over_budget and experiment.pairs(name) >= LEAST_PAIRS:
            experiment.call_time(name)

    def _fail(self, name: str, error: Failed | OSError) -> None:
        self._failures[name] = str(error)
        if isinstance(error, Unsupported):
            self._unsupported.add(name)
        self._progress.say(f"{FAILED}: {name}: {error}")

    def _standing(self, name: str, experiment: Experiment) -> str:
        confirming = f", {len(experiment.suspects())} being confirmed" if experiment.suspects() else ""
        return f"{len(experiment.findings())} of {len(self._sittings)} answered{confirming}; {name}"

    def _say_answers(self, experiment: Experiment) -> None:
        for finding in experiment.findings():
            name = finding.benchmark.name
            if name not in self._answered and name not in self._failures:
                effect = f" {finding.effect:+.1%}" if finding.effect is not None and finding.verdict != SAME else ""
                self._progress.say(f"{finding.verdict}{effect}: {name}")
            self._answered.add(name)

"""The runs behind an answer, one after another, within the time that the user gives."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from mpmt.answers import words
from mpmt.answers.crossover import DECIDED
from mpmt.answers.rows import CONTROLLED, DEPLOYED
from mpmt.asking import plan
from mpmt.asking.bisection import Scale, next_values
from mpmt.asking.contenders import Contender, Found, contenders_of, found_in, grows_up_to
from mpmt.asking.findings import PAYLOAD, TASK, WORKERS, Findings
from mpmt.asking.question import Case, Commands
from mpmt.base.problem import NothingMeasured, Problem
from mpmt.base.shown import shown
from mpmt.measuring import engine
from mpmt.records.record_file import Record

BESIDE_S = 1.2  # what a run takes besides measuring, about: its start, probes of the CPUs, its record
OVER_S = 2.5  # a run may take so much longer than it was given before it is ended
LEAST_S = 2.5  # in less, a run of a few contenders decides nothing
WAIT_IDLE_S = 1.5  # before the first run
OF_MAIN = 0.6  # the share of the time that the case itself may take before its cross-overs; more if it stays open
OF_SCAN = 0.3  # and the share that timing several counts of workers may take
OF_REST = 0.4  # of what is then left, for each run


class Run(Protocol):
    """One `mpmt run`: its arguments, and when it has to have ended (of time.monotonic)."""

    def __call__(self, arguments: Sequence[str], until: float) -> engine.Answer: ...


class Clock:
    def __init__(self, budget_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._end = now, now() + budget_s

    def left_s(self) -> float:
        return self._end - self._now()

    def until(self, given_s: float) -> float:
        """When a run has to have ended that was given so much to measure in."""
        return min(self._now() + given_s + BESIDE_S + OVER_S, self.end())

    def end(self) -> float:
        """When all has to have."""
        return self._end + OVER_S


class Session:
    """Adds to `findings` what each run finds, so that they stand whenever an interruption comes."""

    def __init__(self, case: Case, run: Run, clock: Clock, say: Callable[[str], None]) -> None:
        self.findings = Findings(workers=case.workers)
        self._case, self._run, self._clock, self._say = case, run, clock, say

    def answer(self) -> Findings:
        """Raises Problem, NothingMeasured: of the case itself. An interruption ends it; what is known stands."""
        try:
            self._main()
            if not self.findings.interrupted:
                self._around()
        except KeyboardInterrupt:
            self.findings.interrupted = True
        return self.findings

    # ---- the case itself -----------------------------------------------------------------------------------

    def _main(self) -> None:
        if len(self._case.workers) > 1:
            self._scan()
        before = self._clock.left_s()
        if self.findings.interrupted or (self.findings.records and self._rest_s() < LEAST_S):
            return
        experiment = replace(plan.main(self._case), workers=self.findings.workers)
        if self.findings.grain is not None:
            experiment = replace(experiment, grains=(str(self.findings.grain),))
        given_s = max(LEAST_S, OF_MAIN * before - BESIDE_S)
        self._take_main(self._measured(plan.out_of_step(self._case, experiment, self._case.cpus, given_s), given_s))
        grain = self.findings.grain
        if grain is not None and self._goes_on():
            right = plan.corrected(grain, self._case.task_ns, self.findings.task_ns())
            if right != grain:
                self._take_main(self._measured(replace(experiment, grains=(str(right),)), self._rest_s()))
            elif not self.findings.decided():
                again = plan.again(experiment, grain, self._best_channels())
                self._again(plan.out_of_step(self._case, again, self._case.cpus, self._rest_s()))
        self.findings.main_s = before - self._clock.left_s()

    def _scan(self) -> None:
        """Which count of workers the answer is for: the last that brings something."""
        counts, grains = self._case.workers, plan.main(self._case).grains
        while counts and not self.findings.interrupted and self._rest_s() > OF_MAIN * self._case.budget_s:
            given_s = OF_SCAN * self._rest_s()
            scan = plan.out_of_step(self._case, plan.scan(self._case, grains, counts), self._case.cpus, given_s)
            record = self._measured(scan, given_s)
            found = contenders_of(record) if record else []
            self.findings.scanned += found
            if found:
                self.findings.grain = found[0].grain
                grains = (str(found[0].grain),)
            counts = plan.more_workers(self._case, self.findings.rates(self._case), scan) if found else ()
        if rates_found := self.findings.rates(self._case):
            self.findings.workers = (grows_up_to(rates_found, self._case.margin),)

    def _take_main(self, record: Record | None) -> None:
        """Unless it says less than what there is."""
        found = self._found(record)
        deployed = next((one for one in found if one.row.table == DEPLOYED), None)
        if self.findings.main is None or (deployed and deployed.row.ratio is not None):
            self.findings.main, self.findings.found, self.findings.deployed = record, found, deployed
            self.findings.grain = next((one.row.grain for one in found), self.findings.grain)

    def _again(self, experiment: plan.Experiment) -> None:
        """With all that is left, for the best of either side only; the other rows stay as they were."""
        record = self._measured(experiment, self._rest_s())
        deployed = next((one for one in self._found(record) if one.row.table == DEPLOYED), None)
        if deployed and deployed.row.ratio is not None:
            self.findings.deployed = deployed

    def _found(self, record: Record | None) -> list[Found]:
        """Tasks take what was asked for, in proportion to their grain, where no serial case says it: they were calibrated."""
        found = found_in(record) if record else []
        asked_ns = self._case.task_ns
        if record is None or asked_ns is None or not found:
            return found
        calibrated = self.findings.grain or found[0].row.grain
        return [one for grain in dict.fromkeys(one.row.grain for one in found)
                for one in found_in(record, asked_ns * grain / calibrated) if one.row.grain == grain]

    def _rest_s(self) -> float:
        return self._clock.left_s() - BESIDE_S

    def _goes_on(self) -> bool:
        return not self.findings.interrupted and self._rest_s() >= LEAST_S

    # ---- around it -----------------------------------------------------------------------------------------

    def _around(self) -> None:
        """A step along each scale in turn, as long as there is time."""
        if self.findings.deployed is None or self.findings.grain is None:
            return
        steps = {TASK: self._task_step, PAYLOAD: self._payload_step, WORKERS: self._workers_step}
        if not self._case.workload.grain_scales:
            del steps[TASK]
        self.findings.scales = {name: self._controlled(self.findings.found) if name == WORKERS else self._deployed()
                                for name in steps}
        while steps:
            for name, step in list(steps.items()):
                if not self._goes_on():
                    return
                if not step():
                    del steps[name]

    def _deployed(self) -> list[Found]:
        return [self.findings.deployed] if self.findings.deployed else []

    def _task_step(self) -> bool:
        """Whether there was something to measure, as of all of these."""
        assert self.findings.deployed and self.findings.grain
        scale = plan.task_scale(self.findings.grain, self.findings.deployed.row.task_ns)
        values = self._next(TASK, self.findings.grain, scale, lambda one: one.row.grain)
        return bool(values) and self._step(TASK, tuple(map(str, values)), (self._case.payload,))

    def _payload_step(self) -> bool:
        values = self._next(PAYLOAD, self._case.payload, plan.payload_scale(self._case), lambda one: one.row.payload_bytes or 0)
        return bool(values) and self._step(PAYLOAD, (str(self.findings.grain),), tuple(values))

    def _next(self, name: str, start: int, scale: Scale | None, value: Callable[[Found], int]) -> list[int]:
        if scale is None:
            return []
        verdicts = {value(one): one.row.verdict if one.row.verdict in DECIDED else None for one in self.findings.scales[name]}
        return next_values(verdicts, start, scale)

    def _step(self, name: str, grains: tuple[str, ...], payloads: tuple[int, ...]) -> bool:
        """With the workers that are best in the case."""
        best = self.findings.deployed
        workers = tuple(sorted({one.workers for one in (best.threads, best.processes) if one})) if best else self._case.workers
        channels = self.findings.channels[name] = plan.channels_along(name == PAYLOAD, self._best_channels(),
                                                                      self._case.channels)
        record = self._measured(plan.Experiment(grains, payloads, workers, channels), self._share_s())
        later = [one for one in self._found(record) if one.row.table == DEPLOYED]
        self.findings.scales[name] += later
        return bool(later)

    def _workers_step(self) -> bool:
        """Once: over the channel of the best processes, where rows of each count are."""
        workers = self.findings.workers
        if len(workers) != 1 or len(self.findings.scales[WORKERS]) > 1:
            return False
        channel = self._best_channels()[-1]
        self.findings.channels[WORKERS] = (channel,)
        record = self._measured(plan.Experiment((str(self.findings.grain),), (self._case.payload,),
                                                plan.other_workers(workers[0]),
                                                (channel,)), self._share_s())
        self.findings.scales[WORKERS] += self._controlled(self._found(record))
        return False

    def _controlled(self, found: Sequence[Found]) -> list[Found]:
        channel = self._best_channels()[-1]
        return [one for one in found if one.row.table == CONTROLLED and one.row.channel == channel]

    def _best_channels(self) -> tuple[str, ...]:
        """Of threads, then of processes."""
        best = self.findings.deployed
        sides: list[Contender] = [one for one in (best.threads, best.processes) if one] if best else []
        return tuple(dict.fromkeys(one.channel for one in sides)) or self._case.channels

    # ---- one run -------------------------------------------------------------------------------------------

    def _share_s(self) -> float:
        return min(self._rest_s(), max(LEAST_S, OF_REST * self._rest_s()))

    def _measured(self, experiment: plan.Experiment, given_s: float) -> Record | None:
        """None: it ended before anything was measured."""
        wait_idle_s = 0.0 if self.findings.records else WAIT_IDLE_S
        self._say(f"{in_words(self._case, experiment)}: {given_s:.0f} s at most")
        # The first may have to wait for another run, but is not to take the time of the one that decides.
        first = not self.findings.records and experiment.rounds is None
        until = self._clock.end() if first else self._clock.until(given_s + wait_idle_s)
        answer = self._run(plan.arguments(self._case, experiment, given_s, wait_idle_s), until)
        self.findings.interrupted |= answer.interrupted
        if answer.record is not None:
            self.findings.records.append(answer.record)
        elif not self.findings.records:
            expect_more(answer, self._case.budget_s)
        return answer.record


def in_words(case: Case, experiment: plan.Experiment) -> str:
    grains = ", ".join(experiment.grains)
    data = ", ".join(words.size(payload) for payload in experiment.payloads)
    return (f"{case.workload.name}, grain {grains}, {data}, workers {', '.join(map(str, experiment.workers))}, "
            f"over {', '.join(experiment.channels)}")


def expect_more(answer: engine.Answer, budget_s: float) -> None:
    """Of one without a record. Raises Problem, NothingMeasured, unless it was interrupted."""
    if answer.late:
        raise NothingMeasured(f"--budget: {budget_s:g} s were over before anything was measured: give more, if one task or "
                              "execution takes that long, or ask when no other run is measuring")
    if not answer.interrupted:
        raise Problem(answer.said or "mpmt run left no record")


def measure_commands(asked: Commands, run: Run, clock: Clock) -> Findings:
    """One run, with all the time there is."""
    given_s = max(LEAST_S, clock.left_s() - BESIDE_S - WAIT_IDLE_S)
    answer = run(plan.of_commands(asked, given_s, WAIT_IDLE_S), clock.until(given_s + WAIT_IDLE_S))
    if answer.record is None:
        expect_more(answer, asked.budget_s)
    return Findings([answer.record] if answer.record else [], interrupted=answer.interrupted)


@dataclass
class Runner:
    """Asks the engine; keeps the records in `folder`, if any, under names that begin with `stem`. Each line that mpmt has to
    say besides progress is told once."""

    program: Path
    say: Callable[[str], None]
    folder: Path | None = None
    stem: str = "ask"
    kept: list[Path] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)

    def __call__(self, arguments: Sequence[str], until: float) -> engine.Answer:
        out = self.folder / f"{self.stem}-{len(self.kept) + 1}.json" if self.folder else None
        answer = engine.run(self.program, arguments, engine.Said(self._tell, progress=False), out, until)
        if out and answer.record is not None:
            self.kept.append(out)
        return answer

    def _tell(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self.say(shown(line, 300))

"""Which runs of mpmt answer a case: pure functions from a case to the arguments of `mpmt run`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mpmt.asking.bisection import Scale
from mpmt.asking.contenders import grows_up_to
from mpmt.asking.question import Case, Commands
from mpmt.asking.spelling import list_text, percent_text, size_text, time_text

POOLS = "thread_pool,process_pool"
EXECUTORS = f"serial,{POOLS}"
SCAN_LAPS = 3
FIRST_LOOK, USUAL_LAPS = 6, 3  # rounds of a run that decides at once, and laps of a round of long tasks
TASKS_A_WORKER = (8, 4, 2)
OF_BLOCKS = 0.5  # the share of a run that its timed blocks have: pilots, starts and pieces that settle caches have the rest
LONG_SCAN_NS = 2e6  # tasks of which a round takes long
# Where cross-overs are looked for. Tasks below are harness, longer ones take longer than an answer may.
LEAST_TASK_NS, MOST_TASK_NS = 200.0, 20e6
TASK_STEP, PAYLOAD_STEP = 8.0, 64.0
NARROW = 3.0  # a bracket of that factor is told, and not narrowed
FAR_OFF = 0.25  # of the logarithm of a time
MOST_WORKERS = 256
USUAL_CHANNELS = ("by_reference", "shm_ring")
MOST_PAYLOAD, LEAST_STEP_OF_PAYLOAD = 1 << 20, 64


@dataclass(frozen=True)
class Experiment:
    """One run: all of these with each other. `grains`: numbers, or a time that is calibrated."""

    grains: tuple[str, ...]
    payloads: tuple[int, ...]
    workers: tuple[int, ...]
    channels: tuple[str, ...]
    rounds: int | None = None  # so many only: times, and no verdict
    tasks: int | None = None  # of a block; None: as mpmt run finds best


def scan(case: Case, grains: tuple[str, ...], counts: Sequence[int]) -> Experiment:
    """What throughput each count of workers has, before one is looked at closely: over one channel that both sides have."""
    both = [name for name in case.channels if name in case.joining_both] or list(case.channels)
    long = (case.task_ns or 0) >= LONG_SCAN_NS
    return Experiment(grains, (case.payload,), tuple(counts), (both[0],), 2 if long else 3)


def out_of_step(case: Case, experiment: Experiment, cpus: int, given_s: float) -> Experiment:
    """A short block of tasks that compute and wait is all start and end: all workers compute at once, then all wait. Under
    lasting load they get out of step, and that is asked for: so a block has as many tasks a worker as there is time for."""
    if case.waiting is None or not case.task_ns:
        return experiment
    most, sides = max(experiment.workers), 1 + len(experiment.channels)
    rounds, laps = (experiment.rounds, SCAN_LAPS) if experiment.rounds else (FIRST_LOOK, USUAL_LAPS)
    for each in TASKS_A_WORKER:
        lap_ns = sides * each * most * case.task_ns * sum(1 / min(count, full_at(case.waiting, cpus))
                                                          for count in experiment.workers)
        if rounds * (laps + 1) * lap_ns <= OF_BLOCKS * given_s * 1e9:
            return replace(experiment, tasks=each * most)
    return experiment


def full_at(waiting: float, cpus: int) -> float:
    """From how many workers on the CPUs have no time to spare, if each waits for that share of its time."""
    return cpus / (1 - waiting)


def main(case: Case) -> Experiment:
    """Of the case itself."""
    return Experiment(("1" if case.task_ns is None else time_text(case.task_ns),), (case.payload,), case.workers, case.channels)


def corrected(grain: int, asked_ns: float | None, measured_ns: float | None) -> int:
    """The grain of the task size that was asked for, where what was measured is far from it: a machine that was busy while it
    was calibrated. The time of a task is in proportion to its grain."""
    if not asked_ns or not measured_ns or abs(math.log(measured_ns / asked_ns)) <= FAR_OFF:
        return grain
    return max(1, round(grain * asked_ns / measured_ns))


def again(experiment: Experiment, grain: int, channels: Sequence[str]) -> Experiment:
    """The same for who is left to win."""
    return replace(experiment, grains=(str(grain),), channels=tuple(dict.fromkeys(channels)))


def arguments(case: Case, experiment: Experiment, budget_s: float, wait_idle_s: float = 0) -> list[str]:
    """Of `mpmt run`."""
    waiting = [] if case.waiting is None else ["--waiting", percent_text(case.waiting)]
    rounds = [] if experiment.rounds is None else ["--rounds", str(experiment.rounds), "--laps", str(SCAN_LAPS)]
    tasks = [] if experiment.tasks is None else ["--tasks", str(experiment.tasks)]
    # A serial case says what a task takes alone; one that takes long has been calibrated, and would take all the time.
    executors = EXECUTORS if experiment.rounds is None and experiment.tasks is None else POOLS
    return ["--workload", case.workload.name, "--grain", ",".join(experiment.grains), *waiting,
            "--payload", ",".join(map(size_text, experiment.payloads)), "--workers", list_text(experiment.workers),
            "--executor", executors, "--channel", ",".join(experiment.channels), *rounds, *tasks,
            *_rules(case.margin, budget_s, wait_idle_s)]


def of_commands(asked: Commands, budget_s: float, wait_idle_s: float = 0) -> list[str]:
    return [*(word for text in asked.texts for word in ("--command", text)), *_rules(asked.margin, budget_s, wait_idle_s)]


def _rules(margin: float, budget_s: float, wait_idle_s: float) -> list[str]:
    return ["--margin", percent_text(margin), "--budget", f"{budget_s:.3g}", "--wait-idle", f"{wait_idle_s:.3g}"]


# ---- where the answer may change ---------------------------------------------------------------------------


def task_scale(grain: int, task_ns: float | None) -> Scale | None:
    """In grains, of which one takes its share of `task_ns`. None: no other size makes sense."""
    if not task_ns:
        return None
    unit_ns = task_ns / grain
    least, most = max(1, round(LEAST_TASK_NS / unit_ns)), max(grain, round(MOST_TASK_NS / unit_ns))
    return Scale(min(least, grain), most, TASK_STEP, NARROW)


def payload_scale(case: Case) -> Scale:
    return Scale(case.workload.least_payload, max(case.payload, MOST_PAYLOAD), PAYLOAD_STEP, NARROW, LEAST_STEP_OF_PAYLOAD)


def channels_along(payload: bool, best: Sequence[str], asked: Sequence[str]) -> tuple[str, ...]:
    """`best`: of either side, as the case has it. Which one that is depends on the payload: there, the usual ones take part."""
    return tuple(dict.fromkeys([*best, *(name for name in asked if payload and name in USUAL_CHANNELS)]))


def other_workers(count: int) -> tuple[int, ...]:
    """Around the one that the answer is for."""
    return tuple(sorted({1, max(1, count // 2), 2 * count} - {count}))


def more_workers(case: Case, rates: Mapping[int, float], last: Experiment) -> tuple[int, ...]:
    """Given the tasks per second of the counts that were measured, and the scan of the last of them: larger ones, as long as
    they bring something, and may: tasks that compute and wait have nothing left to gain where the CPUs are full."""
    most = max(rates, default=0)
    if not rates or grows_up_to(rates, case.margin) < most or 2 * most > MOST_WORKERS:
        return ()
    if case.waiting is not None and most >= full_at(case.waiting, case.cpus):
        return ()
    return (most, 2 * most) if last.tasks else (2 * most,)  # times of blocks of one length are alike


# ---- commands that a user may type -------------------------------------------------------------------------


def repeated(case: Case) -> list[str]:
    """The whole `mpmt ask`, with nothing left to assume."""
    task = [] if case.task_ns is None else ["--task", time_text(case.task_ns)]
    waiting = [] if case.waiting is None else ["--waiting", percent_text(case.waiting)]
    return ["mpmt", "ask", "--like", case.workload.name, *task, *waiting, "--payload", size_text(case.payload),
            "--workers", list_text(case.workers), "--channel", ",".join(case.channels), "--margin", percent_text(case.margin),
            "--budget", f"{case.budget_s:g}", *(["--must-survive-crash"] if case.must_survive_crash else [])]


def repeated_commands(asked: Commands) -> list[str]:
    return ["mpmt", "ask", *(word for text in asked.texts for word in ("--command", text)), "--margin",
            percent_text(asked.margin),
            "--budget", f"{asked.budget_s:g}"]


def as_run(case: Case, grain: int | None) -> list[str]:
    """The `mpmt run` of the case itself; `grain`: that was found for its task size."""
    experiment = main(case)
    found = experiment if grain is None else replace(experiment, grains=(str(grain),))
    found = out_of_step(case, found, case.cpus, case.budget_s)
    return ["mpmt", "run", *arguments(case, found, case.budget_s)[:-2]]


def deeper(case: Case, grain: int | None, record: str) -> list[str]:
    """The `mpmt run` of the case and what is around it, into this record."""
    grains = main(case).grains if grain is None else _around(grain, case.workload.grain_scales)
    payloads = tuple(sorted({case.workload.least_payload, case.payload, min(MOST_PAYLOAD, max(4096, 16 * case.payload))}))
    workers = tuple(sorted({1, *case.workers, 2 * max(case.workers)}))
    return ["mpmt", "run", *arguments(case, Experiment(grains, payloads, workers, case.channels), 300)[:-2], "--out", record]


def _around(grain: int, scales: bool) -> tuple[str, ...]:
    return tuple(map(str, sorted({max(1, grain // 10), grain, 10 * grain}))) if scales else (str(grain),)

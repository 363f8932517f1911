"""The answer in sentences. Who wins is what the judge said, and nothing else."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

from mpmt.answers import words
from mpmt.answers.rows import A_FASTER, B_FASTER, SAME, UNSTABLE, Row
from mpmt.answers.verdict import finding, sentence_of
from mpmt.asking.changes import Change, Growth
from mpmt.asking.contenders import Found
from mpmt.asking.findings import WORKERS
from mpmt.asking.question import HAND_OVER, Case
from mpmt.records.stats import median_interval

AS_ASKED = 0.1  # a task that takes so much more or less than was asked for is told as it was asked for
BUSY_ROUNDS = 1 / 3  # from this share of rounds with others on, mpmt run itself says that the machine was not quiet
TOO_FEW = "Too few rounds to say anything."
_LARGEST_BUDGET_S = 3600  # that --budget takes
_MOST_BUDGET_S = 600  # more is advised as another way, not as a number
_CRASH = {
    A_FASTER: "What that costs: ", B_FASTER: "They are the faster ones, too: ", SAME: "It costs nothing that shows: "}


def sentences(case: Case, found: Found, changes: Sequence[Change], growth: Growth | None) -> list[str]:
    row = found.row
    main = sentence_of(as_asked(case, row))
    if case.must_survive_crash:
        cost = _CRASH.get(row.verdict, "What that costs is open: ")
        main = f"Processes, since only they contain a crash. {cost}{main[:1].lower()}{main[1:]}"
    said = [*_hand_over(case, found), main, *_counts(found)]
    said += [f"{one.brief[:1].upper()}{one.brief[1:]}." for one in changes if one.brief and one.scale != WORKERS][:1]
    if growth:
        said.append(growth.sentence())
    return said + _beside(case, found)


def _hand_over(case: Case, found: Found) -> list[str]:
    """What a task that does nothing takes is what handing it over costs, with as many under way as there are."""
    if case.kind != HAND_OVER or not (found.threads and found.processes):
        return []
    count = words.plural(found.threads.workers, "worker")
    window = f", at most {found.row.window} for each" if found.row.window else ""
    return [f"Handing tasks over costs {words.duration(found.threads.task_ns)} each with threads and "
            f"{words.duration(found.processes.task_ns)} with processes, when many are under way ({count}{window})."]


def as_asked(case: Case, row: Row) -> Row:
    """What was asked for is said where what was measured is as good as that."""
    near = case.task_ns and row.task_ns and abs(row.task_ns / case.task_ns - 1) <= AS_ASKED
    return replace(row, task_ns=case.task_ns) if near else row


def _counts(found: Found) -> list[str]:
    """Of rows as deployed in which either side has workers of its own."""
    if found.row.workers is not None or not (found.threads and found.processes):
        return []
    return [f"Threads are best with {words.plural(found.threads.workers, 'worker')}, processes with {found.processes.workers}."]


def _beside(case: Case, found: Found) -> list[str]:
    """What else tells them apart: starting."""
    started = _started(found)
    if found.row.verdict == SAME and not case.must_survive_crash:
        return [f"Choose by what else matters: processes contain a crash{f'; {started}' if started else ''}."]
    return [f"{started[:1].upper()}{started[1:]}."] if started else []


def _started(found: Found) -> str:
    start = startup(found)
    if not start or not found.threads:
        return ""
    count = found.threads.workers
    sides = {"threads": "a thread" if count == 1 else f"{count} threads",
             "processes": "a process" if count == 1 else f"{count} processes"}
    sooner, later = sides.pop(start[0]), next(iter(sides.values()))
    return f"starting {later} takes {words.duration(abs(start[1]))} longer than starting {sooner}"


def startup(found: Found) -> tuple[str, float] | None:
    """Who starts sooner, and how much later processes are ready than threads, ns: the median difference in the rounds of both.
    None where its interval holds 0, in too few rounds to know one, and of unlike numbers."""
    if not found.threads or not found.processes or found.threads.workers != found.processes.workers:
        return None
    ready = found.threads.startup_ns
    later = [ns - ready[one] for one, ns in found.processes.startup_ns.items() if one in ready]
    interval = median_interval(later, found.row.confidence)
    if interval is None or interval[0] <= 0 <= interval[1]:
        return None
    return "threads" if interval[0] > 0 else "processes", statistics.median(later)


def of_commands(row: Row) -> list[str]:
    if row.ratio is None or row.low is None or row.high is None:
        return [TOO_FEW]
    return [f"{finding(row, row.verdict, row.ratio, row.low, row.high)}."]


# ---- when it is open ---------------------------------------------------------------------------------------


def advice(row: Row | None, margin: float, measured_s: float, busy: float, placeable: bool, beside_s: float = 0) -> list[str]:
    """What would decide. `measured_s`: what was spent on it, and `beside_s` on all else; `busy`: the share of rounds in which
    others used the CPUs; `placeable`: whether mpmt chooses the CPUs."""
    said = []
    if busy >= BUSY_ROUNDS:
        said.append(f"a quieter machine: others used the CPUs in {words.percent(busy)} of the rounds")
    unstable = row is not None and row.verdict == UNSTABLE
    if not unstable:
        said.append(_more_time(row, margin, measured_s, beside_s))
    if placeable:
        why = ", since the ratio has more than one mode" if unstable else ""
        said.append(f"another placement{why}: the run below, with --placement same")
    return said or ["nothing that is known: the ratio has more than one mode, or does not settle"]


def _more_time(row: Row | None, margin: float, measured_s: float, beside_s: float) -> str:
    """Rounds that are needed grow with the square of what they have to show."""
    if row is None or row.detectable is None:
        return f"more time: --budget {min(_LARGEST_BUDGET_S, max(10, round(4 * measured_s + beside_s)))}"
    needed_s = measured_s * max(1.5, (row.detectable / margin) ** 2) + beside_s
    seen = f"a difference of {words.percent(row.detectable)} would have been seen"
    if needed_s > _MOST_BUDGET_S:
        return f"more time, about {words.duration(needed_s * 1e9)} ({seen}), or a larger --margin"
    return f"more time ({seen}): --budget {math.ceil(needed_s / 5 - 0.01) * 5}"

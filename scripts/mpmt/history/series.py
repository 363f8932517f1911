"""Series: what was measured of one benchmark, in the order of commits, and where it changed.

A series is (machine key, epoch, benchmark, bench_version); nothing is compared across any of these. A machine's epochs
are numbered from 1 in the order in which their first records were started; commits may have been measured in several.
A commit's value is the median of the ok trials' times per task (or operation) of all its records in that epoch. Left
out, and counted, are whole records that are of no use (see `usable`), and of interrupted records the cases with ok
trials in fewer than half of the rounds.

Changes are looked for in whole series; of those, only what lies from `Order.first` on is kept to be shown.

A point is not trusted when its trials are unstable (two modes, or a CV above 20 %), or when its case is placed `free`,
so that the kernel's placement decides the figure. Points that are not trusted are shown, and change nothing.
"""

from __future__ import annotations

import hashlib
import json
import math
import statistics
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from typing import NamedTuple

import numpy

from mpmt.base.patterns import Pattern
from mpmt.history.changes import LEAST_STEP, RULES_VERSION, ChangePoint, change_points, detectable_step, drift
from mpmt.history.memory import Memory
from mpmt.records import stats
from mpmt.records.json_text import no_collection
from mpmt.records.stored_files import CasePoint, Summary, moment

OFF_CHAIN, DIRTY, NO_COMMIT, SINCE = "not on the branch", "dirty build", "no commit", "before --since"

Placed = tuple[int, Summary]  # a record, and its commit's place in Order.commits


class Point(NamedTuple):
    """A commit's value in one series: its place in `Order.commits`, the median in ns per task or operation, and whether it
    counts."""

    at: int
    value: float
    trusted: bool
    blob: bytes  # the trials, as doubles: there may be a million points, and few are asked for theirs

    @property
    def trials(self) -> array[float]:
        """The trials' times per task or operation in ns."""
        return _values(self.blob)


@dataclass
class Change:
    """A change point as a range of commits: somewhere in (last good, first bad]."""

    point: ChangePoint
    last_good: int  # places in Order.commits
    first_bad: int
    measured_since: int  # trusted points from the first bad one on
    missing: int  # commits inside the range without a trusted point: any of them may have done it


@dataclass
class Series:
    machine: str
    epoch: int  # from 1
    name: str
    version: int
    placement: str
    family: str
    points: list[Point]
    changes: list[Change] = field(default_factory=list)
    detectable: float | None = None  # ratio - 1; None: too few points
    drift: ChangePoint | None = None  # of a series without changes: its last third against its first

    @property
    def trusted(self) -> list[Point]:
        return [point for point in self.points if point.trusted]

    @property
    def levels(self) -> list[list[Point]]:
        """The trusted points between changes; all points where none is trusted."""
        points = self.trusted or self.points
        bounds = [0, *(change.point.index for change in self.changes), len(points)]
        return [points[a:b] for a, b in zip(bounds, bounds[1:]) if a < b]


@dataclass(frozen=True)
class Order:
    """Commits, oldest first, and where each is. `first` is the place that --since starts at."""

    commits: Sequence[str]
    place: Mapping[str, int]
    first: int = 0


@dataclass
class Gathered:
    """Everything that was found for the machines that were asked for."""

    series: list[Series]
    epochs: dict[tuple[str, int], dict[str, object]]  # machine, epoch: its facts
    unused: dict[str, Counter[str]]  # of every machine there is: reason: records
    thin: Counter[str]  # machine: cases left out of interrupted records
    records: Counter[str]  # machine: records used and shown
    dates: dict[str, str]  # commit: its date; where that is none, when the record was started


def usable(records: Sequence[Summary], order: Order) -> tuple[list[Placed], dict[str, Counter[str]]]:
    """The records that enter a history, and for each machine how many do not, or are not shown, and why."""
    used: list[Placed] = []
    unused: dict[str, Counter[str]] = {}
    for record in records:
        counts = unused.setdefault(record.machine, Counter())
        place = order.place.get(record.commit or "")
        reason = (NO_COMMIT if record.commit is None else DIRTY if record.dirty else
                  OFF_CHAIN if place is None else SINCE if place < order.first else None)
        if reason:
            counts[reason] += 1
        if place is not None and not record.dirty:
            used.append((place, record))
    return used, unused


def epoch_numbers(used: Sequence[Placed]) -> dict[tuple[str, str], int]:
    """(machine, epoch): its number, in the order of the earliest start of a record."""
    never = datetime.max.replace(tzinfo=timezone.utc)
    first: dict[str, dict[str, datetime]] = {}
    for _, record in used:
        starts = first.setdefault(record.machine, {})
        starts[record.epoch] = min(starts.get(record.epoch, never), moment(record.started_utc) or never)
    return {(machine, epoch): number for machine, starts in first.items()
            for number, epoch in enumerate(sorted(starts, key=lambda epoch: (starts[epoch], epoch)), 1)}


def gather(records: Sequence[Summary], order: Order, cases: Pattern | None, memory: Memory) -> Gathered:
    """All series of these records whose benchmark's name `cases` finds."""
    used, unused = usable(records, order)
    numbers = epoch_numbers(used)
    found = Gathered([], {(machine, number): json.loads(epoch) for (machine, epoch), number in numbers.items()}, unused,
                     Counter(), Counter(record.machine for at, record in used if at >= order.first),
                     {order.commits[at]: record.commit_date if moment(record.commit_date) else record.started_utc
                      for at, record in used})
    with no_collection():
        for series in _series_of(used, numbers, cases, found.thin):
            _find_changes(series, memory)
            _hide_before(order.first, series)
            found.series += [series] if series.points else []
    return found


def _hide_before(first: int, series: Series) -> None:
    hidden = sum(point.at < first for point in series.trusted)
    series.points = [point for point in series.points if point.at >= first]
    series.changes = [replace(change, point=replace(change.point, index=change.point.index - hidden))
                      for change in series.changes if change.first_bad >= first]


def _series_of(used: Sequence[Placed], numbers: Mapping[tuple[str, str], int], cases: Pattern | None,
               thin: Counter[str]) -> list[Series]:
    """In the order of benchmarks, then of machines and epochs."""
    wanted: dict[str, bool] = {}
    made: dict[tuple[str, int, str, str, str, int], dict[int, Point]] = {}
    for at, record in used:
        number = numbers[record.machine, record.epoch]
        for said in record.points:
            if said.name not in wanted:
                wanted[said.name] = cases is None or cases.search(said.name)
            if not wanted[said.name]:
                continue
            if record.interrupted and len(said.trials) < 8 * record.rounds / 2:
                thin[record.machine] += 1
                continue
            points = made.setdefault((said.name, said.version, said.placement, said.family, record.machine, number), {})
            points[at] = _point(at, said, points.get(at))
    return [Series(machine, number, name, version, placement, family, [points[at] for at in sorted(points)])
            for (name, version, placement, family, machine, number), points in sorted(made.items())]


def _point(at: int, said: CasePoint, before: Point | None) -> Point:
    """What a record says of a case; pooled with what another one of this commit has said."""
    pinned = said.placement != "free"
    if before is None:
        return Point(at, said.median, pinned and not said.unstable, said.trials)
    values = _values(before.blob + said.trials)
    return Point(at, statistics.median(values), pinned and not stats.is_unstable(values), values.tobytes())


def _values(doubles: bytes) -> array[float]:
    values = array("d")
    values.frombytes(doubles)
    return values


def _find_changes(series: Series, memory: Memory) -> None:
    """Fills in `changes`, `detectable` and `drift`: from memory if the same values were asked about before."""
    points = series.trusted
    logs = numpy.log([point.value for point in points])
    question = f"changes {RULES_VERSION} {LEAST_STEP} {hashlib.sha256(logs.tobytes()).hexdigest()}"
    answer = memory.answer(question)
    if answer is None:
        changes = change_points(logs)
        slow = None if changes else drift(logs)
        answer = [[asdict(change) for change in changes], detectable_step(logs, changes), slow and asdict(slow)]
        memory.keep(question, answer)
    found, series.detectable, drifted = answer
    series.drift = drifted and ChangePoint(**drifted)
    for change in (ChangePoint(**values) for values in found):
        last_good, first_bad = points[change.index - 1].at, points[change.index].at
        series.changes.append(Change(change, last_good, first_bad, len(points) - change.index,
                                     first_bad - last_good - 1))


def smallest_found(series: Sequence[Series]) -> float | None:
    """The median over the series of the step that would have been found."""
    steps = [one.detectable for one in series if one.detectable is not None and math.isfinite(one.detectable)]
    return statistics.median(steps) if steps else None

"""Series: what was measured of one benchmark, in the order of commits, and where it changed.

A series is (machine key, epoch, benchmark, bench_version); nothing is compared across any of these. A machine's epochs
are numbered from 1 in the order in which their first records were started; commits may have been measured in several.
A commit's value is the median of the ok trials' times per task (or operation) of all its records in that epoch. Left out, and counted,
are whole records that are of no use (see `usable`), and of interrupted records the cases with ok trials in fewer than
half of the rounds.

Changes are looked for in whole series; of those, only what lies from `Order.first` on is kept to be shown.

A point is not trusted when its trials are unstable (two modes, or a CV above 20 %), or when its case is placed `free`,
so that the kernel's placement decides the figure. Points that are not trusted are shown, and change nothing.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import math
import sqlite3
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from typing import NamedTuple

import numpy

from mpmt.base.patterns import Pattern
from mpmt.history.changes import LEAST_STEP, RULES_VERSION, ChangePoint, change_points, detectable_step, drift
from mpmt.history.store import Index, trial_values
from mpmt.records import stats
from mpmt.records.stored_files import moment

OFF_CHAIN, DIRTY, NO_COMMIT, SINCE = "not on the branch", "dirty build", "no commit", "before --since"


class Point(NamedTuple):
    """A commit's value in one series: its place in `Order.commits`, the median in ns per task or operation, whether it counts."""

    at: int
    value: float
    trusted: bool
    blob: bytes  # the trials, as the index keeps them: there may be a million points, and few are asked for theirs

    @property
    def trials(self) -> Sequence[float]:
        """The trials' times per task or operation in ns."""
        return trial_values(self.blob)


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


class Kept(NamedTuple):
    """A record that enters a history: (machine, epoch), its commit's place, and how long a case's trials must be."""

    series: tuple[str, int]
    at: int
    least_bytes: float


def usable(files: Sequence[sqlite3.Row], order: Order) -> tuple[list[sqlite3.Row], dict[str, Counter[str]]]:
    """The records that enter a history, and for each machine how many do not, or are not shown, and why."""
    used, unused = [], {}
    for row in files:
        counts = unused.setdefault(row["machine"], Counter())
        place = order.place.get(row["commit_id"] or "")
        reason = (NO_COMMIT if row["commit_id"] is None else DIRTY if row["dirty"] else
                  OFF_CHAIN if place is None else SINCE if place < order.first else None)
        if reason:
            counts[reason] += 1
        if reason in (None, SINCE):
            used.append(row)
    return used, unused


def epoch_numbers(used: Sequence[sqlite3.Row], facts: Mapping[int, dict[str, object]]) -> dict[tuple[str, int], int]:
    """(machine, the index's epoch): its number, in the order of the earliest start of a record."""
    never = datetime.max.replace(tzinfo=timezone.utc)
    first: dict[str, dict[int, datetime]] = {}
    for row in used:
        starts = first.setdefault(row["machine"], {})
        starts[row["epoch"]] = min(starts.get(row["epoch"], never), moment(row["started_utc"]) or never)
    return {(machine, epoch): number for machine, starts in first.items() for number, epoch in enumerate(
        sorted(starts, key=lambda epoch: (starts[epoch], json.dumps(facts[epoch], sort_keys=True))), 1)}


def gather(index: Index, order: Order, machine: str | None, cases: Pattern | None) -> Gathered:
    """All series of the machine (of all machines without one) whose benchmark's name `cases` finds."""
    files = [row for row in index.files() if machine in (None, row["machine"])]
    used, unused = usable(files, order)
    facts = index.epochs()
    numbers = epoch_numbers(used, facts)
    kept = {row["id"]: Kept((row["machine"], numbers[row["machine"], row["epoch"]]), order.place[row["commit_id"]],
                            8 * row["rounds"] / 2 if row["interrupted"] else 0) for row in used}
    found = Gathered([], {(machine, number): facts[epoch] for (machine, epoch), number in numbers.items()}, unused,
                     Counter(), Counter(record.series[0] for record in kept.values() if record.at >= order.first),
                     {row["commit_id"]: row["commit_date"] if moment(row["commit_date"]) else row["started_utc"]
                      for row in used})
    answers, fresh = index.answers(), {}
    with _no_collection():
        for case in index.cases():
            if cases is None or cases.search(case["name"]):
                for series in _series_of(case, index.points(case["id"]), kept, found.thin):
                    _find_changes(series, answers, fresh)
                    _hide_before(order.first, series)
                    found.series += [series] if series.points else []
    if fresh:
        index.remember(fresh)
    return found


def _hide_before(first: int, series: Series) -> None:
    hidden = sum(point.at < first for point in series.trusted)
    series.points = [point for point in series.points if point.at >= first]
    series.changes = [replace(change, point=replace(change.point, index=change.point.index - hidden))
                      for change in series.changes if change.first_bad >= first]


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """No garbage collection: a million points are no garbage, and looking them through again and again takes half of
    the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _series_of(case: sqlite3.Row, rows: Sequence[tuple[int, float, bytes, int]], kept: Mapping[int, Kept],
               thin: Counter[str]) -> list[Series]:
    by_series: dict[tuple[str, int], dict[int, Point]] = {}
    trusted = case["placement"] != "free"
    for file_id, median, blob, unstable in rows:
        record = kept.get(file_id)
        if record is None:
            continue
        if len(blob) < record.least_bytes:
            thin[record.series[0]] += 1
            continue
        points = by_series.setdefault(record.series, {})
        before = points.get(record.at)
        points[record.at] = (Point(record.at, median, trusted and not unstable, blob) if before is None else
                             _pooled(record.at, before.blob + blob, trusted))
    return [Series(machine, epoch, case["name"], case["version"], case["placement"], case["family"],
                   [points[at] for at in sorted(points)])
            for (machine, epoch), points in sorted(by_series.items())]


def _pooled(at: int, blob: bytes, trusted: bool) -> Point:
    values = trial_values(blob)
    return Point(at, statistics.median(values), trusted and not stats.is_unstable(values), blob)


def _find_changes(series: Series, answers: Mapping[str, str], fresh: dict[str, str]) -> None:
    """Fills in `changes`, `detectable` and `drift`: from `answers` if the same values were asked about before, else into
    `fresh`, too."""
    points = series.trusted
    logs = numpy.log([point.value for point in points])
    question = hashlib.sha256(f"{RULES_VERSION} {LEAST_STEP} ".encode() + logs.tobytes()).hexdigest()
    if question not in answers:
        changes = change_points(logs)
        made = [asdict(change) for change in changes]
        slow = None if made else drift(logs)
        fresh[question] = json.dumps([made, detectable_step(logs, changes), slow and asdict(slow)])
    found, series.detectable, slow = json.loads(answers.get(question) or fresh[question])
    series.drift = slow and ChangePoint(**slow)
    for change in (ChangePoint(**values) for values in found):
        last_good, first_bad = points[change.index - 1].at, points[change.index].at
        series.changes.append(Change(change, last_good, first_bad, len(points) - change.index,
                                     first_bad - last_good - 1))


def smallest_found(series: Sequence[Series]) -> float | None:
    """The median over the series of the step that would have been found."""
    steps = [one.detectable for one in series if one.detectable is not None and math.isfinite(one.detectable)]
    return statistics.median(steps) if steps else None

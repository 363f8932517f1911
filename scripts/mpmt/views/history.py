"""What changed from commit to commit, on one machine: of records that are shown together, and of a whole history."""

from __future__ import annotations

import hashlib
import math
import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from mpmt.answers import words
from mpmt.base.row_names import SETTING, short_names
from mpmt.history.memory import Memory
from mpmt.history.series import Gathered, Order, Point, Series, gather
from mpmt.history.table import last_pairs
from mpmt.records.families import FAMILIES
from mpmt.records.stats import median_interval
from mpmt.records.stored_files import Summary, beyond_measure, moment, summary_of
from mpmt.views import history_tables, view as values
from mpmt.views.measured import LEAST_ROUNDS
from mpmt.views.report import Shown
from mpmt.views.view import LINES, Axis, Chart, Missing, Panel, View

NAME, TITLE = "history", "History"
MOST_PANELS = 12
_LEVEL = "level between changes"


def view(shown: Sequence[Shown]) -> View | Missing:
    """Of the machines of which there are several commits, in the order of their dates."""
    summaries = [summary_of(f"record {one.number + 1}", one.record) for one in shown if beyond_measure(one.record) is None]
    commits = Counter(machine for machine, _ in {(one.machine, one.commit) for one in summaries if one.commit})
    found = [one for one in summaries if commits[one.machine] > 1]
    order = _by_date(found)
    gathered = gather(found, order, None, _Forgetful())
    if not any(len(one.points) > 1 for one in gathered.series):
        return Missing(NAME, TITLE, "a history takes records of two commits or more, of one machine and of the same benchmarks",
                       "mpmt track record")
    return view_of(gathered, order)


class _Forgetful(Memory):
    """What is drawn once is not worth a cache."""

    def answer(self, question: str) -> Any:
        return None

    def keep(self, question: str, answer: Any) -> None:
        pass


def _by_date(records: Sequence[Summary]) -> Order:
    last = datetime.max.replace(tzinfo=timezone.utc)
    dated = {one.commit: moment(one.commit_date) or moment(one.started_utc) or last for one in records if one.commit}
    chain = sorted(dated, key=lambda commit: (dated[commit], commit))
    return Order(chain, {commit: at for at, commit in enumerate(chain)})


def view_of(found: Gathered, order: Order) -> View:
    """A panel for each of the benchmarks that changed most, at most 12; the others are named by their number, and what changed
    in them is in the tables all the same."""
    told = history_tables.Told(found, order)
    subjects = sorted(subjects_of(found.series), key=lambda one: (*(-part for part in one.most_changed), one.machine, one.name))
    drawn = [one for one in subjects if len(one.commits) > 1][:MOST_PANELS]
    notes = [*told.notes(), _READ]
    if len(subjects) > len(drawn):
        notes.append(f"{words.plural(len(subjects) - len(drawn), 'benchmark')} of {len(subjects)} are not drawn: they changed "
                     f"less, or were "
                     f"measured at one commit. Drawn are at most {MOST_PANELS}.")
    charts = (_chart(drawn, subjects, told),) if drawn else ()
    return View(NAME, TITLE, "What changed from commit to commit?", tuple(told.sentences()), charts,
                tuple(table for table in (*told.tables(), _points(drawn, told)) if table.rows), tuple(notes))


_READ = ("Values are medians of a commit's rounds, with their 95 % interval (of fewer than 6 rounds: the lowest and the "
         "highest). A change lies after the commit "
         "before it, and at or before the one that it is written at.")


# ---- benchmarks --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Subject:
    """One benchmark on one machine, over all its epochs."""

    machine: str
    name: str
    version: int
    series: tuple[Series, ...]

    @property
    def commits(self) -> list[int]:
        return sorted({point.at for one in self.series for point in one.points})

    @property
    def operation(self) -> str:
        return FAMILIES[self.series[0].family].operation

    @property
    def most_changed(self) -> tuple[int, float]:
        """What it is sorted by: steps before drifts before what two commits differ in; then how large, as a logarithm."""
        steps = [abs(math.log1p(change.point.effect)) for one in self.series for change in one.changes]
        drifts = [abs(math.log1p(one.drift.effect)) for one in self.series if one.drift]
        pairs = [abs(math.log(pair.ratio)) for pair in last_pairs(self.series)]
        return next(((rank, max(sizes)) for rank, sizes in ((3, steps), (2, drifts), (1, pairs)) if sizes), (0, 0.0))


def subjects_of(series: Sequence[Series]) -> list[Subject]:
    grouped: dict[tuple[str, str, int], list[Series]] = {}
    for one in series:
        grouped.setdefault((one.machine, one.name, one.version), []).append(one)
    return [Subject(*key, tuple(parts)) for key, parts in grouped.items()]


# ---- the chart ---------------------------------------------------------------------------------------------


def _chart(drawn: Sequence[Subject], every: Sequence[Subject], told: history_tables.Told) -> Chart:
    places = sorted({at for one in drawn for at in one.commits})
    names = titles_of(drawn, every)
    several = len({one.machine for one in drawn}) > 1
    panels = tuple(_panel(one, _title(one, names[one.name], several), told) for one in drawn)
    operations = list(dict.fromkeys(one.operation for one in drawn))
    sentences = list(told.sentences())
    return Chart(LINES, "Time by commit", "Lower is faster; the oldest commit is on the left. What is written at a commit is a "
                 f"change; the line without intervals is the {_LEVEL}.", sentences[0] if sentences else "Medians by commit.",
                 Axis("commit", "", values=tuple(told.label(at) for at in places)),
                 Axis(f"time per {' or '.join(operations)}", "ns", True), panels)


def titles_of(drawn: Sequence[Subject], every: Sequence[Subject]) -> dict[str, str]:
    """By the whole name: without the settings that are not needed to tell it from all others. Tables have them."""
    short = short_names(list(dict.fromkeys(one.name for one in every)))
    others = [(name, frozenset(title.split("/"))) for name, title in short.items()]
    titles = {}
    for name in dict.fromkeys(one.name for one in drawn):
        parts = short[name].split("/")
        for part in [part for part in reversed(parts[1:]) if SETTING.fullmatch(part)]:
            left = {one for one in parts if one != part}
            if not any(left <= whole for other, whole in others if other != name):
                parts.remove(part)
        titles[name] = "/".join(parts)
    return titles


def _title(subject: Subject, name: str, several: bool) -> str:
    version = f" (version {subject.version})" if subject.version != 1 else ""
    return f"{name}{version}" + (f", machine {subject.machine}" if several else "")


def link_name(subject: Subject) -> str:
    """Of a panel: what is readable of the benchmark, and what keeps it unique. The same in every report."""
    whole = f"{subject.machine}\0{subject.version}\0{subject.name}"
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9]+", "-", subject.name).strip("-")[:60]
    return f"{readable or 'benchmark'}-{digest}"


def _panel(subject: Subject, title: str, told: history_tables.Told) -> Panel:
    made: list[values.Series] = []
    several = len(subject.series) > 1
    for number, one in enumerate(sorted(subject.series, key=lambda one: one.epoch)):
        changes = {change.first_bad: history_tables.effect_in_words(change.point) for change in one.changes}
        points = tuple(_point(point, told, changes.get(point.at, "")) for point in one.points)
        name = f"epoch {one.epoch}" if several else "median of a commit's rounds"
        made.append(values.Series(name, values.PROGRAM, points, number=number))
        if one.changes:
            level = f"{_LEVEL}, epoch {one.epoch}" if several else _LEVEL
            made.append(values.Series(level, values.BASELINE, tuple(_levels(one, told)), number=number))
    return Panel(link_name(subject), title, tuple(made), note=_note(subject))


def _note(subject: Subject) -> str:
    changes = [change for one in subject.series for change in one.changes]
    drifts = [one.drift for one in subject.series if one.drift]
    if changes:
        return words.plural(len(changes), "change")
    return f"drifted: {history_tables.effect_in_words(drifts[0])}" if drifts else ""


def _point(point: Point, told: history_tables.Told, text: str) -> values.Point:
    low, high = ends_of(point)
    marks = (() if point.trusted else (values.UNSTABLE,)) + ((values.FEW_ROUNDS,) if len(point.trials) < LEAST_ROUNDS else ())
    return values.Point(told.label(point.at), point.value, low, high, marks=marks, text=text)


def ends_of(point: Point) -> tuple[float | None, float | None]:
    """The interval of its median; of too few rounds the lowest and the highest, of one nothing."""
    if len(point.trials) < 2:
        return None, None
    return median_interval(point.trials) or (min(point.trials), max(point.trials))


def _levels(series: Series, told: history_tables.Told) -> Iterator[values.Point]:
    for level in series.levels:
        middle = statistics.median([point.value for point in level])
        for point in level:
            yield values.Point(told.label(point.at), middle)


def _points(drawn: Sequence[Subject], told: history_tables.Told) -> values.Table:
    """All that the chart shows."""
    rows = tuple((told.name(one), one.machine if told.several else None, one.epoch if len(subject.series) > 1 else None,
                  told.label(point.at),
                  point.value, *ends_of(point), len(point.trials), "yes" if point.trusted else "no")
                 for subject in drawn for one in subject.series for point in one.points)
    columns = (values.Column("benchmark"), values.Column("machine"), values.Column("epoch", "count"), values.Column("commit"),
               values.Column("median", "ns"), values.Column("from", "ns"), values.Column("to", "ns"),
               values.Column("rounds", "count"),
               values.Column("trusted"))
    return history_tables.without_empty(values.Table(columns, rows, "Medians of the benchmarks that are drawn"))

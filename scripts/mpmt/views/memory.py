"""Memory: what contenders take, by every metric that declares this view."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mpmt.answers import words
from mpmt.records.declarations import Metric, metrics_of, values_of
from mpmt.records.families import CHANNEL, POOL
from mpmt.views.measured import LEAST_ROUNDS, side_of
from mpmt.views.naming import Names, titled
from mpmt.views.report import Shown
from mpmt.views.tabling import Cells, trimmed
from mpmt.views.view import BARS, FEW_ROUNDS, PROCESSES, PROGRAM, THREADS, Axis, Chart, Column, Missing, Panel, Point, Series, Table, View

_MOST_PANELS, _MOST_SERIES, _MOST_SENTENCES = 12, 12, 6


def view(shown: Sequence[Shown]) -> View | Missing:
    """A panel for each set of contenders that do the same work; a bar for each of them and metric."""
    subjects = {one.number: one.subject.title for one in shown} if len(shown) > 1 else {}
    found = [taken for one in shown for taken in _taken_of(one)]
    if not found:
        return Missing("memory", "Memory", "no command or server was measured, whose memory can be seen",
                       "mpmt run --command 't=./threads' --command 'p=./processes'")
    panels: dict[tuple[Any, ...], list[_Taken]] = {}
    for taken in found:
        panels.setdefault((taken.subject, taken.metric.unit, taken.where), []).append(taken)
    charts, more = _charts(panels, subjects)
    sentences = [text for (subject, _, where), own in panels.items() for text in _sentences(own, where, subjects.get(subject, ""))]
    notes = [f"{more} more sets of contenders are in the table only."] if more else []
    if len(sentences) > _MOST_SENTENCES:
        notes.append(f"{len(sentences) - _MOST_SENTENCES} more comparisons have no sentence here: they are in the table.")
    return View("memory", "Memory", "How much memory do they take?", tuple(sentences[:_MOST_SENTENCES]), charts, (_table(found, subjects),),
                tuple(notes))


@dataclass(frozen=True)
class _Taken:
    """A metric of a case: `who` takes it, doing what `where` says; `number`: of the program among the record's."""

    subject: int
    metric: Metric
    who: str
    where: str
    side: str
    channel: str
    number: int
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def _taken_of(shown: Shown) -> list[_Taken]:
    programs: dict[str, int] = {}
    found = []
    for metric in metrics_of(shown.record, "memory"):
        for cases in values_of(shown.record, metric).values():
            entry = cases[0][0]
            who, where = _who(entry), _where(entry)
            number = programs.setdefault(entry.get("program") or "", len(programs))
            found.append(_Taken(shown.number, metric, who, where, side_of(entry), entry.get("channel") or "", number,
                                tuple(value for _, value in cases)))
    return found


def _who(entry: Mapping[str, Any]) -> str:
    if entry["family"] not in (POOL, CHANNEL):
        return str(entry.get("program") or entry["family"])
    side = side_of(entry)
    name = side if side in (THREADS, PROCESSES) else str(entry.get("executor") or side)
    return name + (f" over {entry['channel']}" if entry.get("channel") else "") + (f" by {entry['program']}" if entry.get("program") else "")


def _where(entry: Mapping[str, Any]) -> str:
    """What is the same for all contenders."""
    if entry["family"] == POOL:
        data = f", {words.size(entry['payload_bytes'])}" if entry["payload_bytes"] else ""
        return f"{entry['workload']}, grain {entry['grain']}{data}, {words.plural(entry['workers'], 'worker')}"
    if entry["family"] == CHANNEL:
        return f"{entry['pattern']}, {words.size(entry['message_bytes'])}"
    return ", ".join(f"{name} {value}" for name, value in (entry.get("parameters") or {}).items())


def _sentences(own: Sequence[_Taken], where: str, subject: str) -> list[str]:
    """"Peak memory: six 1.8 MiB, nine 1.9 MiB (1.06x six)."."""
    said = []
    for metric in dict.fromkeys(one.metric for one in own):
        takers = [one for one in own if one.metric == metric][:_MOST_SERIES]
        first = takers[0]
        texts = [f"{one.who} {words.in_unit(one.median, metric.unit)}"
                 + (f" ({words.ratio(one.median / first.median)}x {first.who})" if one is not first and first.median > 0 else "") for one in takers]
        prefix = f"{subject}: " if subject else ""
        said.append(f"{prefix}{metric.title[:1].upper()}{metric.title[1:]}{', ' + where if where else ''}: {', '.join(texts)}.")
    return said


def _charts(panels: Mapping[tuple[Any, ...], Sequence[_Taken]], subjects: Mapping[int, str]) -> tuple[tuple[Chart, ...], int]:
    """A chart for each unit; and how many panels are left out."""
    names = Names()
    charts, left_out = [], 0
    for unit in dict.fromkeys(unit for _, unit, _ in panels):
        own = sorted(((key, taken) for key, taken in panels.items() if key[1] == unit), key=lambda item: -_difference(item[1]))
        made = tuple(_panel(taken, where, subjects.get(subject, ""), names) for (subject, _, where), taken in own[:_MOST_PANELS])
        metrics = tuple(dict.fromkeys(one.metric.title for _, taken in own for one in taken))
        shared = "; ".join(text for _, taken in own[:2] for text in _sentences(taken, taken[0].where, ""))
        charts.append(Chart(BARS, "Memory", "Median of the rounds, from the lowest to the highest; lower is better. Peak memory counts shared pages "
                            "once for each process, PSS divides them.", shared, Axis("", "", values=metrics), Axis("memory", unit), made))
        left_out += max(0, len(own) - _MOST_PANELS)
    return tuple(charts), left_out


def _difference(taken: Sequence[_Taken]) -> float:
    return max(one.median for one in taken) / max(1.0, min(one.median for one in taken))


def _panel(taken: Sequence[_Taken], where: str, subject: str, names: Names) -> Panel:
    title = titled(where, subject)
    series: dict[tuple[str, str, str, int], list[Point]] = {}
    for one in taken:
        low, high = (min(one.values), max(one.values)) if len(one.values) > 1 else (None, None)
        mark = (FEW_ROUNDS,) if len(one.values) < LEAST_ROUNDS else ()
        series.setdefault((one.who, one.side, one.channel, one.number if one.side == PROGRAM else 0), []).append(
            Point(one.metric.title, one.median, low, high, marks=mark))
    made = tuple(Series(who, side, tuple(points), channel, number, line=False) for (who, side, channel, number), points in series.items())
    more = len(made) - _MOST_SERIES
    return Panel(names.one(title or "memory"), title, made[:_MOST_SERIES], note=f"{more} more are in the table only." if more > 0 else "")


def _table(found: Sequence[_Taken], subjects: Mapping[int, str]) -> Table:
    units = {one.metric.unit for one in found}
    unit = units.pop() if len(units) == 1 else "count"
    columns = (Column("subject"), Column("doing"), Column("who"), Column("what"), Column("median", unit), Column("lowest", unit),
               Column("highest", unit), Column("rounds", "count"))
    rows: list[Cells] = [(subjects.get(one.subject), one.where or None, one.who, one.metric.title, one.median, min(one.values), max(one.values),
                          len(one.values)) for one in found]
    return trimmed(columns, rows, (), "Memory")

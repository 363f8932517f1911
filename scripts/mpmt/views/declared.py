"""A view of any metric that declares one: of names that no module of mpmt.views has, or whose module finds nothing."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpmt.answers import words
from mpmt.base.row_names import short_names
from mpmt.records.declarations import Metric, family_metrics_of, metrics_of, numbers_of, values_of, views_declared
from mpmt.records.families import subject_of
from mpmt.views.measured import LEAST_ROUNDS, side_of
from mpmt.views.view import DOTS, FEW_ROUNDS, Axis, Chart, Column, Panel, Point, Series, Table, View

if TYPE_CHECKING:
    from mpmt.views.report import Shown

UNITS = ("ns", "bytes", "bytes/s", "ratio", "share", "count")
MOST_PANELS, MOST_ROWS = 12, 24  # of a chart, and of a panel
_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")


@dataclass(frozen=True)
class _Row:
    """A case's rounds of one metric; `subject`: of the panel."""

    name: str
    entry: Mapping[str, Any]
    values: Sequence[float]
    prefix: str
    number: int

    @property
    def subject(self) -> str:
        return self.prefix + subject_of(self.entry)

    @property
    def marks(self) -> tuple[str, ...]:
        return (FEW_ROUNDS,) if len(self.values) < LEAST_ROUNDS else ()


def names(shown: Sequence[Shown], known: Sequence[str]) -> list[str]:
    """The declared views that are not known. A name is part of links and file names: any other is not one."""
    found = dict.fromkeys(name for one in shown for name in views_declared(one.record))
    return [name for name in found if name not in known and _NAME.fullmatch(name)]


def view(name: str, shown: Sequence[Shown]) -> View | None:
    """Of a name that no module has: None where no round has a value of any metric, or of any family, that declares it."""
    return _made(name, shown, [metric for one in shown for metric in (*metrics_of(one.record, name),
                                                                      *family_metrics_of(one.record, name))])


def of_metrics(name: str, shown: Sequence[Shown]) -> View | None:
    """Of a name whose module finds nothing: metrics only, since it knows what to do with a family."""
    return _made(name, shown, [metric for one in shown for metric in metrics_of(one.record, name)])


def _made(name: str, shown: Sequence[Shown], declared_metrics: Sequence[Metric]) -> View | None:
    metrics = dict.fromkeys(number for metric in declared_metrics for one in shown for number in numbers_of(one.record, metric))
    found = [(metric, rows) for metric in metrics if (rows := _rows(metric, shown))]
    if not found:
        return None
    title = name[:1].upper() + name[1:].replace("-", " ")
    titles = ", ".join(metric.title for metric, _ in found)
    return View(name, title, f"What was measured of {titles}?", tuple(_sentence(metric, rows) for metric, rows in found),
                tuple(_chart(metric, rows) for metric, rows in found), tuple(_table(metric, rows) for metric, rows in found),
                tuple(note for metric, rows in found for note in _notes(metric, rows)))


def _rows(metric: Metric, shown: Sequence[Shown]) -> list[_Row]:
    """All cases, the least first."""
    rows = []
    for one in shown:
        prefix = f"{one.subject.title}: " if len(shown) > 1 else ""
        by_case = values_of(one.record, metric)
        short = short_names(list(by_case))
        rows += [_Row(short[name], values[0][0], [value for _, value in values], prefix, one.number)
                 for name, values in by_case.items()]
    return sorted(rows, key=lambda row: (statistics.median(row.values), row.name))


def _unit(metric: Metric) -> str:
    return metric.unit if metric.unit in UNITS else "count"


def _title(metric: Metric) -> str:
    """With the unit in words, where it is none that views know."""
    title = metric.title[:1].upper() + metric.title[1:]
    return title if metric.unit in (*UNITS, "") else f"{title} ({metric.unit})"


def _sentence(metric: Metric, rows: Sequence[_Row]) -> str:
    unit = _unit(metric)
    least, most = ((words.in_unit(statistics.median(row.values), unit), row) for row in (rows[0], rows[-1]))
    if len(rows) == 1:
        return f"{_title(metric)}: {least[0]} in {rows[0].prefix}{rows[0].name}."
    return (f"{_title(metric)}: from {least[0]} in {least[1].prefix}{least[1].name} to {most[0]} in "
            f"{most[1].prefix}{most[1].name}, by the medians of "
            f"{len(rows)} cases.")


def _drawn(rows: Sequence[_Row]) -> dict[str, list[_Row]]:
    """By subject; those with the most cases first, and of each the largest values."""
    by_subject: dict[str, list[_Row]] = {}
    for row in rows:
        by_subject.setdefault(row.subject, []).append(row)
    most = sorted(by_subject, key=lambda subject: -len(by_subject[subject]))[:MOST_PANELS]
    return {subject: by_subject[subject][-MOST_ROWS:] for subject in most}


def _chart(metric: Metric, rows: Sequence[_Row]) -> Chart:
    drawn = _drawn(rows)
    values = tuple(dict.fromkeys(row.name for some in drawn.values() for row in some))
    positive = all(min(row.values) > 0 for some in drawn.values() for row in some)
    panels = tuple(Panel(f"{_stem(metric)}-{at}", subject, _series(some))
                   for at, (subject, some) in enumerate(drawn.items(), 1))
    unit = _unit(metric)
    return Chart(DOTS, _title(metric), "Median of the rounds, and from the lowest to the highest.", _sentence(metric, rows),
                 Axis(metric.title, unit, positive and unit in ("ns", "bytes", "bytes/s")), Axis("", "", values=values), panels)


def _stem(metric: Metric) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", metric.name).strip("-")[:40] or "metric"


def _series(rows: Sequence[_Row]) -> tuple[Series, ...]:
    by_side: dict[str, list[_Row]] = {}
    for row in rows:
        by_side.setdefault(side_of(row.entry), []).append(row)
    return tuple(Series(side, side, tuple(_point(row) for row in some), number=some[0].number, line=False)
                 for side, some in by_side.items())


def _point(row: _Row) -> Point:
    several = len(row.values) > 1
    ends = (min(row.values), max(row.values)) if several else (None, None)
    return Point(statistics.median(row.values), row.name, *ends, marks=row.marks)


def _table(metric: Metric, rows: Sequence[_Row]) -> Table:
    unit = _unit(metric)
    cells = tuple((row.prefix.removesuffix(": "), row.name, statistics.median(row.values), min(row.values), max(row.values),
                   len(row.values),
                   ", ".join(row.marks)) for row in rows)
    columns = (Column("record"), Column("case"), Column("median", unit), Column("lowest", unit), Column("highest", unit),
               Column("rounds", "count"), Column("mark"))
    kept = [at for at in range(len(columns)) if any(row[at] != "" for row in cells)]
    return Table(tuple(columns[at] for at in kept), tuple(tuple(row[at] for at in kept) for row in cells), _title(metric))


def _notes(metric: Metric, rows: Sequence[_Row]) -> list[str]:
    left = len(rows) - sum(map(len, _drawn(rows).values()))
    return [f"{metric.title}: {words.plural(left, 'case')} of {len(rows)} are in the table and not drawn."] if left else []

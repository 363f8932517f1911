"""The verdict's charts and tables: what differs first, what is the same folded into a line for each workload."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mpmt.answers import words
from mpmt.answers.rows import A_FASTER, B_FASTER, PROGRAMS, SAME, UNDECIDED, UNSTABLE
from mpmt.records.families import CHANNEL, POOL
from mpmt.views.compared import CANDIDATE, Compared, in_common, label_of, natural, state_words, varying
from mpmt.views.naming import Names
from mpmt.views.view import (DOTS, FEW_ROUNDS, PROCESSES, PROGRAM, THREADS, Axis, Chart, Column, Line, Panel, Point, Series, Table, Value)
from mpmt.views.view import UNDECIDED as UNDECIDED_MARK, UNSTABLE as UNSTABLE_MARK

_MOST_ROWS = 30  # of a chart, and of a table before it is folded
_MOST_PANELS = 12
_ONE_PANEL = 12  # so many rows need no panels of their own
_RANKS = {A_FASTER: 0, B_FASTER: 0, CANDIDATE: 1, UNSTABLE: 2, UNDECIDED: 3, FEW_ROUNDS: 4, SAME: 5}
_MARKS = {UNDECIDED: UNDECIDED_MARK, CANDIDATE: UNDECIDED_MARK, UNSTABLE: UNSTABLE_MARK, FEW_ROUNDS: FEW_ROUNDS}
_Group = tuple[int, str]  # subject and what the rows are about


@dataclass(frozen=True)
class _Dot:
    """A row of the chart: a comparison, or several that are the same in one."""

    group: _Group
    label: str
    rows: tuple[Compared, ...]

    @property
    def first(self) -> Compared:
        return self.rows[0]


def by_rank(found: Iterable[Compared]) -> list[Compared]:
    """What is decided and large first, then what is open, and what is the same last."""
    return sorted(found, key=lambda one: (_RANKS.get(one.state, 3), -one.size))


def _by_place(found: Iterable[Compared]) -> list[Compared]:
    """As numbers are ordered, for who looks a row up."""
    return sorted(found, key=lambda one: (one.row.subject, one.what, natural(one.row.task_ns), natural(one.row.payload_bytes),
                                          natural(one.row.workers), one.parameters))


# ---- the chart ----------------------------------------------------------------------------------------------


def chart_of(title: str, prefix: str, found: Sequence[Compared], subjects: dict[int, str], names: Names) -> Chart | None:
    """None where no comparison has a ratio. `prefix`: of the panels' names, which `names` keeps unique."""
    parts = _parts(found, len(subjects))
    if not parts:
        return None
    drawn = [dot for dots in parts.values() for dot in dots]
    panels = tuple(_panel(names.one(" ".join(text for text in (prefix, _title(group, subjects) or "all") if text)),
                          _title(group, subjects), dots, group[1] != "") for group, dots in parts.items())
    labels = dict.fromkeys(str(point.y) for panel in panels for series in panel.series for point in series.points)
    first = found[0].row
    one_pair = len({(one.row.a, one.row.b) for one in found}) == 1
    measured = f"{first.b} ÷ {first.a}" if one_pair else "second ÷ first"
    faster = f"{first.a} are" if first.table != PROGRAMS else f"{first.a} is" if one_pair else "the first is"
    common = in_common(found)
    reading = (f"Time of {measured}: right of 1, {faster} faster. Bars: {words.percent(first.confidence)} intervals; the band is "
               f"± {words.percent(first.margin)}, as good as equal.{' All: ' + common + '.' if common else ''}")
    return Chart(DOTS, title, reading, _description(found, drawn), Axis(measured, "ratio", True), Axis("", "", values=tuple(labels)), panels)


def _title(group: _Group, subjects: dict[int, str]) -> str:
    return ": ".join(text for text in (subjects.get(group[0], ""), group[1]) if text)


def _parts(found: Sequence[Compared], subjects: int) -> dict[_Group, list[_Dot]]:
    """By panel: one for each record where there are several, else one for each workload where there are many rows."""
    if subjects > 1:
        own = {number: _chosen(_dots([one for one in found if one.row.subject == number]), max(_ONE_PANEL // 2, _MOST_ROWS // subjects))
               for number in sorted({one.row.subject for one in found})[:_MOST_PANELS]}
        return {(number, ""): dots for number, dots in own.items() if dots}
    drawn = _chosen(_dots(found), _MOST_ROWS)
    groups = list(dict.fromkeys(dot.group for dot in drawn))
    if len(drawn) <= _ONE_PANEL or len(groups) == 1:
        return {(groups[0][0], ""): drawn} if drawn else {}
    return {group: [dot for dot in drawn if dot.group == group] for group in groups}


def _dots(found: Sequence[Compared]) -> list[_Dot]:
    """In the order of rank; what is the same is one for each workload, at the place of the widest of them."""
    dots: list[_Dot] = []
    told = varying(found)
    same: dict[_Group, list[Compared]] = {}
    for one in by_rank(found):
        group = (one.row.subject, one.what)
        if one.state == SAME:
            same.setdefault(group, []).append(one)
        elif one.ratio is not None:
            dots.append(_Dot(group, label_of(one, told), (one,)))
    return dots + [_Dot(group, label_of(ones[0], told) if len(ones) == 1 else f"{len(ones)} that are the same", tuple(ones))
                   for group, ones in same.items()]


def _chosen(dots: Sequence[_Dot], most: int) -> list[_Dot]:
    """About `most`, of at most _MOST_PANELS groups: what is the same keeps a place."""
    groups = list(dict.fromkeys(dot.group for dot in dots))[:_MOST_PANELS]
    kept = [dot for dot in dots if dot.group in set(groups)]
    folded = [dot for dot in kept if dot.first.state == SAME]
    others = [dot for dot in kept if dot.first.state != SAME]
    return [*others[:max(most - len(folded), most // 2)], *folded]


def _panel(name: str, title: str, dots: Sequence[_Dot], split: bool) -> Panel:
    series: dict[tuple[str, str, int], list[Point]] = {}
    rows = Names()
    for dot in dots:
        what = dot.group[1]
        label = (dot.label or what) if split else f"{what}, {dot.label}" if dot.label else what
        series.setdefault(_look(dot.first), []).append(_point(dot, rows.one(label)))
    margin = dots[0].first.row.margin
    lines = (Line(1.0, "equal"), Line(1 / (1 + margin), f"± {words.percent(margin)}", 1 + margin))
    made = (Series(what, side, tuple(points), number=number, line=False) for (what, side, number), points in series.items())
    return Panel(name, title, tuple(made), lines)


def _look(one: Compared) -> tuple[str, str, int]:
    """Name, side and number of the series that it is in: a winner has the colour of its side."""
    if one.state == A_FASTER:
        return state_words(one), PROGRAM if one.row.table == PROGRAMS else THREADS, 0
    if one.state == B_FASTER:
        return state_words(one), PROGRAM if one.row.table == PROGRAMS else PROCESSES, 1 if one.row.table == PROGRAMS else 0
    return state_words(one), "", 0


def _point(dot: _Dot, label: str) -> Point:
    ratios = [one.ratio for one in dot.rows if one.ratio is not None]
    low = min((one.low for one in dot.rows if one.low is not None), default=None)
    high = max((one.high for one in dot.rows if one.high is not None), default=None)
    mark = _MARKS.get(dot.first.state)
    text = words.ratio(statistics.geometric_mean(ratios))
    if dot.first.state == FEW_ROUNDS:
        text = words.plural(dot.first.row.rounds, "round")
    return Point(statistics.geometric_mean(ratios), label, low, high, marks=(mark,) if mark else (), text=text)


def _description(found: Sequence[Compared], drawn: Sequence[_Dot]) -> str:
    counts: dict[str, int] = {}
    for one in by_rank(found):
        counts[state_words(one)] = counts.get(state_words(one), 0) + 1
    told = sum(len(dot.rows) for dot in drawn)
    most = drawn[0]
    return (f"{told} of {words.plural(len(found), 'comparison')}: " + ", ".join(f"{count} {name}" for name, count in counts.items())
            + f". First: {most.group[1]}{', ' + most.label if most.label else ''}, {words.ratio(most.first.ratio or 1)}.")


# ---- the table ----------------------------------------------------------------------------------------------

_COLUMNS: tuple[tuple[str, str], ...] = (
    ("subject", ""), ("what", ""), ("parameters", ""), ("program", ""), ("a task takes", "ns"), ("payload", "bytes"), ("workers", "count"),
    ("placement", ""), ("channel", ""), ("batch", "count"), ("window", "count"), ("wait", ""), ("a", ""), ("b", ""),
    ("b ÷ a", "ratio"), ("low", "ratio"), ("high", "ratio"), ("verdict", ""), ("rounds", "count"), ("reason", ""))
_ALWAYS = ("what", "b ÷ a", "low", "high", "verdict", "rounds", "reason")
_OF_POOLS = ("a task takes", "payload", "workers", "placement", "channel")


def table_of(title: str, found: Sequence[Compared], subjects: dict[int, str]) -> Table:
    """All rows: what is the same and what is beyond the first _MOST_ROWS is in `rest`."""
    cells = {id(one): _cells(one, subjects) for one in found}
    kept = [at for at, (name, _) in enumerate(_COLUMNS) if _is_kept(name, at, found, cells)]
    ranked = by_rank(found)
    rows = [one for one in ranked if one.state != SAME][:_MOST_ROWS]
    there = set(map(id, rows))
    rest = _by_place(one for one in ranked if id(one) not in there)

    def cut(one: Compared) -> tuple[Value | None, ...]:
        return tuple(cells[id(one)][at] for at in kept)

    return Table(tuple(_column(at, found) for at in kept), tuple(map(cut, rows)), title, tuple(_folded(rest, subjects)),
                 tuple(map(cut, rest)))


def _column(at: int, found: Sequence[Compared]) -> Column:
    name, unit = _COLUMNS[at]
    first = found[0]
    if name == "what":
        return Column("workload" if first.family == POOL else "pattern" if first.family == CHANNEL else "what")
    if name == "payload" and first.family == CHANNEL:
        return Column("message", unit)
    pairs = {(one.row.a, one.row.b) for one in found}
    return Column(f"{first.row.b} ÷ {first.row.a}" if name == "b ÷ a" and len(pairs) == 1 else name, unit)


def _is_kept(name: str, at: int, found: Sequence[Compared], cells: dict[int, tuple[Value | None, ...]]) -> bool:
    if name in _ALWAYS or (name in _OF_POOLS and found[0].family == POOL):
        return True
    return len({row[at] for row in cells.values()}) > 1 or (name == "subject" and any(row[at] for row in cells.values()))


def _cells(one: Compared, subjects: dict[int, str]) -> tuple[Value | None, ...]:
    row, named = one.row, dict(one.parameters)
    own = "" if one.family in (POOL, CHANNEL) else ", ".join(text for name, text in one.parameters if name != "pair" and text)
    if one.family == CHANNEL:
        own = ", ".join(text for name, text in one.parameters if name in ("futex", "rate", "touched") and text)
    return (subjects.get(row.subject), one.what, own or None, one.program, row.task_ns, row.payload_bytes, row.workers, row.placement,
            named.get("channel") or None, row.batch, row.window, row.wait, row.a, row.b, row.ratio, row.low, row.high, state_words(one),
            row.rounds, row.reason or None)


def _folded(rest: Sequence[Compared], subjects: dict[int, str]) -> list[str]:
    groups: dict[tuple[_Group, str], list[Compared]] = {}
    for one in rest:
        groups.setdefault(((one.row.subject, one.what), state_words(one)), []).append(one)
    lines = []
    for (group, state), ones in groups.items():
        ratios = [one.ratio for one in ones if one.ratio is not None]
        reach = f" ({words.ratio(min(ratios))}–{words.ratio(max(ratios))})" if ratios else ""
        lines.append(f"{_title(group, subjects)}: {len(ones)} {state}{reach}")
    return lines

"""Which side is faster, where: over the time of a task and its payload, and where that changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mpmt.answers import words
from mpmt.answers.crossover import Crossing, crossings
from mpmt.answers.rows import A_FASTER, B_FASTER, CONTROLLED, SAME, Row, rows_of
from mpmt.views.report import Shown
from mpmt.views.where_chart import MOST_PANELS, Grid, charts_of, table_of
from mpmt.views.view import Missing, View

_TITLE = "Which is faster, where"
_COMMAND = "mpmt run --workload hash_chain --grain 1us,10us,100us,1ms --payload 64,4Ki,64Ki --workers 2"
_MOST_SENTENCES = 8
_AXES: dict[str, Callable[[Row], float | None]] = {
    "task": lambda row: row.task_ns, "payload": lambda row: row.payload_bytes, "workers": lambda row: row.workers}


def view(shown: Sequence[Shown]) -> View | Missing:
    """Of threads and processes in rows in which all else is equal."""
    rows = [row for one in shown for row in rows_of(one.record, one.number)
            if row.table == CONTROLLED and row.ratio is not None]
    subjects = {one.number: one.subject.title for one in shown} if len(shown) > 1 else {}
    grids = sorted(_grids(rows), key=lambda grid: -grid.weight)
    if not grids:
        one_size = "tasks of one size and one payload only were measured: there is nothing to change along"
        return Missing("where", _TITLE, one_size if rows else "no comparison of pools has a ratio", _COMMAND)
    charts = charts_of(grids, subjects)
    sentences = _sentences(rows, subjects)
    more = grids[MOST_PANELS:]
    notes = [f"{len(more)} more are in the table only: {'; '.join(grid.title for grid in more[:MOST_PANELS])}"
             f"{' …' if len(more) > MOST_PANELS else '.'}"] if more else []
    return View("where", _TITLE, "From which task size is it the same?", tuple(sentences), charts, (table_of(grids, subjects),),
                tuple(notes))


# ---- grids --------------------------------------------------------------------------------------------------


def _held(row: Row) -> tuple[object, ...]:
    """What a panel holds fixed, besides the axes."""
    return row.subject, row.table, row.a, row.b, row.workload, row.placement, row.channel, row.batch, row.window, row.wait


def _grids(rows: Iterable[Row]) -> list[Grid]:
    """Panels of at least two sizes of tasks: over payload for each number of workers; over workers where payloads are one; and
    over nothing else where both are. Where tasks are of one size, payload takes its place."""
    together: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        if row.task_ns is not None:
            together.setdefault(_held(row), []).append(row)
    found = []
    for own in together.values():
        if len({row.grain for row in own}) < 2:
            found += [Grid("", part, "payload") for part in _by(own, lambda row: row.workers) if _several(part, "payload")]
            continue
        axis = "payload" if _several(own, "payload") else "workers" if _several(own, "workers") else ""
        parts = _by(own, (lambda row: row.workers) if axis == "payload" else (lambda row: row.payload_bytes))
        found += [Grid(axis, part) for part in parts if len({row.grain for row in part}) > 1]
    return found


def _by(rows: Iterable[Row], held: Callable[[Row], object]) -> list[tuple[Row, ...]]:
    parts: dict[object, list[Row]] = {}
    for row in rows:
        parts.setdefault(held(row), []).append(row)
    return [tuple(part) for part in parts.values()]


def _several(rows: Iterable[Row], axis: str) -> bool:
    return len({_AXES[axis](row) for row in rows}) > 1


# ---- sentences ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Change:
    row: Row
    axis: str
    crossing: Crossing

    @property
    def gap(self) -> float:
        """How far the places are apart between which it lies: the nearer, the more it says."""
        return math.log((self.crossing.high + 1) / (self.crossing.low + 1))


def _sentences(rows: Sequence[Row], subjects: dict[int, str]) -> list[str]:
    changes = sorted((change for axis in _AXES for change in _changes(rows, axis)),
                     key=lambda one: (list(_AXES).index(one.axis), one.gap))
    told = [f"{_prefix(change.row, subjects)}{_in_words(change)}" for change in changes[:_MOST_SENTENCES]]
    if (more := len(changes) - len(told)) > 0:
        told.append(f"{more} more changes along task size, payload or workers can be seen in the table.")
    decided = [row for row in rows if row.verdict in (A_FASTER, B_FASTER, SAME)]
    if told:
        return told
    if not decided:
        return ["No comparison is decided: nothing is known of where the answer changes."]
    verdicts = {row.verdict for row in decided}
    if len(verdicts) == 1:
        said = _side(decided[0], decided[0].verdict)
        return [f"Where it is decided ({len(decided)} of {len(rows)} comparisons): {said}; no change along task size, "
                "payload or workers was found."]
    return ["The answer differs between workloads, channels or placements; along task size, payload or workers no change was "
            "found."]


def _changes(rows: Iterable[Row], axis: str) -> Iterable[_Change]:
    """Of rows that differ along this axis only."""
    lines: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        place = (None if axis == "task" else row.grain,
                 *(scale(row) for name, scale in _AXES.items() if name not in (axis, "task")))
        lines.setdefault((*_held(row), *place), []).append(row)
    for line in lines.values():
        for crossing in crossings(line, _AXES[axis]) if len(line) > 1 else ():
            yield _Change(line[0], axis, crossing)


def _in_words(change: _Change) -> str:
    """"prime_count on 2 workers over shm_ring: threads are faster up to 3 µs, the same from 10 µs on (measured at both); about
    5 µs"."""
    row, crossing = change.row, change.crossing
    unit = {"task": "ns", "payload": "bytes", "workers": "count"}[change.axis]
    ends = [words.in_unit(value, unit) + (" workers" if change.axis == "workers" else "")
            for value in (crossing.low, crossing.high)]
    about = f"; about {words.in_unit(crossing.about, unit)}" if crossing.about is not None and change.axis != "workers" else ""
    return (f"{_place(change)}: {_side(row, crossing.before)} up to {ends[0]}, {_side(row, crossing.after)} from {ends[1]} on "
            f"(measured at both){about}.")


def _place(change: _Change) -> str:
    row = change.row
    parts = [row.workload]
    if change.axis != "task" and row.task_ns is not None:
        parts.append(f"tasks of {words.duration(row.task_ns)}")
    if change.axis != "payload" and row.payload_bytes:
        parts.append(f"with {words.size(row.payload_bytes)}")
    if change.axis != "workers" and row.workers is not None:
        parts.append(f"on {words.plural(row.workers, 'worker')}")
    return " ".join([*parts, *([f"over {row.channel}"] if row.channel else [])])


def _side(row: Row, verdict: str) -> str:
    if verdict == SAME:
        return "the same"
    name = row.a if verdict == A_FASTER else row.b
    return f"{name} are faster" if name in ("threads", "processes") else f"{name} is faster"


def _prefix(row: Row, subjects: dict[int, str]) -> str:
    return f"{subjects[row.subject]}: " if subjects else ""

"""Heat maps of ratios over task time and payload or workers; lines where tasks differ in their time alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mpmt.answers import words
from mpmt.answers.rows import A_FASTER, B_FASTER, PROGRAMS, SAME, Row
from mpmt.views.naming import Names, titled
from mpmt.views.tabling import Cells, trimmed
from mpmt.views.view import HEAT, LINES, UNDECIDED, UNSTABLE, Axis, Chart, Column, Line, Panel, Point, Series, Table

MOST_PANELS = 12
_ALONG = {"task": Axis("a task takes", "ns", True), "payload": Axis("payload", "bytes", True)}
_MOST_CHARTS = 4  # of heat maps: each workload has its own task times, and so a chart of its own


@dataclass(frozen=True)
class Grid:
    """A panel's rows, all with a ratio, and with at least two values `along` "task" (its time) or "payload". `axis`: what else
    they differ in: "payload", "workers", or "" of nothing."""

    axis: str
    rows: tuple[Row, ...]
    along: str = "task"

    @property
    def first(self) -> Row:
        return self.rows[0]

    @property
    def title(self) -> str:
        row = self.first
        held = words.plural(row.workers, "worker") if self.axis != "workers" and row.workers is not None else ""
        data = words.size(row.payload_bytes) if "payload" not in (self.axis, self.along) and row.payload_bytes else ""
        return ", ".join(text for text in (row.workload, held, data, row.channel or "") if text)

    @property
    def weight(self) -> float:
        """What decides something goes first, the larger the difference the earlier."""
        decided = [abs(math.log(row.ratio)) for row in self.rows if row.ratio and row.verdict in (A_FASTER, B_FASTER)]
        same = sum(row.verdict == SAME for row in self.rows) / len(self.rows)
        return 10 * len(decided) / len(self.rows) + sum(decided) + same


def charts_of(ranked: Sequence[Grid], subjects: dict[int, str]) -> tuple[Chart, ...]:
    """Of the first MOST_PANELS grids."""
    names = Names()
    drawn = ranked[:MOST_PANELS]
    by_workload: dict[tuple[object, ...], list[Grid]] = {}
    for grid in drawn:
        if grid.axis:
            row = grid.first
            by_workload.setdefault((row.subject, row.workload, grid.axis, row.a, row.b), []).append(grid)
    heat = [_heat(grids, names, subjects) for grids in list(by_workload.values())[:_MOST_CHARTS]]
    flat = {along: [grid for grid in drawn if not grid.axis and grid.along == along] for along in _ALONG}
    return (*heat, *(_lines(grids, names, subjects) for grids in flat.values() if grids))


def _title(grid: Grid, subjects: dict[int, str]) -> str:
    return titled(grid.title, subjects.get(grid.first.subject))


def _measured(row: Row) -> str:
    return f"{row.b} ÷ {row.a}"


# ---- heat maps ----------------------------------------------------------------------------------------------


def _columns(grids: Iterable[Grid], axis: str) -> dict[float | None, str]:
    """Values of the second axis, ascending, with their names."""
    scale: Callable[[Row], float | None] = (lambda row: row.payload_bytes) if axis == "payload" else (lambda row: row.workers)
    values = sorted({value for grid in grids for row in grid.rows if (value := scale(row)) is not None})
    return {value: words.size(value) if axis == "payload" else words.plural(int(value), "worker") for value in values}


def _tasks(grids: Iterable[Grid]) -> dict[int, str]:
    """Grains by the time of their tasks, with names that differ: two grains may take the same."""
    times = {row.grain: row.task_ns or 0.0 for grid in grids for row in grid.rows}
    names = Names()
    return {grain: names.one(words.duration(times[grain])) for grain in sorted(times, key=lambda grain: (times[grain], grain))}


def _heat(grids: Sequence[Grid], names: Names, subjects: dict[int, str]) -> Chart:
    axis, row = grids[0].axis, grids[0].first
    columns, tasks = _columns(grids, axis), _tasks(grids)
    panels = []
    for grid in grids:
        points = tuple(_cell(one, columns[one.payload_bytes if axis == "payload" else one.workers], tasks[one.grain]) for one in grid.rows
                       if (one.payload_bytes if axis == "payload" else one.workers) in columns)
        panels.append(Panel(names.one(_title(grid, subjects)), _title(grid, subjects), (Series(_measured(row), "", points),)))
    reading = (f"Time of {_measured(row)}: above 1, {row.a} {'is' if row.table == PROGRAMS else 'are'} faster. ≈: the same within "
               f"{words.percent(row.margin)}, or the interval holds 1.")
    return Chart(HEAT, f"{row.workload}: {_measured(row)} over task time and {axis}", reading, _described(grids),
                 Axis(axis, "", values=tuple(columns.values())), Axis("a task takes", "", values=tuple(tasks.values())), tuple(panels),
                 Axis(_measured(row), "ratio", True))


def _cell(row: Row, x: str, y: str) -> Point:
    assert row.ratio is not None
    return Point(x, y, row.low, row.high, row.ratio, marks(row), "≈" if is_about_one(row) else words.ratio(row.ratio))


def is_about_one(row: Row) -> bool:
    return row.verdict == SAME or (row.low is not None and row.high is not None and row.low <= 1 <= row.high)


def marks(row: Row) -> tuple[str, ...]:
    return {UNDECIDED: (UNDECIDED,), UNSTABLE: (UNSTABLE,)}.get(row.verdict, ())


def _described(grids: Sequence[Grid]) -> str:
    said = []
    for grid in grids[:4]:
        counts = {grid.first.a: A_FASTER, grid.first.b: B_FASTER}
        wins = [f"{name} faster in {count}" for name, verdict in counts.items() if (count := sum(row.verdict == verdict for row in grid.rows))]
        same = sum(row.verdict == SAME for row in grid.rows)
        open_ = len(grid.rows) - same - sum(row.verdict in (A_FASTER, B_FASTER) for row in grid.rows)
        said.append(f"{grid.title}: {', '.join([*wins, f'{same} the same', f'{open_} open'])} of {len(grid.rows)}")
    return "; ".join(said) + "."


# ---- lines --------------------------------------------------------------------------------------------------


def _lines(grids: Sequence[Grid], names: Names, subjects: dict[int, str]) -> Chart:
    row = grids[0].first
    margin = row.margin
    lines = (Line(1.0, "equal"), Line(1 / (1 + margin), f"± {words.percent(margin)}", 1 + margin))
    panels = tuple(Panel(names.one(_title(grid, subjects)), _title(grid, subjects), (_line(grid),), lines) for grid in grids)
    reading = (f"Above 1, {row.a} {'is' if row.table == PROGRAMS else 'are'} faster. Band: ± {words.percent(margin)}, as good as equal; bars: "
               f"{words.percent(row.confidence)} intervals.")
    over = _ALONG[grids[0].along]
    return Chart(LINES, f"{_measured(row)} over {'task time' if over.unit == 'ns' else over.label}", reading, _described(grids), over,
                 Axis(_measured(row), "ratio", True), panels)


def _line(grid: Grid) -> Series:
    placed = [(row.task_ns if grid.along == "task" else row.payload_bytes, row) for row in grid.rows]
    points = tuple(sorted((Point(at, row.ratio, row.low, row.high, marks=marks(row)) for at, row in placed if at and row.ratio),
                          key=lambda point: float(point.x)))
    return Series(_measured(grid.first), "", points, grid.first.channel or "")


# ---- the table ----------------------------------------------------------------------------------------------

_COLUMNS = (Column("subject"), Column("workload"), Column("a"), Column("b"), Column("a task takes", "ns"), Column("payload", "bytes"),
            Column("workers", "count"), Column("placement"), Column("channel"), Column("batch", "count"), Column("window", "count"),
            Column("wait"), Column("b ÷ a", "ratio"), Column("low", "ratio"), Column("high", "ratio"), Column("verdict"))
_OPTIONAL = ("a", "b", "placement", "batch", "window", "wait")


def table_of(ranked: Sequence[Grid], subjects: Mapping[int, str]) -> Table:
    rows, rest = ([_cells(row, subjects) for grid in part for row in _in_order(grid)] for part in (ranked[:MOST_PANELS], ranked[MOST_PANELS:]))
    pairs = {_measured(row) for grid in ranked for row in grid.rows}
    columns = [Column(pairs.copy().pop(), one.unit) if one.title == "b ÷ a" and len(pairs) == 1 else one for one in _COLUMNS]
    folded = [f"{grid.title}: {words.plural(len(grid.rows), 'row')}" for grid in ranked[MOST_PANELS:]]
    return trimmed(columns, rows, _OPTIONAL, "Over task time and payload", folded, rest)


def _in_order(grid: Grid) -> list[Row]:
    return sorted(grid.rows, key=lambda row: (row.payload_bytes or 0, row.workers or 0, row.task_ns or 0))


def _cells(row: Row, subjects: Mapping[int, str]) -> Cells:
    told = {A_FASTER: f"{row.a} faster", B_FASTER: f"{row.b} faster", SAME: f"same within {words.percent(row.margin)}"}
    return (subjects.get(row.subject), row.workload, row.a, row.b, row.task_ns, row.payload_bytes, row.workers, row.placement, row.channel,
            row.batch, row.window, row.wait, row.ratio, row.low, row.high, told.get(row.verdict, row.verdict))

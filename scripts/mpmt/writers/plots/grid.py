"""A chart as a block of the sheet: its panels side by side as small multiples, their axes in line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from matplotlib.axes import Axes

from mpmt.views.view import HEAT, LINES, Chart, Panel, Value
from mpmt.writers.plots import direct_labels, texts
from mpmt.writers.plots.heat import Colors, Heat
from mpmt.writers.plots.lines import Ends, Lines, Margins
from mpmt.writers.plots.page import INNER, MARGIN, Page
from mpmt.writers.plots.reach import measured_scale, shared
from mpmt.writers.plots.rows import Rows
from mpmt.writers.plots.scales import scale_of
from mpmt.writers.plots.style import BLACK, INK, SMALL, TEXT, TINY, Looks

_GUTTER, _ROW_GAP = 0.16, 0.12  # inches
_TITLE_LINES, _NOTE_LINES = 3, 4
_MANY = 12  # categories, which take a wider panel
_HEIGHTS = {1: 2.5, 2: 1.75, 3: 1.35, 4: 1.15}  # inches of a panel of lines, by how many stand side by side
_LEAST_ROW_AXES = 1.1  # inches: what a panel of rows measures in
_LEAST_HEIGHT = 1.25  # inches: of panels whose lines are named beside them


class Drawing(Protocol):
    height: float

    def margins(self, width: float) -> Margins: ...
    def ends(self, width: float, left: float, right: float) -> Ends: ...
    def draw(self, axes: Axes, width: float, left: float, right: float) -> None: ...
    def note(self) -> str: ...


@dataclass
class _Cell:
    panel: Panel
    drawing: Drawing
    margins: Margins
    ends: Ends
    title: list[str]
    notes: list[str]


class Grid:
    def __init__(self, chart: Chart, looks: Looks, direct: bool, colors: Colors) -> None:
        self._chart = chart
        self._columns, drawings = _drawings(chart, looks, direct, colors)
        self._y_label = "" if chart.kind not in (LINES, HEAT) else texts.harmless(chart.y.label)
        self._x_label = texts.harmless(chart.x.label if chart.kind in (LINES, HEAT) or chart.x.values is None
                                       else chart.y.label)
        self._start = texts.pitch(SMALL) + 0.03 if self._y_label else 0.0
        self._width = (INNER - self._start - _GUTTER * (self._columns - 1)) / self._columns
        margins = _aligned([drawing.margins(self._width) for drawing in drawings], self._columns)
        cells = [self._cell(*parts) for parts in zip(chart.panels, drawings, margins)]
        self._rows = [cells[at:at + self._columns] for at in range(0, len(cells), self._columns)]
        self.height = sum(map(self._row_height, range(len(self._rows)))) + _ROW_GAP * len(self._rows)

    def _cell(self, panel: Panel, drawing: Drawing, margins: Margins) -> _Cell:
        ends = drawing.ends(self._width - margins.left - margins.right, margins.left, margins.right)
        said = ". ".join(part for part in (panel.note, drawing.note()) if part)
        lonely = len(self._chart.panels) == 1 and panel.title == self._chart.title
        title = [] if lonely else texts.wrapped(panel.title, self._width, TEXT, _TITLE_LINES, bold=True)
        return _Cell(panel, drawing, margins, ends, title,
                     texts.wrapped(said, self._width, TINY, _NOTE_LINES))

    def _says_x(self, at: int, column: int) -> bool:
        """Whether what is measured along x is said below a panel: below the last one of its column."""
        return bool(self._x_label) and (at + 1 == len(self._rows) or column >= len(self._rows[at + 1]))

    def _row_height(self, at: int) -> float:
        row = self._rows[at]
        return (_most(row, lambda cell: texts.pitch(TEXT) * len(cell.title)) + 0.05
                + _most(row, lambda cell: cell.ends.above) + _most(row, lambda cell: cell.drawing.height)
                + _most(row, lambda cell: cell.ends.below) + (texts.pitch(SMALL) if self._says_x(at, len(row) - 1) else 0.0)
                + _most(row, lambda cell: texts.pitch(TINY) * len(cell.notes)) + 0.02)

    def draw(self, page: Page, top: float) -> None:
        for at, row in enumerate(self._rows):
            titles = _most(row, lambda cell: texts.pitch(TEXT) * len(cell.title))
            above = titles + 0.05 + _most(row, lambda cell: cell.ends.above)
            below = _most(row, lambda cell: cell.ends.below)
            tall = _most(row, lambda cell: cell.drawing.height)
            for column, cell in enumerate(row):
                x = MARGIN + self._start + column * (self._width + _GUTTER)
                self._draw_cell(page, cell, (at, column), x, top, top + above)
            if self._y_label:
                name = texts.cut(self._y_label, tall + below, SMALL)
                middle = min(top + above + tall / 2, top + above + tall + below - texts.width(name, SMALL) / 2)
                page.text(MARGIN, middle, name, SMALL, INK, rotation=90, va="center", ha="left")
            top += self._row_height(at) + _ROW_GAP

    def _draw_cell(self, page: Page, cell: _Cell, place: tuple[int, int], x: float, top: float, axes_top: float) -> None:
        column = place[1]
        outer = x if column else MARGIN
        for at, line in enumerate(cell.title):
            page.text(outer, top + at * texts.pitch(TEXT), line, TEXT, BLACK, fontweight="bold")
        left, right = cell.margins.left, cell.margins.right
        width = self._width - left - right
        axes = page.axes(x + left, axes_top, width, cell.drawing.height)
        cell.drawing.draw(axes, width, left, right)
        under = axes_top + cell.drawing.height + cell.ends.below
        if self._says_x(*place):
            name = texts.cut(self._x_label, self._width, SMALL)
            half = texts.width(name, SMALL) / 2
            middle = min(max(x + left + width / 2, x + half), x + self._width - half)
            page.text(middle, under, name, SMALL, INK, ha="center")
            under += texts.pitch(SMALL)
        for at, line in enumerate(cell.notes):
            page.text(outer, under + 0.02 + at * texts.pitch(TINY), line, TINY, INK)


def _aligned(margins: Sequence[Margins], columns: int) -> list[Margins]:
    """Those of a column are the same, so that its axes are in line."""
    return [Margins(max(one.left for one in margins[at % columns::columns]),
                    max(one.right for one in margins[at % columns::columns]))
            for at in range(len(margins))]


def _most(cells: Sequence[_Cell], of: Callable[[_Cell], float]) -> float:
    return max(map(of, cells))


def _drawings(chart: Chart, looks: Looks, direct: bool, colors: Colors) -> tuple[int, list[Drawing]]:
    """How many columns, and each panel's drawing."""
    count = len(chart.panels)
    if chart.kind == LINES:
        columns = count if count <= 3 else 2 if count == 4 and not direct else 3 if count <= 9 or direct else 4
        columns = min(columns, 2 if direct else 3 if len(chart.x.values or ()) > _MANY else 4)
        return columns, _lines(chart, looks, direct, _HEIGHTS[columns])
    if chart.kind == HEAT:
        columns = next((columns for columns in (3, 2) if count >= columns and _heat_fits(chart, columns)), 1)
        return columns, [Heat(chart, panel, colors) for panel in chart.panels]
    scales = shared([measured_scale(chart, [panel]) for panel in chart.panels], chart.kind == LINES)
    rows = [Rows(chart, panel, looks, scale) for panel, scale in zip(chart.panels, scales)]
    columns = next((columns for columns in (3, 2) if count >= columns and all(_rows_fit(row, columns) for row in rows)), 1)
    return columns, list(rows)


def _heat_fits(chart: Chart, columns: int) -> bool:
    wide = len(chart.x.values or ()) or max(len({point.x for series in panel.series for point in series.points})
                                            for panel in chart.panels)
    return wide * 0.36 + 0.7 <= INNER / columns


def _rows_fit(rows: Rows, columns: int) -> bool:
    wide = INNER * 1.0
    margins = rows.margins(wide)
    return margins.left + margins.right + _LEAST_ROW_AXES <= (INNER - _GUTTER * (columns - 1)) / columns


def _lines(chart: Chart, looks: Looks, direct: bool, height: float) -> list[Drawing]:
    xs: list[Value] = [point.x for panel in chart.panels for series in panel.series for point in series.points]
    scales = shared([measured_scale(chart, [panel]) for panel in chart.panels], chart.kind == LINES)
    own_x = chart.x.values is not None or any(isinstance(value, str) for value in xs)
    drawings: list[Drawing] = []
    for panel, y in zip(chart.panels, scales):
        x = scale_of(chart.x, [point.x for series in panel.series for point in series.points] if own_x else xs, pad=0.04)
        tall = max(_LEAST_HEIGHT, direct_labels.GAP * (len(panel.series) + 1)) if direct else height
        drawings.append(Lines(chart, panel, looks, (x, y), tall, direct))
    return drawings

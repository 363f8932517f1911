"""A panel of cells: a ratio over two categories, in colours that diverge from 1, or another measure, from pale to dark."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle

from mpmt.answers import words
from mpmt.views.view import FEW_ROUNDS, PROGRAM, UNSTABLE, Chart, Panel, Point
from mpmt.writers.plots import texts
from mpmt.writers.plots.lines import Ends, Margins
from mpmt.writers.plots.page import MARGIN, Page
from mpmt.writers.plots.scales import label, scale_of, ticks
from mpmt.writers.plots.style import BLACK, BLUE, GREEN, GREY, PURPLE, SMALL, TINY, VERMILION

_CELL, _LEAST = 0.27, 0.14  # inches: a cell's height, and where there are many
_WIDEST = 0.95  # inches: a cell
_LEAST_REACH, _MOST_REACH = math.log(1.25), math.log(8)  # of the colours, to either side of 1
_LABELLED = 3  # cells that a note names
_BAR, _BAR_HEIGHT = 1.9, 0.09  # inches


class Colors:
    """Of all panels of a chart: what is above 1 has the first side's colour, what is below the second's."""

    def __init__(self, chart: Chart) -> None:
        cells = [(series.side, point.value) for panel in chart.panels for series in panel.series for point in series.points
                 if point.value is not None and point.value > 0]
        logs = [math.log(value) for _, value in cells if value is not None]
        self.unit = chart.value.unit
        self.diverging = self.unit == "ratio"
        if self.diverging:
            reach = min(max([_LEAST_REACH, *(abs(log) for log in logs)]), _MOST_REACH)
            first, second = (GREEN, PURPLE) if any(side == PROGRAM for side, _ in cells) else (BLUE, VERMILION)
            self._map: Colormap = LinearSegmentedColormap.from_list("sides", [second, "#ffffff", first])
            self._scale = Normalize(-reach, reach)
        else:
            low, high = (min(logs), max(logs)) if logs else (0.0, 1.0)
            self._map = LinearSegmentedColormap.from_list("measure", ["#f4f4f4", "#9a9a9a", "#2b2b2b"])
            self._scale = Normalize(low, high if high > low else low + 1)

    def of(self, value: float) -> tuple[float, float, float, float]:
        return self._map(float(self._scale(math.log(value) if value > 0 else self._scale.vmin)))

    def ends(self) -> tuple[float, float]:
        return float(self._scale.vmin), float(self._scale.vmax)


def ink_on(color: Sequence[float]) -> str:
    """Black or white: what can be read on it."""
    return BLACK if 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 0.5 else "white"


class Heat:
    def __init__(self, chart: Chart, panel: Panel, colors: Colors) -> None:
        points = [point for series in panel.series for point in series.points]
        self._x, self._y = scale_of(chart.x, [point.x for point in points]), scale_of(chart.y, [point.y for point in points])
        self._cells = [point for point in points if point.value is not None]
        self._lines = [series for series in panel.series if series.points
                       and all(point.value is None for point in series.points)]
        self._colors = colors
        rows = len(self._y.values)
        self.height = rows * (_CELL if rows <= 16 else _LEAST)
        self._upright = False

    def margins(self, width: float) -> Margins:
        names = [texts.harmless(value) for value in self._y.values]
        left = min(texts.widest(names, SMALL), 0.35 * width) + 0.08
        room = min(width - left - 0.1, _WIDEST * len(self._x.values))
        return Margins(left, max(0.1, width - left - room))

    def ends(self, width: float, left: float, right: float) -> Ends:
        wanted = ticks(self._x, 1e9, SMALL, upright=True)
        self._upright = len(self._x.values) > len(ticks(self._x, width, SMALL)) or len(wanted) > 12
        return Ends((min(texts.widest([text for _, text in wanted], SMALL), 0.9) if self._upright
                     else texts.pitch(SMALL)) + 0.06)

    def draw(self, axes: Axes, width: float, left: float, _: float) -> None:
        axes.set_xlim(self._x.low, self._x.high)
        axes.set_ylim(self._y.low, self._y.high)
        for spine in axes.spines.values():
            spine.set_visible(False)
        cell = width / len(self._x.values)
        said = [self._said(point) for point in self._cells]
        size = next((size for size in (SMALL, TINY, 5.4) if texts.widest(said, size) <= cell - 0.04), None)
        for point, text in zip(self._cells, said):
            self._cell(axes, point, text if self.height / len(self._y.values) > _LEAST else "", size)
        for series in self._lines:
            axes.plot([self._x.at(point.x) for point in series.points], [self._y.at(point.y) for point in series.points],
                      color=BLACK, linewidth=1.4, zorder=4)
        found = ticks(self._x, width, SMALL, self._upright)
        room = 0.9 if self._upright else width
        axes.set_xticks([place for place, _ in found], [texts.cut(text, room, SMALL) for _, text in found], fontsize=SMALL,
                        rotation=90 if self._upright else 0)
        axes.set_yticks(range(len(self._y.values)), [texts.cut_middle(texts.harmless(value), left - 0.06, SMALL)
                                                     for value in self._y.values], fontsize=SMALL)
        axes.tick_params(length=0)

    def note(self) -> str:
        few = [f"{point.x}, {point.y}" for point in self._cells if FEW_ROUNDS in point.marks]
        more = f" and {len(few) - _LABELLED} more" if len(few) > _LABELLED else ""
        return f"few rounds: {'; '.join(few[:_LABELLED])}{more}" if few else ""

    def _said(self, point: Point) -> str:
        assert point.value is not None
        return texts.harmless(point.text) if point.text else words.in_unit(point.value, self._colors.unit)

    def _cell(self, axes: Axes, point: Point, text: str, size: float | None) -> None:
        assert point.value is not None
        x, y, color = self._x.at(point.x), self._y.at(point.y), self._colors.of(point.value)
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, edgecolor="#dddddd", linewidth=0.5, clip_on=False))
        if UNSTABLE in point.marks:
            axes.plot([x + 0.38], [y + 0.3], "o", markersize=2.8, color=ink_on(color), markerfacecolor="none",
                      markeredgewidth=0.7)
        if text and size is not None:
            axes.text(x, y, text, fontsize=size, color=ink_on(color), ha="center", va="center_baseline", zorder=5)


class ColorBar:
    """A block of the sheet: what the colours of a chart mean."""

    def __init__(self, chart: Chart, colors: Colors) -> None:
        self._colors, self.height = colors, _BAR_HEIGHT + texts.pitch(TINY) + 0.08
        self._name = texts.cut(texts.harmless(chart.value.label), 3.0, SMALL)

    def draw(self, page: Page, top: float) -> None:
        x = MARGIN + (texts.width(self._name, SMALL) + 0.15 if self._name else 0.0)
        page.text(MARGIN, top - 0.01, self._name, SMALL)
        low, high = self._colors.ends()
        axes = page.axes(x + 0.15, top, _BAR, _BAR_HEIGHT)
        axes.set_xlim(low, high)
        axes.set_ylim(0, 1)
        steps = 64
        for at in range(steps):
            start, step = low + (high - low) * at / steps, (high - low) / steps
            axes.add_patch(Rectangle((start, 0), step * 1.02, 1, facecolor=self._colors.of(math.exp(start + step / 2)),
                                     linewidth=0))
        places = [low, low / 2, 0.0, high / 2, high] if self._colors.diverging else [low, (low + high) / 2, high]
        texts_there = [words.ratio(math.exp(place)) if self._colors.diverging else label(math.exp(place), self._colors.unit)
                       for place in places]
        axes.set_xticks(places, texts_there, fontsize=TINY)
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set(visible=True, color=GREY, linewidth=0.4)

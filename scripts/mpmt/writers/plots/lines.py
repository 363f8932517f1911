"""A panel of lines: what was measured, over sizes, counts, times or categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from mpmt.answers import words
from mpmt.views.view import FEW_ROUNDS, FLOOR, IDEAL, OVERSUBSCRIBED, UNDECIDED, UNSTABLE, Chart, Panel, Point, Series
from mpmt.writers.plots import direct_labels, flags, texts
from mpmt.writers.plots.keys import SHADE, has_markers, is_shaded, line_dashes
from mpmt.writers.plots.scales import Scale, label, ticks
from mpmt.writers.plots.style import GREY, SMALL, TINY, Look, Looks, faded

GRID = {"color": "#e6e6e6", "linewidth": 0.6, "zorder": 0.1}
_FEW = 12  # categories: of more, only some are named
_LONGEST = 0.9  # inches of a category that stands upright
_MOST_SPREAD = 0.5  # of a category's width: what series beside each other take
_LABELLED = 3  # points that a note names


@dataclass
class Margins:
    """Inches that a panel needs beside its axes."""

    left: float
    right: float


@dataclass
class Ends:
    """Inches that it needs below and above them."""

    below: float
    above: float = 0.0


class Lines:
    def __init__(self, chart: Chart, panel: Panel, looks: Looks, scales: tuple[Scale, Scale], height: float,
                 direct: bool) -> None:
        self._chart, self._panel, self._looks, self._direct = chart, panel, looks, direct
        self._x, self._y = scales
        self.height = height
        self._y_ticks = ticks(self._y, height, SMALL, upright=True)
        self._x_size = TINY if self._x.categories and len(self._x.values) > _FEW else SMALL
        self._upright = False
        self._flags = flags.Flags()

    def margins(self, width: float) -> Margins:
        left = texts.widest([text for _, text in self._y_ticks], SMALL) + 0.08
        names = [texts.harmless(series.name) for series in self._panel.series]
        right = min(texts.widest(names, direct_labels.FONT_SIZE) + direct_labels.ROOM, width * 0.45) if self._direct else 0.1
        return Margins(left, right)

    def ends(self, width: float, left: float, right: float) -> Ends:
        wanted = ticks(self._x, 1e9, self._x_size, own=True)
        few = self._x.categories and len(wanted) <= _FEW
        self._upright = few and len(ticks(self._x, width, self._x_size, own=True)) < len(wanted)
        longest = texts.pitch(self._x_size)
        if self._upright:
            longest = min(texts.widest([text for _, text in wanted], self._x_size), _LONGEST)
        self._flags = flags.of_panel(self._panel, self._x, width, left, right)
        return Ends(longest + 0.06, flags.height(self._flags))

    def draw(self, axes: Axes, width: float, _: float, right: float) -> None:
        axes.set_xlim(self._x.low, self._x.high)
        axes.set_ylim(self._y.low, self._y.high)
        self._ticks(axes, width)
        self._across(axes)
        if is_shaded(self._panel):
            axes.axvspan(self._first_beyond(), self._x.high, color=SHADE, linewidth=0, zorder=0)
        framing = [series for series in self._panel.series if series.side in (IDEAL, FLOOR)]
        others = [series for series in self._panel.series if series.side not in (IDEAL, FLOOR)]
        for at, series in enumerate(others):
            self._series(axes, series, self._offset(at, len(others)), 5 + at)
        for series in framing:
            self._series(axes, series, 0.0, 3)
        flags.draw(axes, self._flags, width, self.height)
        if self._direct:
            direct_labels.write(axes, [self._end(series, right) for series in self._panel.series], self.height, width)

    def note(self) -> str:
        few = [f"{series.name} at {self._x_label(point)}" for series in self._panel.series for point in series.points
               if FEW_ROUNDS in point.marks]
        more = f" and {len(few) - _LABELLED} more" if len(few) > _LABELLED else ""
        measured = [point for series in self._panel.series if series.side not in (IDEAL, FLOOR) for point in series.points]
        all_of_them = len(few) == len(measured)
        said = ["few rounds" + ("" if all_of_them else f": {', '.join(few[:_LABELLED])}{more}")] if few else []
        beyond = sum(map(self._is_beyond, measured))
        said += [f"{words.plural(beyond, 'value')} beyond the axis: arrows"] if beyond else []
        return ". ".join([*said, *flags.note(self._flags)])

    def _is_beyond(self, point: Point) -> bool:
        return not self._y.low - 1e-9 <= self._y.at(point.y) <= self._y.high + 1e-9

    def _x_label(self, point: Point) -> str:
        return str(point.x) if isinstance(point.x, str) else label(point.x, self._x.axis.unit)

    def _ticks(self, axes: Axes, width: float) -> None:
        found = ticks(self._x, width, self._x_size, self._upright, own=True)
        room = _LONGEST if self._upright else width
        axes.set_xticks([place for place, _ in found], [texts.cut(text, room, self._x_size) for _, text in found],
                        rotation=90 if self._upright else 0, fontsize=self._x_size)
        if len(self._x.values) > _FEW and self._x.categories:  # the outermost two stay between the ends of the axis
            for tick, side in zip(axes.get_xticklabels()[::max(1, len(found) - 1)], ("left", "right")):
                tick.set_horizontalalignment(side)
        axes.set_yticks([place for place, _ in self._y_ticks], [text for _, text in self._y_ticks], fontsize=SMALL)
        axes.grid(True, axis="y", **GRID)
        if not self._x.categories:
            axes.grid(True, axis="x", **GRID)

    def _across(self, axes: Axes) -> None:
        dashes = line_dashes(self._chart)
        for line in self._panel.lines:
            if line.until is not None:
                axes.axhspan(self._y.inside(line.at), self._y.inside(line.until), color=SHADE, linewidth=0, zorder=0)
            elif self._y.low <= self._y.at(line.at) <= self._y.high:
                axes.axhline(self._y.at(line.at), color=GREY, linestyle=dashes[line.label], linewidth=0.9, zorder=2)

    def _first_beyond(self) -> float:
        """Half-way between the last number of workers that has CPUs and the first that has not."""
        places = {(self._x.at(point.x), OVERSUBSCRIBED in point.marks)
                  for series in self._panel.series if series.side != IDEAL for point in series.points}
        beyond = min(place for place, over in places if over)
        within = max((place for place, over in places if not over), default=self._x.low)
        return (beyond + within) / 2

    def _offset(self, at: int, count: int) -> float:
        """Series stand beside each other where the axis is of few categories."""
        if not self._x.categories or count < 2 or len(self._x.values) > _FEW:
            return 0.0
        return _MOST_SPREAD * (at / (count - 1) - 0.5)

    def _series(self, axes: Axes, series: Series, offset: float, layer: float) -> None:
        look = self._looks.of(series)
        points = sorted(series.points, key=lambda point: self._x.at(point.x))
        xs = [self._x.at(point.x) + offset for point in points]
        ys = [self._y.at(point.y) if series.side in (IDEAL, FLOOR) else self._y.inside(point.y) for point in points]
        if series.line:
            axes.plot(xs, ys, color=look.color, linestyle=look.dashes, linewidth=1.0 if series.side in (IDEAL, FLOOR) else 1.3,
                      zorder=layer)
        self._intervals(axes, series, points, xs, look, layer)
        if look.marker and has_markers(series):
            self._markers(axes, points, xs, ys, look, layer)

    def _intervals(self, axes: Axes, series: Series, points: list[Point], xs: list[float], look: Look, layer: float) -> None:
        held = [(x, self._y.inside(point.low), self._y.inside(point.high)) for x, point in zip(xs, points)
                if point.low is not None and point.high is not None]
        if series.band and len(held) > 1:
            outline = [(x, high) for x, _, high in held] + [(x, low) for x, low, _ in reversed(held)]
            axes.fill(*zip(*outline), color=look.color, alpha=self._alpha(), linewidth=0, zorder=1)
            return
        if held:
            axes.vlines(*zip(*held), color=look.color, linewidth=0.8, alpha=0.8, zorder=layer - 0.5)

    def _alpha(self) -> float:
        """Bands that lie over each other have to let each other through."""
        return 0.16 if sum(series.band for series in self._panel.series) <= 3 else 0.08

    def _markers(self, axes: Axes, points: list[Point], xs: list[float], ys: list[float], look: Look, layer: float) -> None:
        size = 4.2 if len(points) <= 12 else 3.0 if len(points) <= 40 else 2.0
        alike: dict[tuple[tuple[str, Any], ...], list[tuple[float, float]]] = {}
        for point, x, y in zip(points, xs, ys):
            form = marker_look(point, look, size)
            if self._is_beyond(point):
                form["marker"] = "^" if self._y.at(point.y) > self._y.high else "v"
            alike.setdefault(tuple(form.items()), []).append((x, y))
        for form_items, places in alike.items():
            axes.plot(*zip(*places), zorder=layer + 0.3, clip_on=False, **dict(form_items))
        crossed = [(x, y) for point, x, y in zip(points, xs, ys) if OVERSUBSCRIBED in point.marks
                   and not is_shaded(self._panel)]
        if crossed:
            axes.plot(*zip(*crossed), "x", color="black", markersize=size, markeredgewidth=0.7, zorder=layer + 0.4)

    def _end(self, series: Series, room: float) -> tuple[str, str, float, float]:
        last = max(series.points, key=lambda point: self._x.at(point.x))
        x = (self._x.at(last.x) - self._x.low) / (self._x.high - self._x.low)
        y = (self._y.inside(last.y) - self._y.low) / (self._y.high - self._y.low)
        name = texts.cut(texts.harmless(series.name), room - direct_labels.ROOM + 0.02, direct_labels.FONT_SIZE)
        return name, self._looks.of(series).color, x, y


def marker_look(point: Point, look: Look, size: float) -> dict[str, Any]:
    """How a point is drawn: hollow where it is unstable, pale where nothing is decided."""
    color = faded(look.color) if UNDECIDED in point.marks else look.color
    return {"color": color, "marker": look.marker or "o", "markersize": size, "linestyle": "none", "markeredgewidth": 0.9,
            "markerfacecolor": "white" if UNSTABLE in point.marks else color, "markerfacecoloralt": "white",
            "fillstyle": look.fill}

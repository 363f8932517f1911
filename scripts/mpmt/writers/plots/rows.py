"""A panel of dots or bars: a row for each category, what was measured from left to right, and its words at the right."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes

from mpmt.answers import words
from mpmt.views.view import BARS, FEW_ROUNDS, UNDECIDED, UNSTABLE, Chart, Panel, Point, Series, Value
from mpmt.writers.plots import texts
from mpmt.writers.plots.keys import SHADE, line_dashes
from mpmt.writers.plots.lines import GRID, Ends, Margins, marker_look
from mpmt.writers.plots.reach import measured_scale
from mpmt.writers.plots.scales import Scale, label, scale_of, ticks
from mpmt.writers.plots.style import GREY, INK, PALE, SMALL, Look, Looks, faded

MOST = 48  # rows of a panel
_MARKS = (UNSTABLE, FEW_ROUNDS, UNDECIDED)  # that are said in words
WORDS = 6.5  # points
_ENTRY = 0.128  # inches: a value of a row
_BETWEEN = 0.05  # rows
_LABEL_SHARE, _WORDS_SHARE = 0.46, 0.26  # of the panel's width, at most


@dataclass
class _Entry:
    series: Series
    point: Point
    y: float  # inches from the top of the axes


class Rows:
    def __init__(self, chart: Chart, panel: Panel, looks: Looks, scale: Scale | None = None) -> None:
        """`scale`: of what is measured, where panels share one."""
        self._bars, self._chart, self._panel, self._looks = chart.kind == BARS, chart, panel, looks
        self._axis = chart.x if self._bars else chart.y
        self._labels: list[tuple[float, str]] = []
        self._entries: list[_Entry] = []
        self.left_out = 0
        self.height = self._place()
        self._scale = scale or measured_scale(chart, [panel])
        self._words = [self._words_of(entry.point) for entry in self._entries]

    def _place(self) -> float:
        """The height of all rows, in inches."""
        by_category: dict[Value, list[tuple[Series, Point]]] = {}
        for series in self._panel.series:
            for point in series.points:
                by_category.setdefault(point.x if self._bars else point.y, []).append((series, point))
        order = scale_of(self._axis, by_category)
        kept = order.values[:MOST]
        self.left_out = len(order.values) - len(kept)
        top = _BETWEEN
        for value in kept:
            entries = by_category[value]
            name = texts.harmless(value) if isinstance(value, str) else label(value, self._axis.unit)
            self._labels.append((top + _ENTRY * len(entries) / 2, name))
            self._entries += [_Entry(*entry, top + _ENTRY * (at + 0.5)) for at, entry in enumerate(entries)]
            top += _ENTRY * len(entries) + _BETWEEN
        return top

    def _measured(self, point: Point) -> Value:
        return point.y if self._bars else point.x

    def _words_of(self, point: Point) -> str:
        value = self._measured(point)
        unit = (self._chart.y if self._bars else self._chart.x).unit
        said = point.text or (value if isinstance(value, str) else words.in_unit(value, unit))
        told = {mark for mark in _MARKS if mark in said or (mark == FEW_ROUNDS and "rounds" in said)}
        return texts.harmless(", ".join([said, *(mark for mark in _MARKS if mark in point.marks and mark not in told)]))

    def margins(self, width: float) -> Margins:
        left = min(texts.widest([text for _, text in self._labels], SMALL), _LABEL_SHARE * width) + 0.1
        right = min(texts.widest(self._words, WORDS), _WORDS_SHARE * width) + 0.14
        return Margins(left, right)

    def ends(self, width: float, left: float, right: float) -> Ends:
        return Ends(texts.pitch(SMALL) + 0.06)

    def draw(self, axes: Axes, width: float, left: float, right: float) -> None:
        axes.set_xlim(self._scale.low, self._scale.high)
        axes.set_ylim(self.height, 0)
        self._across(axes)
        for place, entry in enumerate(self._entries):
            if self._bars:
                self._bar(axes, entry)
            else:
                self._dot(axes, entry)
            axes.annotate(texts.cut(self._words[place], right - 0.1, WORDS), (1, entry.y), xycoords=axes.get_yaxis_transform(),
                          xytext=(5, 0), textcoords="offset points", va="center_baseline", fontsize=WORDS, color=INK,
                          annotation_clip=False)
        names = [texts.cut_middle(text, left - 0.08, SMALL) for _, text in self._labels]
        axes.set_yticks([place for place, _ in self._labels], names, fontsize=SMALL)
        axes.tick_params(axis="y", length=0)
        found = ticks(self._scale, width, SMALL)
        axes.set_xticks([place for place, _ in found], [text for _, text in found], fontsize=SMALL)
        axes.grid(True, axis="x", **GRID)
        if len(self._entries) > len(self._labels):
            self._apart(axes)

    def note(self) -> str:
        return f"and {words.plural(self.left_out, 'more row')}, in the report's table" if self.left_out else ""

    def _apart(self, axes: Axes) -> None:
        """A thin line between rows of several values."""
        for (_, _), (low, _) in zip(self._labels, self._labels[1:]):
            first = min(entry.y for entry in self._entries if entry.y > low - _ENTRY * self._most() / 2)
            axes.axhline(first - (_ENTRY + _BETWEEN) / 2, color="#efefef", linewidth=0.5, zorder=0)

    def _most(self) -> int:
        return max(1, round(len(self._entries) / len(self._labels)))

    def _across(self, axes: Axes) -> None:
        dashes = line_dashes(self._chart)
        for line in self._panel.lines:
            if line.until is not None:
                axes.axvspan(self._scale.inside(line.at), self._scale.inside(line.until), color=SHADE, linewidth=0, zorder=0)
            elif self._scale.low <= self._scale.at(line.at) <= self._scale.high:
                axes.axvline(self._scale.at(line.at), color=GREY, linestyle=dashes[line.label], linewidth=0.9, zorder=1)

    def _dot(self, axes: Axes, entry: _Entry) -> None:
        look, point = self._looks.of(entry.series), entry.point
        if not look.marker:  # an ideal: a stroke
            look = Look(PALE, "|", look.dashes)
        self._interval(axes, entry, look.color)
        axes.plot([self._scale.inside(self._measured(point))], [entry.y], zorder=5, clip_on=False,
                  **marker_look(point, look, 4.6))

    def _interval(self, axes: Axes, entry: _Entry, color: str) -> None:
        low, high = entry.point.low, entry.point.high
        if low is None or high is None:
            return
        color = faded(color) if UNDECIDED in entry.point.marks else color
        ends = self._scale.inside(low), self._scale.inside(high)
        axes.plot(ends, [entry.y] * 2, color=color, linewidth=1.3, zorder=4, solid_capstyle="butt")
        least = 1e-9 * abs(self._scale.high - self._scale.low)
        cut = [abs(self._scale.at(real) - end) > least for end, real in zip(ends, (low, high))]
        for marker, places in (("|", [end for end, beyond in zip(ends, cut) if not beyond]), ("<", ends[:1] if cut[0] else ()),
                               (">", ends[1:] if cut[1] else ())):
            if places:
                axes.plot(places, [entry.y] * len(places), marker=marker, color=color, markersize=4.5, zorder=4,
                          linestyle="none", clip_on=False)

    def _bar(self, axes: Axes, entry: _Entry) -> None:
        value, color = self._scale.inside(self._measured(entry.point)), self._looks.of(entry.series).color
        color = faded(color) if UNDECIDED in entry.point.marks else color
        axes.barh([entry.y], [value - self._scale.low], left=self._scale.low, height=_ENTRY * 0.82, zorder=3, linewidth=0.8,
                  color="white" if UNSTABLE in entry.point.marks else color, edgecolor=color)
        self._interval(axes, entry, INK)

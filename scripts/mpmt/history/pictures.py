"""A benchmark's history as a figure: every trial, the commits' medians, the levels between changes, and the epochs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from mpmt.base.shown import shown
from mpmt.figures.page import Sheet, dress, new_figure, save
from mpmt.figures.style import (BLACK, BLUE, GREEN, GREY, VERMILION, Dashes, duration_unit, ticks_between,
                                use_style)
from mpmt.history.series import Change, Gathered, Order, Point, Series
from mpmt.history.table import epoch_spans, short, what_changed
from mpmt.records.families import FAMILIES

DPI = 130
_PALE = "#8fa8bf"
_SLOWER, _FASTER = (VERMILION, (0, (4, 2))), (GREEN, (0, (5, 1.5, 1, 1.5)))  # colour, dashes
_AXES_HEIGHT = 3.3  # inches
_MOST_TICKS = 14
_LABELS = 12  # change points with words; more would overlap
READING = ("Time per {operation} by commit, oldest first; lower is faster. Lines are the levels between change points; a "
           "change lies between the commit before the dashed line and the one after it.")


@dataclass
class Subject:
    """One benchmark on one machine, over all epochs."""

    machine: str
    name: str
    version: int
    series: list[Series]

    @property
    def operation(self) -> str:
        return FAMILIES[self.series[0].family].operation

    def commits(self) -> list[int]:
        """Places of all measured commits: what stands on the x axis, evenly spaced."""
        return sorted({point.at for one in self.series for point in one.points})


def draw(found: Gathered, order: Order, folder: Path, formats: Sequence[str]) -> list[Path]:
    """One file for each benchmark and format; for each machine its own folder if there are several. Raises OSError."""
    use_style()
    several = len({series.machine for series in found.series}) > 1
    written = []
    for subject in subjects(found.series):
        figure = figure_of(subject, found, order)
        target = folder / subject.machine if several else folder
        for form in formats:
            path = target / f"{file_stem(subject.name, subject.version)}.{form}"
            written.append(save(figure, path, form, DPI))
    return written


def subjects(series: Sequence[Series]) -> list[Subject]:
    grouped: dict[tuple[str, str, int], list[Series]] = {}
    for one in series:
        grouped.setdefault((one.machine, one.name, one.version), []).append(one)
    return [Subject(*key, parts) for key, parts in grouped.items()]


def file_stem(name: str, version: int) -> str:
    """A file name that no benchmark's name can lead astray: what is readable of it, and a hash that keeps it unique."""
    digest = hashlib.sha256(f"{version}\0{name}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:80]
    return f"{readable or 'benchmark'}-{digest}"


def figure_of(subject: Subject, found: Gathered, order: Order) -> Figure:
    figure = new_figure()
    axes = figure.subplots()
    at = subject.commits()
    column = {place: x for x, place in enumerate(at)}
    low, high = _limits(subject)
    notes = _points(axes, subject, column, low, high)
    for series in subject.series:
        _levels(axes, series, column)
    _changes(axes, subject, column, order)
    notes += _epochs(axes, subject, found, column, order)
    if high > 3 * low:
        axes.set_yscale("log")
        axes.set_yticks(ticks_between(low, high))
        axes.minorticks_off()
    axes.set_ylim(low, high)
    size, unit = duration_unit(low)  # one unit for the axis
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / size:.4g}"))
    axes.set_ylabel(f"time per {subject.operation} ({unit})")
    axes.set_xlim(-0.8, len(at) - 0.2)
    _commit_axis(axes, at, order)
    version = f" (version {subject.version})" if subject.version != 1 else ""
    measured = f"{len(at)} commits, {sum(len(s.points) for s in subject.series)} values"
    title = shown(subject.name, 76) + version
    if len(subject.name) > 76:
        notes.insert(0, f"Benchmark: {shown(subject.name, 400)}")
    dress(figure, Sheet(title, READING.format(operation=subject.operation), _legend(subject), notes,
                        f"machine {subject.machine} · {measured}"), _AXES_HEIGHT)
    return figure


def _limits(subject: Subject) -> tuple[float, float]:
    """What the y axis shows: all levels with the usual scatter around them, and room above for words. Loaded commits
    may lie beyond: a step of 3 % must be seen."""
    centres, scatter = [], []
    for series in subject.series:
        for level in series.levels:
            logs = numpy.log([point.value for point in level])
            centres.append(float(numpy.median(logs)))
            scatter += numpy.abs(logs - centres[-1]).tolist()
    reach = max(0.04, 6 * float(numpy.median(scatter)) / 0.6745)
    low, high = min(centres) - reach, max(centres) + reach
    return float(numpy.exp(low)), float(numpy.exp(high + 0.28 * (high - low)))


def _points(axes: Axes, subject: Subject, column: dict[int, int], low: float, high: float) -> list[str]:
    """Draws trials and medians. Values beyond the axis become arrows at its edge; returns a note that counts them."""
    beyond = 0
    for series in subject.series:
        trials = [(column[point.at], value) for point in series.points for value in point.trials]
        axes.plot(*zip(*trials), ".", color=_PALE, markersize=2.2, zorder=1, rasterized=True, linestyle="none")
        for trusted, look in ((True, {"color": BLUE, "markerfacecolor": BLUE}),
                              (False, {"color": GREY, "markerfacecolor": "white"})):
            points = [point for point in series.points if point.trusted == trusted]
            inside = [point for point in points if low <= point.value <= high]
            axes.plot([column[p.at] for p in inside], [p.value for p in inside], "o", markersize=_marker_size(column),
                      markeredgewidth=0.8, zorder=3, **look)
            beyond += len(points) - len(inside)
            _arrows(axes, [p for p in points if p.value > high], column, high, "^", look)
            _arrows(axes, [p for p in points if p.value < low], column, low, "v", look)
    return [f"{beyond} medians lie beyond the axis (arrows at its edge)."] if beyond else []


def _arrows(axes: Axes, points: Sequence[Point], column: dict[int, int], edge: float, marker: str,
            look: dict[str, str]) -> None:
    if points:  # an empty line that is not clipped would take room in the layout
        axes.plot([column[point.at] for point in points], [edge] * len(points), marker, markersize=4.5, zorder=4,
                  clip_on=False, linestyle="none", **look)


def _marker_size(column: dict[int, int]) -> float:
    return 3.6 if len(column) <= 150 else 2.4 if len(column) <= 600 else 1.4


def _levels(axes: Axes, series: Series, column: dict[int, int]) -> None:
    """The median of each segment, as a line from its first commit to its last."""
    for points in series.levels:
        if len(points) >= 2 and points[0].trusted:
            level = float(numpy.median([point.value for point in points]))
            axes.plot([column[points[0].at] - 0.4, column[points[-1].at] + 0.4], [level, level], "-", color=BLACK,
                      linewidth=1.5, zorder=5, solid_capstyle="butt")


def _look(change: Change) -> tuple[str, Dashes]:
    return _SLOWER if change.point.effect > 0 else _FASTER


def _changes(axes: Axes, subject: Subject, column: dict[int, int], order: Order) -> None:
    """A dashed line through the middle of each range, with effect, interval and first bad commit; a range of several
    columns is shaded."""
    changes = sorted((change for series in subject.series for change in series.changes), key=lambda c: c.first_bad)
    worded = sorted(changes, key=lambda c: -abs(c.point.effect))[:_LABELS]
    for number, change in enumerate(changes):
        end = column[change.first_bad]
        start = column.get(change.last_good, -1)  # before the first that is shown
        color, dashes = _look(change)
        axes.axvline((start + end) / 2, color=color, linestyle=dashes, linewidth=1.2, zorder=2)
        if end - start > 1:
            axes.axvspan(start, end, color=color, alpha=0.10, linewidth=0, zorder=0)
        if change in worded:
            _label(axes, change, (start + end) / 2, number, len(column), order)


def _label(axes: Axes, change: Change, x: float, number: int, columns: int, order: Order) -> None:
    right = x > 0.72 * columns
    point = change.point
    words = (f"{point.effect:+.1%}  ({point.low:+.1%} … {point.high:+.1%})\n"
             f"{'slower' if point.effect > 0 else 'faster'} from {short(order, change.first_bad)[:10]}")
    axes.annotate(words, (x, 0.985 - 0.095 * (number % 3)), xycoords=("data", "axes fraction"),
                  xytext=(-4 if right else 4, 0), textcoords="offset points", ha="right" if right else "left", va="top",
                  fontsize=7, color=BLACK, linespacing=1.15, zorder=6,
                  bbox={"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8})


def _epochs(axes: Axes, subject: Subject, found: Gathered, column: dict[int, int], order: Order) -> list[str]:
    """A dotted line where the machine's state changed; returns a note for each, with what changed."""
    spans, notes = epoch_spans(subject.series), []
    for (_, before), (at, epoch) in zip(spans, spans[1:]):
        x = column[at] - 0.5
        axes.axvline(x, color=BLACK, linestyle=(0, (1, 1.6)), linewidth=1.4, zorder=2)
        axes.annotate(f"epoch {epoch}", (x, 0.01), xycoords=("data", "axes fraction"), xytext=(3, 0),
                      textcoords="offset points", fontsize=7, va="bottom", zorder=6)
        changed = what_changed(found.epochs[subject.machine, before], found.epochs[subject.machine, epoch], 30)
        notes.append(f"Epoch {epoch} from {short(order, at)}, not compared with what was before: {shown(changed, 300)}")
    return notes[:5] + ([f"… and {len(notes) - 5} more epochs."] if len(notes) > 5 else [])


def _commit_axis(axes: Axes, at: Sequence[int], order: Order) -> None:
    step = max(1, -(-len(at) // _MOST_TICKS))
    ticks = range(0, len(at), step)
    axes.set_xticks(list(ticks), [short(order, at[x])[:10] for x in ticks], rotation=35, ha="right",
                    rotation_mode="anchor", family="DejaVu Sans Mono", fontsize=6.5)
    axes.grid(axis="x", visible=False)


def _legend(subject: Subject) -> list[tuple[Line2D, str]]:
    def entry(words: str, marker: str = "", color: str = BLACK, line: object = "none", **more: object) -> tuple[Line2D, str]:
        return Line2D([], [], color=color, marker=marker, linestyle=line, **more), words
    changes = [change for series in subject.series for change in series.changes]
    untrusted = any(not point.trusted for series in subject.series for point in series.points)
    legend = [entry("commit's median", "o", BLUE, markersize=3.6), entry("trial", ".", _PALE, markersize=4),
              entry("level", line="-", linewidth=1.5)]
    if untrusted:
        legend.append(entry("not trusted (unstable, or placed free)", "o", GREY, markersize=3.6, markerfacecolor="white"))
    if any(change.point.effect > 0 for change in changes):
        legend.append(entry("slower", color=_SLOWER[0], line=_SLOWER[1]))
    if any(change.point.effect <= 0 for change in changes):
        legend.append(entry("faster", color=_FASTER[0], line=_FASTER[1]))
    if len({series.epoch for series in subject.series}) > 1:
        legend.append(entry("new epoch", line=(0, (1, 1.6)), linewidth=1.4))
    return legend

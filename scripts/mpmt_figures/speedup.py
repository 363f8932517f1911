"""Speed-up over workers: a small panel per workload and parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

import mpmt_records
import mpmt_stats
from mpmt_stats import RatioInterval

from . import page
from .style import BLACK, GREY, plain_ticks, ratio, ticks_between
from .subject import (NothingToDraw, Panel, Subject, common_parameters, panels, parameter_text, plain,
                      serial_cases)

_PER_PAGE = 12
_PANEL_HEIGHT = 1.95


@dataclass(frozen=True)
class Point:
    workers: int
    speedup: RatioInterval
    unstable: bool


@dataclass(frozen=True)
class Scaling:
    """A panel's lines, by (executor, channel), and what they are relative to."""

    panel: Panel
    baseline: str
    lines: dict[tuple[str, str | None], list[Point]]


def scaling_of(subject: Subject, panel: Panel) -> Scaling | None:
    """Speed-up over `serial` where it was measured, else over the same executor's fewest workers. None when
    there is nothing to compare: a single number of workers and no serial case."""
    by_series: dict[tuple[str, str | None], list[Any]] = {}
    for case in panel.cases:
        by_series.setdefault((case.executor, case.channel), []).append(case)
    serial = next((case for case in serial_cases(subject, panel) if case.executor == "serial"), None)
    lines = {}
    for key, cases in by_series.items():
        ordered = sorted(cases, key=lambda case: case.workers)
        points = _points(subject, ordered, serial or ordered[0])
        if points and (serial or len(ordered) > 1):
            lines[key] = points
    if not lines:
        return None
    ordered_lines = {key: lines[key] for key in subject.series if key in lines}
    return Scaling(panel, "serial" if serial else "fewest workers", ordered_lines)


def _points(subject: Subject, cases: list[Any], baseline: Any) -> list[Point]:
    base = subject.by_round(baseline)
    found = []
    for case in cases:
        speedup = mpmt_stats.speedup(base, subject.by_round(case))
        if speedup:
            found.append(Point(case.workers, speedup, "unstable" in (case.status, baseline.status)))
    return found


def figures(subject: Subject) -> Iterator[tuple[str, Figure]]:
    found = [scaling for panel in panels(subject) if (scaling := scaling_of(subject, panel))]
    if not found:
        raise NothingToDraw("no workload has a serial case or two numbers of workers, ok in the same rounds")
    common = common_parameters(scaling.panel.parameters for scaling in found)
    dealt = page.pages(found, _PER_PAGE)
    for at, scalings in enumerate(dealt):
        title = page.page_title("Speed-up over workers", at, len(dealt))
        yield page.page_name("speedup", at, len(dealt)), _figure(subject, scalings, common, title)


def _figure(subject: Subject, scalings: list[Scaling], common: dict[str, Any], title: str) -> Figure:
    columns = min(len(scalings), 3 if len(scalings) in (3, 5, 6, 9) else 4)
    rows = -(-len(scalings) // columns)
    figure = page.new_figure()
    grid = figure.subplots(rows, columns, squeeze=False)
    capacity = mpmt_records.capacity(subject.record)
    for at, axes in enumerate(grid.flat):
        if at >= len(scalings):
            axes.set_visible(False)
            continue
        _draw(axes, subject, scalings[at], common, capacity)
        if at % columns == 0:
            axes.set_ylabel("speed-up (×)")
        if at + columns >= len(scalings):
            axes.set_xlabel("workers")
    sheet = page.Sheet(title, _reading(scalings, common), _legend(subject, scalings, capacity),
                       page.left_out_note(subject.left_out), page.footer_of(subject.record))
    page.dress(figure, sheet, axes_height=_PANEL_HEIGHT * rows + 0.25)
    return figure


def _reading(scalings: list[Scaling], common: dict[str, Any]) -> str:
    bases = {scaling.baseline for scaling in scalings}
    relative = {"serial": "the serial run of the same work",
                "fewest workers": "the same executor with the fewest workers"}
    over = " or, without one, ".join(relative[base] for base in relative if base in bases)
    held = f" All panels: {parameter_text(common)}." if common else ""
    return (f"Time of {over} ÷ time with that many workers; higher is better. Bands: 95 % t interval over "
            f"rounds, paired by round.{held}")


def _legend(subject: Subject, scalings: list[Scaling], capacity: dict[int, float]) -> list[tuple[Any, str]]:
    used = {key for scaling in scalings for key in scaling.lines}
    points = [point for scaling in scalings for line in scaling.lines.values() for point in line]
    entries: list[tuple[Any, str]] = [
        (Line2D([], [], color=s.color, marker=s.marker, linestyle=s.dashes, markersize=s.size), s.label)
        for key, s in subject.series.items() if key in used]
    entries.append((Line2D([], [], color=GREY, linewidth=0.9), "ideal: × workers"))
    if len(capacity) > 1:
        entries.append((Line2D([], [], color=BLACK, linewidth=0.9, linestyle=(0, (5, 3))),
                        "measured capacity of the CPUs"))
    if any(point.speedup.low is not None and point.speedup.high != point.speedup.low for point in points):
        entries.append((Patch(facecolor=GREY, alpha=0.25), "95 % interval"))
    if any(point.workers > subject.cpus for point in points):
        entries.append((Line2D([], [], color=GREY, marker="o", markerfacecolor="white", linestyle=""),
                        f"hollow: more workers than CPUs ({subject.cpus}), not scaling"))
    if any(point.unstable for point in points):
        entries.append((Line2D([], [], color=BLACK, marker="x", linestyle="", markersize=8),
                        "unstable: trials disagree, do not rely on it"))
    return entries


def _draw(axes: Axes, subject: Subject, scaling: Scaling, common: dict[str, Any],
          capacity: dict[int, float]) -> None:
    counts = sorted({point.workers for line in scaling.lines.values() for point in line})
    drawn = [value for key, line in scaling.lines.items() for value in _draw_line(axes, subject, key, line)]
    ideal = counts if counts[0] == 1 or scaling.baseline == "serial" else [w / counts[0] for w in counts]
    axes.plot(counts, ideal, color=GREY, linewidth=0.9, zorder=1)
    shown = [workers for workers in sorted(capacity) if counts[0] <= workers <= counts[-1]]
    if len(shown) > 1:
        unit = 1.0 if scaling.baseline == "serial" else capacity[shown[0]]
        axes.plot(shown, [capacity[w] / unit for w in shown], color=BLACK, linewidth=0.9,
                  linestyle=(0, (5, 3)),
                  zorder=1.5)
    drawn += [float(value) for value in ideal]
    _set_axes(axes, counts, drawn)
    _write_values(axes, subject, scaling)
    own = parameter_text(scaling.panel.parameters, without=common)
    axes.set_title(plain(scaling.panel.workload, 34) + (f"\n{own}" if own else ""), loc="left")


def _write_values(axes: Axes, subject: Subject, scaling: Scaling) -> None:
    """Lines that lie on one another cannot be read off: the figures for the most workers that the CPUs
    hold."""
    counts = sorted({point.workers for line in scaling.lines.values() for point in line})
    chosen = max((count for count in counts if count <= subject.cpus), default=counts[0])
    entries = []
    for key, line in scaling.lines.items():
        look = subject.series[key]
        for point in line:
            if point.workers == chosen:
                handle = Line2D([], [], color=look.color, marker=look.marker, linestyle="", markersize=4)
                entries.append((handle, _interval_text(point.speedup)))
    if entries and len(entries) <= 6:
        handles, labels = zip(*entries)
        axes.legend(handles, labels, title=f"{chosen} worker{'s' * (chosen != 1)}", loc="best", fontsize=6.3,
                    title_fontsize=6.3, frameon=True, framealpha=0.75, edgecolor="none", handletextpad=0.1,
                    borderpad=0.2, labelspacing=0.2, handlelength=1.4)


def _interval_text(speedup: RatioInterval) -> str:
    if speedup.low is None or speedup.high is None or speedup.low == speedup.high:
        return ratio(speedup.ratio)
    return f"{ratio(speedup.ratio)} [{ratio(speedup.low)}, {ratio(speedup.high)}]"


def _draw_line(axes: Axes, subject: Subject, key: tuple[str, str | None], line: list[Point]) -> list[float]:
    """Returns what the axis must show."""
    look = subject.series[key]
    workers = [point.workers for point in line]
    middle = [point.speedup.ratio for point in line]
    low = [point.speedup.low if point.speedup.low is not None else point.speedup.ratio for point in line]
    high = [point.speedup.high if point.speedup.high is not None else point.speedup.ratio for point in line]
    order = 3 + list(subject.series).index(key) * 0.1
    axes.plot(workers, middle, color=look.color, linestyle=look.dashes, zorder=order)
    if len(line) > 1:
        axes.fill_between(workers, low, high, color=look.color, alpha=0.2, linewidth=0, zorder=2)
    for point, a, b in zip(line, low, high):
        face = "white" if point.workers > subject.cpus else look.color
        value = point.speedup.ratio
        axes.errorbar([point.workers], [value], yerr=[[value - a], [b - value]], color=look.color,
                      marker=look.marker, markersize=look.size, markerfacecolor=face, linestyle="",
                      elinewidth=1,
                      capsize=2, zorder=order + 0.05)
        if point.unstable:
            axes.plot([point.workers], [point.speedup.ratio], marker="x", color=BLACK, markersize=9, zorder=6)
    ceiling = 2 * max(middle)  # an interval far beyond its point would squash the rest
    return middle + [min(b, ceiling) for b in high] + [max(a, min(middle) / 2) for a in low]


def _set_axes(axes: Axes, counts: list[int], values: list[float]) -> None:
    if len(counts) > 2:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(counts[0] / 1.15, counts[-1] * 1.15)
        low, high = min(values) / 1.15, max(values) * 1.15
        axes.set_ylim(low, high)
        powers = [2.0**n for n in range(0, 14) if low <= 2.0**n <= high]
        axes.set_yticks(powers if low > 0.4 and len(powers) > 1 else ticks_between(low, high, 6))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(plain_ticks())
    else:
        margin = 0.25 * max(1, counts[-1] - counts[0])
        axes.set_xlim(counts[0] - margin, counts[-1] + margin)
        _set_narrow_heights(axes, values)
    axes.set_xticks(_thinned(counts))
    axes.xaxis.set_major_formatter(plain_ticks())


def _set_narrow_heights(axes: Axes, values: list[float]) -> None:
    """Heights for one or two numbers of workers: from 0, or on a log axis where some would vanish at the
    bottom."""
    if min(values) > 0.08:
        axes.set_ylim(0, max(values) * 1.08)
        return
    low, high = min(values) / 1.5, max(values) * 1.5
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_yticks(ticks_between(low, high, 6))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(plain_ticks())


def _thinned(counts: list[int]) -> list[int]:
    """Worker counts far enough apart to be labelled side by side on a log axis."""
    if len(counts) <= 2:
        return counts
    room = (counts[-1] / counts[0]) ** (1 / 7)
    shown = [counts[0]]
    for count in counts[1:]:
        if count >= shown[-1] * room:
            shown.append(count)
    return shown

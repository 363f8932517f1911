"""Speed-up over workers, or time per task where no serial case was measured: a small panel per workload and parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from mpmt.figures import page
from mpmt.figures.style import BLACK, GREY, duration, duration_ticks, plain_ticks, ratio, ticks_between
from mpmt.figures.subject import (NothingToDraw, Panel, Subject, common_parameters, panels, parameter_text, serial_case)
from mpmt.records import record_file, stats
from mpmt.records.stats import RatioInterval

_PER_PAGE = 12
_PANEL_HEIGHT = 1.95


@dataclass(frozen=True)
class Point:
    workers: int
    value: RatioInterval  # a speed-up, or a time per task in ns
    unstable: bool


@dataclass(frozen=True)
class Scaling:
    """A panel's lines, by (executor, channel): speed-ups over `serial`, or times per task where it is missing."""

    panel: Panel
    over_serial: bool
    lines: dict[tuple[str, str | None], list[Point]]


def scaling_of(subject: Subject, panel: Panel) -> Scaling:
    """Speed-up over the serial case of the same work in the same rounds; where no case has such rounds, time per task:
    what a pool is at its own fewest workers is no yardstick for another."""
    by_series: dict[tuple[str, str | None], list[Any]] = {}
    for case in sorted(panel.cases, key=lambda case: case.workers):
        by_series.setdefault((case.executor, case.channel), []).append(case)
    serial = serial_case(subject, panel.cases[0])
    speedups = {key: _speedups(subject, cases, serial) for key, cases in by_series.items()} if serial else {}
    over_serial = any(speedups.values())
    lines = speedups if over_serial else {key: _times(subject, cases) for key, cases in by_series.items()}
    return Scaling(panel, over_serial, {key: lines[key] for key in subject.series if lines.get(key)})


def _speedups(subject: Subject, cases: list[Any], serial: Any) -> list[Point]:
    base = subject.by_round(serial)
    pairs = [(case, stats.speedup(base, subject.by_round(case))) for case in cases]
    return [Point(case.workers, found, "unstable" in (case.status, serial.status)) for case, found in pairs if found]


def _times(subject: Subject, cases: list[Any]) -> list[Point]:
    return [Point(case.workers, stats.log_mean_interval(list(subject.by_round(case).values())),
                  case.status == "unstable") for case in cases]


def figures(subject: Subject) -> Iterator[tuple[str, Figure]]:
    found = [scaling_of(subject, panel) for panel in panels(subject)]
    if not found:
        raise NothingToDraw("no pool has an ok trial")
    common = common_parameters(scaling.panel.parameters for scaling in found)
    dealt = page.pages(found, _PER_PAGE)
    words = "Speed-up over workers" if any(scaling.over_serial for scaling in found) else "Time per task over workers"
    for at, scalings in enumerate(dealt):
        title = page.page_title(words, at, len(dealt))
        yield page.page_name("speedup", at, len(dealt)), _figure(subject, scalings, common, title)


def _figure(subject: Subject, scalings: list[Scaling], common: dict[str, Any], title: str) -> Figure:
    columns = min(len(scalings), 3 if len(scalings) in (3, 5, 6, 9) else 4)
    rows = -(-len(scalings) // columns)
    figure = page.new_figure()
    grid = figure.subplots(rows, columns, squeeze=False)
    capacity = record_file.capacity(subject.record)
    titles = [_title(scaling, common, columns) for scaling in scalings]
    mixed = len({scaling.over_serial for scaling in scalings}) > 1
    for at, axes in enumerate(grid.flat):
        if at >= len(scalings):
            axes.set_visible(False)
            continue
        _draw(axes, subject, scalings[at], capacity)
        axes.set_title(titles[at], loc="left")
        if at % columns == 0 or mixed:
            axes.set_ylabel("speed-up (×)" if scalings[at].over_serial else "time per task")
        if at + columns >= len(scalings):
            axes.set_xlabel("workers")
    sheet = page.Sheet(title, _reading(scalings, common), _legend(subject, scalings, capacity),
                       page.left_out_note(subject.left_out), page.footer_of(subject.record))
    page.dress(figure, sheet, axes_height=(_PANEL_HEIGHT + page.title_height(titles)) * rows + 0.25)
    return figure


def _title(scaling: Scaling, common: dict[str, Any], columns: int) -> str:
    own = parameter_text(scaling.panel.parameters, without=common)
    return page.panel_title(scaling.panel.workload, own, columns,
                            *([] if scaling.over_serial else ["no serial case: time per task"]))


def _reading(scalings: list[Scaling], common: dict[str, Any]) -> str:
    parts = []
    if any(scaling.over_serial for scaling in scalings):
        parts.append("Time of the serial run of the same work in the same round ÷ time with that many workers; higher "
                     "is better.")
    if not all(scaling.over_serial for scaling in scalings):
        parts.append("Without a serial case there is no speed-up: time per task; lower is better.")
    parts.append("Bands: 95 % t interval over rounds.")
    if common:
        parts.append(f"All panels: {parameter_text(common)}.")
    return " ".join(parts)


def _is_bounded(subject: Subject, scaling: Scaling) -> bool:
    """Whether the CPUs' capacity bounds the speed-up: waits overlap beyond it."""
    return scaling.over_serial and subject.kinds.get(scaling.panel.workload, "cpu") == "cpu"


def _legend(subject: Subject, scalings: list[Scaling], capacity: dict[int, float]) -> list[tuple[Any, str]]:
    used = {key for scaling in scalings for key in scaling.lines}
    points = [point for scaling in scalings for line in scaling.lines.values() for point in line]
    entries: list[tuple[Any, str]] = [
        (Line2D([], [], color=s.color, marker=s.marker, linestyle=s.dashes, markersize=s.size), s.label)
        for key, s in subject.series.items() if key in used]
    if any(scaling.over_serial for scaling in scalings):
        entries.append((Line2D([], [], color=GREY, linewidth=0.9), "ideal: × workers"))
    if len(capacity) > 1 and any(_is_bounded(subject, scaling) for scaling in scalings):
        entries.append((Line2D([], [], color=BLACK, linewidth=0.9, linestyle=(0, (5, 3))),
                        "measured capacity of the CPUs, for work that computes"))
    if any(point.value.low is not None and point.value.high != point.value.low for point in points):
        entries.append((Patch(facecolor=GREY, alpha=0.25), "95 % interval"))
    if any(point.workers > subject.cpus for point in points):
        entries.append((Line2D([], [], color=GREY, marker="o", markerfacecolor="white", linestyle=""),
                        f"hollow: more workers than CPUs ({subject.cpus}), not scaling"))
    if any(point.unstable for point in points):
        entries.append((Line2D([], [], color=BLACK, marker="x", linestyle="", markersize=8),
                        "unstable: trials disagree, do not rely on it"))
    return entries


def _draw(axes: Axes, subject: Subject, scaling: Scaling, capacity: dict[int, float]) -> None:
    counts = sorted({point.workers for line in scaling.lines.values() for point in line})
    drawn = [value for key, line in scaling.lines.items() for value in _draw_line(axes, subject, key, line)]
    if scaling.over_serial:
        axes.plot(counts, counts, color=GREY, linewidth=0.9, zorder=1)
        drawn += [float(count) for count in counts]
    shown = [workers for workers in sorted(capacity) if counts[0] <= workers <= counts[-1]]
    if len(shown) > 1 and _is_bounded(subject, scaling):
        axes.plot(shown, [capacity[w] for w in shown], color=BLACK, linewidth=0.9, linestyle=(0, (5, 3)), zorder=1.5)
    _set_axes(axes, counts, drawn, scaling.over_serial)
    _write_values(axes, subject, scaling)


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
                entries.append((handle, _interval_text(point.value, ratio if scaling.over_serial else duration)))
    if entries and len(entries) <= 6:
        handles, labels = zip(*entries)
        axes.legend(handles, labels, title=f"{chosen} worker{'s' * (chosen != 1)}", loc="best", fontsize=6.3,
                    title_fontsize=6.3, frameon=True, framealpha=0.75, edgecolor="none", handletextpad=0.1,
                    borderpad=0.2, labelspacing=0.2, handlelength=1.4)


def _interval_text(found: RatioInterval, shown: Callable[[float], str]) -> str:
    if found.low is None or found.high is None or found.low == found.high:
        return shown(found.ratio)
    return f"{shown(found.ratio)} [{shown(found.low)}, {shown(found.high)}]"


def _draw_line(axes: Axes, subject: Subject, key: tuple[str, str | None], line: list[Point]) -> list[float]:
    """Returns what the axis must show."""
    look = subject.series[key]
    workers = [point.workers for point in line]
    middle = [point.value.ratio for point in line]
    low = [point.value.low if point.value.low is not None else point.value.ratio for point in line]
    high = [point.value.high if point.value.high is not None else point.value.ratio for point in line]
    order = 3 + list(subject.series).index(key) * 0.1
    axes.plot(workers, middle, color=look.color, linestyle=look.dashes, zorder=order)
    if len(line) > 1:
        axes.fill_between(workers, low, high, color=look.color, alpha=0.2, linewidth=0, zorder=2)
    for point, a, b in zip(line, low, high):
        face = "white" if point.workers > subject.cpus else look.color
        value = point.value.ratio
        axes.errorbar([point.workers], [value], yerr=[[value - a], [b - value]], color=look.color,
                      marker=look.marker, markersize=look.size, markerfacecolor=face, linestyle="",
                      elinewidth=1,
                      capsize=2, zorder=order + 0.05)
        if point.unstable:
            axes.plot([point.workers], [point.value.ratio], marker="x", color=BLACK, markersize=9, zorder=6)
    ceiling = 2 * max(middle)  # an interval far beyond its point would squash the rest
    return middle + [min(b, ceiling) for b in high] + [max(a, min(middle) / 2) for a in low]


def _set_axes(axes: Axes, counts: list[int], values: list[float], over_serial: bool) -> None:
    ticks = plain_ticks() if over_serial else duration_ticks()
    if len(counts) > 2:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(counts[0] / 1.15, counts[-1] * 1.15)
        low, high = min(values) / 1.15, max(values) * 1.15
        axes.set_ylim(low, high)
        powers = [2.0**n for n in range(0, 14) if over_serial and low <= 2.0**n <= high]
        axes.set_yticks(powers if low > 0.4 and len(powers) > 1 else ticks_between(low, high, 6))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        margin = 0.25 * max(1, counts[-1] - counts[0])
        axes.set_xlim(counts[0] - margin, counts[-1] + margin)
        _set_narrow_heights(axes, values)
    axes.yaxis.set_major_formatter(ticks)
    axes.set_xticks(_thinned(counts))
    axes.xaxis.set_major_formatter(plain_ticks())


def _set_narrow_heights(axes: Axes, values: list[float]) -> None:
    """Heights for one or two numbers of workers: from 0, or on a log axis where some would vanish at the
    bottom."""
    if min(values) > 0.04 * max(values):
        axes.set_ylim(0, max(values) * 1.08)
        return
    low, high = min(values) / 1.5, max(values) * 1.5
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_yticks(ticks_between(low, high, 6))
    axes.yaxis.set_minor_locator(NullLocator())


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

"""Latency percentiles per workload, from the histograms of all ok trials together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from mpmt.figures import page
from mpmt.figures.style import BLACK, duration_ticks, ticks_between
from mpmt.figures.subject import NothingToDraw, Panel, Subject, common_parameters, panels, parameter_text
from mpmt.records import histograms as latency_histograms, record_file

_PER_PAGE = 12
_PANEL_HEIGHT = 1.95
PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": None}
_COLUMNS = {"p50": "latency_p50_ns", "p90": "latency_p90_ns", "p99": "latency_p99_ns", "p99.9": "latency_p999_ns",
            "max": "latency_max_ns"}  # of single rounds


@dataclass(frozen=True)
class Profile:
    """A case's percentiles, ns, over all its ok trials; None where there are too few values."""

    case: Any
    merged: dict[str, float | None]
    lowest: dict[str, float | None]  # of single rounds
    highest: dict[str, float | None]


def percentiles(histograms: list[list[list[int]]], maxima: list[float]) -> dict[str, float | None]:
    """PERCENTILES of all values together; p99.9 from 1000 values on."""
    merged = latency_histograms.merge(histograms)
    largest = max(maxima, default=None)
    found: dict[str, float | None] = {}
    for name, q in PERCENTILES.items():
        enough = name != "p99.9" or latency_histograms.total(merged) >= latency_histograms.P999_FROM
        found[name] = largest if q is None else latency_histograms.quantile(merged, q,
                                                                        largest) if enough else None
    return found


def profile_of(subject: Subject, case: Any) -> Profile | None:
    rows = subject.trials[case.name]
    histogram = record_file.latency_histogram(subject.record, rows)
    ends = {name: [value for value in rows[column] if value is not None] for name, column in _COLUMNS.items()}
    if not histogram or not ends["max"]:
        return None
    return Profile(case, percentiles([histogram], ends["max"]),
                   {name: min(values, default=None) for name, values in ends.items()},
                   {name: max(values, default=None) for name, values in ends.items()})


def chosen_workers(subject: Subject, panel: Panel) -> int:
    """The largest number of workers that is not above the CPUs, else the smallest."""
    counts = sorted({case.workers for case in panel.cases})
    return max((count for count in counts if count <= subject.cpus), default=counts[0])


def figures(subject: Subject) -> Iterator[tuple[str, Figure]]:
    found = []
    for panel in panels(subject):
        workers = chosen_workers(subject, panel)
        profiles = [p for c in panel.cases if c.workers == workers
                    and (p := profile_of(subject, c)) is not None]
        order = list(subject.series)
        profiles.sort(key=lambda p: order.index((p.case.executor, p.case.channel)))
        if profiles:
            found.append((Panel(panel.workload, {**panel.parameters, "workers": workers}, panel.cases),
                          profiles))
    if not found:
        raise NothingToDraw("no ok trial has a latency histogram")
    common = common_parameters(panel.parameters for panel, _ in found)
    dealt = page.pages(found, _PER_PAGE)
    for at, part in enumerate(dealt):
        title = page.page_title("Latency of a message, dispatch to completion", at, len(dealt))
        yield page.page_name("latency", at, len(dealt)), _figure(subject, part, common, title)


def _figure(subject: Subject, found: list[tuple[Panel, list[Profile]]], common: dict[str, Any],
            title: str) -> Figure:
    columns = min(len(found), 3 if len(found) in (3, 5, 6, 9) else 4)
    rows = -(-len(found) // columns)
    figure = page.new_figure()
    grid = figure.subplots(rows, columns, squeeze=False)
    titles = [page.panel_title(panel.workload, parameter_text(panel.parameters, without=common), columns)
              for panel, _ in found]
    for at, axes in enumerate(grid.flat):
        if at >= len(found):
            axes.set_visible(False)
            continue
        _draw(axes, subject, found[at][1])
        axes.set_title(titles[at], loc="left")
        if at % columns == 0:
            axes.set_ylabel("latency (log scale)")
        if at + columns >= len(found):
            axes.set_xlabel("percentile")
    held = f" All panels: {parameter_text(common)}." if common else ""
    reading = ("As the submitter sees it, queueing included: with a full window most of it is waiting in "
               "line. Points: all ok rounds together; whiskers: lowest and highest round; p99.9 from 1000 "
               f"messages on. Workers: the most that the CPUs hold.{held}")
    profiles = [profile for _, of_panel in found for profile in of_panel]
    sheet = page.Sheet(title, reading, _legend(subject, profiles), page.left_out_note(subject.left_out),
                       page.footer_of(subject.record))
    page.dress(figure, sheet, axes_height=(_PANEL_HEIGHT + page.title_height(titles)) * rows + 0.25)
    return figure


def _legend(subject: Subject, profiles: list[Profile]) -> list[tuple[Any, str]]:
    used = {(profile.case.executor, profile.case.channel) for profile in profiles}
    entries: list[tuple[Any, str]] = [
        (Line2D([], [], color=s.color, marker=s.marker, linestyle=s.dashes, markersize=s.size), s.label)
        for key, s in subject.series.items() if key in used]
    if any(profile.case.status == "unstable" for profile in profiles):
        entries.append((Line2D([], [], color=BLACK, marker="x", linestyle="", markersize=8),
                        "unstable: trials disagree, do not rely on it"))
    return entries


def _whisker(profile: Profile, name: str, value: float) -> tuple[float, float]:
    """Lowest and highest round; none at the maximum, which one round sets."""
    if name == "max":
        return value, value
    return min(profile.lowest[name] or value, value), max(profile.highest[name] or value, value)


def side_by_side(at: int, count: int) -> float:
    """How far from its tick the at-th of so many points stands: nearer to its own than to any other."""
    return min(0.1, 0.6 / max(1, count - 1)) * (at - (count - 1) / 2)


def _draw(axes: Axes, subject: Subject, profiles: list[Profile]) -> None:
    names = list(PERCENTILES)
    seen: list[float] = []
    axes.set_yscale("log")
    for at, profile in enumerate(profiles):
        look = subject.series[profile.case.executor, profile.case.channel]
        shift = side_by_side(at, len(profiles))
        known = [(x, name, value) for x, name in enumerate(names) if (value := profile.merged[name])]
        xs = [x + shift for x, _, _ in known]
        middle = [float(value) for _, _, value in known]
        ends = [_whisker(profile, name, value) for _, name, value in known]
        reach = [[m - low for m, (low, _) in zip(middle, ends)],
                 [high - m for m, (_, high) in zip(middle, ends)]]
        axes.errorbar(xs, middle, yerr=reach, color=look.color, marker=look.marker, linestyle=look.dashes,
                      markersize=look.size, elinewidth=0.9, capsize=1.5, zorder=3 + 0.1 * at)
        if profile.case.status == "unstable":
            axes.plot(xs, middle, marker="x", linestyle="", color=BLACK, markersize=8, zorder=5)
        seen += middle + [end for pair in ends for end in pair if end > 0]
    low, high = min(seen, default=1) / 1.25, max(seen, default=10) * 1.25
    axes.set_ylim(low, high)
    axes.set_yticks(ticks_between(low, high, 6))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(duration_ticks())
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.4, len(names) - 0.6)

"""What a task costs besides time: CPU time of submitter and workers, and context switches."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from mpmt.base.shown import shown
from mpmt.figures import page
from mpmt.figures.style import GREY, duration, duration_ticks, number, plain_ticks
from mpmt.figures.subject import NothingToDraw, Panel, Subject, common_parameters, panels, parameter_text, serial_cases

_ROWS_PER_PAGE = 40
_ROW_HEIGHT = 0.16
_HEADROOM = 2.3  # rows' worth of height for a panel's title and ticks
_SUBMITTER_HATCH, _INVOLUNTARY_HATCH = "/////", "xxxx"


@dataclass(frozen=True)
class Cost:
    """Per task: medians over ok trials; None where a trial did not measure it."""

    case: Any
    submitter_ns: float | None
    workers_ns: float | None
    voluntary: float | None
    involuntary: float | None


def cost_of(subject: Subject, case: Any) -> Cost:
    rows = subject.trials[case.name]

    def per_task(column: str) -> float | None:
        known = [float(v) / tasks for v, tasks in zip(rows[column], rows["tasks_done"]) if v is not None
                 and tasks]
        return statistics.median(known) if known else None

    return Cost(case, per_task("cpu_submitter_ns"), per_task("cpu_workers_ns"),
                per_task("switches_voluntary"),
                per_task("switches_involuntary"))


def figures(subject: Subject) -> Iterator[tuple[str, Figure]]:
    found = []
    for panel in panels(subject):
        order = list(subject.series)
        cases = sorted([*serial_cases(subject, panel.cases[0]), *panel.cases],
                       key=lambda c: (order.index((c.executor, c.channel)), c.workers))
        costs = [cost_of(subject, case) for case in cases]
        if any(cost.workers_ns is not None or cost.voluntary is not None for cost in costs):
            found.append((panel, costs))
    if not found:
        raise NothingToDraw("no ok trial of a pool has CPU times or context switches")
    common = common_parameters(panel.parameters for panel, _ in found)
    longest = max(len(costs) for _, costs in found)
    dealt = page.pages(found, max(1, _ROWS_PER_PAGE // longest))
    for at, part in enumerate(dealt):
        title = page.page_title("CPU time and context switches per task", at, len(dealt))
        yield page.page_name("costs", at, len(dealt)), _figure(subject, part, common, title)


def _figure(subject: Subject, found: list[tuple[Panel, list[Cost]]], common: dict[str, Any],
            title: str) -> Figure:
    figure = page.new_figure()
    heights = [len(costs) + _HEADROOM for _, costs in found]
    grid = figure.subplots(len(found), 2, squeeze=False, gridspec_kw={"height_ratios": heights})
    for (left, right), (panel, costs) in zip(grid, found):
        _draw_cpu(left, subject, costs)
        _draw_switches(right, subject, costs)
        own = parameter_text(panel.parameters, without=common)
        left.set_title(shown(panel.workload, 34) + (f"   ({own})" if own else ""), loc="left")
    grid[-1][0].set_xlabel("CPU time per task")
    grid[-1][1].set_xlabel("context switches per task")
    held = f" All panels: {parameter_text(common)}." if common else ""
    reading = ("Left: CPU time per task, submitter and workers stacked. Right: context switches of submitter "
               f"and workers per task. Medians over ok rounds; every panel has its own scale.{held}")
    costs = [cost for _, of_panel in found for cost in of_panel]
    sheet = page.Sheet(title, reading, _legend(subject, costs), _notes(subject, costs),
                       page.footer_of(subject.record))
    page.dress(figure, sheet, axes_height=_ROW_HEIGHT * sum(heights) + 0.35)
    return figure


def _notes(subject: Subject, costs: list[Cost]) -> list[str]:
    marked = any(cost.case.status == "unstable" for cost in costs)
    notes = ["* unstable: trials disagree, do not rely on it."] if marked else []
    return notes + page.left_out_note(subject.left_out)


def _legend(subject: Subject, costs: list[Cost]) -> list[tuple[Any, str]]:
    used = {(cost.case.executor, cost.case.channel) for cost in costs}
    entries: list[tuple[Any, str]] = [
        (Patch(facecolor=s.color), s.label) for key, s in subject.series.items() if key in used]
    return [
        *entries,
        (Patch(facecolor=GREY), "workers (CPU time), voluntary (switches)"),
        (Patch(facecolor="white", edgecolor=GREY, hatch=_SUBMITTER_HATCH), "submitter (CPU time)"),
        (Patch(facecolor="white", edgecolor=GREY, hatch=_INVOLUNTARY_HATCH), "involuntary (switches)"),
    ]


def _draw_cpu(axes: Axes, subject: Subject, costs: list[Cost]) -> None:
    pairs = [(c.submitter_ns, c.workers_ns) for c in costs]
    _bars(axes, subject, costs, pairs, _SUBMITTER_HATCH, [duration((a or 0) + (b or 0)) for a, b in pairs],
          hatched_first=True)
    axes.set_yticks(range(len(costs)), [_label(subject, cost) for cost in costs])
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(duration_ticks())


def _draw_switches(axes: Axes, subject: Subject, costs: list[Cost]) -> None:
    pairs = [(c.involuntary, c.voluntary) for c in costs]
    _bars(axes, subject, costs, pairs, _INVOLUNTARY_HATCH, [_count((a or 0) + (b or 0)) for a, b in pairs],
          hatched_first=False)
    axes.set_yticks(range(len(costs)), [""] * len(costs))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(plain_ticks())


def _count(per_task: float) -> str:
    return "< 0.0001" if 0 < per_task < 1e-4 else number(per_task)


def _bars(axes: Axes, subject: Subject, costs: list[Cost], pairs: list[tuple[float | None, float | None]],
          hatch: str, texts: list[str], hatched_first: bool) -> None:
    """Horizontal stacks of (hatched, solid), with their sum beside them."""
    for at, (cost, (hatched, solid), text) in enumerate(zip(costs, pairs, texts)):
        if hatched is None and solid is None:
            axes.text(0, at, " not measured", va="center", fontsize=6.5, color=GREY)
            continue
        color = subject.series[cost.case.executor, cost.case.channel].color
        first, second = (hatched or 0, solid or 0) if hatched_first else (solid or 0, hatched or 0)
        for start, width, is_hatched in ((0, first, hatched_first), (first, second, not hatched_first)):
            if width > 0:
                axes.barh(at, width, left=start, height=0.74, facecolor="white" if is_hatched else color,
                          edgecolor=color, hatch=hatch if is_hatched else None, linewidth=0.7)
        axes.text(first + second, at, f" {text}", va="center", fontsize=6.5)
    largest = max(((a or 0) + (b or 0) for a, b in pairs), default=0)
    axes.set_xlim(0, largest * 1.18 if largest > 0 else 1)
    axes.set_ylim(len(costs) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)


def _label(subject: Subject, cost: Cost) -> str:
    star = " *" if cost.case.status == "unstable" else ""
    return f"{subject.series[cost.case.executor, cost.case.channel].label} ×{cost.case.workers}{star}"

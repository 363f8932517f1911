"""Processes ÷ threads: one row per comparison, with its interval and its verdict in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from mpmt.base.shown import shown
from mpmt.figures import page
from mpmt.figures.style import (BLACK, BLUE, GREEN, GREY, ORANGE, VERMILION, number, plain_ticks, ratio, series_label,
                    ticks_between)
from mpmt.figures.subject import NothingToDraw, Subject, common_parameters, grain_text, parameter_text, rows_of
from mpmt.records.families import POOL, comparisons_of
from mpmt.records.record_file import Rules, rules

_PER_PAGE = 32
_ROW_HEIGHT = 0.235
_REACH = 3.0  # factor beyond the outermost point where intervals are cut; an arrow says that they go on

_LOOKS = {  # verdict: colour, marker, filled
    "threads": (BLUE, "o", True),
    "processes": (VERMILION, "s", True),
    "same": (GREEN, "D", True),
    "undecided": (GREY, "o", False),
    "unstable": (ORANGE, "v", True),
}
_LEGEND = {
    "threads": "threads faster", "processes": "processes faster", "same": "same within {margin}",
    "undecided": "undecided", "unstable": "unstable: no winner named",
}
_TITLES = {
    "controlled": "Processes ÷ threads, only the address space differs (controlled)",
    "deployed": "Processes ÷ threads, the best of each (as deployed)",
}
_KEYS = ("grain", "batch", "payload_bytes", "window", "placement", "wait")


def figures(subject: Subject) -> Iterator[tuple[str, Figure]]:
    comparisons = _of_sides(subject)
    if not comparisons:
        raise NothingToDraw("no comparisons: they need a thread and a process case of the same work")
    for table, title in _TITLES.items():
        rows = sorted((row for row in comparisons if row["table"] == table), key=_order)
        if not rows:
            continue
        common = common_parameters(_parameters(subject, row) for row in rows)
        dealt = page.pages(rows, _PER_PAGE)
        limits = _limits(rows)
        for at, part in enumerate(dealt):
            name = page.page_name(f"processes_vs_threads-{table}", at, len(dealt))
            yield name, _figure(subject, part, common, limits, page.page_title(title, at, len(dealt)))


def _of_sides(subject: Subject) -> list[dict[str, Any]]:
    return [row for row in comparisons_of(subject.record, POOL) if row["table"] in _TITLES]


def _order(row: dict[str, Any]) -> tuple[bool, float, str, int]:
    """Threads' largest win first; rows without a ratio last."""
    return (row["ratio"] is None, -(row["ratio"] or 0), row["workload"], row["workers"] or 0)


def _parameters(subject: Subject, row: dict[str, Any]) -> dict[str, Any]:
    told = {key.removesuffix("_bytes"): row[key] for key in _KEYS if row[key] is not None}
    threads = subject.named.get(row["threads_case"])
    if threads is not None:
        told["grain"] = grain_text(subject, threads)
        if threads.program is not None:
            told = {"program": threads.program, **told}
    if row.get("batch_split"):
        told["batch"] = "split"
    return {"channel": row["channel"], **told} if row["channel"] else told


def verdict_text(row: dict[str, Any], judged_by: Rules) -> str:
    """The verdict in words."""
    value, verdict = row["ratio"], row["verdict"]
    if verdict == "threads" and value:
        return f"threads {number(value)}× faster"
    if verdict == "processes" and value:
        return f"processes {number(1 / value)}× faster"
    if verdict == "same":
        return f"same within {judged_by.margin_text}"
    if verdict == "undecided" and row["detectable"] is not None:
        return f"undecided ({_percent(row['detectable'])} would show)"
    return "unstable" if verdict == "unstable" else "undecided"


def _percent(share: float) -> str:
    if share >= 10:
        return f"{share:.0f}×"
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def interval_text(row: dict[str, Any]) -> str:
    """1.05 [1.01, 1.09]"""
    if row["ratio"] is None:
        return "–"
    if row["low"] is None or row["high"] is None:
        return ratio(row["ratio"])
    return f"{ratio(row['ratio'])} [{ratio(row['low'])}, {ratio(row['high'])}]"


def _limits(rows: list[dict[str, Any]]) -> tuple[float, float]:
    points = [row["ratio"] for row in rows if row["ratio"] is not None] or [1.0]
    lowest, highest = min(*points, 0.93, 1), max(*points, 1.08, 1)
    low = min([lowest, *(max(row["low"], lowest / _REACH) for row in rows if row["low"] is not None)])
    high = max([highest, *(min(row["high"], highest * _REACH) for row in rows if row["high"] is not None)])
    room = (high / low) ** 0.03
    return low / room, high * room


def _figure(subject: Subject, rows: list[dict[str, Any]], common: dict[str, Any], limits: tuple[float, float],
            title: str) -> Figure:
    figure = page.new_figure()
    axes = figure.subplots()
    sides = [_sides(subject, row) for row in rows]
    varied = len(set(sides)) > 1
    labels = [_label(subject, row, common) + (f"\n{side}" if varied and side else "")
              for row, side in zip(rows, sides)]
    judged_by = rules(subject.record)
    _draw(axes, rows, labels, limits, judged_by)
    said = [sides[0]] if len(set(sides)) == 1 and sides[0] else []
    said += [parameter_text(common, without=("channel",) if said else ())] if common else []
    held = f" All rows: {'; '.join(said)}." if said else ""
    reading = ("Time per task under processes ÷ under threads: right of 1 threads are faster, left of 1 "
               f"processes. Bars: {judged_by.confidence_text} interval of the ratio over rounds; shaded: "
               f"{judged_by.margin_text}.{held}")
    verdicts = [verdict for verdict in _LOOKS if any(row["verdict"] == verdict for row in rows)]
    legend: list[tuple[Any, str]] = [
        (_handle(verdict), _LEGEND[verdict].format(margin=judged_by.margin_text)) for verdict in verdicts]
    legend.append((Patch(facecolor=GREEN, alpha=0.15), judged_by.margin_text))
    sheet = page.Sheet(title, reading, legend, _notes(subject, rows), page.footer_of(subject.record))
    page.dress(figure, sheet, axes_height=_ROW_HEIGHT * len(rows) * (1.5 if varied else 1) + 0.75)
    return figure


def _handle(verdict: str) -> Line2D:
    color, marker, filled = _LOOKS[verdict]
    return Line2D([], [], color=color, marker=marker, markerfacecolor=color if filled else "white",
                  linestyle="-",
                  markersize=6)


def _notes(subject: Subject, rows: list[dict[str, Any]]) -> list[str]:
    empty = [f"{shown(row['workload'], 40)}" + (f": {shown(row['reason'], 80)}" if row["reason"] else "")
             for row in rows if row["ratio"] is None]
    notes = [f"Without a ratio: {'; '.join(dict.fromkeys(empty))}."] if empty else []
    return notes + page.left_out_note(subject.left_out)


def _draw(axes: Axes, rows: list[dict[str, Any]], labels: list[str], limits: tuple[float, float],
          judged_by: Rules) -> None:
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    axes.axvspan(1 / (1 + judged_by.margin), 1 + judged_by.margin, color=GREEN, alpha=0.15, linewidth=0, zorder=0)
    axes.axvline(1, color=BLACK, linewidth=0.9, zorder=1)
    for at, row in enumerate(rows):
        _draw_row(axes, at, row, limits)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), labels)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_xticks(_ticks(*limits))
    axes.xaxis.set_major_formatter(plain_ticks())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("←  processes faster     time per task, processes ÷ threads (log)     threads faster  →")
    _write_beside(axes, -0.85, f"ratio [{judged_by.confidence_text}]", "verdict", GREY)
    for at, row in enumerate(rows):
        decided = row["verdict"] in ("threads", "processes", "same")
        _write_beside(axes, at, interval_text(row), verdict_text(row, judged_by), BLACK if decided else "#555555")


def _write_beside(axes: Axes, at: float, ratio: str, verdict: str, color: str) -> None:
    """Two columns right of the axes, in points, so that the layout leaves room for them."""
    for points, text in ((8, ratio), (98, verdict)):
        axes.annotate(text, (1, at), xycoords=axes.get_yaxis_transform(), xytext=(points, 0),
                      textcoords="offset points", va="center", fontsize=7.5, color=color,
                      annotation_clip=False)


def _ticks(low: float, high: float) -> list[float]:
    if high / low < 3:
        step = 0.05 if high - low < 0.6 else 0.1 if high - low < 1.2 else 0.2
        return [round(n * step, 2) for n in range(1, 200) if low <= n * step <= high]
    if high / low < 8:
        return [tick for tick in (0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6)
                if low <= tick <= high]
    return sorted({1.0, *(tick for tick in ticks_between(low, high) if not 0.8 < tick < 1.25)})


def _draw_row(axes: Axes, at: int, row: dict[str, Any], limits: tuple[float, float]) -> None:
    if row["ratio"] is None:
        axes.text(1, at, "  no ratio", va="center", fontsize=7, color=GREY, style="italic")
        return
    color, marker, filled = _LOOKS[row["verdict"]]
    if row["low"] is not None and row["high"] is not None:
        low, high = max(row["low"], limits[0]), min(row["high"], limits[1])
        axes.plot([low, high], [at, at], color=color, linewidth=1.6, solid_capstyle="butt", zorder=3)
        for end, cut, arrow in ((low, row["low"] < limits[0], "<"), (high, row["high"] > limits[1], ">")):
            axes.plot([end], [at], marker=arrow if cut else "|", color=color, markersize=6, zorder=3,
                      clip_on=False)
    axes.plot([row["ratio"]], [at], marker=marker, color=color, markersize=6, zorder=4, linestyle="",
              markerfacecolor=color if filled else "white", clip_on=False)


def _label(subject: Subject, row: dict[str, Any], common: dict[str, Any]) -> str:
    workers = f", {row['workers']} worker{'s' * (row['workers'] != 1)}" if row["workers"] else ""
    same_work = [r for r in _of_sides(subject)
                 if r["table"] == row["table"] and r["workload"] == row["workload"]]
    usual = common_parameters(_parameters(subject, r) for r in same_work).keys() - {"grain"}
    own = parameter_text(_parameters(subject, row), without={*common, *usual})
    return shown(row["workload"], 30) + workers + (f", {own}" if own else "")


def _sides(subject: Subject, row: dict[str, Any]) -> str:
    """process_pool · boost_queue ÷ thread_pool · by_reference; with their workers where the row does not
    say."""
    cases = {case.name: case for case in rows_of(subject.all_cases)}
    sides = [cases[row[key]] for key in ("processes_case", "threads_case") if row[key] in cases]
    if len(sides) < 2:
        return ""
    workers = "" if {case.workers for case in sides} == {row["workers"]} else " ×{}"
    return " ÷ ".join(series_label(case.executor, case.channel) + workers.format(case.workers)
                      for case in sides)

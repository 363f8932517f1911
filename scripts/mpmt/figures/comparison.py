"""A comparison of two programs: one row per benchmark, with its change, its interval and its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from mpmt.base.row_names import common_parts, short_names
from mpmt.base.shown import shown
from mpmt.figures import page
from mpmt.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION
from mpmt.figures.subject import NothingToDraw

_PER_PAGE = 36
_ROW_HEIGHT = 0.235
_LEAST_REACH = 0.06  # the axis shows at least ± 6 %
_MOST_REACH = 1.0  # and at most ± 100 %: arrows say that an interval goes on

_LOOKS = {  # verdict: colour, marker, filled
    "slower": (VERMILION, "s", True),
    "acknowledged": (PURPLE, "s", False),
    "faster": (BLUE, "o", True),
    "same": (GREEN, "D", True),
    "undecided": (GREY, "o", False),
    "unstable": (ORANGE, "v", True),
}


def figures(document: Mapping[str, Any]) -> Iterator[tuple[str, Figure]]:
    """Name and figure of each page. `document`: what `mpmt track compare --json` prints. Raises NothingToDraw."""
    rows = [row for row in document["benchmarks"] if row.get("effect") is not None]
    if not rows:
        raise NothingToDraw("no benchmark was measured")
    dealt = page.pages(rows, _PER_PAGE)
    reach = _reach(rows)
    for at, part in enumerate(dealt):
        title = page.page_title("Change of time, B against A", at, len(dealt))
        yield page.page_name("comparison", at, len(dealt)), _figure(document, part, reach, title)


def _reach(rows: list[Mapping[str, Any]]) -> float:
    """The width of the axis to either side of 0. Intervals of what is unstable need not fit."""
    drawn: list[float] = [row["effect"] for row in rows]
    drawn += [row[end] for row in rows if row["verdict"] != "unstable" for end in ("low", "high") if row[end] is not None]
    widest = max(abs(effect) for effect in drawn)
    return min(max(_LEAST_REACH, 1.08 * widest), _MOST_REACH)


def _figure(document: Mapping[str, Any], rows: list[Mapping[str, Any]], reach: float, title: str) -> Figure:
    figure = page.new_figure()
    axes = figure.subplots()
    all_names = [row["name"] for row in document["benchmarks"]]
    names, common, confidence = short_names(all_names), common_parts(all_names), document["rules"]["confidence"]
    _draw(axes, rows, reach, document["rules"]["margin"], [_label(names[row["name"]]) for row in rows])
    reading = (f"All benchmarks: {shown(common, 200)}. " if common else "") + (
        f"A: {_side(document['a'])}. B: {_side(document['b'])}. Right of 0, B is slower. Bars: {confidence:.0%} intervals, of "
        "a change that of the series which confirmed it; shaded: changes too small to be of interest here (the margin).")
    verdicts = [verdict for verdict in _LOOKS if any(row["verdict"] == verdict for row in rows)]
    legend: list[tuple[Any, str]] = [(_handle(verdict), verdict) for verdict in verdicts]
    legend.append((Patch(facecolor=GREEN, alpha=0.15), "margin"))
    missing = [f"{shown(row['name'], 80)}: {row['verdict']}" for row in document["benchmarks"] if row.get("effect") is None]
    notes = [*page.left_out_note(missing), *(shown(note, 200) for note in document["notes"])]
    sheet = page.Sheet(title, reading, legend, notes, _footer(document))
    page.dress(figure, sheet, axes_height=_ROW_HEIGHT * len(rows) + 0.75)
    return figure


def _side(side: Mapping[str, Any]) -> str:
    subject = f" “{shown(side['subject'], 60)}”" if side["subject"] else ""
    return shown(side["label"], 80) + subject


def _footer(document: Mapping[str, Any]) -> str:
    rules = document["rules"]
    machine = f"machine {document['machine_key']} · " if document["machine_key"] else ""
    return (f"{machine}{document['seconds']:.0f} s, at most {rules['budget_s']:g} s per benchmark, seed {document['seed']}"
            f"{', interrupted' if document['interrupted'] else ''}")


def _handle(verdict: str) -> Line2D:
    color, marker, filled = _LOOKS[verdict]
    return Line2D([], [], color=color, marker=marker, markerfacecolor=color if filled else "white", markersize=6)


def _draw(axes: Axes, rows: list[Mapping[str, Any]], reach: float, margin: float, labels: list[str]) -> None:
    axes.set_xlim(-reach, reach)
    axes.axvline(0, color=BLACK, linewidth=0.9, zorder=1)
    axes.axvspan(-margin, margin, color=GREEN, alpha=0.15, linewidth=0, zorder=0)
    for at, row in enumerate(rows):
        _draw_row(axes, at, row, reach)
        decided = row["verdict"] in ("slower", "faster", "same")
        words = row["verdict"] + ("" if row["gated"] else ", not gated")
        for points, text in ((8, f"{row['effect']:+.1%}"), (48, words)):
            axes.annotate(text, (1, at), xycoords=axes.get_yaxis_transform(), xytext=(points, 0), va="center",
                          textcoords="offset points", fontsize=7.5, color=BLACK if decided else "#555555",
                          annotation_clip=False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), labels)
    axes.tick_params(axis="y", length=0, labelsize=6.5)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.0%}" if value else "0"))
    axes.set_xlabel("←  B faster     change of time     B slower  →")


def _label(name: str) -> str:
    """Long names keep both ends."""
    label = shown(name, 400)
    return label if len(label) <= 72 else f"{label[:44]} … {label[-25:]}"


def _draw_row(axes: Axes, at: int, row: Mapping[str, Any], reach: float) -> None:
    color, marker, filled = _LOOKS[row["verdict"]]
    if row["low"] is not None and row["high"] is not None:
        low, high = max(row["low"], -reach), min(row["high"], reach)
        axes.plot([low, high], [at, at], color=color, linewidth=1.6, solid_capstyle="butt", zorder=3)
        for end, cut, arrow in ((low, row["low"] < -reach, "<"), (high, row["high"] > reach, ">")):
            axes.plot([end], [at], marker=arrow if cut else "|", color=color, markersize=6, zorder=3, clip_on=False)
    drawn = min(max(row["effect"], -reach), reach)
    axes.plot([drawn], [at], marker=marker, color=color, markersize=6, zorder=4, linestyle="",
              markerfacecolor=color if filled else "white", clip_on=False)

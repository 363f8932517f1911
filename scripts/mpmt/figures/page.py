"""The sheet around a figure's axes: heading, legend, what was left out, and where and when it was
measured."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from matplotlib.figure import Figure

from mpmt.base.files import whole_file
from mpmt.base.shown import shown
from mpmt.figures.style import GREY
from mpmt.records.record_file import Record

WIDTH = 9.6  # inches
_LINE = 0.155  # inches of a small line
_MARGIN = 0.12
_MAX_NOTES = 6
_NO_BREAK = "\N{NO-BREAK SPACE}"

Item = TypeVar("Item")


@dataclass
class Sheet:
    """Words around the axes."""

    title: str
    reading: str  # one or two sentences: how to read the figure
    legend: list[tuple[Any, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    footer: str = ""


def footer_of(record: Record) -> str:
    """Machine, commit, date, rounds, seed."""
    context = record["context"]
    machine, commit = context["machine"], context["commit"]
    identity, state = machine["identity"], machine["state"]
    cpu = state.get("cpu_name") or " ".join(
        str(identity[key]) for key in ("cpu_vendor", "cpu_family", "cpu_model")
        if identity.get(key)) or "unknown CPU"
    cpus = identity.get("usable_cpus") or context["num_cpus"]
    built = "no commit" if commit is None else commit["id"][:12] + (" (dirty)" if commit["dirty"] else "")
    flaws = [word for word in ("interrupted", "recovered") if context[word]]
    parts = [shown(cpu, 60), f"{shown(cpus, 8)} usable CPUs",
             f"hypervisor {shown(identity.get('hypervisor') or 'unknown', 24)}",
             f"kernel {shown(identity.get('kernel') or '?', 16)}",
             f"machine {machine['key']}", f"mpmt {shown(context['suite_version'], 16)}", f"commit {built}",
             shown(context["started_utc"], 30),
             _amounts(context),
             f"seed {context['seed']}", *flaws]
    unbroken = [part.replace(" ", _NO_BREAK) for part in parts]
    return f"{_NO_BREAK}· ".join(unbroken)


def _amounts(context: Mapping[str, Any]) -> str:
    """Rounds and blocks, where they were fixed."""
    rounds, blocks = context["rounds"], context["laps"] if "laps" in context else context["iterations"]
    if rounds is None:
        return "rounds until rows were decided" + ("" if blocks is None else f", of {blocks} laps")
    return f"{rounds} rounds" + ("" if blocks is None else f" of {blocks} {'laps' if 'laps' in context else 'blocks'}")


def pages(items: Sequence[Item], most: int) -> list[list[Item]]:
    """Items dealt to as few pages as needed, as evenly as can be, in order."""
    count = -(-len(items) // most)
    size, extra = divmod(len(items), count) if count else (0, 0)
    starts = [page * size + min(page, extra) for page in range(count + 1)]
    return [list(items[a:b]) for a, b in zip(starts, starts[1:])]


def page_name(stem: str, page: int, count: int) -> str:
    """speedup, or speedup-1, speedup-2, ..."""
    return stem if count == 1 else f"{stem}-{page + 1}"


def page_title(title: str, page: int, count: int) -> str:
    return title if count == 1 else f"{title} ({page + 1} of {count})"


def panel_title(workload: str, parameters: str, columns: int, *more: str) -> str:
    """The heading of one of `columns` panels side by side: what it shows, its parameters in lines that fit, and more."""
    lines = [shown(workload, 34)]
    room = int(WIDTH * 12 / columns)
    for part in parameters.split(", ") if parameters else []:
        fits = len(lines) > 1 and len(lines[-1]) + 2 + len(part) <= room
        lines[-1:] = [f"{lines[-1]}, {part}"] if fits else [lines[-1], *textwrap.wrap(part, room)]
    return "\n".join([*lines, *more])


def title_height(titles: Sequence[str]) -> float:
    """Inches that panels need beyond headings of two lines."""
    return 0.13 * max([0, *(title.count("\n") - 1 for title in titles)])


def left_out_note(left_out: Sequence[str]) -> list[str]:
    """What is missing, short enough for a figure."""
    if not left_out:
        return []
    named = "; ".join(left_out[:_MAX_NOTES])
    more = len(left_out) - _MAX_NOTES
    return [f"Left out: {named}{f'; and {more} more' if more > 0 else ''}."]


def _wrapped(texts: Sequence[str], width_inches: float, columns_per_inch: float) -> list[str]:
    columns = int(width_inches * columns_per_inch)
    return [line for text in texts for line in textwrap.wrap(text, columns, break_on_hyphens=False)]


def _legend_rows(width: float, labels: Sequence[str]) -> tuple[int, int]:
    """(columns, rows) of a legend, filled column by column, that fits into `width` inches."""
    for rows in range(1, len(labels)):
        columns = [labels[at:at + rows] for at in range(0, len(labels), rows)]
        if sum(0.058 * max(map(len, column)) + 0.62 for column in columns) < width - 2 * _MARGIN:
            return len(columns), rows
    return 1, len(labels)


def dress(figure: Figure, sheet: Sheet, axes_height: float) -> None:
    """Puts the words on the figure, grows it to fit, and leaves the axes `axes_height` inches.

    The figure is laid out by a constrained layout in the space between heading and notes.
    """
    width = figure.get_figwidth()
    reading = _wrapped([sheet.reading], width - 2 * _MARGIN, 16.6)
    below = [(line, "black") for line in _wrapped(sheet.notes, width - 2 * _MARGIN, 19)]
    below += [(line, GREY) for line in _wrapped([sheet.footer], width - 2 * _MARGIN, 18)]
    columns, rows = _legend_rows(width, [label for _, label in sheet.legend])
    top = _MARGIN + 0.26 + _LINE * len(reading) + 0.05 + 0.2 * rows + 0.05
    bottom = _MARGIN + _LINE * len(below) + 0.08
    height = top + axes_height + bottom
    figure.set_figheight(height)

    def at(inches_from_top: float) -> float:
        return 1 - inches_from_top / height

    left = _MARGIN / width
    figure.text(left, at(_MARGIN), sheet.title, fontsize=12, fontweight="bold", va="top")
    for index, line in enumerate(reading):
        figure.text(left, at(_MARGIN + 0.27 + _LINE * index), line, fontsize=8, va="top", color="#333333")
    if sheet.legend:
        handles, labels = zip(*sheet.legend)
        figure.legend(handles, labels, loc="upper left", ncol=columns, frameon=False, handlelength=2.6,
                      bbox_to_anchor=(0.0, at(_MARGIN + 0.27 + _LINE * len(reading))), borderaxespad=0.35,
                      columnspacing=1.6, labelspacing=0.3)
    for index, (line, color) in enumerate(reversed(below)):
        figure.text(left, (_MARGIN + _LINE * index) / height, line, fontsize=7, va="bottom", color=color)
    figure.get_layout_engine().set(rect=(0, bottom / height, 1, axes_height / height))


def new_figure() -> Figure:
    """An empty figure of the common width; `dress` sets its height."""
    return Figure(figsize=(WIDTH, 4), layout="constrained")


def save(figure: Figure, target: Path, form: str, dpi: int = 160) -> Path:
    """Writes the figure as `form` (png, svg), whole or not at all. Raises OSError."""
    with whole_file(target) as file:
        figure.savefig(file, format=form, dpi=dpi, metadata={"Date": None} if form == "svg" else None)
    figure.set_layout_engine("none")  # laid out: the next format need not do it again
    return target

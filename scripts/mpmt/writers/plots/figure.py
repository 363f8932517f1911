"""A view as one figure, and a report as one file a view and format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from mpmt.answers import words
from mpmt.views.view import HEAT, Chart, Report, Subject, View
from mpmt.writers.plots import page, texts
from mpmt.writers.plots.grid import Grid
from mpmt.writers.plots.heat import ColorBar, Colors
from mpmt.writers.plots.keys import Keys, entries
from mpmt.writers.plots.page import Block, Gap, Words
from mpmt.writers.plots.reshape import for_paper, without_empty
from mpmt.writers.plots.style import GREY, HEADING, INK, SMALL, TEXT, TINY, TITLE, Looks, use_style

DPI = 160  # of a PNG
_SENTENCES, _NOTES = 2, 5
_TALLEST = 50.0  # inches: at 600 dots an inch about what a PNG can hold
_FACTS_LEFT_OUT = ("flags", "record")  # of a subject: what is long, and no help to a reader of a picture
_MANY = 3  # subjects of which only the titles are told


@dataclass
class Drawn:
    """`files`: in the order of views. `left_out`: what was not drawn, and why, a line each; not yet made harmless."""

    files: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def draw(report: Report, folder: Path, formats: Sequence[str], dpi: int = DPI) -> Drawn:
    """A figure for each view that has a chart: FOLDER/VIEW.FORMAT. Raises OSError."""
    use_style()
    looks = Looks(chart for view in report.views for chart in view.charts)
    drawn = Drawn()
    for view in report.views:
        figure, left_out = figure_of(view, report.subjects, looks)
        drawn.left_out += left_out
        if figure is not None:
            drawn.files += [page.save(figure, folder / f"{view.name}.{form}", form, dpi) for form in formats]
    for missing in report.missing:
        drawn.left_out.append(f"{missing.name}: {missing.reason}" + (f" ({missing.command})" if missing.command else ""))
    return drawn


def figure_of(view: View, subjects: Sequence[Subject], looks: Looks) -> tuple[Figure | None, list[str]]:
    """None where nothing of it is a picture; and what is not drawn."""
    if not view.charts:
        return None, [f"{view.name}: it is of words and tables only"]
    left_out = [f"{view.name}: “{chart.title}” has no values" for chart in view.charts if not without_empty(chart).panels]
    charts = [chart for chart in map(without_empty, view.charts) if chart.panels]
    if not charts:
        return None, left_out
    blocks: list[Block] = [Words(view.title, TITLE, bold=True, most=2), Gap(0.04)]
    for sentence in view.sentences[:_SENTENCES]:
        blocks += [Words(sentence, TEXT, INK, most=3), Gap(0.03)]
    for chart in charts:
        more, said = _chart(chart, looks, alone=len(charts) == 1 and chart.title == view.title)
        if page.height_of([*blocks, *more]) > _TALLEST:
            left_out.append(f"{view.name}: “{chart.title}” finds no room in one figure")
            continue
        blocks += more
        left_out += [f"{view.name}: {said}"] if said else []
    notes = [*view.notes[:_NOTES], *([f"And {words.plural(len(view.notes) - _NOTES, 'more note')}."]
                                     if len(view.notes) > _NOTES else [])]
    blocks += [Words(note, SMALL, INK) for note in notes]
    return page.drawn([*blocks, Gap(0.06), *_footer(subjects)]), left_out


def _chart(chart: Chart, looks: Looks, alone: bool) -> tuple[list[Block], str]:
    """The blocks of one that is not empty, and what is left out of it."""
    chart, left_out = for_paper(chart)
    colors = Colors(chart)
    legend, direct = entries(chart, looks)
    blocks: list[Block] = [Gap(0.1)] if alone else [Gap(0.1), Words(chart.title, HEADING, bold=True, most=2)]
    blocks += [Words(chart.reading, SMALL, INK, most=3), Gap(0.05), Keys(legend)]
    blocks += [ColorBar(chart, colors)] if chart.kind == HEAT else []
    return [*blocks, Gap(0.04), Grid(chart, looks, direct, colors)], left_out


def _footer(subjects: Sequence[Subject]) -> list[Block]:
    """What was measured on, so that a figure that is passed around says it."""
    if len(subjects) > _MANY:
        return [Words("Of " + "; ".join(subject.title for subject in subjects), TINY, GREY, most=4)]
    said = []
    for subject in subjects:
        facts = [f"{name} {texts.harmless(value)}" for name, value in subject.facts if name not in _FACTS_LEFT_OUT]
        said.append(" · ".join([subject.title, f"machine {subject.machine}", *facts]))
    return [Words(line, TINY, GREY, most=3) for line in said]

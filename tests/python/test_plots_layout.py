"""Figures of invented reports, measured: each text lies inside its figure, and none covers another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import matplotlib.text
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

import invented_report
from crowded_report import CROWDED
from mpmt.views.view import View
from mpmt.writers.plots.figure import figure_of
from mpmt.writers.plots.style import Looks, use_style

VIEWS = {**CROWDED, **{view.name: view for view in invented_report.report().views}}
DPI = 100
SLACK = 0.6  # dots: boxes are of whole characters, and rounded


def figure(view: View) -> Figure:
    use_style()
    made, _ = figure_of(view, invented_report.report().subjects, Looks(view.charts))
    assert made is not None
    made.set_dpi(DPI)
    return made


def boxes(made: Figure) -> Iterator[tuple[str, Bbox]]:
    renderer = FigureCanvasAgg(made).get_renderer()
    made.draw(renderer)
    for text in made.findobj(matplotlib.text.Text):
        if text.get_visible() and text.get_text():
            yield text.get_text(), text.get_window_extent(renderer)


@pytest.mark.parametrize("name", VIEWS)
def test_texts_are_inside_the_figure_and_apart(name: str) -> None:
    made = figure(VIEWS[name])
    found = list(boxes(made))
    wide, tall = made.get_size_inches() * DPI
    assert len(found) > 4
    for text, box in found:
        assert box.x0 >= -SLACK and box.y0 >= -SLACK and box.x1 <= wide + SLACK and box.y1 <= tall + SLACK, (text, box)
    for (one, a), (other, b) in itertools.combinations(found, 2):
        wider, higher = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wider <= SLACK or higher <= SLACK, (one, other, a, b)

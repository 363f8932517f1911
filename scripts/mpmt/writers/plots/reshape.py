"""Charts as paper can hold them: what is empty is left out, one value on an axis becomes dots, long legends small multiples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mpmt.answers import words
from mpmt.views.view import DOTS, IDEAL, LINES, Axis, Chart, Panel, Point, Series, Value
from mpmt.writers.plots import keys

MOST_PANELS = 24


def without_empty(chart: Chart) -> Chart:
    panels = [replace(panel, series=tuple(series for series in panel.series if series.points)) for panel in chart.panels]
    return replace(chart, panels=tuple(panel for panel in panels if panel.series))


def for_paper(chart: Chart) -> tuple[Chart, str]:
    """Of one that is not empty; and what is left out of it, in words."""
    if chart.kind == LINES:
        chart = as_dots(chart) if has_one_value(chart) else small_multiples(chart)
    left_out = len(chart.panels) - MOST_PANELS
    if left_out <= 0:
        return chart, ""
    kept = replace(chart, panels=chart.panels[:MOST_PANELS])
    return kept, f"{words.plural(left_out, 'more panel')} of “{chart.title}” not drawn: see the report"


def has_one_value(chart: Chart) -> bool:
    return len({point.x for panel in chart.panels for series in panel.series if series.side != IDEAL
                for point in series.points}) == 1


def as_dots(chart: Chart) -> Chart:
    """A row for each panel, or for each series of the only one."""
    several = len(chart.panels) > 1
    rows: list[str] = []
    made: list[Series] = []
    value: Value = ""
    for panel in chart.panels:
        for series in panel.series:
            if series.side == IDEAL:
                continue
            row = panel.title if several else series.name
            points = tuple(_turned(point, row) for point in series.points)
            value = series.points[0].x
            rows.append(row)
            made.append(replace(series, points=points, line=False))
    said = value if isinstance(value, str) else words.in_unit(value, chart.x.unit)
    only = chart.panels[0]
    notes = "; ".join(dict.fromkeys(panel.note for panel in chart.panels if panel.note))
    lines = tuple(dict.fromkeys(line for panel in chart.panels for line in panel.lines))
    title = f"{chart.x.label}: {said}" if several else f"{only.title} · {chart.x.label}: {said}"
    joined = Panel(only.name, title, tuple(_joined(made)), lines, notes)
    return replace(chart, kind=DOTS, x=chart.y, y=Axis("", "", values=tuple(dict.fromkeys(rows))), panels=(joined,))


def _turned(point: Point, row: str) -> Point:
    return Point(point.y, row, point.low, point.high, marks=point.marks, text=point.text)


def _joined(all_series: Sequence[Series]) -> list[Series]:
    """Those of one name and look as one."""
    found: dict[tuple[str, str, str, int], Series] = {}
    for series in all_series:
        key = (series.name, series.side, series.channel, series.number)
        found[key] = replace(found[key], points=found[key].points + series.points) if key in found else series
    return list(found.values())


def small_multiples(chart: Chart) -> Chart:
    """Panels of many series are split by channel, if that makes not too many; what has no channel frames each."""
    if all(len(panel.series) <= keys.MOST for panel in chart.panels):
        return chart
    panels = [part for panel in chart.panels for part in (_split(panel) if len(panel.series) > keys.MOST else [panel])]
    return replace(chart, panels=tuple(panels)) if len(panels) <= MOST_PANELS else chart


def _split(panel: Panel) -> list[Panel]:
    channels = dict.fromkeys(series.channel for series in panel.series if series.channel)
    if len(channels) < 2:
        return [panel]
    framing = tuple(series for series in panel.series if not series.channel)
    if len(framing) > keys.MOST - 2:
        return [panel]
    parts = []
    for at, channel in enumerate(channels):
        own = tuple(series for series in panel.series if series.channel == channel)
        note = panel.note if at == len(channels) - 1 else ""
        parts.append(Panel(f"{panel.name}/{channel}", f"{channel} · {panel.title}", own + framing, panel.lines, note))
    return parts

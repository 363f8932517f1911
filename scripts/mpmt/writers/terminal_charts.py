"""Charts as text: curves as their figures with a small outline, intervals on a scale, bars, and maps as their cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mpmt.answers.words import in_unit
from mpmt.views.view import (BARS, DOTS, FEW_ROUNDS, HEAT, OVERSUBSCRIBED, UNDECIDED, UNSTABLE, Axis, Chart, Line, Panel, Point,
                             Series, Value)
from mpmt.writers.terminal_tables import laid_out
from mpmt.writers.text_lines import Form, widest

MOST_PANELS, MOST_PLACES = 3, 12  # of a chart, and of a panel, unless all are asked for
_MARKS = {UNSTABLE: "!", FEW_ROUNDS: "*", OVERSUBSCRIBED: "^", UNDECIDED: "?"}
_EIGHTHS, _LEVELS, _ASCII_LEVELS = " ▏▎▍▌▋▊▉█", "▁▂▃▄▅▆▇█", "_.-=+*%@"
_GAP = "  "
_LEAST_NAME = 18  # columns
_NARROWEST, _LEAST_FIELD, _MOST_FIELD = 4, 16, 40  # columns of what is drawn beside a name


def chart_text(chart: Chart, width: int, unicode: bool, whole: bool = True) -> list[str]:
    """Not `whole`: the first panels, and of each the first places, with how many more there are."""
    form = Form(width, unicode)
    lines = [*form.wrapped(chart.title), *(form.wrapped(chart.reading) if chart.reading else [])]
    shown = chart.panels if whole or len(chart.panels) <= MOST_PANELS + 1 else chart.panels[:MOST_PANELS]
    for panel in shown:
        lines += ["", *_panel(chart, panel, form, whole)]
    if left_out := len(chart.panels) - len(shown):
        lines += ["", form.plural(left_out, " such charts: --all")]
    return form.closed(lines)


def _panel(chart: Chart, panel: Panel, form: Form, whole: bool) -> list[str]:
    draw = {DOTS: _dots, BARS: _bars, HEAT: _map}.get(chart.kind, _curves)
    lines = [*(form.wrapped(panel.title) if panel.title else []), *draw(chart, panel, form, whole)]
    used = {mark for series in panel.series for point in series.points for mark in point.marks}
    legend = " · ".join(f"{sign} {mark}" for mark, sign in _MARKS.items() if mark in used)
    return lines + [line for text in (legend, panel.note) if text for line in form.wrapped(text)]


def _marked(text: str, point: Point) -> str:
    return text + "".join(sign for mark, sign in _MARKS.items() if mark in point.marks)


def _name_limit(form: Form) -> int:
    return max(_LEAST_NAME, form.width // 3)


def _of_axis(value: Value, axis: Axis) -> str:
    return value if isinstance(value, str) else in_unit(value, axis.unit or "count")


# ---- scales ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scale:
    """From `low` to `high`; logarithmic where all is above 0."""

    low: float
    high: float
    log: bool

    def share(self, value: float) -> float:
        """0 at the low end, 1 at the high one."""
        low, high, at = (math.log(max(x, 5e-324)) if self.log else x for x in (self.low, self.high, value))
        return min(1.0, max(0.0, (at - low) / (high - low))) if high > low else 0.5


def _scale(values: Sequence[float], log: bool) -> Scale:
    return Scale(min(values), max(values), log and min(values) > 0)


def _numbers(values: Sequence[object]) -> list[float]:
    return [float(value) for value in values if isinstance(value, (int, float)) and math.isfinite(value)]


# ---- curves ------------------------------------------------------------------------------------------------


def _curves(chart: Chart, panel: Panel, form: Form, _: bool) -> list[str]:
    """A row for each series: its values at each place, and their outline, all of them on one scale."""
    values = _numbers([point.y for series in panel.series for point in series.points])
    if not values:
        return []
    places = _places(chart.x, [point.x for series in panel.series for point in series.points])
    scale = _scale(values, chart.y.log)
    outlines = [_outline(series, places, scale, form) for series in panel.series]
    names = [form.cut(series.name, _name_limit(form)) for series in panel.series]
    for count in range(len(places), 0, -1):
        some = _thinned(places, count)
        heads = [form.cut(chart.x.label, _name_limit(form)), *(form.said(_of_axis(place, chart.x), 20) for place in some), ""]
        rows = [[name, *_values_at(series, some, chart.y, form), outline]
                for name, series, outline in zip(names, panel.series, outlines)]
        lines = laid_out([heads, *rows], ("left", *["right"] * len(some), "left"))
        if widest(lines) <= form.width:
            break
    return lines


def _places(axis: Axis, values: Sequence[Value]) -> list[Value]:
    if axis.values is not None:
        return list(axis.values)
    return sorted(dict.fromkeys(values), key=lambda value: (isinstance(value, str), value))


def _thinned(places: Sequence[Value], count: int) -> list[Value]:
    """The first and the last, and of those between as many as there is room for."""
    if count == len(places):
        return list(places)
    step = (len(places) - 1) / max(1, count - 1)
    return [places[round(at * step)] for at in range(count)]


def _values_at(series: Series, places: Sequence[Value], axis: Axis, form: Form) -> list[str]:
    by_place = {point.x: point for point in series.points}
    return [form.said(_marked(point.text or _of_axis(point.y, axis), point), 40) if (point := by_place.get(place)) else ""
            for place in places]


def _outline(series: Series, places: Sequence[Value], scale: Scale, form: Form) -> str:
    levels = _LEVELS if form.unicode else _ASCII_LEVELS
    heights = {point.x: scale.share(float(point.y)) for point in series.points if not isinstance(point.y, str)}
    return "".join(levels[round(heights[place] * (len(levels) - 1))] if place in heights else " " for place in places).rstrip()


# ---- intervals and bars ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Row:
    """A point of a category; `series`: its series where that has another name than its category."""

    name: str
    series: str
    point: Point


def _rows(panel: Panel, axis: Axis, of_place: str) -> list[_Row]:
    """In the order of the categories."""
    points = [(getattr(point, of_place), series.name, point) for series in panel.series for point in series.points]
    order = {place: at for at, place in enumerate(_places(axis, [place for place, _, _ in points]))}
    several = len(panel.series) > 1
    points.sort(key=lambda one: order.get(one[0], len(order)))
    return [_Row(_of_axis(place, axis), name if several and name != place else "", point) for place, name, point in points]


def _shown_rows(rows: Sequence[_Row], whole: bool) -> tuple[Sequence[_Row], int]:
    cut = not whole and len(rows) > MOST_PLACES + 1
    return (rows[:MOST_PLACES], len(rows) - MOST_PLACES) if cut else (rows, 0)


def _drawn(rows: Sequence[_Row], fields: Sequence[str], told: Sequence[str], left_out: int, form: Form) -> list[str]:
    """The category, what is drawn, its value, the series."""
    limit = max(_LEAST_NAME, form.width - widest(fields) - widest(told) - _series_room(rows, form) - 2 * len(_GAP))
    cells = [(form.cut(row.name, limit), field, text, form.cut(row.series, _series_room(rows, form)))
             for row, field, text in zip(rows, fields, told)]
    widths = [widest([row[at] for row in cells]) for at in range(3)]
    lines = [f"{name:<{widths[0]}}{_GAP}{field}{_GAP}{text:>{widths[2]}}{_GAP}{series}" for name, field, text, series in cells]
    return lines + ([form.plural(left_out, ": --all")] if left_out else [])


def _series_room(rows: Sequence[_Row], form: Form) -> int:
    wide = widest([form.said(row.series, form.width) for row in rows])
    return min(wide + len(_GAP) if wide else 0, form.width // 4)


def _room(rows: Sequence[_Row], told: Sequence[str], form: Form) -> int:
    """For what is drawn: names come first."""
    room = form.width - widest(told) - _series_room(rows, form) - 2 * len(_GAP)
    names = widest([form.said(row.name, form.width) for row in rows])
    return max(_NARROWEST, min(room - _LEAST_NAME, _LEAST_FIELD), min(_MOST_FIELD, room - names))


def _dots(chart: Chart, panel: Panel, form: Form, whole: bool) -> list[str]:
    rows, left_out = _shown_rows([row for row in _rows(panel, chart.y, "y") if _numbers([row.point.x])], whole)
    ends = _numbers([end for row in rows for end in (row.point.x, row.point.low, row.point.high)])
    if not ends:
        return []
    across = _numbers([at for line in panel.lines for at in (line.at, line.until)])
    scale = _scale([*ends, *across], chart.x.log)
    told = [form.cut(_with_interval(row.point, chart.x), form.width // 2) for row in rows]
    if _room(rows, told, form) < _LEAST_FIELD:
        told = [form.cut(_marked(row.point.text or _of_axis(row.point.x, chart.x), row.point), form.width // 2) for row in rows]
    room = _room(rows, told, form)
    fields = [_interval_on(scale, row.point, across, room, form) for row in rows]
    lines = _drawn(rows, fields, told, left_out, form)
    bar = "│" if form.unicode else ":"
    marks = [f"{bar} {_line_in_words(line, chart.x)}" for line in panel.lines]
    said = f"from {in_unit(scale.low, chart.x.unit)} to {in_unit(scale.high, chart.x.unit)}{', logarithmic' * scale.log}"
    return lines + form.wrapped(" · ".join([f"{chart.x.label}: {said}", *marks]))


def _line_in_words(line: Line, axis: Axis) -> str:
    until = f"–{in_unit(line.until, axis.unit)}" if line.until is not None else ""
    return f"{line.label} {in_unit(line.at, axis.unit)}{until}"


def _with_interval(point: Point, axis: Axis) -> str:
    """20 µs (15–90 µs)"""
    if point.low is None or point.high is None:
        return _marked(point.text or _of_axis(point.x, axis), point)
    low, high = in_unit(point.low, axis.unit), in_unit(point.high, axis.unit)
    if low.partition(" ")[2] == high.partition(" ")[2]:
        low = low.partition(" ")[0]
    return _marked(point.text or f"{_of_axis(point.x, axis)} ({low}–{high})", point)


def _interval_on(scale: Scale, point: Point, lines: Sequence[float], room: int, form: Form) -> str:
    signs = "├─┤●│" if form.unicode else "|-|o:"
    left, dash, right, dot, bar = list(signs)

    def place(value: float) -> int:
        return round(scale.share(value) * (room - 1))
    field = [" "] * room
    for at in lines:
        field[place(at)] = bar
    if point.low is not None and point.high is not None:
        first, last = place(point.low), place(point.high)
        field[first:last + 1] = [dash] * (last - first + 1)
        field[first], field[last] = left, right
    field[place(float(point.x))] = dot
    return "".join(field)


def _bars(chart: Chart, panel: Panel, form: Form, whole: bool) -> list[str]:
    rows, left_out = _shown_rows([row for row in _rows(panel, chart.x, "x") if _numbers([row.point.y])], whole)
    values = _numbers([row.point.y for row in rows])
    if not values:
        return []
    scale = _scale([min(values) / 2, *values], True) if chart.y.log else Scale(0, max(values), False)
    told = [form.cut(_marked(row.point.text or _of_axis(row.point.y, chart.y), row.point), form.width // 2) for row in rows]
    room = _room(rows, told, form)
    fields = [_bar(scale.share(value) if scale.high > scale.low else 0.0, room, form) for value in values]
    said = [_line_in_words(line, chart.y) for line in panel.lines]
    return _drawn(rows, fields, told, left_out, form) + (form.wrapped(" · ".join(said)) if said else [])


def _bar(share: float, room: int, form: Form) -> str:
    if not form.unicode:
        return f"{'=' * round(share * room):<{room}}"
    whole, part = divmod(round(share * room * 8), 8)
    return f"{'█' * whole + _EIGHTHS[part].strip():<{room}}"


# ---- maps --------------------------------------------------------------------------------------------------


def _map(chart: Chart, panel: Panel, form: Form, _: bool) -> list[str]:
    """Its cells; side by side as many columns as there is room for."""
    cells = {(point.x, point.y): point for series in panel.series for point in series.points}
    across, down = _places(chart.x, [x for x, _ in cells]), _places(chart.y, [y for _, y in cells])
    named = f"{chart.y.label} \\ {chart.x.label}" if chart.y.label and chart.x.label else chart.y.label or chart.x.label
    heads = [form.cut(named, form.width // 2), *(form.cut(_of_axis(x, chart.x), form.width // 3) for x in across)]
    rows = [[form.cut(_of_axis(y, chart.y), form.width // 3), *(_in_cell(cells.get((x, y)), chart, form) for x in across)]
            for y in down]
    wide = [widest([row[at] for row in (heads, *rows)]) for at in range(len(heads))]
    lines: list[str] = []
    at = 1
    while at < len(heads):
        end = at + 1
        while end < len(heads) and wide[0] + sum(wide[at:end + 1]) + len(_GAP) * (end + 1 - at) <= form.width:
            end += 1
        lines += laid_out([[row[0], *row[at:end]] for row in (heads, *rows)], ("left", *["right"] * (end - at)))
        at = end
    return lines


def _in_cell(point: Point | None, chart: Chart, form: Form) -> str:
    if point is None:
        return ""
    return form.said(_marked(point.text or (in_unit(point.value, chart.value.unit)), point), 30)

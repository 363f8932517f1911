"""What must hold of any view, and records put together for tests of views."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mpmt.views.report import Shown, subjects_of
from mpmt.views.view import BARS, DOTS, HEAT, LINES, Chart, Panel, Table, View

UNITS = {"ns", "bytes", "bytes/s", "ratio", "share", "count", ""}


def shown_of(*records: dict[str, Any]) -> list[Shown]:
    named = {f"record-{at}.json": record for at, record in enumerate(records)}
    return [Shown(record, subject, at) for at, (record, subject) in enumerate(zip(records, subjects_of(named)))]


def check(view: View) -> None:
    """Fails where a writer could not rely on the view."""
    assert view.sentences or view.tables or view.charts
    assert all(sentence and "None" not in sentence and "nan" not in sentence.split()
               for sentence in view.sentences), view.sentences
    names = [panel.name for chart in view.charts for panel in chart.panels]
    assert len(set(names)) == len(names), names
    for chart in view.charts:
        assert chart.kind in (LINES, DOTS, HEAT, BARS)
        assert chart.title and chart.reading and chart.description
        assert {chart.x.unit, chart.y.unit, chart.value.unit} <= UNITS
        for panel in chart.panels:
            _check_panel(chart, panel)
    for table in view.tables:
        _check_table(table)


def _check_panel(chart: Chart, panel: Panel) -> None:
    assert panel.title and panel.series
    for series in panel.series:
        assert series.points, series.name
        for point in series.points:
            for axis, value in ((chart.x, point.x), (chart.y, point.y)):
                assert value in axis.values if axis.values is not None else math.isfinite(float(value)), (axis, value)
            assert (point.low is None) == (point.high is None)
            if point.low is not None and point.high is not None:
                middle = point.x if chart.kind == DOTS else point.y
                assert point.low <= float(middle) <= point.high


def _check_table(table: Table) -> None:
    assert {column.unit for column in table.columns} <= UNITS
    for row in (*table.rows, *table.rest):
        assert len(row) == len(table.columns)
        for cell, column in zip(row, table.columns):
            assert cell is None or not isinstance(cell, float) or math.isfinite(cell), (table.title, column, row)
            assert cell is None or not column.unit or isinstance(cell, (int, float)), (table.title, column, row)


def cells(table: Table, *titles: str) -> Iterator[tuple[Any, ...]]:
    """Of the columns with these titles, of all rows."""
    at = [[column.title for column in table.columns].index(title) for title in titles]
    return (tuple(row[place] for place in at) for row in (*table.rows, *table.rest))


def table_of(view: View, title: str) -> Table:
    return next(table for table in view.tables if title in table.title)

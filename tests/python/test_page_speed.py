"""How soon a page of many points is ready: printed, and held against deadlines that only a hang would miss."""

from __future__ import annotations

import dataclasses

import pytest

from browser import PATIENCE_S, Browser
from invented_report import report
from mpmt.views.view import LINES, PROCESSES, THREADS, Axis, Chart, Column, Panel, Point, Report, Series, Table, View
from mpmt.writers.page import html


def of_points(count: int, panels: int) -> Report:
    """Lines with bands in panels of five series each, and a table of all."""
    each = count // panels // 5
    chart = Chart(LINES, "Many points", "", "Many points.", Axis("at", "count", True), Axis("took", "ns", True), tuple(
        Panel(f"p{at}", f"Panel {at}", tuple(
            Series(f"series {number}", (THREADS, PROCESSES)[number % 2], tuple(
                Point(x + 1, 1000.0 * (x % 97 + 1) * (number + 1), 900.0 * (x % 97 + 1) * (number + 1), 1100.0 * (x % 97 + 1) * (number + 1))
                for x in range(each)), ("shm_ring", "pipe", "boost_queue")[number % 3], band=number % 2 == 0) for number in range(5)))
        for at in range(panels)))
    table = Table((Column("series"), Column("at", "count"), Column("took", "ns")), tuple(
        (series.name, point.x, point.y) for panel in chart.panels for series in panel.series for point in series.points))
    return dataclasses.replace(report(), views=(View("many", "Many", "How many?", (), (chart,), (table,)),), rows=())


@pytest.mark.parametrize(("count", "panels"), [(5_000, 1), (5_000, 10), (50_000, 1), (50_000, 20)])
def test_a_page_of_many_points_gets_ready(browser: Browser, capsys: pytest.CaptureFixture[str], count: int, panels: int) -> None:
    text = html(of_points(count, panels))
    took = browser.open(text)
    browser.expect_quiet()
    with capsys.disabled():
        print(f"\n{count} points in {panels} chart(s), {len(text) / 1e6:.2f} MB: ready in {took:.0f} ms")
    assert took < PATIENCE_S * 1000

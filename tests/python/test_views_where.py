"""Which is faster, where: heat maps, lines, and cross-overs in words."""

from __future__ import annotations

import pytest
from invented_record import compared, pool, record, shown, sides

from mpmt.views import where
from mpmt.views.view import HEAT, LINES, UNDECIDED, Missing, View

GRAINS = {1: 1_000.0, 10: 10_000.0, 100: 100_000.0}


def of(rows, grains=GRAINS):
    """A record with a row for each (grain, payload, workers, ratio, verdict)."""
    entries = [entry for grain, time in grains.items() for entry in pool("serial", 1, [time] * 3, grain=grain)]
    comparisons = []
    for grain, payload, workers, ratio, verdict in rows:
        threads, processes = sides(workers, [1000.0] * 6, [1000.0 * ratio] * 6, grain=grain, payload_bytes=payload)
        entries += threads + processes
        comparisons.append(compared(threads, processes, ratio, verdict))
    return record(entries, comparisons)


def grid():
    return of([(grain, payload, 2, ratio, verdict)
               for grain, ratio, verdict in ((1, 1.5, "threads"), (10, 1.2, "undecided"), (100, 1.0, "same"))
               for payload in (64, 4096)])


def made(*records):
    view = where.view(shown(*records))
    assert isinstance(view, View)
    return view


def test_task_time_and_payload_are_a_heat_map():
    chart = made(grid()).charts[0]
    assert chart.kind == HEAT
    assert chart.x.values == ("64 B", "4 KiB") and chart.y.values == ("1 µs", "10 µs", "100 µs")
    cells = {(point.x, point.y): point for point in chart.panels[0].series[0].points}
    assert cells["64 B", "1 µs"].value == 1.5 and cells["64 B", "1 µs"].text == "1.50"
    assert cells["64 B", "100 µs"].text == "≈"
    assert cells["64 B", "10 µs"].marks == (UNDECIDED,)


def test_one_payload_gives_way_to_workers():
    chart = made(of([(grain, 0, workers, 1.2, "threads") for grain in GRAINS for workers in (1, 2, 4)])).charts[0]
    assert chart.x.values == ("1 worker", "2 workers", "4 workers")


def test_sizes_of_tasks_alone_are_lines_with_the_margin():
    chart = made(of([(1, 0, 2, 1.5, "threads"), (10, 0, 2, 1.0, "same")])).charts[0]
    assert chart.kind == LINES and chart.x.unit == "ns"
    assert [point.x for point in chart.panels[0].series[0].points] == [1_000.0, 10_000.0]
    assert [line.until for line in chart.panels[0].lines] == [None, pytest.approx(1.03)]


def test_payloads_alone_are_lines_too():
    chart = made(of([(1, payload, 2, 1.5, "threads") for payload in (64, 4096)])).charts[0]
    assert chart.kind == LINES and chart.x.unit == "bytes"


def test_a_cross_over_is_told_with_both_measured_ends():
    sentence = made(of([(1, 0, 2, 1.5, "threads"), (10, 0, 2, 1.0, "same")])).sentences[0]
    assert sentence.startswith("hash_chain on 2 workers over shm_ring: threads are faster up to 1 µs, the same from 10 µs on "
                               "(measured at both); about ")


def test_rows_that_differ_in_placement_are_no_neighbours():
    one = of([(1, 0, 2, 1.5, "threads"), (10, 0, 2, 1.0, "same")])
    one["comparisons"][1]["placement"] = "same"
    assert isinstance(where.view(shown(one)), Missing)


def test_where_nothing_changes_that_is_said():
    assert made(of([(grain, 0, 2, 1.0, "same") for grain in GRAINS])).sentences == (
        "Where it is decided (3 of 3 comparisons): the same; no change along task size, payload or workers "
        "was found.",)


def test_where_nothing_is_decided_nothing_is_claimed():
    assert made(of([(grain, 0, 2, 1.1, "undecided") for grain in GRAINS])).sentences == (
        "No comparison is decided: nothing is known of where the answer changes.",)


def test_what_decides_something_comes_first_and_twelve_panels_at_most():
    rows = [(grain, 64, workers, ratio, verdict) for workers in range(1, 15) for grain in (1, 10)
            for ratio, verdict in [(1.3, "threads") if workers == 9 else (1.01, "undecided")]]
    rows += [(grain, 4096, workers, 1.01, "undecided") for workers in range(1, 15) for grain in (1, 10)]
    view = made(of(rows))
    panels = [panel for chart in view.charts for panel in chart.panels]
    assert len(panels) == 12 and panels[0].title == "hash_chain, 9 workers, shm_ring"
    assert len(view.tables[0].rows) + len(view.tables[0].rest) == len(rows)
    assert view.notes


def test_one_place_only_is_missing_with_what_to_measure():
    view = where.view(shown(of([(1, 0, 2, 1.5, "threads")])))
    assert isinstance(view, Missing) and "--grain" in view.command

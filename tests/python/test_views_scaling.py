"""Scaling: speed-ups over workers, and the law that is fitted to them."""

from __future__ import annotations

import pytest
from invented_record import pool, record, shown, sides, unstable

from mpmt.views import scaling, usl
from mpmt.views.view import DOTS, IDEAL, LINES, OVERSUBSCRIBED, UNSTABLE, Missing, View

SERIAL = [8000.0, 8100.0, 7900.0, 8000.0]


def grown(workers, factor=1.0):
    """Times per task with so many workers, each a little slower than its share."""
    return [time * factor * (1 + 0.02 * (workers - 1)) / workers for time in SERIAL]


def of_workers(*counts, cpus=8, **fields):
    entries = pool("serial", 1, SERIAL, **fields)
    for count in counts:
        entries += [entry for side in sides(count, grown(count), grown(count, 1.1), **fields) for entry in side]
    return record(entries, cpus=cpus, capacity={1: 1.0, 2: 1.9, 4: 3.9})


def made(*records):
    view = scaling.view(shown(*records))
    assert isinstance(view, View)
    return view


def series_of(view, name):
    return next(series for series in view.charts[0].panels[0].series if series.name == name)


def test_speed_up_is_over_the_serial_rounds_with_an_interval():
    view = made(of_workers(1, 2, 4))
    assert view.charts[0].kind == LINES and view.charts[0].x.log and view.charts[0].y.log
    two = series_of(view, "threads over shm_ring").points[1]
    assert two.x == 2 and two.y == pytest.approx(2 / 1.02)
    assert two.low <= two.y <= two.high
    assert series_of(view, "threads over shm_ring").band


def test_the_ideal_and_the_capacity_of_the_cpus_bound_what_computes():
    panel = made(of_workers(1, 2, 4)).charts[0].panels[0]
    assert [series.name for series in panel.series if series.side == IDEAL] == ["ideal", "capacity of the CPUs"]
    waits = made(of_workers(1, 2, 4, workload_kind="io")).charts[0].panels[0]
    assert [series.name for series in waits.series if series.side == IDEAL] == ["ideal"]


def test_more_workers_than_cpus_are_marked_where_tasks_compute():
    assert series_of(made(of_workers(1, 2, 4, cpus=2)), "threads over shm_ring").points[-1].marks == (OVERSUBSCRIBED,)
    assert series_of(made(of_workers(1, 2, 4, cpus=2, workload_kind="io")), "threads over shm_ring").points[-1].marks == ()


def test_an_unstable_case_is_marked():
    one = of_workers(1, 2)
    one["benchmarks"].append(unstable([entry for entry in one["benchmarks"] if entry["executor"] == "thread_pool"]))
    assert UNSTABLE in series_of(made(one), "threads over shm_ring").points[0].marks


def test_one_number_of_workers_becomes_dots():
    view = made(of_workers(2))
    assert view.charts[0].kind == DOTS
    assert {point.y for series in view.charts[0].panels[0].series for point in series.points} == set(view.charts[0].y.values)
    assert any("One number of workers" in note for note in view.notes)


def test_a_sentence_says_how_many_workers_are_best():
    sentence = made(of_workers(1, 2, 4)).sentences[0]
    assert sentence.startswith("hash_chain tasks of 8 µs: 4 workers are best: threads 3.77x the serial speed (95 %: ")
    assert sentence.endswith("more were not measured.")


def test_more_workers_that_gain_nothing_are_not_called_best():
    entries = pool("serial", 1, SERIAL)
    for count, share in ((1, 1), (2, 2), (4, 2)):
        entries += [entry for side in sides(count, [t / share for t in SERIAL], [t / share for t in SERIAL]) for entry in side]
    sentence = made(record(entries)).sentences[0]
    assert "2 workers are best" in sentence and sentence.endswith("more are no faster.")


def test_tasks_that_are_shorter_than_their_messages_are_worth_no_worker():
    threads, processes = sides(2, [20_000.0] * 4, [30_000.0] * 4)
    sentence = made(record(pool("serial", 1, SERIAL) + threads + processes)).sentences[0]
    assert "no number of workers is worth its messages" in sentence
    assert "0.40x the serial speed (threads, 2 workers)" in sentence


def test_what_may_be_as_fast_as_serially_is_not_called_worthless():
    threads, processes = sides(2, [6_000.0, 11_000.0, 7_000.0, 12_000.0], [30_000.0] * 4)
    sentence = made(record(pool("serial", 1, SERIAL) + threads + processes)).sentences[0]
    assert "no number of workers" not in sentence and "on 2 workers" in sentence


def test_the_shortest_tasks_are_told_first():
    entries = of_workers(1, 2)["benchmarks"] + of_workers(1, 2, workload="short", grain=1)["benchmarks"]
    for entry in entries:
        entry["ns_per_task"] /= 10 if entry["workload"] == "short" else 1
    assert [sentence.split()[0] for sentence in made(record(entries)).sentences] == ["short", "hash_chain"]


def test_without_a_serial_case_there_is_time_per_task_instead():
    entries = [entry for entry in of_workers(1, 2, 4)["benchmarks"] if entry["executor"] != "serial"]
    view = made(record(entries))
    assert view.charts[0].y.unit == "ns"
    assert "a task" in view.sentences[0] and "serial" not in view.sentences[0]


def test_panels_that_differ_most_come_first_and_twelve_at_most():
    entries = []
    for at in range(15):
        name = f"w{at:02}"
        entries += pool("serial", 1, SERIAL, workload=name)
        for count in (1, 2):
            entries += [entry for side in sides(count, grown(count), grown(count, 1 + at / 10), workload=name)
                        for entry in side]
    view = made(record(entries))
    assert [panel.title for panel in view.charts[0].panels][:2] == ["w14", "w13"] and len(view.charts[0].panels) == 12
    assert any("3 more are in the table only" in note and "w00" in note for note in view.notes)
    assert len(view.tables[0].rest) == 3 * 5


def test_the_table_has_costs_per_task():
    table = made(of_workers(1, 2)).tables[0]
    row = dict(zip((column.title for column in table.columns), table.rows[1]))
    assert row["CPU time per task"] == 400 / 20 and row["context switches per task"] == 40 / 20


def test_the_law_finds_the_terms_that_times_were_made_with():
    counts = [1, 2, 4, 8, 16, 32]
    found = usl.fit(counts, [0.9 * n / (1 + 0.05 * (n - 1) + 0.002 * n * (n - 1)) for n in counts])
    assert (found.one, found.contention, found.coherency) == pytest.approx((0.9, 0.05, 0.002), rel=1e-3)
    assert found.peak == pytest.approx((0.95 / 0.002) ** 0.5, rel=1e-2)
    assert found.at(8) == pytest.approx(0.9 * 8 / (1 + 0.05 * 7 + 0.002 * 56), rel=1e-3)


def test_growth_without_an_end_has_no_peak():
    assert usl.fit([1, 2, 4, 8], [1, 2, 4, 8]).peak is None


def test_three_numbers_of_workers_are_too_few_for_the_law():
    assert usl.fit([1, 2, 4], [1, 1.9, 3.5]) is None
    assert any("it takes 4 numbers of workers" in note for note in made(of_workers(1, 2, 4)).notes)


def test_the_fit_is_in_the_note_and_in_the_table_and_leaves_out_oversubscribed_workers():
    view = made(of_workers(1, 2, 4, 8, 16))
    assert "contention" in view.charts[0].panels[0].note
    table = view.tables[1]
    assert [column.title for column in table.columns][-1] == "fitted up to, workers"
    assert {row[-1] for row in table.rows} == {8}


def test_a_record_without_pools_is_told_what_to_measure():
    view = scaling.view(shown(record([])))
    assert isinstance(view, Missing) and view.command.startswith("mpmt run")

"""Latency, start-up and memory."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from invented_record import command, pool, record, shown, sides

from mpmt.records.stats import median_interval
from mpmt.views import declared as declared_views
from mpmt.views import latency, memory, startup
from mpmt.views.view import BARS, DOTS, LINES, PROCESSES, PROGRAM, THREADS, Missing, View

BUCKETS = [[1024, 600], [2048, 395], [8192, 5]]  # 1000 messages


def with_latency(buckets=BUCKETS, workers=(2,)) -> dict[str, Any]:
    entries = [entry for count in workers for side in sides(count, [1000.0] * 3, [1000.0] * 3) for entry in side]
    for entry in entries:
        entry["latency_ns"] = {"count": 1000, "max": 8200}
    return record(entries, cpus=4, histograms={entry["name"]: buckets for entry in entries})


def made(module, *records):
    view = module.view(shown(*records))
    assert isinstance(view, View)
    return view


def test_a_latency_reaches_from_the_median_to_the_slowest_in_a_hundred():
    view = made(latency, with_latency())
    assert view.charts[0].kind == DOTS
    point = view.charts[0].panels[0].series[0].points[0]
    assert point.low == point.x and 1024 <= point.x < 1040 and 2048 <= point.high < 2080
    row = dict(zip((column.title for column in view.tables[0].columns), view.tables[0].rows[0]))
    assert row["p99.9"] == 8200 and row["messages"] == 1000


def test_what_too_few_messages_back_is_not_told():
    table = made(latency, with_latency([[1024, 99]])).tables[0]
    row = dict(zip((column.title for column in table.columns), table.rows[0]))
    assert row["p50"] is not None and row["p90"] is not None
    assert "p99" not in row and "p99.9" not in row


def test_latency_is_told_for_the_most_workers_that_the_cpus_hold():
    assert made(latency, with_latency(workers=(1, 2, 4, 8))).charts[0].panels[0].title == "hash_chain, 4 workers"


def test_open_loop_is_told_apart_from_closed_loop(channels_once):
    view = made(latency, channels_once)
    assert [chart.title for chart in view.charts] == ["Latency of a message at a given rate (open loop)",
                                                      "Latency of a round trip over a bare channel (closed loop)"]
    assert view.sentences[0].startswith("Open loop, messages of ")
    assert any(text.startswith("Round trips, ") for text in view.sentences)


def test_a_record_in_closed_loop_says_how_to_measure_the_other():
    assert any("--pattern open_loop" in note for note in made(latency, with_latency()).notes)


def test_a_record_without_latencies_is_told_what_to_measure():
    assert isinstance(latency.view(shown(record(pool("thread_pool", 2, [1.0])))), Missing)


def with_startup(workers=(1, 2), rounds=8) -> dict[str, Any]:
    """Processes take 400 µs more for each worker to start, and as long to end."""
    entries = []
    for count in workers:
        threads, processes = sides(count, [1000.0] * rounds, [1000.0] * rounds)
        for at, entry in enumerate(processes):
            entry["startup_ns"] += 400_000 * count + at
            entry["shutdown_ns"] += at - rounds // 2
        entries += threads + processes
    return record(entries)


def test_starting_processes_is_compared_with_starting_threads_in_the_same_round():
    view = made(startup, with_startup())
    assert view.sentences[0] == "Starting a process pool of 1 takes 400 µs more than a thread pool (95 %: 400 µs to 400 µs)."
    assert view.sentences[1].startswith("Starting a process pool of 2 takes 800 µs more")
    assert view.sentences[2].startswith("Ending a process pool of 1 shows no sure difference to a thread pool")


def test_start_up_is_a_line_for_each_side_over_workers():
    chart = made(startup, with_startup()).charts[0]
    assert chart.kind == LINES and [panel.title for panel in chart.panels] == ["start-up", "shutdown"]
    assert [series.side for series in chart.panels[0].series] == [THREADS, PROCESSES]
    assert made(startup, with_startup((2,))).charts[0].kind == DOTS


def test_few_rounds_are_not_sure_what_starting_takes():
    assert made(startup, with_startup((2,), 3)).sentences[0].endswith("in 3 rounds: too few to be sure.")


@pytest.mark.parametrize("said", [
    None, {"metrics": {"startup_ns": {"view": "startup", "unit": "ns", "title": "start-up"}},
           "families": {name: {"views": ["verdict"]} for name in ("channel", "command", "server")}}])
@pytest.mark.parametrize("family", ["channel", "command", "server"])
def test_what_a_trial_without_a_pool_starts_is_no_start_up(family, said):
    one = record([{**entry, "family": family, "startup_ns": 1500} for entry in command("six", [1e8] * 4, 2 << 20)])
    if said:
        one["context"]["declared"] = said
    assert isinstance(startup.view(shown(one)), Missing) and declared_views.of_metrics("startup", shown(one)) is None
    one["benchmarks"] += with_startup()["benchmarks"]
    view = made(startup, one)
    assert not any("six" in str(row) for table in view.tables for row in table.rows)


def test_a_metric_that_declares_the_view_is_in_it():
    one = with_startup()
    one["context"]["declared"] = {"metrics": {"fork_ns": {"view": "startup", "unit": "ns", "title": "fork"}}}
    for entry in one["benchmarks"]:
        entry["fork_ns"] = 5000.0
    view = made(startup, one)
    assert [panel.title for panel in view.charts[0].panels] == ["fork"]
    assert view.sentences[0].startswith("Fork: a process pool of 1")


@pytest.mark.parametrize("values, expected", [([3.0, 1.0, 2.0], None), (range(6), (0, 5)), (range(9), (1, 7)), ([], None)])
def test_the_interval_of_a_median_is_of_ordered_values(values, expected):
    assert median_interval(list(values)) == expected
    if expected:
        assert expected[0] <= statistics.median(values) <= expected[1]


def test_memory_is_a_bar_for_each_program():
    view = made(memory, record(command("six", [1e8] * 4, 2 << 20) + command("nine", [2e8] * 4, 3 << 20)))
    assert view.charts[0].kind == BARS and view.charts[0].y.unit == "bytes"
    assert [(series.name, series.side, series.number) for series in view.charts[0].panels[0].series] == [("six", PROGRAM, 0),
                                                                                ("nine", PROGRAM, 1)]
    assert view.sentences == ("Peak memory, level 9: six 2 MiB, nine 3 MiB (1.50x six).",)


def test_a_record_without_memory_is_told_what_to_measure():
    view = memory.view(shown(with_startup()))
    assert isinstance(view, Missing) and "--command" in view.command

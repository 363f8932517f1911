"""The verdict: what a record says overall of its own cases."""

from __future__ import annotations

import pytest
from invented_record import command, compared, pool, record, shown, sides

from mpmt.answers.rows import task_times
from mpmt.views import verdict
from mpmt.views.view import DOTS, FEW_ROUNDS, PROCESSES, PROGRAM, THREADS, UNDECIDED, UNSTABLE, Missing, View

SIX = [1000.0] * 6


def made(*records):
    view = verdict.view(shown(*records))
    assert isinstance(view, View)
    return view


def of_rows(*rows, workload="hash_chain"):
    """A record with a comparison for each (ratio, verdict, fields), over payloads of their own."""
    entries, comparisons = [], []
    for at, (ratio, said, fields) in enumerate(rows):
        threads, processes = sides(2, SIX, [1000.0 * (ratio or 1)] * 6, payload_bytes=64 * (at + 1),
                                   workload=fields.pop("workload", workload))
        entries += threads + processes
        comparisons.append(compared(threads, processes, ratio, said, **fields))
    return record(entries, comparisons)


def points(view, chart=0):
    return [(series, point) for panel in view.charts[chart].panels for series in panel.series for point in series.points]


def test_differences_come_first_and_the_largest_of_them_first():
    view = made(of_rows((1.0, "same", {}), (1.2, "threads", {}), (0.5, "processes", {}), (1.01, "same", {})))
    assert view.sentences[0] == ("All 4 comparisons of processes with threads, all else equal, are decided: threads faster in "
                                 "1, processes faster in 1, the same within 3 % in 2.")
    assert view.sentences[1].startswith("Processes: 2.00x faster than threads (95 %: ")
    assert view.sentences[2].startswith("Threads: 1.20x faster than processes")
    assert [series.side for series, _ in points(view)] == [PROCESSES, THREADS, ""]
    at = [column.title for column in view.tables[0].columns].index("processes ÷ threads")
    assert [row[at] for row in view.tables[0].rows] == [0.5, 1.2]


def test_what_is_the_same_is_one_row_of_the_chart_and_all_rows_of_the_rest():
    view = made(of_rows((1.0, "same", {}), (1.02, "same", {}), (0.99, "same", {}), (1.3, "threads", {})))
    folded = next(point for _, point in points(view) if "same" in str(point.y))
    assert folded.y == "hash_chain, 3 that are the same"
    assert folded.low == pytest.approx(0.99 * 0.99) and folded.high == pytest.approx(1.02 * 1.01)
    assert len(view.tables[0].rows) == 1 and len(view.tables[0].rest) == 3
    assert view.tables[0].folded == ("hash_chain: 3 same within 3 % (0.99–1.02)",)
    assert "The same within 3 %: hash_chain (3 of 4)." in view.sentences


def test_what_cannot_be_run_here_is_no_open_question():
    made_of = of_rows((1.3, "threads", {}), (None, "undecided", {}))
    never = made_of["comparisons"][1]["processes_case"]
    for entry in made_of["benchmarks"]:
        if entry["name"] == never:
            entry.update(status="unsupported", error="no such queues here")
    assert made(made_of).sentences[0].startswith("Threads: 1.30x faster than processes")


def test_equal_and_the_margin_are_drawn():
    lines = made(of_rows((1.3, "threads", {}))).charts[0].panels[0].lines
    assert lines[0].at == 1
    assert (lines[1].at, lines[1].until) == (pytest.approx(1 / 1.03), pytest.approx(1.03))


def test_a_record_that_decides_nothing_says_why():
    view = made(of_rows((1.4, "undecided", {"reason": "a candidate after 6 rounds, not yet confirmed"}), (1.1, "undecided", {}),
                        (1.2, "unstable", {}), (None, "undecided", {"rounds": 2})))
    assert view.sentences[0] == "None of 4 comparisons of processes with threads, all else equal, is decided."
    assert view.sentences[1] == ("4 are open: 1 showed a difference that is not yet confirmed; 1 showed no sure difference: a "
                                 "difference of 5 % (median) would have been seen; 1 is unstable; 1 with too few rounds.")
    assert view.sentences[2].startswith("Shown, and not yet confirmed by a series of its own: threads: 1.40x faster than "
                                        "processes")
    assert {mark for _, point in points(view) for mark in point.marks} == {UNDECIDED, UNSTABLE, FEW_ROUNDS}
    assert any("no finding" in note for note in view.notes)


def test_a_row_with_too_few_rounds_shows_its_rounds_and_no_interval_of_their_ratio():
    threads, processes = sides(2, [1000.0, 1000.0], [1100.0, 1210.0])
    view = made(record(threads + processes, [compared(threads, processes, None, rounds=2)]))
    assert view.sentences == ("Too few rounds (2) to say anything of threads and processes for hash_chain tasks of 1.05 µs on "
                              "2 workers over shm_ring.",)
    ((_, point),) = points(view)
    assert point.marks == (FEW_ROUNDS,) and point.text == "2 rounds"
    assert (point.low, point.high) == (pytest.approx(1.1), pytest.approx(1.21))
    columns = [column.title for column in view.tables[0].columns]
    assert view.tables[0].rows[0][columns.index("processes ÷ threads")] is None


def test_rounds_that_chose_the_best_do_not_show_their_ratio():
    threads, processes = sides(2, [1000.0], [1100.0])
    view = made(record(threads + processes, [compared(threads, processes, None, table="deployed")]))
    assert not view.charts


def test_a_chart_has_some_thirty_rows_at_most_and_the_table_all():
    view = made(of_rows(*((1 + at / 100, "threads", {}) for at in range(1, 81))))
    assert len(points(view)) <= 30
    assert len(view.tables[0].rows) + len(view.tables[0].rest) == 80
    assert view.tables[0].folded


def test_many_rows_have_a_panel_for_each_workload():
    view = made(of_rows(*((1.1 + at / 100, "threads", {"workload": f"w{at % 3}"}) for at in range(15))))
    assert sorted(panel.title for panel in view.charts[0].panels) == ["w0", "w1", "w2"]


def test_best_against_best_has_no_chart_where_one_channel_was_measured():
    threads, processes = sides(2, SIX, [1200.0] * 6)
    rows = [compared(threads, processes, 1.2, "threads"), compared(threads, processes, 1.2, "threads", table="deployed")]
    view = made(record(threads + processes, rows))
    assert len(view.charts) == 1 and len(view.tables) == 2
    assert any(note.startswith("No chart of its own") for note in view.notes)


def test_best_against_best_names_the_channels_of_both():
    threads, processes = pool("thread_pool", 2, SIX, "by_reference"), pool("process_pool", 2, [2000.0] * 6, "pipe")
    view = made(record(threads + processes, [compared(threads, processes, 2.0, "threads", table="deployed", channel=None)]))
    assert "(threads by_reference, processes pipe)" in view.sentences[0]


def test_commands_are_told_by_their_names():
    a, b = command("six", [1e8] * 6, 1000), command("nine", [2e8] * 6, 1000)
    row = compared(a, b, 2.0, "a", table="programs", a="six", b="nine", a_case="command/six", b_case="command/nine",
                   command_parameters={"level": "9"})
    view = made(record(a + b, [row]))
    assert view.sentences == ("six: 2.00x faster than nine (95 %: 1.98–2.02) for level 9.",)
    ((series, _),) = points(view)
    assert (series.side, series.number, series.name) == (PROGRAM, 0, "six faster")
    assert view.charts[0].kind == DOTS and view.charts[0].x.label == "nine ÷ six"


def test_programs_pools_are_told_apart_and_a_tasks_time_is_of_one_of_them():
    threads, processes = sides(2, SIX, SIX)
    others = sides(2, [9000.0] * 6, [4000.0] * 6, channel="futures", program="python")
    serial = pool("serial", 1, [800.0] * 6) + pool("serial", 1, [7000.0] * 6, program="python", baseline=True)
    one = record([*serial, *threads, *processes, *others[0], *others[1]],
                 [compared(threads, processes, 1.0, "same"), compared(*others, 0.44, "processes")])
    assert task_times(one) == {("hash_chain", 1000): 800.0}
    assert any("over futures by python" in sentence for sentence in made(one).sentences)


def test_two_builds_of_a_program_are_told_apart_by_executor():
    rows, entries = [], []
    for executor in ("thread_pool", "process_pool"):
        a, b = (pool(executor, 2, SIX, program=name) for name in ("old", "new"))
        entries += a + b
        rows.append(compared(a, b, 1.2, "a", table="programs", a="old", b="new", a_case=a[0]["name"], b_case=b[0]["name"]))
    view = made(record(entries, rows))
    rows = sorted(str(point.y) for _, point in points(view))
    assert rows == ["hash_chain, process_pool, 1 µs", "hash_chain, thread_pool, 1 µs"]
    assert view.sentences[1].startswith("old: 1.20x faster than new") and "under thread_pool" in view.sentences[1]


def test_several_records_stand_side_by_side():
    view = made(of_rows((1.2, "threads", {})), of_rows((0.8, "processes", {})))
    assert len(view.charts[0].panels) == 2
    assert view.sentences[0].startswith("deadbeef (1): Threads") and view.sentences[1].startswith("deadbeef (2): Processes")
    assert view.tables[0].columns[0].title == "subject"


def test_a_record_without_two_sides_is_told_what_to_measure():
    view = verdict.view(shown(record(pool("thread_pool", 2, SIX))))
    assert isinstance(view, Missing) and view.command.startswith("mpmt run")

"""Which channel? What the view of channels says of bare channels, and of pools over several."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from make_channel_record import make_record
from make_golden_record import core_to_core
from mpmt.views import channels
from mpmt.views.channel_charts import MOST_SERIES
from mpmt.views.measured import Case, cases_of, side_of
from mpmt.views.ranking import lead, ranked
from mpmt.views.view import DOTS, FLOOR, HEAT, LINES, UNSTABLE, Missing, View
from view_rules import cells, check, shown_of, table_of

Json = dict[str, Any]


def seen(*records: Json) -> View:
    made = channels.view(shown_of(*records))
    assert isinstance(made, View), made
    check(made)
    return made


@pytest.fixture(scope="module")
def all_channels() -> Json:
    return make_record(sizes=(64, 4096, 65536), rounds=4, bimodal=())


def case(name: str, values: list[float], group: str | None = None, unstable: bool = False) -> Case:
    return Case(name, {}, unstable, {(group or name, at): value for at, value in enumerate(values)})


# ---- the fastest, and by how much --------------------------------------------------------------------------


def test_rounds_that_both_were_in_are_paired() -> None:
    drifting = [100.0, 200.0, 400.0, 800.0]
    found = lead(case("a", drifting, "g"), case("b", [1.5 * value for value in drifting], "g"), "b", 0.95)
    assert found.is_sure and found.in_words(0.95) == "1.50x faster than b (95 %: 1.50–1.50)"


def test_what_has_no_round_in_common_is_compared_all_the_same() -> None:
    found = lead(case("a", [100, 101, 99]), case("b", [150, 152, 148]), "b", 0.95)
    assert found.is_sure and found.factor == pytest.approx(1.5, rel=0.01)


def test_an_interval_that_holds_one_names_no_winner() -> None:
    near = lead(case("a", [100, 101, 99, 100]), case("b", [100, 99, 101, 101]), "b", 0.95)
    wide = lead(case("a", [100, 180, 60, 100]), case("b", [110, 60, 190, 130]), "b", 0.95)
    assert near.in_words(0.95) == "within 1.8 % of b"
    assert wide.in_words(0.95).startswith("not surely faster than b (")


def test_who_is_surely_slower_is_said_to_be() -> None:
    found = lead(case("a", [150, 152, 148]), case("b", [100, 101, 99]), "b", 0.95)
    assert found.in_words(0.95).startswith("1.50x slower than b (95 %: 1.4")


def test_of_one_round_each_there_is_no_interval() -> None:
    assert lead(case("a", [100]), case("b", [200]), "b", 0.95).in_words(0.95) == \
        "2.00x faster than b (too few rounds for an interval)"


def test_what_is_unstable_is_never_the_fastest_where_something_else_is_there() -> None:
    found = ranked([("a", case("a", [10, 30], unstable=True)), ("b", case("b", [50, 51]))], 0.95)
    assert found.best[0] == "b"


# ---- bare channels -----------------------------------------------------------------------------------------


def test_each_size_and_side_has_a_sentence_with_the_fastest_for_round_trips_and_streams(all_channels: Json) -> None:
    told = seen(all_channels).sentences
    said = next(sentence for sentence in told if sentence.startswith("Messages of 64 KiB between threads: "))
    assert "round trips (two CPUs, asleep): by_reference " in said and "; streams (two CPUs, asleep): by_reference " in said
    assert " faster than boost_queue (95 %: " in said and "/s" in said
    assert "yielding, " in next(sentence for sentence in told if sentence.startswith("Messages of 64 B between processes: "))
    assert sum(sentence.startswith("Messages of ") for sentence in told) == 6


def test_there_are_at_most_four_charts_and_none_has_a_crowded_panel(all_channels: Json) -> None:
    charts = seen({**all_channels, "context": {**all_channels["context"], "core_to_core": core_to_core(8)}}).charts
    assert [chart.kind for chart in charts] == [LINES, LINES, DOTS, HEAT]
    assert all(len(panel.series) <= MOST_SERIES for chart in charts for panel in chart.panels)


def test_every_channel_is_drawn_for_each_side_placement_and_wait(all_channels: Json) -> None:
    chart = seen(all_channels).charts[0]
    drawn = {(series.channel, panel.name.rsplit("-", 1)[0] if panel.name[-1].isdigit() else panel.name)
             for panel in chart.panels for series in panel.series if series.side != FLOOR}
    measured = {(entry["channel"], f"ping_pong-{entry['sides']}-{entry['placement']}-{entry['wait']}")
                for entry in all_channels["benchmarks"] if entry["pattern"] == "ping_pong" and not entry["floor"]}
    assert drawn == measured


def test_where_lines_are_many_the_best_floor_stands_for_all_and_says_so(all_channels: Json, channels_once: Json) -> None:
    panels = seen(all_channels).charts[0].panels
    for panel in panels:
        assert [series.name for series in panel.series if series.side == FLOOR] == ["the best floor"]
        assert panel.note.startswith("the best of ")
    lowest = min(entry["ns_per_operation"] for entry in all_channels["benchmarks"] if entry.get("floor")
                 and entry.get("round") == 0
                 and (entry["pattern"], entry["sides"], entry["placement"], entry["message_bytes"]) == ("ping_pong", "threads",
                                                                                                        "spread", 64))
    best = next(panel for panel in panels if panel.name == "ping_pong-threads-spread-block-1").series[-1].points[0]
    assert float(best.y) == pytest.approx(lowest, rel=0.05)
    few = seen(channels_once).charts[0].panels
    assert all("floor_futex" in " ".join(series.name for series in panel.series) and not panel.note for panel in few)


def test_floors_alone_have_panels_of_their_own() -> None:
    record = make_record(channels=(), floors=("floor_futex", "floor_pipe"), sizes=(64, 4096), patterns=("ping_pong",),
                         bimodal=())
    panels = seen(record).charts[0].panels
    assert [panel.name for panel in panels] == [f"ping_pong-{sides}-{placement}-floors" for sides in ("processes", "threads")
                                                for placement in ("spread", "same")]


def test_the_table_has_every_case(all_channels: Json) -> None:
    names = {entry["name"] for entry in all_channels["benchmarks"] if entry["run_type"] == "iteration"}
    assert len(table_of(seen(all_channels), "All channels").rows) == len(names)


def test_one_size_alone_makes_dots() -> None:
    made = seen(make_record(channels=("shm_ring", "pipe"), floors=("floor_futex",), sizes=(64,), bimodal=()))
    assert [chart.kind for chart in made.charts] == [DOTS, DOTS, DOTS]
    assert made.charts[0].title == "Round trip, messages of 64 B"


def test_one_cpu_stands_beside_two(channels_once: Json) -> None:
    chart = next(chart for chart in seen(channels_once).charts if chart.title.startswith("One CPU"))
    assert [panel.name for panel in chart.panels] == ["cpus-64-block", "cpus-64-yield", "cpus-4096-block", "cpus-4096-yield"]
    assert {"shm_ring, one CPU", "shm_ring, two CPUs", "floor_futex, one CPU"} <= set(chart.y.values or ())


def test_an_unstable_case_is_marked_and_counted(channels_once: Json) -> None:
    made = seen(channels_once)
    assert any(UNSTABLE in point.marks for chart in made.charts for panel in chart.panels for series in panel.series
               for point in series.points)
    assert any(" are unstable" in note for note in made.notes)


def test_open_loops_are_left_to_the_view_of_latency() -> None:
    record = make_record(channels=("pipe",), floors=(), sizes=(64,), patterns=("open_loop",), bimodal=())
    assert isinstance(channels.view(shown_of(record)), Missing)


def test_same_rows_are_folded_and_stay_in_the_table(channels_once: Json) -> None:
    table = table_of(seen(channels_once), "Processes and threads")
    same = sum(row["verdict"] == "same" and row["pattern"] != "open_loop" for row in channels_once["comparisons"])
    assert same and any(line.endswith(f"{same} rows more: same") for line in table.folded)
    assert sum(verdict == "same" for (verdict,) in cells(table, "verdict")) == same


def test_of_several_programs_the_first_is_drawn_and_the_others_are_named(channels_once: Json) -> None:
    record = copy.deepcopy(channels_once)
    for entry in record["benchmarks"]:
        entry["program"] = "new" if "process" in entry["name"] else "old"
    record["comparisons"] = []
    notes = " ".join(seen(record).notes)
    assert "measured as well: " in notes


# ---- how far apart the CPUs are ----------------------------------------------------------------------------


def test_one_pair_of_cpus_makes_a_sentence_and_no_map(channels_once: Json) -> None:
    made = seen(channels_once)
    assert HEAT not in [chart.kind for chart in made.charts]
    assert any(sentence.startswith("A cache line's round trip between two CPUs takes ") for sentence in made.sentences)


def test_a_map_is_symmetric_and_its_middle_is_the_median_pair(channels: Json) -> None:
    from statistics import median

    channels["context"]["core_to_core"] = core_to_core(16)
    chart = next(chart for chart in seen(channels).charts if chart.kind == HEAT)
    values = {(point.x, point.y): point.value for point in chart.panels[0].series[0].points}
    assert len(values) == 16 * 15 and all(values[y, x] == value for (x, y), value in values.items())
    assert median(values.values()) == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize("matrix", [
    None, {"cpus": [0, 1], "round_trip_ns": [[None, 5.0]], "complete": True},
    {"cpus": [0], "round_trip_ns": [[None]], "complete": True}, {"cpus": [], "round_trip_ns": [], "complete": True},
    {"cpus": [0, 1], "round_trip_ns": [[None, None], [None, None]], "complete": False}])
def test_a_matrix_without_a_pair_is_passed_over(channels: Json, matrix: Json | None) -> None:
    channels["context"]["core_to_core"] = matrix
    assert not [table for table in seen(channels).tables if "cache line" in table.title]


# ---- pools -------------------------------------------------------------------------------------------------


def test_pools_over_several_channels_say_which_and_by_how_much(golden: Json) -> None:
    made = seen(golden)
    assert not made.charts
    assert any(" a task, " in sentence and "between threads" in sentence for sentence in made.sentences)
    assert any(sentence.startswith("In ") and "the slowest channel costs more than the fastest" in sentence
               for sentence in made.sentences)
    table = table_of(made, "The same tasks")
    findings = {finding for (finding,) in cells(table, "finding")}
    assert findings <= {"differ", "same", "open"} and "differ" in findings
    factors = [row[[column.title for column in table.columns].index("slowest ÷ fastest")] for row in table.rows]
    assert factors == sorted(factors, reverse=True)


def test_a_record_without_channels_to_choose_from_names_what_would_measure_them(golden: Json) -> None:
    keep = [entry for entry in golden["benchmarks"] if entry.get("channel") in (None, "boost_queue")]
    made = channels.view(shown_of({**golden, "benchmarks": keep}))
    assert isinstance(made, Missing) and made.command.startswith("mpmt run --family channel ")


def test_older_records_are_read_as_well(older_once: Json) -> None:
    made = channels.view(shown_of(older_once))
    if isinstance(made, View):
        check(made)


# ---- records that are not friendly -------------------------------------------------------------------------


def test_times_that_nobody_can_have_measured_are_passed_over(channels: Json) -> None:
    for entry in channels["benchmarks"]:
        if entry["run_type"] == "iteration" and entry["channel"] == "pipe":
            entry["ns_per_operation"] = 1e300 if entry["sides"] == "threads" else 1e-300
    assert not [label for (label,) in cells(table_of(seen(channels), "All channels"), "channel") if label == "pipe"]


def test_names_are_given_on_as_they_are(channels: Json) -> None:
    hostile = "</script>\x1b[31m\u202e"
    text = json.dumps(channels).replace('"shm_ring"', json.dumps(hostile))
    made = seen(json.loads(text))
    assert any(hostile in sentence for sentence in made.sentences)


def test_two_records_have_panels_and_rows_of_their_own(channels_once: Json) -> None:
    other = copy.deepcopy(channels_once)
    other["context"]["machine"]["key"] = "ffffffffffff"
    made = seen(channels_once, other)
    assert {series.number for panel in made.charts[0].panels for series in panel.series if series.side != FLOOR} == {0, 1}
    assert len({record for (record,) in cells(table_of(made, "All channels"), "record")}) == 2


def test_a_case_is_on_the_side_that_works(golden: Json, channels_once: Json) -> None:
    sides = {case.said["executor"]: side_of(case.said) for case in cases_of(golden, "pool")}
    assert (sides["serial"], sides["thread_pool"], sides["process_pool"]) == ("baseline", "threads", "processes")
    assert {side_of(case.said) for case in cases_of(channels_once, "channel")} == {"threads", "processes", "floor"}

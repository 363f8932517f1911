"""What a record declares appears by itself: metrics in the views they name, and views that nobody wrote a module for."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest

from mpmt.records.declarations import BEFORE, Metric, declared, metrics_of, value_of, values_of, views_declared
from mpmt.views import declared as declared_views
from mpmt.views import report
from mpmt.views.view import DOTS, FEW_ROUNDS, PROCESSES, THREADS, Missing, Report, View
from view_rules import check, shown_of

Json = dict[str, Any]
ENERGY = {"joules_per_task": {"view": "energy", "unit": "joule", "title": "energy per task"}}


@pytest.fixture
def later(small: Json) -> Json:
    """A record from a later mpmt: entries have numbers that nobody here has heard of."""
    for at, entry in enumerate(small["benchmarks"]):
        if entry["run_type"] == "iteration":
            entry["joules_per_task"] = 0.5 + at % 3
            entry["ready_ns"] = 1e6 * entry["workers"]
    small["context"]["declared"] = {
        "families": {"pool": {"summary": "tasks", "operation": "task", "cost": "ns_per_task",
                              "views": ["verdict", "scaling", "startup"]}},
        "metrics": {**copy.deepcopy(ENERGY), "ready_ns": {"view": "startup", "unit": "ns", "title": "until ready"},
                    "latency_ns.p99": {"view": "tails", "unit": "ns", "title": "99th percentile"}},
        "workloads": {"empty": {"question": "harness", "typical": True, "summary": "does nothing", "grain_unit": ""}}}
    return small


def nothing_but_declared(monkeypatch: pytest.MonkeyPatch, record: Json) -> Report:
    """A report whose modules find nothing."""
    class Module:
        @staticmethod
        def view(shown: object) -> Missing:
            return Missing("startup", "Start-up", "nothing", "mpmt run")
    monkeypatch.setattr(report.importlib, "import_module", lambda name: Module)
    return report.report_of({"record.json": record})


def test_what_a_record_says_of_itself_is_what_counts(later: Json) -> None:
    said = declared(later)
    assert said.families["pool"].views == ("verdict", "scaling", "startup")
    assert said.workloads["empty"].summary == "does nothing"
    assert metrics_of(later, "energy") == [Metric("joules_per_task", "energy", "joule", "energy per task")]
    assert views_declared(later) == ["verdict", "scaling", "startup", "energy", "tails"]
    assert said.workloads["empty"].typical is True


def test_a_record_from_before_has_what_was_so_then(small: Json) -> None:
    assert declared(small) is BEFORE
    assert [metric.name for metric in metrics_of(small, "startup")] == ["startup_ns", "shutdown_ns"]


@pytest.mark.parametrize(("said", "typical"), [(True, True), (False, False), ("true", False), (1, False), (None, False)])
def test_only_true_makes_a_workload_typical(small: Json, said: object, typical: bool) -> None:
    small["context"]["declared"] = {"workloads": {"empty": {"question": "hand_over", "typical": said}}}
    assert declared(small).workloads["empty"].typical is typical


@pytest.mark.parametrize("said", [
    {}, {"families": []}, {"families": {"pool": 7}}, {"metrics": {"x": {"view": 3, "unit": None}}}, {"workloads": "all"},
    {"families": {"pool": {"views": "energy"}}}, {"families": {"pool": {"views": [1, None]}}}])
def test_declarations_of_another_shape_say_nothing(small: Json, said: Json) -> None:
    small["context"]["declared"] = said
    assert views_declared(small) == []


@pytest.mark.parametrize(("entry", "expected"), [
    ({"x": 2}, 2.0), ({"x": 2.5}, 2.5), ({"x": True}, None), ({"x": "2"}, None), ({"x": None}, None), ({}, None),
    ({"x": math.inf}, None), ({"x": math.nan}, None), ({"x": {"y": 3}}, None)])
def test_a_value_is_a_finite_number(entry: Json, expected: float | None) -> None:
    assert value_of(entry, Metric("x", "energy", "ns", "x")) == expected


def test_a_metric_may_be_within_another_field(later: Json) -> None:
    (metric,) = metrics_of(later, "tails")
    found = values_of(later, metric)
    assert found and all(value == entry["latency_ns"]["p99"] for values in found.values() for entry, value in values)


def test_of_an_object_every_number_is_a_metric_but_for_counts(later: Json) -> None:
    later["context"]["declared"]["metrics"] = {"latency_ns": {"view": "tails", "unit": "ns", "title": "latency"}}
    made = declared_views.view("tails", shown_of(later))
    assert made is not None
    check(made)
    assert {table.title for table in made.tables} == {"Latency, p50", "Latency, p90", "Latency, p99", "Latency, p999",
                                                      "Latency, max"}


def test_only_rounds_that_count_have_values(later: Json) -> None:
    (metric,) = metrics_of(later, "energy")
    before = sum(map(len, values_of(later, metric).values()))
    entry = next(entry for entry in later["benchmarks"] if entry["run_type"] == "iteration" and entry["status"] == "ok")
    entry["disturbed_by"] = "it was stopped"
    assert sum(map(len, values_of(later, metric).values())) == before - 1


def test_a_view_that_no_module_has_appears_by_itself(later: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    made = nothing_but_declared(monkeypatch, later)
    energy = next(view for view in made.views if view.name == "energy")
    check(energy)
    assert energy.title == "Energy"
    assert energy.sentences[0].startswith("Energy per task (joule): from ")
    (chart,) = energy.charts
    assert chart.kind == DOTS and {panel.title for panel in chart.panels} == {"empty", "prime_count"}
    assert {THREADS, PROCESSES} <= {series.side for panel in chart.panels for series in panel.series}
    assert len(energy.tables[0].rows) == sum(len(series.points) for panel in chart.panels for series in panel.series)


def test_a_metric_of_a_view_whose_module_finds_nothing_appears_all_the_same(later: Json,
                                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    made = nothing_but_declared(monkeypatch, later)
    assert "Until ready" in next(view for view in made.views if view.name == "startup").sentences[0]
    assert len(made.missing) == len(report.ORDER) - 1


def test_declared_views_come_before_what_a_failure_costs(later: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    class Module:
        @staticmethod
        def view(shown: object) -> View:
            return View("known", "Known", "?", ("Yes.",))
    monkeypatch.setattr(report.importlib, "import_module", lambda name: Module)
    names = [view.name for view in report.report_of({"record.json": later}).views]
    assert names == ["known"] * 7 + ["energy", "tails"] + ["known"] * 4


def test_a_family_that_declares_a_view_shows_what_its_rounds_are_worth(small: Json) -> None:
    small["context"]["declared"] = {"families": {"pool": {"operation": "task", "cost": "ns_per_task", "views": ["lifecycle"]}}}
    made = declared_views.view("lifecycle", shown_of(small))
    assert made is not None
    check(made)
    assert made.sentences[0].startswith("Time per task: from ")


@pytest.mark.parametrize("name", ["", "../up", "a b", "</script>", "x" * 41, "\u202e"])
def test_a_view_whose_name_could_be_no_link_is_left_out(later: Json, name: str) -> None:
    later["context"]["declared"]["metrics"]["joules_per_task"]["view"] = name
    assert declared_views.names(shown_of(later), report.ORDER) == ["tails"]


def test_a_metric_without_a_value_makes_no_view(small: Json) -> None:
    small["context"]["declared"] = {"metrics": ENERGY}
    assert declared_views.view("energy", shown_of(small)) is None


def test_a_single_round_has_no_interval_and_says_that_it_is_few(later: Json) -> None:
    names = {entry["name"] for entry in later["benchmarks"]}
    later["benchmarks"] = [next(entry for entry in later["benchmarks"] if entry["name"] == name and entry["status"] == "ok")
                           for name in sorted(names) if "_" + name.rsplit("_", 1)[-1] not in ("_mean", "_median", "_stddev",
                                                                                              "_cv")]
    made = declared_views.view("energy", shown_of(later))
    assert made is not None
    check(made)
    points = [point for panel in made.charts[0].panels for series in panel.series for point in series.points]
    assert points and all(point.low is None and point.marks == (FEW_ROUNDS,) for point in points)


def test_of_thousands_of_cases_few_are_drawn_and_all_are_in_the_table(later: Json) -> None:
    first = next(entry for entry in later["benchmarks"] if entry["run_type"] == "iteration" and entry["status"] == "ok")
    later["benchmarks"] = [{**first, "name": f"{first['name']}/{at}", "run_name": f"{first['name']}/{at}",
                            "joules_per_task": at}
                           for at in range(3000)]
    made = declared_views.view("energy", shown_of(later))
    assert made is not None
    check(made)
    assert sum(len(series.points) for panel in made.charts[0].panels for series in panel.series) == declared_views.MOST_ROWS
    assert len(made.tables[0].rows) == 3000
    assert made.notes == (f"energy per task: {3000 - declared_views.MOST_ROWS} cases of 3000 are in the table and not drawn.",)


def test_two_records_stand_side_by_side(later: Json) -> None:
    other = json.loads(json.dumps(later))
    other["context"]["commit"]["id"] = "f" * 40
    made = declared_views.view("energy", shown_of(later, other))
    assert made is not None
    check(made)
    assert {series.number for panel in made.charts[0].panels for series in panel.series} == {0, 1}
    assert {row[0] for row in made.tables[0].rows} == {"0123456789ab", "f" * 12}

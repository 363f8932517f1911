"""Can this be believed? Whether the machine was quiet, and what is in doubt; and that nothing is said of what failures cost."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from mpmt.base.places import ROOT
from mpmt.records import record_file
from mpmt.views import belief, failures
from mpmt.views.quiet import Quiet
from mpmt.views.view import Missing, View
from view_rules import cells, check, shown_of, table_of

Json = dict[str, Any]
KEPT = sorted((ROOT / "results").glob("*/*.json"))


def seen(*records: Json) -> View:
    made = belief.view(shown_of(*records))
    assert isinstance(made, View)
    check(made)
    return made


@pytest.fixture
def quiet(golden: Json) -> Json:
    golden["context"]["group_rounds"] = {"done": 154, "busy": 0}
    return golden


# ---- quiet enough? -----------------------------------------------------------------------------------------


def test_a_quiet_machine_is_called_so_with_the_figures(quiet: Json) -> None:
    assert Quiet(quiet).sentence().startswith(
        "Quiet: others used the CPUs in 0 of 154 rounds; capacity of 2 workers 1.97 before and 1.95 after; the smallest "
                                              "difference that "
        "half of the rows could show is ")


@pytest.mark.parametrize(("change", "why"), [
    ({"group_rounds": {"done": 154, "busy": 16}}, "others used the CPUs in 16 of 154 rounds"),
    ({"capacity": {"before": [{"workers": 1, "capacity": 1.0}, {"workers": 2, "capacity": 1.2}], "after": None}},
     "capacity of 2 workers 1.20 before and not measured after"),
    ({"capacity": {"before": [{"workers": 2, "capacity": 2.0}], "after": [{"workers": 2, "capacity": 1.89}]}},
     "capacity of 2 workers 2.00 before and 1.89 after")])
def test_what_speaks_against_it_is_said_first(quiet: Json, change: Json, why: str) -> None:
    quiet["context"].update(change)
    assert Quiet(quiet).sentence().startswith(f"Not quiet enough: {why}; ")


def test_others_that_took_much_of_the_cpus_all_the_time_are_no_quiet(quiet: Json) -> None:
    for entry in quiet["benchmarks"]:
        if entry.get("load"):
            entry["load"]["foreign_share"] = 0.04
    assert Quiet(quiet).sentence().startswith("Not quiet enough: they took 4 % of the CPUs in the median round; ")


def test_what_nobody_knows_is_not_called_quiet(quiet: Json) -> None:
    quiet["context"]["capacity"] = {"before": None, "after": None}
    quiet["context"]["group_rounds"] = {"done": 0, "busy": 0}
    for entry in quiet["benchmarks"]:
        if entry.get("load"):
            entry["load"] = {"steal_ns": None, "foreign_cpu_ns": None, "foreign_share": None}
    assert Quiet(quiet).sentence().startswith("Not known to be quiet: nothing is known of what others did meanwhile; the "
                                              "capacity of the "
                                              "CPUs was not measured; ")


def test_the_criteria_stand_beside_the_answer(quiet: Json) -> None:
    made = seen(quiet)
    assert made.sentences[0].startswith("Quiet: ") and Quiet.CRITERIA in made.notes
    assert "at most 10 % of the rounds" in Quiet.CRITERIA


# ---- doubts ------------------------------------------------------------------------------------------------


def test_failed_disturbed_and_unstable_cases_are_told_with_their_reasons(golden: Json) -> None:
    made = seen(golden)
    told = list(cells(table_of(made, "Failed, disturbed"), "of", "what", "reason"))
    for status, words in (("worker_died", "whose worker died"), ("timed_out", "timed out"),
                          ("wrong_checksum", "with a wrong checksum")):
        for entry in golden["benchmarks"]:
            if entry["status"] == status:
                assert (entry["workload"], words, entry["error"]) in told
    assert any(what == "disturbed" and reason for _, what, reason in told)
    assert any(what == "unstable" and reason for _, what, reason in told)
    assert any("these are in doubt: " in sentence for sentence in made.sentences)


def test_a_record_without_doubts_says_so(quiet: Json) -> None:
    quiet["benchmarks"] = [entry for entry in quiet["benchmarks"] if entry["workload"] == "empty" and entry["status"] == "ok"
                           and entry.get("disturbed_by") is None and entry.get("unstable") is None]
    made = seen(quiet)
    assert any(sentence.endswith(" none failed, was disturbed, or is unstable.") for sentence in made.sentences)
    assert not [table for table in made.tables if "Failed" in table.title]


@pytest.mark.parametrize(("interrupted", "recovered", "said"), [
    (True, False, "The run was interrupted: "), (True, True, "The run was killed, and its record assembled later: ")])
def test_a_run_that_did_not_end_by_itself_says_so(quiet: Json, interrupted: bool, recovered: bool, said: str) -> None:
    quiet["context"].update(interrupted=interrupted, recovered=recovered, finished_utc=None)
    assert any(sentence.startswith(said) for sentence in seen(quiet).sentences)


def test_a_dirty_build_and_the_warnings_of_the_record_are_told(quiet: Json) -> None:
    quiet["context"]["commit"]["dirty"] = True
    made = seen(quiet)
    assert any("changed after its commit" in sentence for sentence in made.sentences)
    assert "invented figures: for tests only" in made.notes


def test_a_record_of_no_commit_and_of_an_unknown_build_is_shown(quiet: Json) -> None:
    quiet["context"].update(commit=None, build=dict.fromkeys(quiet["context"]["build"]))
    table = table_of(seen(quiet), "Machine, build")
    [title] = [column.title for column in table.columns if column.title.endswith("no commit")]
    assert ("dirty", "no") in cells(table, "fact", title)


def test_the_harness_s_own_cost_is_told_and_in_a_table(golden: Json) -> None:
    made = seen(golden)
    assert any(sentence.startswith("The harness itself costs ") and " serially and " in sentence for sentence in made.sentences)
    times = [time for (time,) in cells(table_of(made, "harness"), "time per task")]
    assert times == sorted(times) and len(times) > 2


def test_rounds_of_a_case_that_count_are_counted(golden: Json) -> None:
    rows = {of: (fewest, most) for of, fewest, most in cells(table_of(seen(golden), "Rounds"), "of", "fewest rounds",
                                                             "most rounds")}
    assert set(rows) == {entry["workload"] for entry in golden["benchmarks"]}
    assert all(fewest <= most for fewest, most in rows.values())


def test_two_records_have_a_column_each(golden: Json) -> None:
    other = copy.deepcopy(golden)
    other["context"]["commit"]["id"] = "f" * 40
    made = seen(golden, other)
    assert [column.title for column in table_of(made, "Machine, build").columns] == ["fact", "0123456789ab", "f" * 12]
    assert made.sentences[0].startswith("0123456789ab: ")


def test_numbers_beyond_all_measure_stop_nothing(golden: Json) -> None:
    for entry in golden["benchmarks"]:
        if entry["run_type"] == "iteration":
            entry["load"] = {"steal_ns": 1.7e308, "foreign_cpu_ns": 1.7e308, "foreign_share": 1.7e308}
    for row in golden["comparisons"]:
        row["detectable"] = 1.7e308
    golden["context"]["capacity"]["before"] = [{"workers": 2, "capacity": 1.7e308}]
    seen(golden)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_kept_records_are_shown(path: Any) -> None:
    assert seen(record_file.load(path)).sentences[0].split(":")[0] in ("Quiet", "Not quiet enough")


def test_older_records_are_shown(older_once: Json) -> None:
    seen(older_once)


def test_an_empty_record_is_shown(golden: Json) -> None:
    seen({**golden, "benchmarks": [], "comparisons": []})


# ---- what a failure costs ----------------------------------------------------------------------------------


def test_nothing_is_said_of_what_a_failure_costs_and_no_command_is_named(golden: Json) -> None:
    made = failures.view(shown_of(golden))
    assert isinstance(made, Missing) and made.command == "" and "nothing measures yet" in made.reason

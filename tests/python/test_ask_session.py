"""The runs behind an answer, and the answer itself, from an engine whose answers follow from a rule."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from asked import UNIT_NS, Invented, Turns, case_of
from mpmt.asking import answer, printing
from mpmt.asking.findings import PAYLOAD, TASK, WORKERS, Findings
from mpmt.asking.measuring import Clock, Session
from mpmt.asking.question import Case
from mpmt.base.problem import NothingMeasured
from mpmt.measuring import engine
from mpmt.writers.text_lines import Form

PLENTY = 1000.0  # seconds, of a run that takes none
THREADS_BELOW_400US = lambda task_ns, payload, workers: 1.2 if task_ns < 400e3 else 1.0  # noqa: E731


def found_of(case: Case, run: Callable[..., engine.Answer], budget_s: float = PLENTY,
             now: Callable[[], float] = lambda: 0.0) -> Findings:
    return Session(case, run, Clock(budget_s, now), lambda _: None).answer()


def answer_of(run: Invented, budget_s: float = PLENTY, **wish: Any) -> answer.Answer:
    case = case_of(**{"task_ns": 50e3, "payload": 2048, "workers": (2,), **wish})
    return answer.of_case(case, found_of(case, run, budget_s))


def changes(made: answer.Answer) -> dict[str, Any]:
    return {one.scale: one for one in made.changes}


# ---- cross-overs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place_ns", [2e3, 30e3, 120e3, 400e3, 2e6])
def test_a_cross_over_in_task_size_is_bracketed(place_ns: float) -> None:
    run = Invented(lambda task_ns, payload, workers: 1.2 if task_ns < place_ns else 1.0)
    crossing = changes(answer_of(run))[TASK].crossing
    assert crossing and crossing.low < place_ns <= crossing.high and crossing.high <= 3.1 * crossing.low
    assert (crossing.before, crossing.after) == ("a", "same") and crossing.low <= crossing.about <= crossing.high


def test_a_cross_over_in_payload_is_bracketed() -> None:
    crossing = changes(answer_of(Invented(lambda task_ns, payload,
                                          workers: 0.8 if payload >= 20_000 else 1.0)))[PAYLOAD].crossing
    assert crossing and crossing.low < 20_000 <= crossing.high <= 4 * crossing.low


def test_a_cross_over_in_workers_is_told_between_counts_that_were_measured() -> None:
    change = changes(answer_of(Invented(lambda task_ns, payload, workers: 1.3 if workers >= 4 else 1.0)))[WORKERS]
    assert (change.crossing.low, change.crossing.high) == (2, 4)
    assert change.text.startswith("from 4 workers on threads are faster over shm_ring")


def test_where_nothing_changes_it_says_between_what() -> None:
    made = changes(answer_of(Invented(lambda *_: 1.0)))
    assert all(one.crossing is None for one in made.values())
    assert made[TASK].text.startswith("nothing changes between 800 ns and 3.2 ms")
    assert made[PAYLOAD].text.startswith("nothing changes between 0 B and 1 MiB")


def test_other_sizes_are_multiples_of_the_grain_that_was_found_so_that_nothing_is_calibrated_twice() -> None:
    run = Invented(THREADS_BELOW_400US)
    answer_of(run)
    assert run.asked[0]["--grain"] == "50us"
    assert all(grain.isdecimal() for options in run.asked[1:] for grain in options["--grain"].split(","))


def test_several_values_of_a_scale_are_asked_for_in_one_run() -> None:
    run = Invented(lambda *_: 1.0)
    answer_of(run)
    assert run.asked[1]["--grain"].count(",") == 1 and run.asked[2]["--payload"].count(",") == 1


# ---- the case itself ---------------------------------------------------------------------------------------


def test_a_case_that_stays_open_gets_the_rest_of_the_time_before_its_cross_overs() -> None:
    run = Invented(lambda *_: 1.02, verdict="undecided")
    answer_of(run)
    again = run.asked[1]
    assert again["--grain"] == str(round(50e3 / UNIT_NS)) and again["--channel"] == "shm_ring"
    assert float(again["--budget"]) > 900


def test_a_task_that_turns_out_to_be_far_from_what_was_asked_for_is_measured_again_with_the_right_grain() -> None:
    run = Invented(lambda *_: 1.0, calibrated=0.4)
    made = answer_of(run)
    assert run.asked[1]["--grain"] == str(round(50e3 / UNIT_NS))
    assert "tasks of 50 µs" in made.sentences[0]


def test_of_several_counts_of_workers_the_last_that_brings_something_is_looked_at() -> None:
    run = Invented(lambda *_: 1.0, rate=lambda count: min(count, 5.0))
    made = answer_of(run, kind="wait", task_ns=1e6, workers=(1, 2, 4, 8, 16))
    assert run.asked[0]["--rounds"] == "3" and run.asked[0]["--workers"] == "1,2,4,8,16"
    assert "--rounds" not in run.asked[1] and run.asked[1]["--workers"] == "8"
    assert made.growth and (made.growth.up_to, made.growth.best) == (8, 8)
    assert "Throughput grows up to 8 workers." in made.sentences and "on 8 workers" in made.sentences[0]


def test_more_workers_are_tried_while_throughput_grows() -> None:
    run = Invented(lambda *_: 1.0, rate=lambda count: min(count, 30.0))
    made = answer_of(run, kind="wait", task_ns=1e6, workers=(1, 2, 4, 8, 16))
    assert made.growth and made.growth.up_to == 32 and list(made.growth.tasks_per_s) == [1, 2, 4, 8, 16, 32, 64]


def test_who_must_survive_a_crash_is_told_processes_whatever_they_cost() -> None:
    for ratio, cost in ((1.3, "What that costs: threads: 1.30x faster"),
                        (1.0, "It costs nothing that shows: the same within 3 %"),
                        (0.7, "They are the faster ones, too: processes: 1.43x faster")):
        made = answer_of(Invented(lambda *_, ratio=ratio: ratio), must_survive_crash=True)
        assert made.sentences[0].startswith(f"Processes, since only they contain a crash. {cost}")


# ---- time --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.5, 2.0, 7.0, 40.0])
def test_no_run_begins_when_the_time_is_over(seconds: float) -> None:
    run, turns = Invented(THREADS_BELOW_400US), Turns(seconds)
    case = case_of(task_ns=50e3)
    found = found_of(case, turns.taking(run), case.budget_s, turns.now)
    assert found.deployed and len(run.asked) <= 1 + case.budget_s / seconds


def test_what_there_was_no_time_for_is_said() -> None:
    run, turns = Invented(lambda *_: 1.0), Turns(24)
    case = case_of(task_ns=50e3)
    made = answer.of_case(case, found_of(case, turns.taking(run), case.budget_s, turns.now))
    assert len(run.asked) == 1 and made.verdict == "same"
    assert "no time was left" in printing.text(made, [], 1.0, Form(100, True))


def test_runs_that_are_too_late_have_measured_nothing() -> None:
    case = case_of(task_ns=50e3)
    with pytest.raises(NothingMeasured, match="^--budget: "):
        found_of(case, lambda arguments, until: engine.Answer(None, False, "waiting", True))


@pytest.mark.parametrize("at", range(1, 6))
def test_an_interruption_at_any_run_leaves_what_is_known(at: int) -> None:
    run = Invented(THREADS_BELOW_400US, interrupt_at=at)
    made = answer_of(run)
    assert made.interrupted and made.exit_code() == 130 and len(run.asked) == at + 1
    assert made.sentences[0].startswith("Threads: 1.20x faster than processes")


def test_an_interruption_between_runs_does_as_well() -> None:
    run = Invented(THREADS_BELOW_400US)

    def say(line: str) -> None:
        if len(run.asked) == 2:
            raise KeyboardInterrupt
    case = case_of(task_ns=50e3)
    found = Session(case, run, Clock(PLENTY, lambda: 0.0), say).answer()
    assert found.interrupted and len(found.records) == 2 and answer.of_case(case, found).verdict == "a"


# ---- what is told ------------------------------------------------------------------------------------------


def test_no_winner_is_named_that_the_judge_did_not_name() -> None:
    for verdict in ("undecided", "unstable"):
        made = answer_of(Invented(lambda *_: 1.5, verdict=verdict))
        assert made.verdict == verdict and made.exit_code() == 0
        assert " faster" not in " ".join(made.sentences)


def test_what_is_open_says_what_would_decide() -> None:
    made = answer_of(Invented(lambda *_: 1.02, verdict="undecided", busy=8))
    assert made.advice[0].startswith("a quieter machine: others used the CPUs in 80 % of the rounds")
    assert any("more time" in line for line in made.advice) and any("--placement same" in line for line in made.advice)
    quiet = answer_of(Invented(lambda *_: 1.02, verdict="undecided"))
    assert not any("quieter" in line for line in quiet.advice)
    unstable = answer_of(Invented(lambda *_: 1.02, verdict="unstable"))
    assert not any("more time" in line for line in unstable.advice)


def test_the_table_has_no_more_than_twelve_rows_the_answer_first() -> None:
    made = answer_of(Invented(lambda *_: 1.2), workers=tuple(range(1, 9)), channels=("by_reference", "shm_ring", "boost_queue"))
    first = made.table.rows[0]
    assert len(made.table.rows) <= 12 and str(first[0]).startswith("best: ") and first[-1] == "threads"


def test_the_json_says_the_same_and_is_finite() -> None:
    made = answer_of(Invented(THREADS_BELOW_400US))
    document = json.loads(json.dumps(answer.as_json(made, ["kept.json"], 1.234), allow_nan=False))
    assert document["sentence"] == " ".join(made.sentences) and document["verdict"] == "a"
    assert document["records"] == ["kept.json"]
    assert {one["scale"] for one in document["crossings"]} == {TASK}
    assert set(document["commands"]) == {"repeat", "as_a_run", "look_deeper"} and document["exit_code"] == 0


def test_the_text_has_all_parts_and_fits_in_ascii_as_well() -> None:
    made = answer_of(Invented(THREADS_BELOW_400US))
    for form in (Form(100, True), Form(60, False)):
        text = printing.text(made, [], 1.0, form)
        for part in ("Threads: 1.20x faster", "What would change the answer:", "Assumed:", "repeat:", "as a run:",
                     "look deeper:"):
            assert part in text
        assert form.unicode or text.isascii()


@pytest.mark.parametrize(("waiting", "known"), [(None, "as measured"), (0.5, "as it was calibrated to")])
def test_a_time_that_no_serial_case_measured_is_not_said_to_be(waiting: float | None, known: str) -> None:
    made = answer_of(Invented(THREADS_BELOW_400US), task_ns=1e6, payload=0, waiting=waiting)
    grain = next(one for one in made.assumed if one.option == "--grain")
    assert known in grain.why

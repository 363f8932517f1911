"""What a record's rows say of a reader's case: measured, between measured neighbours that agree, or missing."""

from __future__ import annotations

import dataclasses
import math

import pytest

from mpmt.answers import words
from mpmt.answers.crossover import crossings
from mpmt.answers.rows import BEST, Row, channel_of, plain, rows_of, task_times
from mpmt.answers.verdict import BETWEEN, MEASURED, MISSING, Selection, answer, sentence_of
from mpmt.records import record_file
from mpmt.records.families import POOL, families_in
from mpmt.base.places import ROOT
from invented_record import Json, compared, pool, record, sides
from invented_report import rows as invented

KEPT = sorted((ROOT / "results").glob("*/*.json"))


def case(task_ns: float = 50_000.0, payload: float = 1024, workers: float = 2, workload: str = "hash_chain",
         placement: str = "spread", channel: str = "shm_ring") -> Selection:
    return Selection(workload, task_ns, payload, workers, placement, channel)


def row(**changes: object) -> Row:
    return dataclasses.replace(invented()[0], **changes)  # type: ignore[arg-type]


# ---- numbers in words --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value, digits, text", [
    (1.125, 2, "1.13"), (1.005, 2, "1.00"), (0.5, 0, "1"), (2.5, 0, "3"), (1e9, 1, "1000000000.0"), (1 / 3, 3, "0.333")])
def test_decimals_are_rounded_half_up_from_the_binary_number(value: float, digits: int, text: str) -> None:
    assert words.fixed(value, digits) == text


@pytest.mark.parametrize("value, text", [
    (0, "0"), (1, "1"), (1.5, "1.5"), (123.4, "123"), (12345, "12345"), (0.01234, "0.0123"), (100, "100"), (0.10, "0.1")])
def test_three_digits_say_enough(value: float, text: str) -> None:
    assert words.significant(value) == text


@pytest.mark.parametrize("value, unit, text", [
    (50_000, "ns", "50 µs"), (999, "ns", "999 ns"), (2.5e9, "ns", "2.5 s"), (2048, "bytes", "2 KiB"),
    (3 << 20, "bytes", "3 MiB"), (1 << 30, "bytes/s", "1 GiB/s"), (0.045, "share", "4.5 %"), (1.2345, "ratio", "1.23"),
    (0.05, "ratio", "0.050"), (7, "count", "7"), (None, "ns", "–")])
def test_a_value_is_written_in_its_unit(value: float | None, unit: str, text: str) -> None:
    assert words.in_unit(value, unit) == text


# ---- a reader's case ---------------------------------------------------------------------------------------


def test_a_measured_case_is_answered_by_its_row() -> None:
    found = answer(invented(), case(1_000.0, 65536, 1))
    assert found.kind == MEASURED and len(found.based_on) == 1
    assert found.sentence == ("Threads: 1.53x faster than processes (95 %: 1.50–1.55) for hash_chain tasks of 1 µs with 64 KiB "
                              "on 1 worker.")


def test_a_case_between_neighbours_that_agree_is_interpolated() -> None:
    found = answer(invented(), case(10_000_000 / 20, 0, 2))
    assert found.kind == BETWEEN and found.verdict == "same" and len(found.based_on) == 2
    low, high = sorted(float(one.ratio or 0) for one in found.based_on)
    assert low < found.ratio < high
    assert "(not measured: between 2 measured cases that agree)" in found.sentence
    assert found.low == min(one.low for one in found.based_on) and found.high == max(one.high for one in found.based_on)


def test_the_middle_of_two_scales_is_made_of_four_corners() -> None:
    payload = math.expm1((math.log1p(1024) + math.log1p(65536)) / 2)
    found = answer(invented(), case(1_000.0, payload, math.sqrt(2)))
    assert found.kind == BETWEEN and len(found.based_on) == 4
    assert found.ratio == pytest.approx(math.prod(float(one.ratio or 0) for one in found.based_on) ** 0.25)


def test_neighbours_that_do_not_agree_answer_nothing() -> None:
    found = answer(invented(), case(10_000.0, 65536, 2))
    assert (found.kind, found.verdict) == (MISSING, None)
    assert "do not agree" in found.sentence and "Nearest:" in found.sentence


@pytest.mark.parametrize("asked", [case(100.0), case(1e9), case(payload=1 << 20), case(workers=64)])
def test_beyond_all_that_was_measured_the_nearest_is_named(asked: Selection) -> None:
    found = answer(invented(), asked)
    assert found.kind == MISSING and "beyond all that was" in found.sentence and "Nearest:" in found.sentence


@pytest.mark.parametrize("asked", [case(workload="sort_block"), case(placement="same"), case(channel="pipe")])
def test_what_is_chosen_by_name_has_to_be_measured(asked: Selection) -> None:
    found = answer(invented(), asked)
    assert found.kind == MISSING and found.based_on == () and found.sentence.startswith("Not measured")


def test_a_corner_that_is_missing_is_said() -> None:
    rows = [one for one in invented() if (one.grain, one.workers) != (1000, 2)]
    found = answer(rows, case(500_000.0, 0, 2))
    assert found.kind == MISSING and "nor are all of its neighbours" in found.sentence


def test_a_row_without_a_look_says_so_and_serves_no_neighbour() -> None:
    rows = [dataclasses.replace(one, ratio=None, low=None, high=None, verdict="undecided") for one in invented()]
    assert "Too few rounds" in answer(rows, case()).sentence
    assert answer(rows, case(10_000.0)).kind == MISSING


@pytest.mark.parametrize("end", ["low", "high"])
def test_a_ratio_without_an_interval_serves_no_neighbour(end: str) -> None:
    rows = [dataclasses.replace(one, **{end: None}, verdict="undecided") for one in invented()]
    assert answer(rows, case(10_000.0)).kind == MISSING


@pytest.mark.parametrize("changes, sentence", [
    ({"verdict": "b", "ratio": 0.5, "low": 0.4, "high": 0.8}, "Processes: 2.00x faster than threads (95 %: 1.25–2.50)"),
    ({"verdict": "a", "ratio": 12.34, "low": 12.0, "high": 123.0}, "Threads: 12.3x faster than processes (95 %: 12.0–123)"),
    ({"verdict": "undecided", "ratio": 1.02, "low": 0.97, "high": 1.07, "detectable": 0.081},
     "Undecided between threads and processes (processes ÷ threads 1.02, 95 %: 0.97–1.07; a difference of 8.1 % would "
     "have been seen)"),
    ({"verdict": "unstable", "ratio": 1.3, "low": 0.9, "high": 1.9},
     "Unstable, so no winner between threads and processes (processes ÷ threads 1.30, 95 %: 0.90–1.90)"),
    ({"verdict": "a", "a": "old", "b": "new", "ratio": 1.1, "low": 1.05, "high": 1.2},
     "old: 1.10x faster than new (95 %: 1.05–1.20)")])
def test_a_verdict_in_words(changes: dict[str, object], sentence: str) -> None:
    assert sentence_of(row(**changes)).startswith(sentence)


# ---- where it changes --------------------------------------------------------------------------------------


def _sweep(*ratios: float) -> list[Row]:
    verdicts = ["a" if ratio > 1.03 else "b" if ratio < 1 / 1.03 else "same" for ratio in ratios]
    return [row(task_ns=10.0 ** at, ratio=ratio, low=ratio * 0.99, high=ratio * 1.01, verdict=verdict)
            for at, (ratio, verdict) in enumerate(zip(ratios, verdicts), 3)]


def test_the_answer_changes_between_two_measured_values() -> None:
    [found] = crossings(_sweep(2.0, 1.4, 1.0, 1.0), lambda one: one.task_ns)
    assert (found.low, found.high, found.before, found.after) == (1e4, 1e5, "a", "same")
    assert found.low < found.about < found.high


def test_from_one_winner_to_the_other_it_is_where_both_are_equal() -> None:
    [found] = crossings(_sweep(1.25, 0.8), lambda one: one.task_ns)
    assert found.about == pytest.approx(math.sqrt(1e3 * 1e4))


def test_nothing_changes_where_all_agree_and_open_rows_say_nothing() -> None:
    assert crossings(_sweep(2.0, 1.5, 1.2), lambda one: one.task_ns) == []
    rows = _sweep(2.0, 1.0, 1.0)
    rows[1] = dataclasses.replace(rows[1], verdict="undecided")
    [found] = crossings(rows, lambda one: one.task_ns)
    assert (found.low, found.high) == (1e3, 1e5)


def test_a_payload_of_nothing_has_no_place_between() -> None:
    rows = [dataclasses.replace(one, payload_bytes=at) for one, at in zip(_sweep(1.0, 1.5), (0, 1024))]
    [found] = crossings(rows, lambda one: one.payload_bytes)
    assert (found.low, found.high, found.about) == (0, 1024, None)


# ---- of records --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_each_row_of_a_kept_record_answers_for_itself(path: object) -> None:
    record = record_file.load(str(path))
    rows = plain(rows_of(record))
    assert rows or POOL not in families_in(record)
    for one in rows:
        if one.workers is None or one.task_ns is None or one.payload_bytes is None or one.placement is None:
            continue
        of_pair = [other for other in rows if other.table == one.table]
        found = answer(of_pair, Selection(one.workload, one.task_ns, one.payload_bytes, one.workers, one.placement,
                                          channel_of(one)))
        assert (found.kind, found.based_on) == (MEASURED, (one,))


def test_rows_as_deployed_are_of_the_best_of_either_side() -> None:
    rows = [one for path in KEPT for one in rows_of(record_file.load(str(path)))]
    assert {channel_of(one) for one in rows if one.table == "deployed"} == {BEST}


def _mixed(*shares: float | None) -> Json:
    """Threads and processes at each share: they take as many µs as per cents do not wait, 1 µs where there is no share."""
    entries, comparisons, cases = [], [], {}
    for share in shares:
        ns = 1_000.0 if share is None else 1_000.0 * (100 - 100 * share)
        both = sides(2, [ns] * 6, [ns] * 6, workload="mixed_wait", **({} if share is None else {"waiting": share}))
        for entry in (own := [*both[0], *both[1], *pool("serial", 1, [ns] * 6, workload="mixed_wait", waiting=share)]):
            entry["name"] = entry["run_name"] = f"{entry['name']}/waiting:{share}"
            cases[entry["name"]] = {} if share is None else {"waiting": share}
        entries += own
        comparisons.append(compared(*both, ratio=1.0, verdict="same"))
    return {**record(entries, comparisons), "cases": cases}


def test_tasks_that_wait_for_different_shares_are_different_tasks() -> None:
    found = _mixed(0.7, 0.29, 0.0, None)
    rows = plain(rows_of(found))
    assert [(one.workload, one.task_ns) for one in rows] == [
        ("mixed_wait (70 % waiting)", pytest.approx(30_000)), ("mixed_wait (29 % waiting)", pytest.approx(71_000)),
        ("mixed_wait (0 % waiting)", pytest.approx(100_000)), ("mixed_wait", 1_000)]
    assert set(task_times(found)) == {(one.workload, one.grain) for one in rows}
    asked = [answer(rows, case(one.task_ns or 0, 0, 2, one.workload)) for one in rows]
    assert [one.based_on for one in asked] == [(one,) for one in rows]


def test_a_row_of_programs_has_the_share_of_its_cases() -> None:
    found = _mixed(0.7)
    said = found["comparisons"][0]
    said.update(table="programs", a="old", b="new", a_case=said.pop("threads_case"), b_case=said.pop("processes_case"))
    assert [one.workload for one in rows_of(found)] == ["mixed_wait (70 % waiting)"]


def test_times_that_nobody_can_have_measured_give_no_number_that_is_not_finite() -> None:
    found = _mixed(0.7, None)
    for at, entry in enumerate(found["benchmarks"]):
        entry["ns_per_task"] = (1.7e308, 1e308, 5e-324)[at % 3]
    for said in found["comparisons"]:
        said.update(ratio=1.7e308, low=5e-324, high=1.7e308, detectable=1.7e308, verdict="undecided")
    rows = rows_of(found)
    assert [one.task_ns for one in rows] == [None, None]
    assert all(math.isfinite(1 / value) for one in rows for value in (one.ratio, one.low, one.high) if value is not None)
    assert all(sentence_of(one).startswith("Undecided") for one in rows)

"""Changes, growth and advice in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asked import case_of
from mpmt.answers.rows import DEPLOYED, Row
from mpmt.asking.changes import change, growth
from mpmt.asking.contenders import Contender, Found
from mpmt.asking.findings import PAYLOAD, TASK, WORKERS
from mpmt.asking.sentences import advice, sentences

ROW = Row(0, DEPLOYED, "threads", "processes", "prime_count", 500, 50e3, 2048, 2, "spread", None, 1, 2, "block", 1.18, 1.14,
          1.22, "a",
          0.04, 8, "", 0.03, 0.95)


def started(*ns: float) -> dict[tuple[str | None, int], float]:
    return {(None, at): one for at, one in enumerate(ns)}


THREADS = Contender("t", "threads", "by_reference", 2, 500, 2048, 25e3, started(*[500e3] * 8))
PROCESSES = replace(THREADS, name="p", side="processes", channel="shm_ring", startup_ns=started(*[900e3] * 8))


def at(task_ns: float, verdict: str, ratio: float = 1.0) -> Row:
    return replace(ROW, task_ns=task_ns, verdict=verdict, ratio=ratio)


PLACE = "for prime_count tasks of 50 µs with 2 KiB on 2 workers."
STARTS = "tarting 2 processes takes 400 µs longer than starting 2 threads."


@pytest.mark.parametrize(("row", "said"), [
    (ROW, f"Threads: 1.18x faster than processes (95 %: 1.14–1.22) {PLACE} S{STARTS}"),
    (replace(ROW, verdict="b", ratio=0.5, low=0.4, high=0.625),
     f"Processes: 2.00x faster than threads (95 %: 1.60–2.50) {PLACE} S{STARTS}"),
    (replace(ROW, verdict="same", ratio=1.0, low=0.99, high=1.01),
     f"The same within 3 %, threads or processes (processes ÷ threads 1.00, 95 %: 0.99–1.01) {PLACE} "
     f"Choose by what else matters: processes contain a crash; s{STARTS}"),
    (replace(ROW, task_ns=80e3),
     f"Threads: 1.18x faster than processes (95 %: 1.14–1.22) {PLACE} S{STARTS}".replace("50", "80")),
    (replace(ROW, task_ns=52e3, payload_bytes=0),
     f"Threads: 1.18x faster than processes (95 %: 1.14–1.22) {PLACE} S{STARTS}".replace(" with 2 KiB", ""))])
def test_the_answer_in_sentences(row: Row, said: str) -> None:
    assert " ".join(sentences(case_of(task_ns=50e3, workers=(2,)), Found(row, THREADS, PROCESSES), [], None)) == said


def test_sides_that_are_best_with_workers_of_their_own_are_told_so() -> None:
    said = sentences(case_of(task_ns=50e3), Found(replace(ROW, workers=None), THREADS, replace(PROCESSES, workers=4)), [], None)
    assert said[1:] == ["Threads are best with 2 workers, processes with 4."]


@pytest.mark.parametrize("ns", [(400e3, 600e3) * 4, (900e3,) * 5])
def test_who_starts_sooner_is_told_where_it_is_sure(ns: tuple[float, ...]) -> None:
    said = sentences(case_of(task_ns=50e3), Found(ROW, THREADS, replace(PROCESSES, startup_ns=started(*ns))), [], None)
    assert "tarting" not in " ".join(said)


def test_one_worker_is_one() -> None:
    processes = replace(PROCESSES, workers=1, startup_ns=started(*[400e3] * 8))
    found = Found(replace(ROW, workers=1), replace(THREADS, workers=1), processes)
    assert sentences(case_of(task_ns=50e3), found, [],
                     None)[-1] == "Starting a thread takes 100 µs longer than starting a process."


@pytest.mark.parametrize(("rows", "text", "low"), [
    ([at(50e3, "a", 1.2), at(400e3, "same", 1.01)], "they are the same within 3 % from somewhere between 50 µs and 400 µs on "
                                                    "(measured: threads faster at 50 µs, the same at 400 µs)", 50e3),
    ([at(50e3, "same", 1.0), at(5e3, "a", 1.2)], "threads are faster up to somewhere between 5 µs and 50 µs "
                                                 "(measured: threads faster at 5 µs, the same at 50 µs)", 5e3),
    ([at(50e3, "a", 1.2), at(6e3, "undecided"), at(400e3, "a", 1.1)],
     "nothing changes between 50 µs and 400 µs (2 measured; open at 6 µs)", None),
    ([at(50e3, "a"), at(6e3, "unstable")], "not known: decided at 50 µs only; open at 6 µs", None),
    ([at(50e3, "undecided"), at(6e3, "undecided")], "not known: nothing is decided; open at 6 µs, 50 µs", None),
    ([at(50e3, "a")], "nothing else was measured: no time was left (--budget)", None)])
def test_a_change_in_words(rows: list[Row], text: str, low: float | None) -> None:
    found = change(TASK, rows, rows[0])
    assert found.text == text and (found.crossing.low if found.crossing else None) == low


def test_a_narrow_bracket_has_a_middle_and_the_sentence_says_between_what() -> None:
    rows = [at(50e3, "a", 1.2), at(150e3, "same", 1.01)]
    found = change(TASK, rows, rows[0])
    assert found.brief == "from about 130 µs (50 µs to 150 µs) on they are the same within 3 %"
    assert found.text.startswith("from about 130 µs on they are the same within 3 % (measured: ")


def test_what_a_hand_over_costs_is_said_first() -> None:
    said = sentences(case_of(kind="hand_over"), Found(replace(ROW, window=64), THREADS, PROCESSES), [], None)
    assert said[0] == ("Handing tasks over costs 25 µs each with threads and 25 µs with processes, when many are under way "
                       "(2 workers, at most 64 for each).")


def test_the_nearest_of_two_cross_overs_is_told() -> None:
    rows = [at(5e3, "a", 1.3), at(50e3, "same"), at(100e3, "b", 0.9)]
    assert change(TASK, rows, rows[1]).crossing.high == 100e3


@pytest.mark.parametrize(("rows", "brief"), [
    ([at(50e3, "a", 1.2), at(400e3, "same", 1.01), at(3e6, "b", 0.9)],
     "they are the same within 3 % from somewhere between 50 µs and 400 µs on, up to 400 µs"),
    ([at(50e3, "same"), at(5e3, "a", 1.2), at(1e3, "b", 0.8)],
     "threads are faster up to somewhere between 5 µs and 50 µs, down to 5 µs")])
def test_what_changes_once_more_is_not_said_to_stay(rows: list[Row], brief: str) -> None:
    assert change(TASK, rows, rows[0]).brief == brief


def test_no_payload_is_a_place_as_good_as_any() -> None:
    rows = [replace(ROW, payload_bytes=0, verdict="same", ratio=1.0), replace(ROW, payload_bytes=1024)]
    assert change(PAYLOAD, rows, rows[0], "shm_ring").text == (
        "threads are faster from somewhere between 0 B and 1 KiB on over shm_ring (measured: the same at 0 B, threads faster "
        "at 1 KiB)")


def test_workers_are_whole() -> None:
    rows = [replace(ROW, workers=2, verdict="same", ratio=1.0), replace(ROW, workers=8)]
    assert change(WORKERS, rows, rows[0]).brief == "from 8 workers on threads are faster"


@pytest.mark.parametrize(("rates", "sentence"), [
    ({1: 100.0, 2: 200.0, 4: 203.0, 8: 150.0}, "Throughput grows up to 2 workers."),
    ({1: 100.0, 2: 200.0}, "Throughput still grows at 2 workers, the most that were measured."),
    ({1: 100.0, 2: 50.0}, "Throughput grows up to 1 worker."),
    ({1: 100.0, 2: 90.0, 4: 400.0, 8: 1.0}, "Throughput grows up to 4 workers.")])
def test_growth_in_words(rates: dict[int, float], sentence: str) -> None:
    assert growth(rates, 0.03).sentence() == sentence


def test_one_count_has_no_growth() -> None:
    assert growth({2: 100.0}, 0.03) is None


def test_the_time_that_would_decide_grows_with_the_square_of_what_is_to_be_shown() -> None:
    row = replace(ROW, verdict="undecided", detectable=0.09)
    assert advice(row, 0.03, 10.0, 0.0, True)[0] == "more time (a difference of 9 % would have been seen): --budget 90"
    assert "or a larger --margin" in advice(replace(row, detectable=0.9), 0.03, 10.0, 0.0, True)[0]
    assert advice(None, 0.03, 10.0, 0.0, False) == ["more time: --budget 40"]


def test_more_time_is_more_than_there_was() -> None:
    row = replace(ROW, verdict="undecided", detectable=0.03)
    assert advice(row, 0.03, 15.0, 0.0, True, beside_s=10)[0].endswith("--budget 35")

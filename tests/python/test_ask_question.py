"""From options to a case, and from a case to the arguments of mpmt run."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from asked import CATALOGUE, CPUS, case_of, workload
from mpmt.asking import plan, spelling
from mpmt.asking.catalogue import Catalogue
from mpmt.asking.question import Wish, case, commands
from mpmt.base.problem import Problem


@pytest.mark.parametrize(("text", "ns"), [("50us", 50e3), ("50µs", 50e3), ("2ms", 2e6), ("0.5s", 5e8), (" 100 ns ", 100.0),
                                          ("60s", 60e9)])
def test_a_time_is_read_as_it_is_written(text: str, ns: float) -> None:
    assert spelling.task_time(text) == ns


@pytest.mark.parametrize("text", ["", "50", "us", "99ns", "61s", "-1us", "1e3us", "nan", "٣us", "1us;rm", "1\n2us",
                                  "9" * 40 + "us"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="not a time from 100ns to 60s"):
        spelling.task_time(text)


@pytest.mark.parametrize(("text", "count"), [("0", 0), ("64", 64), ("2Ki", 2048), ("2KiB", 2048), ("2k", 2048),
                                             ("1Mi", 1 << 20), ("16Mi", 16 << 20)])
def test_a_size_is_read_as_it_is_written(text: str, count: int) -> None:
    assert spelling.payload_size(text) == count


@pytest.mark.parametrize("text", ["", "-1", "2Gi", "17Mi", "Ki", "1.5Ki", "٤", "1 2"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="not a size from 0 to 16Mi"):
        spelling.payload_size(text)


@pytest.mark.parametrize("text", ["", "0", "1,,2", "1025", "two", "1,2,3,4,5,6,7,8,9", "-1", "²"])
def test_what_is_no_list_of_counts_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        spelling.worker_counts(text)


def test_counts_are_sorted_and_each_is_there_once() -> None:
    assert spelling.worker_counts("4,1, 4") == (1, 4)


@pytest.mark.parametrize("ns", [100.0, 50e3, 123456.0, 2e6, 0.5e9, 60e9])
def test_a_time_that_is_written_is_read_again(ns: float) -> None:
    assert spelling.task_time(spelling.time_text(ns)) == ns


@pytest.mark.parametrize("count", [0, 1, 1023, 2048, 3000, 16 << 20])
def test_a_size_that_is_written_is_read_again(count: int) -> None:
    assert spelling.payload_size(spelling.size_text(count)) == count


# ---- the case ----------------------------------------------------------------------------------------------


def test_what_was_said_is_taken_and_only_the_rest_is_assumed() -> None:
    found = case_of(kind="cpu", task_ns=50e3, payload=2048, workers=(2,), channels=("shm_ring",), margin=0.05, budget_s=9)
    assert (found.workload.name, found.task_ns, found.payload, found.workers, found.channels, found.margin, found.budget_s) == (
        "prime_count", 50e3, 2048, (2,), ("shm_ring",), 0.05, 9)
    assert [one.option for one in found.assumed] == ["--like"]


def test_what_was_not_said_is_assumed_and_told() -> None:
    found = case_of(task_ns=50e3)
    assert (found.kind, found.payload, found.workers, found.margin) == ("cpu", 0, (CPUS,), 0.03)
    assert {one.option for one in found.assumed} == {"--kind", "--like", "--payload", "--workers", "--channel", "--margin"}


@pytest.mark.parametrize(("kind", "name", "workers"), [
    ("cpu", "prime_count", (2,)), ("wait", "sleep_wait", (1, 2, 4, 8, 16)), ("mix", "mixed_wait", (1, 2, 4, 8)),
    ("file", "file_cached", (2,)), ("copy", "payload_copy", (2,)), ("hand_over", "empty", (2,))])
def test_each_kind_has_its_workload_and_its_workers(kind: str, name: str, workers: tuple[int, ...]) -> None:
    found = case_of(kind=kind)
    assert (found.workload.name, found.workers) == (name, workers)


def test_a_kind_that_no_list_of_ours_has_comes_from_what_a_workload_declares() -> None:
    more = Catalogue({**CATALOGUE.workloads, "lock_step": workload("lock_step", "locking")}, CATALOGUE.channels)
    assert case(Wish(kind="locking"), more, CPUS).workload.name == "lock_step"


def test_a_share_that_waits_makes_it_a_mix() -> None:
    found = case_of(waiting=0.7)
    assert (found.kind, found.workload.name, found.waiting) == ("mix", "mixed_wait", 0.7)
    assert plan.arguments(found, plan.main(found), 5)[4:6] == ["--waiting", "70%"]


def test_where_the_payload_is_large_a_channel_that_does_not_copy_takes_part() -> None:
    assert "shm_arena" not in case_of(payload=2048).channels
    assert "shm_arena" in case_of(payload=4096).channels


@pytest.mark.parametrize(("wish", "option"), [
    ({"like": "nonsense"}, "--like"), ({"like": "empty", "kind": "cpu"}, "--like"), ({"kind": "\x1b[31m"}, "--kind"),
    ({"kind": "hand_over", "task_ns": 1e6}, "--task"), ({"kind": "copy", "payload": 0}, "--payload"),
    ({"kind": "cpu", "waiting": 0.5}, "--waiting"), ({"channels": ("nonsense",)}, "--channel"),
    ({"channels": ("by_reference",)}, "--channel"), ({"channels": ("small",), "payload": 2048}, "--channel")])
def test_what_does_not_fit_is_refused_in_a_line_that_begins_with_the_option(wish: dict[str, Any], option: str) -> None:
    with pytest.raises(Problem) as refused:
        case_of(**wish)
    assert str(refused.value).startswith(f"{option}: ") and "\n" not in str(refused.value) and "\x1b" not in str(refused.value)


@pytest.mark.parametrize("texts", [(), ("a=x",), ("a=x", "b=y", "c=z"), ("a=x", "y"), ("=x", "b=y"), ("a=x", "b= "),
                                   ("a=x", "a=y")])
def test_commands_are_two_with_a_name_each(texts: tuple[str, ...]) -> None:
    with pytest.raises(Problem, match="^--command: "):
        commands(Wish(commands=texts))


@pytest.mark.parametrize(("option", "value"), [("task_ns", 1e6), ("kind", "cpu"), ("must_survive_crash", True),
                                               ("workers", (1,))])
def test_of_commands_nothing_else_is_asked(option: str, value: Any) -> None:
    with pytest.raises(Problem, match="leave it out beside --command"):
        commands(Wish(commands=("a=x", "b=y"), **{option: value}))


# ---- the runs ----------------------------------------------------------------------------------------------


def test_the_case_is_measured_as_it_was_asked_for() -> None:
    found = case_of(task_ns=50e3, payload=2048, workers=(2,))
    assert plan.arguments(found, plan.main(found), 12.345, 1.5) == [
        "--workload", "prime_count", "--grain", "50us", "--payload", "2Ki", "--workers", "2",
        "--executor", "serial,thread_pool,process_pool", "--channel", "by_reference,shm_ring,boost_queue",
        "--margin", "3%", "--budget", "12.3", "--wait-idle", "1.5"]


def test_the_command_that_repeats_it_asks_the_same_with_nothing_left_to_assume() -> None:
    from mpmt.commands.ask import _wish, parse_arguments
    found = case_of(kind="mix", task_ns=6e6, must_survive_crash=True)
    again = case(_wish(parse_arguments(plan.repeated(found)[2:])), CATALOGUE, cpus=64)
    assert again.assumed == () and again.must_survive_crash
    for field in ("workload", "task_ns", "payload", "workers", "channels", "waiting", "margin", "budget_s"):
        assert getattr(again, field) == getattr(found, field)


@pytest.mark.parametrize(("grain", "asked_ns", "measured_ns", "right"), [
    (100, 1000.0, 1000.0, 100), (100, 1000.0, 1200.0, 100), (100, 1000.0, 500.0, 200), (100, 1000.0, 4000.0, 25), (1, 1000.0,
                                                                                                                   1e6, 1),
    (100, None, 500.0, 100), (100, 1000.0, None, 100)])
def test_a_grain_that_is_far_from_what_was_asked_for_is_corrected(grain: int, asked_ns: Any, measured_ns: Any,
                                                                  right: int) -> None:
    assert plan.corrected(grain, asked_ns, measured_ns) == right


@pytest.mark.parametrize(("rates", "more"), [({}, ()), ({1: 1.0, 2: 2.0}, (4,)), ({1: 1.0, 2: 1.01}, ()),
                                             ({1: 1.0, 256: 9.0}, ())])
def test_more_workers_are_tried_as_long_as_they_bring_something(rates: dict[int, float], more: tuple[int, ...]) -> None:
    found = case_of(kind="wait")
    assert plan.more_workers(found, rates, plan.scan(found, ("1",), tuple(rates))) == more


def test_no_more_workers_are_tried_where_the_cpus_are_full() -> None:
    found = case_of(kind="mix", waiting=0.83, task_ns=6e6)
    growing = {count: float(count) for count in found.workers}
    scan = plan.out_of_step(found, plan.scan(found, ("6ms",), found.workers), 2, 60.0)
    assert plan.more_workers(found, growing, scan) == ()
    assert plan.more_workers(found, {4: 1.0, 8: 2.0}, scan) == (8, 16)  # with the last in blocks of the same length


@pytest.mark.parametrize(("waiting", "counts"), [
    (0.5, (1, 2, 4, 8)), (0.83, (4, 8, 16, 32)), (0.0, (1, 2, 4)), (0.98, (32, 64, 128, 256))])
def test_of_tasks_that_wait_so_much_the_counts_of_workers_are_around_those_that_fill_the_cpus(
        waiting: float, counts: tuple[int, ...]) -> None:
    assert case_of(kind="mix", waiting=waiting).workers == counts


def test_tasks_that_compute_and_wait_have_blocks_in_which_workers_get_out_of_step() -> None:
    found = case_of(kind="mix", waiting=0.83, task_ns=6e6, workers=(4, 16))
    options = plan.arguments(found, plan.out_of_step(found, plan.main(found), 2, 60.0), 60.0)
    assert options[options.index("--tasks") + 1] == str(8 * 16)
    assert options[options.index("--executor") + 1] == "thread_pool,process_pool"  # a serial one would take all the time


@pytest.mark.parametrize(("given_s", "tasks"), [(1e3, 8 * 16), (18.0, 2 * 16), (0.1, None)])
def test_such_blocks_are_as_long_as_there_is_time_for(given_s: float, tasks: int | None) -> None:
    found = case_of(kind="mix", waiting=0.83, task_ns=6e6, workers=(4, 16))
    assert plan.out_of_step(found, plan.main(found), 2, given_s).tasks == tasks


def test_other_tasks_have_the_blocks_that_mpmt_run_chooses() -> None:
    found = case_of(kind="wait", task_ns=6e6, workers=(4, 16))
    assert plan.out_of_step(found, plan.main(found), 2, 1e3).tasks is None

"""Every way to end a run, a trial or a worker, at any moment: what is recorded, and that nothing is left."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from mpmt.records import record_file
from bench import PATIENCE_S, Bench, Process, finish, kill_and_reap, until

CASE_FAILED = 1
INTERRUPTED = 130
REPORTED_WITHIN_S = 1.0
SLACK = 3.0  # for a machine that does other things as well
# Trials of 2 ms a task, at 2 workers, that hardly use the CPU.
SLEEPING = ("--workload", "sleep_wait", "--grain", "2000", "--workers", "2")
THREADS = (*SLEEPING, "--executor", "thread_pool", "--channel", "by_reference")
PROCESSES = (*SLEEPING, "--executor", "process_pool")
BOTH = (*SLEEPING, "--executor", "thread_pool,process_pool", "--channel", "boost_queue")  # alive at once
SHORT = ("--tasks", "100", "--laps", "2")
CAUGHT = ("--tasks", "600", "--laps", "2")  # a round lasts over a second: who picks a trial of it can be late
LONG = ("--tasks", "4000", "--laps", "2")


def entries(bench: Bench) -> list[dict[str, Any]]:
    return [entry for entry in record_file.load(bench.out)["benchmarks"] if entry["run_type"] == "iteration"]


# ---- the run itself ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_an_interrupted_run_keeps_what_is_measured(bench: Bench, ending: signal.Signals) -> None:
    run = bench.start("run", "--out", bench.out, *BOTH, *SHORT, "--rounds", "100")
    bench.await_entries(2, run)
    bench.whole_group(run, 2, workers=2)
    run.send_signal(ending)
    done = finish(run)
    assert done.returncode == INTERRUPTED
    assert done.stdout.splitlines()[-1] == f"record: {bench.out}"
    assert "interrupted" in done.stdout + done.stderr
    record = record_file.load(bench.out)
    assert record["context"]["interrupted"] and not record["context"]["recovered"]
    assert record["context"]["trials"] == {"done": len(entries(bench))}
    assert record["context"]["group_rounds"]["done"] * 2 == len(entries(bench))  # the one that was cut short is in no part
    assert record["comparisons"][0]["rounds"] * 2 == len(entries(bench))
    assert {entry["status"] for entry in entries(bench)} == {"ok"}
    bench.expect_nothing_left()


def test_a_second_interrupt_changes_nothing(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.out, *THREADS, *SHORT, "--rounds", "100")
    bench.await_entries(1, run)
    while run.poll() is None:
        run.send_signal(signal.SIGINT)
    assert finish(run).returncode == INTERRUPTED
    assert record_file.load(bench.out)["context"]["interrupted"]


def test_an_interrupt_during_calibration_ends_the_run_cleanly(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.out, "--workload", "hash_chain", "--grain", "20s")
    bench.trial_of(run, pilot=True)
    run.send_signal(signal.SIGINT)
    done = finish(run)
    assert (done.returncode, done.stdout) == (INTERRUPTED, "")
    assert done.stderr == "mpmt: interrupted before the first trial; there is no record\n"
    assert not bench.out.exists()


def test_all_contenders_and_their_workers_die_with_a_killed_run(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.out, *BOTH, *SHORT, "--rounds", "100")
    bench.await_entries(2, run)
    bench.whole_group(run, 2, workers=2)
    kill_and_reap(run)
    bench.expect_no_process()
    assert bench.shared_names() == []
    assert os.listdir(bench.temporary) == []
    assert not bench.out.exists()
    following = bench.run("run", "--out", bench.folder / "next.json", *BOTH, "--rounds", "1", "--laps", "1", "--tasks", "8")
    assert following.returncode == 0, following.stderr
    assert len(entries(bench)) >= 1  # assembled by that next start
    bench.expect_nothing_left()


def test_a_server_dies_with_a_killed_run(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.out, "--workload", "loopback_echo", "--executor", "process_pool",
                      "--workers", "2", "--grain", "1000", "--tasks", "4000", "--laps", "1", "--rounds", "1")
    bench.trial_of(run, workers=3)
    kill_and_reap(run)
    bench.expect_no_process()
    assert len(bench.journals()) == 1
    bench.journals()[0].unlink()


# ---- a trial, a worker ---------------------------------------------------------------------------------


def trial(bench: Bench, run: subprocess.Popen[str]) -> Process:
    return bench.trial_of(run)


def worker(bench: Bench, run: subprocess.Popen[str]) -> Process:
    return bench.children(bench.trial_of(run, workers=2).pid)[0]


@pytest.mark.parametrize("victim, arguments", [(trial, THREADS), (trial, PROCESSES), (worker, PROCESSES)],
                         ids=["trial of threads", "trial of processes", "worker"])
def test_a_killed_one_is_reported_at_once_and_the_run_goes_on(
        bench: Bench, victim: Callable[[Bench, subprocess.Popen[str]], Process], arguments: tuple[str, ...]) -> None:
    # Blocks of some 4 s: without the kill, no entry would come in time.
    run = bench.start("run", "--out", bench.out, *arguments, *LONG, "--rounds", "2")
    for number in (1, 2):
        chosen = victim(bench, run)
        os.kill(chosen.pid, signal.SIGKILL)
        killed = time.monotonic()
        if number == 1:
            until(lambda: len(bench.journalled()) >= 1, "the death in the journal")
            assert time.monotonic() - killed < REPORTED_WITHIN_S * SLACK
            first = chosen
    done = finish(run)
    assert done.returncode == CASE_FAILED, done.stderr
    assert "worker_died 2/2" in done.stdout
    both = entries(bench)
    assert [entry["status"] for entry in both] == ["worker_died", "worker_died"]
    assert f"(pid {first.pid})" in both[0]["error"] and "SIGKILL" in both[0]["error"]
    assert both[0]["error_occurred"] and both[0]["ns_per_task"] is None


@pytest.mark.parametrize("arguments", [
    (*BOTH, "--laps", "2", "--tasks", "20"),
    ("--workload", "empty", "--payload", "4096", "--workers", "2", "--executor", "thread_pool,process_pool", "--channel",
     "boost_queue", "--laps", "2", "--tasks", "20000"),
], ids=["sleeping", "busy"])
def test_a_kill_at_any_moment_is_a_death_or_came_too_late(bench: Bench, arguments: tuple[str, ...]) -> None:
    """Starting, warming up, between blocks, ending, parked: nothing waits for a deadline, nothing else goes wrong, and the
    other contender of the round is measured."""
    moments = random.Random(1)
    run = bench.start("run", "--out", bench.out, *arguments, "--rounds", "8")
    dead: set[int] = set()
    while run.poll() is None:
        family = [process for process in bench.processes() if process.is_trial and process.parent == run.pid]
        family += [child for process in family for child in bench.children(process.pid)]
        victims = [process for process in family if not dead & {process.pid, process.parent}]
        if not victims:
            continue
        try:
            run.wait(moments.random() * 0.15)
        except subprocess.TimeoutExpired:
            victim = moments.choice(victims)
            dead |= {victim.pid, victim.parent}
            if victim.alive():
                os.kill(victim.pid, signal.SIGKILL)
        dead -= {run.pid}
    done = finish(run)
    statuses = [entry["status"] for entry in entries(bench)]
    assert len(statuses) == 16 and set(statuses) <= {"ok", "worker_died"}, [
        entry["error"] for entry in entries(bench)]
    assert done.returncode == (CASE_FAILED if "worker_died" in statuses else 0), done
    assert "worker_died" in statuses  # the seed's moments are well within the trials
    for entry in entries(bench):
        assert entry["status"] != "worker_died" or "SIGKILL" in entry["error"], entry["error"]


def test_a_killed_server_is_an_error_and_the_run_goes_on(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.out, "--workload", "loopback_echo", "--executor", "thread_pool",
                      "--channel", "by_reference", "--workers", "2", "--grain", "1000", "--tasks", "2500", "--laps", "1",
                      "--rounds", "2")
    [server] = bench.children(bench.trial_of(run, workers=1).pid)
    os.kill(server.pid, signal.SIGKILL)
    assert finish(run).returncode == CASE_FAILED
    first, second = entries(bench)
    assert first["status"] == "error" and "server" in first["error"]
    assert second["status"] == "ok"


def test_what_was_not_killed_is_measured(bench: Bench) -> None:
    """The other contender in the same round, and all in later ones."""
    run = bench.start("run", "--out", bench.out, *BOTH, *CAUGHT, "--rounds", "3")
    killed = bench.whole_group(run, 2, workers=2)[0]
    os.kill(killed.pid, signal.SIGKILL)
    assert finish(run).returncode == CASE_FAILED
    first = [entry for entry in entries(bench) if entry["round"] == 0]
    assert sorted(entry["status"] for entry in first) == ["ok", "worker_died"]
    [other] = [entry for entry in first if entry["status"] == "ok"]
    assert len(other["laps_ns"]) == 2 and other["disturbed_by"] is None
    assert {entry["status"] for entry in entries(bench) if entry["round"] > 0} == {"ok"}
    assert record_file.load(bench.out)["comparisons"][0]["rounds"] == 2


@pytest.mark.parametrize("victim, arguments", [(trial, THREADS), (worker, PROCESSES)], ids=["trial", "worker"])
def test_a_stopped_one_is_timed_out_and_the_run_goes_on(
        bench: Bench, victim: Callable[[Bench, subprocess.Popen[str]], Process], arguments: tuple[str, ...]) -> None:
    run = bench.start("run", "--out", bench.out, *arguments, *CAUGHT, "--rounds", "2", "--timeout", "3")
    stopped = victim(bench, run)
    os.kill(stopped.pid, signal.SIGSTOP)
    done = finish(run)
    assert done.returncode == CASE_FAILED, done.stderr
    assert entries(bench)[0]["status"] == "timed_out"
    assert {entry["status"] for entry in entries(bench)[1:]} == {"ok"}
    assert not stopped.alive()


def test_what_forks_trials_may_be_killed(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.out, *BOTH, "--tasks", "20", "--laps", "1", "--rounds", "10000")
    killed = 0

    def two_are_killed() -> bool:  # in a row, it may be; three would be too many
        nonlocal killed
        assert run.poll() is None, f"the run has ended: {run.communicate()}"
        alone = bench.children(run.pid)  # what it has forked is adopted when it has ended
        if len(alone) == 1 and "--fork" in alone[0].arguments and not alone[0].is_trial:
            with contextlib.suppress(ProcessLookupError):  # it lives for milliseconds
                os.kill(alone[0].pid, signal.SIGKILL)
                killed += 1
        return killed == 2

    until(two_are_killed, "two of what forks trials to be caught alive")
    bench.await_entries(len(bench.journalled()) + 4, run)
    run.send_signal(signal.SIGINT)
    done = finish(run)
    assert done.returncode == INTERRUPTED, done.stderr
    assert {entry["status"] for entry in entries(bench)} == {"ok"}
    assert len(entries(bench)) == 2 * record_file.load(bench.out)["context"]["group_rounds"]["done"]
    bench.expect_nothing_left()


def test_a_case_that_takes_too_long_is_timed_out(bench: Bench) -> None:
    done = bench.measure(*PROCESSES, "--tasks", "100000", "--laps", "1", "--rounds", "1", "--timeout", "0.1")
    assert done.returncode == CASE_FAILED
    assert [entry["status"] for entry in entries(bench)] == ["timed_out"]
    assert "timed_out 1/1" in done.stdout


def test_a_huge_grain_is_timed_out_too(bench: Bench) -> None:
    done = bench.measure("--workload", "prime_count", "--executor", "serial", "--grain", "100000000", "--tasks", "64",
                         "--laps", "1", "--rounds", "1", "--timeout", "0.2")
    assert done.returncode == CASE_FAILED
    assert [entry["status"] for entry in entries(bench)] == ["timed_out"]


# ---- memory --------------------------------------------------------------------------------------------


def test_a_run_of_many_trials_stays_small(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.out, "--workload", "empty", "--executor", "thread_pool", "--tasks", "256",
                      "--workers", "1,2", "--laps", "2", "--rounds", "30")
    peak_kib = 0
    deadline = time.monotonic() + PATIENCE_S
    while run.poll() is None and time.monotonic() < deadline:
        try:
            with open(f"/proc/{run.pid}/status", encoding="utf-8") as status:
                peak_kib = max([peak_kib, *(int(line.split()[1]) for line in status if line.startswith("VmHWM"))])
        except OSError:
            break
        time.sleep(0.005)
    assert finish(run).returncode == 0
    assert len(entries(bench)) == 60
    assert 0 < peak_kib <= 64 * 1024

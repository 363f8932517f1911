"""One measuring run at a time."""

from __future__ import annotations

import os
import signal
import subprocess

from bench import Bench, finish, kill_and_reap, line_of

INTERRUPTED = 130
USAGE = 2
SLEEPING = ("--workload", "sleep_wait", "--grain", "2000", "--executor", "serial")
LONG = (*SLEEPING, "--tasks", "100", "--laps", "1", "--rounds", "100")
SHORT = (*SLEEPING, "--tasks", "4", "--laps", "1", "--rounds", "1")


def owner_and_waiter(bench: Bench) -> tuple[subprocess.Popen[str], subprocess.Popen[bytes]]:
    """The second has said that it waits for the first."""
    owner = bench.start("run", "--out", bench.folder / "owner.json", *LONG)
    bench.await_entries(1, owner)
    waiter = bench.start("run", "--out", bench.out, *SHORT, text=False, bufsize=0)
    said = line_of(waiter.stderr, "the second run to say that it waits")
    assert said == (f"mpmt: another run (pid {owner.pid}) is measuring on this machine; waiting for it to end\n")
    assert waiter.poll() is None and not bench.out.exists()
    return owner, waiter


def test_a_second_run_waits_for_the_first(bench: Bench) -> None:
    owner, waiter = owner_and_waiter(bench)
    owner.send_signal(signal.SIGINT)
    assert finish(owner).returncode == INTERRUPTED
    assert finish(waiter).returncode == 0
    assert bench.out.exists()


def test_a_second_run_goes_on_when_the_first_is_killed(bench: Bench) -> None:
    owner, waiter = owner_and_waiter(bench)
    kill_and_reap(owner)
    done = finish(waiter)
    assert done.returncode == 0
    assert bench.out.exists()
    assert b"recovered" in done.stderr and (bench.folder / "owner.json").exists()


def test_a_waiting_run_can_be_interrupted(bench: Bench) -> None:
    owner, waiter = owner_and_waiter(bench)
    waiter.send_signal(signal.SIGINT)
    done = finish(waiter)
    assert (done.returncode, done.stdout) == (INTERRUPTED, b"")
    assert not bench.out.exists() and owner.poll() is None
    owner.send_signal(signal.SIGTERM)
    assert finish(owner).returncode == INTERRUPTED


def test_a_run_that_is_not_to_wait_ends(bench: Bench) -> None:
    owner = bench.start("run", "--out", bench.folder / "owner.json", *LONG)
    bench.await_entries(1, owner)
    for grain in ("1000", "1ms"):  # the second calibrates first
        done = bench.measure("--workload", "sleep_wait", "--executor", "serial", "--grain", grain, "--no-wait")
        assert (done.returncode, done.stdout) == (USAGE, "")
        assert done.stderr == f"mpmt: --no-wait: another run (pid {owner.pid}) is measuring on this machine\n"
    assert not bench.out.exists()
    owner.send_signal(signal.SIGINT)
    finish(owner)


def test_what_does_not_measure_does_not_wait(bench: Bench) -> None:
    owner = bench.start("run", "--out", bench.folder / "owner.json", *LONG)
    bench.await_entries(1, owner)
    for arguments in (["run", "--dry-run"], ["run", "--benchmark_list_tests"], ["run", "--rounds", "0"], ["list"],
                      ["machine"]):
        assert "waiting" not in bench.run(*arguments).stderr
    assert owner.poll() is None
    owner.send_signal(signal.SIGINT)
    finish(owner)


def test_two_that_wait_both_get_their_turn(bench: Bench) -> None:
    owner, first = owner_and_waiter(bench)
    second = bench.start("run", "--out", bench.folder / "second.json", *SHORT, text=False, bufsize=0)
    assert "waiting" in line_of(second.stderr, "the third run to say that it waits")
    os.kill(owner.pid, signal.SIGINT)
    finish(owner)
    assert finish(first).returncode == 0 and finish(second).returncode == 0
    assert bench.out.exists() and (bench.folder / "second.json").exists()


def test_the_lock_is_free_after_a_run(bench: Bench) -> None:
    for _ in range(2):
        assert bench.measure(*SHORT, "--no-wait").returncode == 0

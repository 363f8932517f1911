"""Signals end a run at every moment, soon, and leave nothing.

In the environment: MPMT_KILLS, signals sent (20), and MPMT_SEED, to have other moments than last time."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from mpmt.records import record_file
from bench import ONE_LAP, SHORTEST, Bench, finish, kill_and_reap, ready_for_signals, until

INTERRUPTED = 130
ENDED_WITHIN_S = 1.0
SLACK = 5.0  # for a machine that does other things as well
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
KILLS = int(os.environ.get("MPMT_KILLS", "20"))
SEED = int(os.environ.get("MPMT_SEED", "20240607"))

# Runs that spend their time in different parts of the program.
RUNS = [
    ("--workload", "empty", "--workers", "1", "--rounds", "1", "--laps", "4", "--payload", "64"),  # probes, pilots, assembling
    (*SHORTEST, "--benchmark_format=json"),
    ("--workload", "hash_chain", "--executor", "serial", "--grain", "20us", "--rounds", "2", "--laps", "2", "--tasks", "50"),
    ("--family", "channel", "--channel", "pipe", "--pattern", "ping_pong", "--message-bytes", "64", "--placement", "same",
     "--rounds", "1", "--laps", "2"),
    ("--workload", "empty", "--executor", "thread_pool,process_pool", "--channel", "boost_queue", "--workers", "1", "--tasks",
     "64",
     "--laps", "1", "--rounds", "30"),
]


def end_soon(run: subprocess.Popen[str], ending: signal.Signals) -> subprocess.CompletedProcess[str]:
    run.send_signal(ending)
    sent = time.monotonic()
    done = finish(run)
    assert time.monotonic() - sent < ENDED_WITHIN_S * SLACK, done
    return done


@pytest.mark.parametrize("arguments", RUNS, ids=lambda arguments: " ".join(arguments[:2]))
def test_a_signal_at_any_moment_ends_the_run_cleanly(bench: Bench, arguments: tuple[str, ...]) -> None:
    """Seeded, so that a moment that fails can be tried again."""
    arguments = ("run", "--out", str(bench.out), *arguments)
    began = time.monotonic()
    assert bench.run(*arguments).returncode == 0
    whole = time.monotonic() - began
    moments = random.Random(SEED)
    codes = []
    for _ in range(max(1, KILLS // len(RUNS))):
        bench.out.unlink(missing_ok=True)
        run = bench.start(*arguments)
        until(lambda run=run: ready_for_signals(run), "the run to take signals")
        moment, ending = moments.random() * min(whole, 5), moments.choice(SIGNALS)
        try:
            run.wait(moment)
            done = finish(run)
        except subprocess.TimeoutExpired:
            done = end_soon(run, ending)
        assert done.returncode in (0, INTERRUPTED), f"{ending.name} after {moment:.4f} s: {done}"
        assert all(line.startswith("mpmt: ") for line in done.stderr.splitlines()), done.stderr
        if bench.out.exists():
            assert record_file.load(bench.out)["context"]["interrupted"] == (done.returncode != 0)
        else:
            assert done.returncode == INTERRUPTED and "there is no record" in done.stderr
        bench.expect_nothing_left()
        codes.append(done.returncode)
    assert INTERRUPTED in codes


@pytest.mark.parametrize("ending", SIGNALS, ids=lambda s: s.name)
@pytest.mark.parametrize("arguments", [
    ("--profile", "full", "--rounds", "10000"),
    ("--profile", "full", "--rounds", "10000", "--family", "channel"),
    ("--profile", "full", "--benchmark_filter", "(" + "(x*" * 900 + ")*" * 900 + ")!"),
], ids=["pools", "channels", "filter"])
def test_a_signal_ends_a_long_planning(bench: Bench, arguments: tuple[str, ...], ending: signal.Signals) -> None:
    run = bench.start("run", "--out", bench.out, *arguments)
    until(lambda: ready_for_signals(run), "the run to take signals")
    done = end_soon(run, ending)
    assert done.returncode == INTERRUPTED and "there is no record" in done.stderr
    assert not bench.out.exists()


@pytest.mark.parametrize("arguments", [("verdict", "RECORD", "--relabel", "1000000"), ("list", "cases")],
                         ids=["verdict", "list"])
def test_other_commands_end_as_programs_do(bench: Bench, golden: dict[str, Any], write: Any,
                                           arguments: tuple[str, ...]) -> None:
    record = write(golden)
    command = bench.start(*[record if argument == "RECORD" else argument for argument in arguments])
    until(lambda: command.poll() is not None or Path(f"/proc/{command.pid}/comm").read_text() == "mpmt\n", "mpmt")
    assert end_soon(command, signal.SIGTERM).returncode in (0, -signal.SIGTERM)


@pytest.mark.parametrize("arguments", [
    ("--dry-run", "--profile", "full"),
    (*ONE_LAP, "--rounds", "80", "--benchmark_format=json"),
], ids=["a plan", "a record"])
@pytest.mark.parametrize("errors", ["apart", "together"])
@pytest.mark.parametrize("ending", SIGNALS, ids=lambda s: s.name)
def test_a_signal_ends_a_run_whose_output_nobody_takes(bench: Bench, arguments: tuple[str, ...], ending: signal.Signals,
                                                       errors: str) -> None:
    theirs, ours = os.pipe()
    both = {"stderr": ours} if errors == "together" else {}
    try:
        run = bench.start("run", "--out", bench.out, *arguments, stdout=ours, **both)
        until(lambda: full(run, ours), "the run to wait for its reader")
        assert end_soon(run, ending).returncode == INTERRUPTED
        assert bench.out.exists() == ("--dry-run" not in arguments)
    finally:
        os.close(ours)
        os.close(theirs)


def full(run: subprocess.Popen[str], pipe: int) -> bool:
    """Whether this, its standard output, holds all that it takes."""
    assert run.poll() is None, run.communicate()
    return not select.select([], [pipe], [], 0)[1]


def test_a_signal_ends_the_recovery_of_a_long_journal(bench: Bench) -> None:
    lost = bench.folder / "lost.json"
    killed = bench.start("run", "--out", lost, *ONE_LAP, "--rounds", "1000")
    bench.await_entries(1, killed)
    kill_and_reap(killed)
    [journal] = bench.journals()
    lengthen(journal)
    run = bench.start("run", "--out", bench.out, *SHORTEST)
    until(lambda: ready_for_signals(run), "the run to take signals")
    done = end_soon(run, signal.SIGTERM)
    assert done.returncode == INTERRUPTED, done.stderr
    for left in bench.journals():
        left.unlink()


def test_a_signal_does_not_wait_for_a_long_record(bench: Bench) -> None:
    """What was measured stays where the next run finds it."""
    run = bench.start("run", "--out", bench.out, *ONE_LAP, "--rounds", "1000")
    bench.await_entries(1, run)
    [journal] = bench.journals()
    lengthen(journal)
    done = end_soon(run, signal.SIGTERM)
    assert done.returncode == INTERRUPTED and not bench.out.exists()
    assert done.stderr.splitlines()[-1] == f"mpmt: what was measured is kept in {journal}; the next run tries again"
    assert bench.journals() == [journal]
    journal.unlink()
    bench.expect_nothing_left()


def lengthen(journal: Path) -> None:
    """By so many copies of its first entry that a record of them takes seconds."""
    entry = json.loads(journal.read_text("utf-8").splitlines()[1])
    with journal.open("a", encoding="utf-8") as file:
        for number in range(30_000):
            file.write(json.dumps({**entry, "of_round": {**entry["of_round"], "round": number}}) + "\n")

"""Surroundings that do not let mpmt choose or see the CPUs, or give it all of them: said, recorded, and nothing hangs."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import deny
from mpmt.records import record_file
from bench import PATIENCE_S, SHORTEST, USAGE, Bench, Process, finish, until, with_file_over

INTERRUPTED = 130
# Only a hang gets there: it is far from the minute that 12 turns of 5 s took.
SOON_S = 20.0
# The kernel ends a process of a real-time class that runs for 3 s without sleeping: a test that fails takes no CPU for long.
WATCHED = ("prlimit", "--rttime=3000000:3000000")
SLEEPING = ("--workload", "sleep_wait", "--grain", "2000", "--workers", "1", "--executor", "process_pool", "--laps", "1")


def denied(errno_value: int, *names: str) -> list[str]:
    if not set(names) <= deny.NUMBERS.keys():
        pytest.skip("the numbers of this machine's system calls are not known here")
    return [sys.executable, deny.__file__, str(errno_value), ",".join(names)]


def real_time(bench: Bench, option: str) -> list[str]:
    command = [*WATCHED, "chrt", option, "5"]
    tried = subprocess.run(bench.island.command(Path("/"), [*command, "true"]), capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"chrt {option} is not permitted: {tried.stderr.strip()}")
    return command


def context_of(bench: Bench) -> dict[str, Any]:
    return record_file.load(bench.out)["context"]


def trials_of(bench: Bench) -> list[dict[str, Any]]:
    return [entry for entry in record_file.load(bench.out)["benchmarks"] if entry["run_type"] == "iteration"]


def one_with(lines: list[str], part: str) -> str:
    [found] = [line for line in lines if part in line]
    return found


# ---- real-time classes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["-f", "-r"])
@pytest.mark.parametrize("asked", [(), ("--placement", "same", "--wait", "spin")], ids=["", "spinning on one CPU"])
def test_a_run_in_a_real_time_class_leaves_it_and_says_so(bench: Bench, option: str, asked: tuple[str, ...]) -> None:
    done = bench.measure(*SHORTEST, *asked, under=real_time(bench, option), timeout=SOON_S)
    assert done.returncode == 0, done
    for lines in (done.stderr.splitlines(), context_of(bench)["warnings"]):
        assert "SCHED_OTHER" in one_with(lines, {"-f": "SCHED_FIFO", "-r": "SCHED_RR"}[option])
    assert {trial["status"] for trial in trials_of(bench)} == {"ok"}


def test_a_real_time_class_that_cannot_be_left_is_refused_in_one_line(bench: Bench) -> None:
    under = [*real_time(bench, "-f"), *denied(errno.EPERM, "sched_setscheduler")]
    done = bench.measure(*SHORTEST, under=under, timeout=SOON_S)
    assert (done.returncode, done.stdout) == (USAGE, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("mpmt: ") and "SCHED_FIFO" in line and "chrt" in line


def test_what_needs_no_clean_scheduling_runs_in_every_class(bench: Bench) -> None:
    assert bench.run("list", under=real_time(bench, "-f"), timeout=SOON_S).returncode == 0


# ---- CPUs that cannot be chosen ------------------------------------------------------------------------


@pytest.mark.parametrize("refusal", [errno.EPERM, errno.EINVAL, errno.ENOSYS], ids=errno.errorcode.get)
def test_where_nothing_can_be_pinned_that_is_one_warning(bench: Bench, refusal: int) -> None:
    done = bench.measure("--workload", "empty", "--workers", "1", "--rounds", "2", "--laps", "1", "--tasks", "64",
                         timeout=SOON_S, under=denied(refusal, "sched_setaffinity"))
    assert done.returncode == 0, done
    reason = f"sched_setaffinity(CPU {min(os.sched_getaffinity(0))}): {os.strerror(refusal)}"
    assert reason in one_with(done.stderr.splitlines(), "sched_setaffinity")
    assert reason in one_with(context_of(bench)["warnings"], "sched_setaffinity")
    assert context_of(bench)["capacity"] == {"before": None, "after": None}
    assert {trial["status"] for trial in trials_of(bench)} == {"unsupported"}
    assert all("sched_setaffinity" in trial["error"] and "free" in trial["error"] for trial in trials_of(bench))
    assert record_file.capacity(record_file.load(bench.out)) == {}


def test_where_nothing_can_be_pinned_the_rest_is_measured(bench: Bench) -> None:
    done = bench.measure(*SHORTEST, "--placement", "free", under=denied(errno.EPERM, "sched_setaffinity"), timeout=SOON_S)
    assert done.returncode == 0, done
    assert {trial["status"] for trial in trials_of(bench)} == {"ok"}


# ---- probes --------------------------------------------------------------------------------------------


def a_probe(bench: Bench, run: subprocess.Popen[str], number: signal.Signals) -> Process:
    """One that has been sent this signal while it ran."""
    def find() -> Process | None:
        assert run.poll() is None, f"the run has ended: {run.communicate()}"
        for child in bench.children(run.pid):
            if not child.is_trial:
                try:
                    os.kill(child.pid, number)
                except ProcessLookupError:
                    continue
                return child
        return None
    return until(find, "a probe")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_a_signal_ends_a_run_whose_probes_do_not_end(bench: Bench, ending: signal.Signals) -> None:
    run = bench.start("run", "--out", bench.out, *SLEEPING, "--rounds", "1")
    a_probe(bench, run, signal.SIGSTOP)
    run.send_signal(ending)
    done = finish(run, SOON_S)
    assert done.returncode == INTERRUPTED, done
    assert "there is no record" in done.stderr
    assert not bench.out.exists()


def test_a_probe_that_dies_is_one_warning_and_the_run_goes_on(bench: Bench) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one CPU")
    run = bench.start("run", "--out", bench.out, *SLEEPING, "--tasks", "4", "--rounds", "1")
    a_probe(bench, run, signal.SIGKILL)
    done = finish(run, SOON_S)
    assert done.returncode == 0, done
    dead = [line for line in done.stderr.splitlines() if "could not be measured" in line]
    assert len(dead) < 2, done.stderr  # none: it was at its end when the signal came
    assert all("probe" in line and "killed by SIGKILL" in line for line in dead)
    assert [line.partition("warning: ")[2] for line in dead] == [
        line for line in context_of(bench)["warnings"] if "could not be measured" in line]


# ---- what cannot be seen -------------------------------------------------------------------------------


def as_text(columns: list[list[int]]) -> str:
    return "".join(f"cpu{cpu} {' '.join(map(str, columns[cpu]))}\n" for cpu in range(len(columns)))


def unseen(name: str) -> tuple[str, str]:
    """A text for /proc/stat, and a part of what is said of it."""
    count = max(os.sched_getaffinity(0)) + 1
    if name == "four columns":
        return as_text([[1000, 20, 300, 4000]] * count), "4 columns"
    if name == "standing still":
        return as_text([[1000, 20, 300, 4000, 5, 6, 7, 0]] * count), "stands still"
    if name == "gVisor":
        return as_text([[0] * 10] * count), "only zeros"
    if name == "numbered anew":
        return as_text([[1000, 20, 300, 4000, 5, 6, 7, 0]] * (count - 1)), "no line for CPU"
    return "", "is empty"


@pytest.mark.parametrize("name", ["masked", "gVisor", "four columns", "numbered anew", "standing still"])
def test_others_that_cannot_be_seen_are_not_taken_for_absent(bench: Bench, tmp_path: Path, name: str) -> None:
    if bench.island.why_not:
        pytest.skip(bench.island.why_not)
    text, reason = unseen(name)
    (tmp_path / "stat").write_text(text)
    done = bench.measure(*SHORTEST, under=with_file_over(tmp_path / "stat", "/proc/stat"), timeout=SOON_S)
    assert done.returncode == 0, done
    for lines in (done.stderr.splitlines(), context_of(bench)["warnings"]):
        line = one_with(lines, "/proc/stat")
        assert reason in line and "is not known" in line
    for trial in trials_of(bench):
        assert trial["load"] == {"steal_ns": None, "foreign_cpu_ns": None, "foreign_share": None}
        assert (trial["status"], trial["disturbed_by"]) == ("ok", None)
    assert record_file.trials(record_file.load(bench.out))["foreign_share"].isna().all()


# ---- CPUs that are changed meanwhile -------------------------------------------------------------------


def two_cpus() -> tuple[int, int]:
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        pytest.skip("one CPU")
    return cpus[0], cpus[1]


def test_a_run_whose_cpus_are_changed_marks_the_rounds_from_then_on(bench: Bench) -> None:
    first, _ = two_cpus()
    run = bench.start("run", "--out", bench.out, *SLEEPING, "--tasks", "100", "--rounds", "6", "--placement", "free")
    bench.await_entries(1, run)
    os.sched_setaffinity(run.pid, {first})  # as taskset --pid does
    done = finish(run)
    assert done.returncode == 0, done
    trials = trials_of(bench)
    disturbed = trials[-1]["disturbed_by"]
    assert trials[-1]["status"] == "ok" and "CPUs were changed from" in disturbed and f"to {first}" in disturbed
    assert "while it measured" in one_with(context_of(bench)["warnings"], "were changed from")
    assert "while it measured" in one_with(done.stderr.splitlines(), "were changed from")


def switches_of(process: Process) -> int:
    """How often it has gone to sleep."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    except OSError:
        return 0
    return int(status.partition("\nvoluntary_ctxt_switches:")[2].split("\n")[0] or 0)


@pytest.mark.parametrize("placement", ["spread", "free"])
@pytest.mark.parametrize("whose", ["leader", "worker"])
def test_a_trial_whose_threads_are_moved_is_disturbed(bench: Bench, placement: str, whose: str) -> None:
    one, other = two_cpus()
    # A worker sleeps one to three times a task: up to some 110 times while it warms up, then 300 times and more.
    in_a_block, moved = 150, set()
    run = bench.start("run", "--out", bench.out, *SLEEPING, "--tasks", "300", "--rounds", "1", "--placement", placement)

    def is_over() -> bool:
        """Moves a thread of each trial, once."""
        for trial in bench.children(run.pid):
            workers = bench.children(trial.pid)
            if trial.is_trial and trial.pid not in moved and workers and switches_of(workers[0]) > in_a_block:
                pid = trial.pid if whose == "leader" else workers[0].pid
                os.sched_setaffinity(pid, {other if os.sched_getaffinity(pid) == {one} else one})
                moved.add(trial.pid)
        return run.poll() is not None
    until(is_over, "the run's end", 2 * PATIENCE_S)
    assert finish(run).returncode == 0
    [trial] = trials_of(bench)
    assert len(moved) == trial["attempts"]
    assert trial["status"] == "ok" and "the CPUs of the trial's thread" in trial["disturbed_by"]


def test_a_trial_that_nobody_moves_is_not(bench: Bench) -> None:
    assert bench.measure(*SHORTEST).returncode == 0
    assert all("CPUs" not in (trial["disturbed_by"] or "") for trial in trials_of(bench))


def test_patience_is_longer_than_what_is_called_soon() -> None:
    assert SOON_S < PATIENCE_S

"""What a run inherits from whoever starts it: signals ignored or blocked, a session, stacks, standard streams; and what
happens when it is stopped, or its reader leaves."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mpmt.records import record_file
from bench import PATIENCE_S, SHORTEST, USAGE, Bench, finish, line_of, until, with_signals

INTERRUPTED = 130
ENDINGS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
SLEEPING = ("--workload", "sleep_wait", "--grain", "2000", "--workers", "2", "--laps", "1")
PROCESSES = (*SLEEPING, "--executor", "process_pool")
SMALL = ("--workload", "empty", "--workers", "1", "--laps", "1", "--rounds", "1", "--tasks", "64")
LONG = (*PROCESSES, "--tasks", "100", "--rounds", "100")


def statuses(bench: Bench) -> list[str]:
    record = record_file.load(bench.out)
    return [entry["status"] for entry in record["benchmarks"] if entry["run_type"] == "iteration"]


def signals_of(pid: int, field: str) -> int:
    """SigIgn or SigBlk of a process, as a mask."""
    return int(Path(f"/proc/{pid}/status").read_text("ascii").partition(f"{field}:")[2].split()[0], 16)


# ---- signals -----------------------------------------------------------------------------------------------


def test_with_sigchld_ignored_it_measures(bench: Bench) -> None:
    for executor in ("thread_pool", "process_pool"):
        done = bench.measure(*SMALL, "--executor", executor, under=with_signals([signal.SIGCHLD]))
        assert done.returncode == 0, done
        assert set(statuses(bench)) == {"ok"}
        assert "waitid" not in done.stderr and record_file.load(bench.out)["context"]["capacity"]["before"]
        bench.out.unlink()


def test_with_sigchld_ignored_it_knows_how_a_trial_ended(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.out, *PROCESSES, "--tasks", "4000", "--rounds", "1",
                      under=with_signals([signal.SIGCHLD]))
    os.kill(bench.trial_of(run).pid, signal.SIGKILL)
    finish(run)
    assert statuses(bench) == ["worker_died"] and "killed by SIGKILL" in bench.out.read_text("utf-8")


def under_nohup(bench: Bench) -> tuple[list[str], list[signal.Signals]]:
    return ["nohup"], [signal.SIGHUP]


def in_the_background_of_sh(bench: Bench) -> tuple[list[str], list[signal.Signals]]:
    return ["sh", "-c", 'trap "" INT QUIT; exec "$@"', "sh"], [signal.SIGINT, signal.SIGQUIT]  # as `&` does


@pytest.mark.parametrize("how", [under_nohup, in_the_background_of_sh])
def test_what_it_was_told_to_ignore_it_ignores(
        bench: Bench, how: Callable[[Bench], tuple[list[str], list[signal.Signals]]]) -> None:
    under, ignored = how(bench)
    run = bench.start("run", "--out", bench.out, *LONG, under=under)
    bench.await_entries(1, run)
    trial = bench.trial_of(run, workers=2)
    family = [run.pid, trial.pid, *(worker.pid for worker in bench.children(trial.pid))]
    for number in ignored:
        assert [pid for pid in family if not signals_of(pid, "SigIgn") & 1 << (number - 1)] == []
        os.kill(run.pid, number)
    bench.await_entries(len(bench.journalled()) + 2, run)
    run.send_signal(signal.SIGTERM)
    done = finish(run)
    assert done.returncode == INTERRUPTED, done
    assert set(statuses(bench)) == {"ok"}


@pytest.mark.parametrize("number", ENDINGS, ids=lambda number: number.name)
def test_what_was_blocked_is_taken(bench: Bench, number: signal.Signals) -> None:
    run = bench.start("run", "--out", bench.out, *LONG, under=with_signals(blocked=ENDINGS))
    bench.await_entries(1, run)
    trial = bench.trial_of(run, workers=2)
    assert [signals_of(pid, "SigBlk") for pid in (trial.pid, bench.children(trial.pid)[0].pid)] == [0, 0]
    run.send_signal(number)
    assert finish(run).returncode == INTERRUPTED
    assert record_file.load(bench.out)["context"]["interrupted"]


@pytest.mark.parametrize("number", ENDINGS, ids=lambda number: number.name)
def test_what_was_blocked_ends_a_command_that_measures_nothing(bench: Bench, number: signal.Signals) -> None:
    pending = f"{with_signals(blocked=ENDINGS)[2]}".replace("os.exec", f"os.kill(os.getpid(), {int(number)}); os.exec")
    under = with_signals(blocked=ENDINGS)
    assert bench.run("list", under=[*under[:2], pending, *under[3:]]).returncode == -number


def test_in_a_session_of_its_own_it_measures(bench: Bench) -> None:
    assert bench.measure(*SHORTEST, under=["setsid", "--wait"]).returncode == 0
    assert set(statuses(bench)) == {"ok"}


# ---- stopped and continued ---------------------------------------------------------------------------------

DEADLINE_S = 3.0


def stop(pids: Sequence[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    for pid in pids:
        until(lambda pid=pid: Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(") ")[2][0] == "T", "a stop")


def pass_over(seconds: float) -> None:
    """Lasts so long: nothing tells when a deadline has passed for those who stand still."""
    signal.sigtimedwait([], seconds)


@pytest.mark.parametrize("whole", [True, False], ids=["with its trial", "alone"])
def test_a_run_that_is_stopped_and_continued_is_not_late(bench: Bench, whole: bool) -> None:
    run = bench.start("run", "--out", bench.out, *PROCESSES, "--tasks", "100", "--rounds", "3", "--timeout", DEADLINE_S)
    bench.await_entries(1, run)
    trial = bench.trial_of(run, workers=2)
    stopped = [run.pid, *([trial.pid, *(worker.pid for worker in bench.children(trial.pid))] if whole else [])]
    stop(stopped)
    pass_over(DEADLINE_S + 1.5)
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    done = finish(run)
    assert done.returncode == 0, done
    assert set(statuses(bench)) == {"ok"} and len(statuses(bench)) == 3


def test_a_trial_that_was_stopped_in_its_block_is_disturbed_and_made_again(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.out, *PROCESSES, "--tasks", "400", "--rounds", "1")
    stopped = set()

    def is_over() -> bool:
        """Stops each trial, once."""
        for trial in bench.children(run.pid):
            if bench.journals() and trial.is_trial and trial.pid not in stopped and len(bench.children(trial.pid)) == 2:
                stop([trial.pid])
                os.kill(trial.pid, signal.SIGCONT)
                stopped.add(trial.pid)
        return run.poll() is not None
    until(is_over, "the run's end", 2 * PATIENCE_S)
    done = finish(run)
    assert done.returncode == 0, done
    [entry] = [entry for entry in record_file.load(bench.out)["benchmarks"] if entry["run_type"] == "iteration"]
    assert (entry["attempts"], entry["disturbed_by"]) == (len(stopped), "the trial was stopped and continued")


# ---- stacks ------------------------------------------------------------------------------------------------


def with_stack(soft_kib: int, hard_kib: int | None = None) -> list[str]:
    hard = "" if hard_kib is None else f"ulimit -H -s {hard_kib} && "
    return ["sh", "-c", f'ulimit -S -s {soft_kib} && {hard}exec "$@"', "sh"]


@pytest.mark.parametrize("kib", [64, 128, 160, 256])
@pytest.mark.parametrize("executor", ["serial", "thread_pool", "process_pool"])
def test_with_a_small_soft_limit_for_stacks_it_measures(bench: Bench, kib: int, executor: str) -> None:
    done = bench.measure(*SMALL, "--executor", executor, under=with_stack(kib))
    assert done.returncode == 0, done
    assert set(statuses(bench)) == {"ok"}


def test_the_least_stack_is_enough(bench: Bench) -> None:
    done = bench.measure("--workload", "empty", "--workers", "2", "--channel", "all", "--laps", "1", "--rounds", "1",
                         "--tasks", "64", under=with_stack(256, 256))
    assert done.returncode == 0, done


@pytest.mark.parametrize("kib", [64, 128, 160])
def test_a_stack_that_may_not_grow_is_refused_in_one_line(bench: Bench, kib: int) -> None:
    for arguments in (["list"], ["run", *SHORTEST, "--out", bench.out]):
        done = bench.run(*arguments, under=with_stack(kib, kib))
        assert (done.returncode, done.stdout) == (USAGE, "")
        assert done.stderr == (f"mpmt: a stack may have no more than {kib} KiB here (ulimit -H -s); at least 256 are "
                               "needed\n")
    assert not bench.out.exists()


# ---- standard streams --------------------------------------------------------------------------------------


def closing(descriptors: str) -> list[str]:
    return ["sh", "-c", f'exec "$@" {descriptors}', "sh"]


def test_a_run_whose_reader_leaves_ends_soon_and_keeps_its_record(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.out, *LONG, text=False, bufsize=0)
    assert line_of(run.stdout, "the first line").startswith("mpmt ")
    bench.await_entries(1, run)
    run.stdout.close()  # as head -1 does
    assert run.wait(PATIENCE_S) == USAGE
    said = [line for line in run.stderr.read().decode().splitlines() if not line.startswith("mpmt: warning: ")]
    assert said == [f"mpmt: standard output cannot be written: Broken pipe; what was measured is in {bench.out}"]
    context = record_file.load(bench.out)["context"]
    assert context["interrupted"] and 1 <= context["trials"]["done"] < 100


def test_a_run_without_a_reader_measures_nothing(bench: Bench) -> None:
    theirs, ours = os.pipe()
    os.close(theirs)
    with os.fdopen(ours, "wb") as nobody:
        done = bench.measure(*LONG, stdout=nobody)
    assert done.returncode == USAGE and not bench.out.exists()
    assert done.stderr.splitlines()[-1] == ("mpmt: standard output cannot be written: Broken pipe; there is no record")


def test_closed_standard_streams_do_not_become_files(bench: Bench) -> None:
    done = bench.measure(*SHORTEST, under=closing("<&- >&-"))
    assert done.returncode == USAGE
    assert done.stderr.splitlines()[-1] == "mpmt: standard output cannot be written: Bad file descriptor"
    assert set(statuses(bench)) == {"ok"}
    bench.out.unlink()
    assert bench.measure(*SHORTEST, under=closing("<&- 2>&-")).returncode == 0
    assert set(statuses(bench)) == {"ok"}


@pytest.mark.parametrize("arguments", ["list", "machine", "run --dry-run"])
def test_closed_standard_output_is_an_error(bench: Bench, arguments: str) -> None:
    done = bench.run(*arguments.split(), under=closing(">&-"))
    assert done.returncode == USAGE
    assert done.stderr == "mpmt: standard output cannot be written: Bad file descriptor\n"

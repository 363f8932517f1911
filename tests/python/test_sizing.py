"""How long a run takes, and what it says of that; grains given as times; blocks that are not as long as intended."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from typing import Any

import pytest

from mpmt.records import record_file
from bench import SHORTEST, Bench, finish

ONE_SERIAL = ("--executor", "serial", "--rounds", "1", "--laps", "1")


def announced(out: str) -> int:
    """Seconds, from the last estimate before the first case's line."""
    said = re.findall(r"^the pilots say: about (\d+) s in all, of which \d+ s are over$", out, re.MULTILINE)
    assert len(said) == 1, out
    return int(said[0])


def tasks_in(bench: Bench) -> dict[str, int]:
    record = record_file.load(bench.out)
    return {entry["executor"]: entry["tasks"] for entry in record["benchmarks"] if entry["run_type"] == "iteration"}


def test_blocks_are_sized_by_the_slowest_case_also_without_one_worker(bench: Bench) -> None:
    start = time.monotonic()
    done = bench.measure("--workload", "empty", "--workers", "2", "--channel", "tcp_loopback", "--rounds", "1", timeout=120)
    took = time.monotonic() - start
    assert done.returncode == 0, done.stderr
    assert len(set(tasks_in(bench).values())) == 1
    # 3 ms at some microseconds a task; by `serial`, at 35 ns, it would be a hundred thousand.
    assert tasks_in(bench)["process_pool"] < 20_000
    assert took < 2 * announced(done.stdout) + 5


def test_the_time_announced_follows_the_tasks_that_were_asked_for(bench: Bench) -> None:
    options = ("--workload", "sleep_wait", "--grain", "1000", *ONE_SERIAL)
    short = announced(bench.measure(*options, "--tasks", "10").stdout)
    long = announced(bench.measure(*options, "--tasks", "2000").stdout)  # 2 s a lap
    assert short + 2 <= long


@pytest.mark.parametrize("workload", ["payload_copy", "loopback_echo"])
def test_a_run_over_all_channels_ends_within_twice_what_it_announced(bench: Bench, workload: str) -> None:
    start = time.monotonic()
    done = bench.measure("--workload", workload, "--workers", "2", "--channel", "all", "--rounds", "1", timeout=120)
    took = time.monotonic() - start
    assert done.returncode == 0, done.stderr
    channels = {part["name"] for part in json.loads(bench.run("list", "channels", "--json").stdout)["channels"]}
    record = record_file.load(bench.out)
    assert {entry["channel"] for entry in record["benchmarks"]} - {None} == channels
    assert took < 2 * announced(done.stdout) + 5


def test_a_trial_that_takes_ten_times_its_length_is_cut_and_made_again(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.out, "--workload", "sleep_wait", "--grain", "1000", "--executor", "serial",
                      "--rounds", "10", "--laps", "30", "--timeout", "600")
    bench.await_entries(1, run)
    stopped = bench.trial_of(run)
    os.kill(stopped.pid, signal.SIGSTOP)
    done = finish(run, 60)  # long before --timeout
    assert done.returncode == 0, done.stderr
    if "was cut" in done.stderr:  # else the trial had ended before the signal came
        assert re.search(r"^mpmt: sleep_wait/serial/\S+: a block took more than ten times the time intended and was cut; "
                         r"tasks per block ", done.stderr, re.MULTILINE)
    entries = [e for e in record_file.load(bench.out)["benchmarks"] if e["run_type"] == "iteration"]
    assert [e["status"] for e in entries if e["status"] != "ok"] == []


def calibrated(line: str) -> tuple[int, float]:
    """Grain and nanoseconds, from what is said of a calibration."""
    found = re.search(r"a grain of (\d+) takes ([\d.]+) (ns|us|ms|s) here, as measured; ", line)
    assert found, line
    return int(found[1]), float(found[2]) * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[found[3]]


@pytest.mark.parametrize("grain", ["200us", "200usec", "200µs", "0.2ms"])
def test_a_grain_given_as_a_time_is_measured_and_said(bench: Bench, grain: str) -> None:
    done = bench.measure("--workload", "prime_count", "--grain", grain, *ONE_SERIAL, "--tasks", "10")
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("mpmt: prime_count:")]
    assert len(told) == 1
    number, nanoseconds = calibrated(told[0])
    assert f"--grain {number} repeats this" in told[0] and "200 us was asked for" in told[0]
    assert nanoseconds == pytest.approx(200e3, rel=0.055) or "too noisy" in told[0]
    assert {entry["grain"] for entry in record_file.load(bench.out)["benchmarks"]} == {number}


def test_a_round_grain_is_had_for_the_asking(bench: Bench) -> None:
    done = bench.run("run", "--dry-run", "--workload", "prime_count", "--grain", "~200us", *ONE_SERIAL)
    number, _ = calibrated(done.stderr)
    assert re.fullmatch("[125]0*", str(number)) and "roughly 200 us was asked for" in done.stderr


def test_a_time_that_no_grain_takes_is_said_with_the_nearest(bench: Bench) -> None:
    done = bench.run("run", "--dry-run", "--workload", "matrix_multiply", "--grain", "1us", *ONE_SERIAL)
    assert done.returncode == 0, done.stderr
    assert re.match(r"mpmt: matrix_multiply: no grain takes 1.00 us here; the nearest, 1, takes [\d.]+ us "
                    r"\(a unit is one product", done.stderr), done.stderr


def laps(bench: Bench, *more: object) -> Any:
    done = bench.measure(*SHORTEST[:-6], "--tasks", "64", "--rounds", "1", *more)
    assert done.returncode == 0, done.stderr
    return record_file.load(bench.out)["context"]["laps"]


def test_the_least_time_is_spelt_as_google_benchmark_does(bench: Bench) -> None:
    assert laps(bench, "--benchmark_min_time=10x") == 10
    assert laps(bench, "--benchmark_min_time=0.2s") == laps(bench, "--benchmark_min_time=0.2") == 67  # blocks of 3 ms
    assert laps(bench, "--benchmark_min_time=0.05s") == 17

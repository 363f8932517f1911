"""Several programs in one run of `mpmt run`: which of their cases are compared, and what is said of those that only one has."""

from __future__ import annotations

import json

from bench import BINARY, USAGE, Bench
from test_programs import MPMT, Programs, at, entries, programs, statuses  # noqa: F401


def test_two_builds_are_two_programs_whose_equal_cases_are_compared(bench: Bench) -> None:
    copy = bench.folder / "copy"
    copy.write_bytes(BINARY.read_bytes())
    copy.chmod(0o755)
    done = bench.measure("--program", f"a={BINARY}", "--program", f"b={copy}", "--workload", "hash_chain", "--executor",
                         "serial,thread_pool", "--workers", "1", "--grain", "5", "--tasks", "8", "--laps", "1", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    assert statuses(bench) == {"a": {"ok"}, "b": {"ok"}}
    record = json.loads(bench.out.read_text("utf-8"))
    rows = record["comparisons"]
    assert [(row["table"], row["a"], row["b"]) for row in rows] == [("programs", "a", "b")] * 2
    for row in rows:
        assert row["a_case"].endswith("/program:a") and row["b_case"] == row["a_case"][:-1] + "b"


def test_what_only_one_program_has_is_unsupported_by_the_other_in_one_line(bench: Bench, programs: Programs) -> None:
    done = bench.measure(*MPMT, *programs.named("few"), "--workload", "hash_chain,empty", "--executor", "serial", "--grain",
                         "5",
                         "--tasks", "8", "--laps", "1", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    notes = [line for line in done.stderr.splitlines() if "unsupported" in line]
    assert notes == ["mpmt: unsupported: few has no 'empty' (--workload)"]
    assert statuses(bench) == {"mpmt": {"ok"}, "few": {"ok"}}


def test_what_no_program_has_is_unknown(bench: Bench, programs: Programs) -> None:
    done = bench.measure(*MPMT, *programs.named("few"), "--workload", "nonsense", "--rounds", "1")
    assert done.returncode == USAGE and "--workload: 'nonsense' is unknown; known: all, " in done.stderr
    assert "; of few: hash_chain" in done.stderr and done.stderr.count("\n") == 1


def test_an_executor_that_a_program_cannot_run_here_is_said_in_one_line(bench: Bench, programs: Programs) -> None:
    then = at("describe", "answer['executors'][1]['unsupported'] = 'no wire here'")
    done = bench.measure(*programs.named("few", then), "--workload", "hash_chain", "--executor", "serial,pool", "--grain", "5",
                         "--tasks", "8", "--laps", "1", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    assert "mpmt: unsupported: pool of few: no wire here\n" in done.stderr
    assert {entry["executor"] for entry in entries(bench)} == {"serial"}


def test_pythons_own_pools_are_measured_beside(bench: Bench) -> None:
    done = bench.measure("--with", "python", "--workload", "hash_chain", "--executor",
                         "serial,python_serial,python_thread_pool", "--workers", "1", "--grain", "20", "--tasks", "8",
                         "--laps", "1", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    ran = {(entry.get("program"), entry["executor"]) for entry in entries(bench)}
    assert {executor for name, executor in ran if name == "python"} == {"python_serial", "python_thread_pool"}
    assert {entry["status"] for entry in entries(bench)} == {"ok"}

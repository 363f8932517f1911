"""Programs that use the Google Benchmark library, measured by `mpmt run`: which cases they have, what is said of odd ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import BINARY, USAGE, Bench, built, finish
from fakes import program

Json = dict[str, Any]

ODD = BINARY.parent / "tests" / "programs" / "odd"
CASE_FAILED, NOTHING_MATCHED = 1, 5
ONCE = ("--rounds", "1", "--laps", "1")


@pytest.fixture(autouse=True, scope="module")
def programs() -> None:
    built(ODD)


def odd(name: str, which: str, slower: str = "1") -> tuple[str, str]:
    return "--program", f"{name}=env ODD={which} SLOWER={slower} {ODD}"


def entries(bench: Bench) -> list[Json]:
    record = json.loads(bench.out.read_text("utf-8"))
    return [{**record["cases"].get(entry["name"], {}), **entry}
            for entry in record["benchmarks"] if entry["run_type"] == "iteration"]


def test_a_benchmark_is_a_case_and_two_programs_a_row(bench: Bench) -> None:
    done = bench.measure(*odd("old", "banner,work"), *odd("new", "banner,work"), *ONCE)
    assert done.returncode == 0, done.stderr
    row, = json.loads(bench.out.read_text("utf-8"))["comparisons"]
    assert (row["table"], row["benchmark"], row["a"], row["b"]) == ("programs", "work", "old", "new")
    assert all(entry["ns_per_iteration"] > 0 for entry in entries(bench))
    bench.expect_nothing_left()


def test_names_of_any_kind_are_measured_by_themselves(bench: Bench) -> None:
    done = bench.measure(*odd("a", "names"), *ONCE)
    assert done.returncode == 0, done.stderr
    found = {entry["benchmark"] for entry in entries(bench)}
    assert {"regex.*[a-z]+$^|{2}\\d?", "sort int[16]", "f{lambda()#1}", "-starts-with-minus", "trailing space ", " leading",
            "naïve/größe/数", "latin\\xe9"} <= found
    assert "\x1b" not in done.stdout


def test_one_name_of_two_benchmarks_is_left_out_with_a_note(bench: Bench) -> None:
    done = bench.measure(*odd("a", "dup"), *odd("b", "dup"), *ONCE)
    assert done.returncode == 0, done.stderr
    assert {entry["benchmark"] for entry in entries(bench)} == {"other"}
    assert "same" in done.stderr and done.stderr.count("same") >= 1


def test_what_only_one_program_has_is_unsupported_by_the_other(bench: Bench) -> None:
    done = bench.measure(*odd("old", "work,counters"), *odd("new", "work"), *ONCE)
    assert done.returncode == 0, done.stderr
    assert "unsupported: new has no counters of old" in done.stderr
    assert len(json.loads(bench.out.read_text("utf-8"))["comparisons"]) == 1


def test_one_that_skips_itself_is_unsupported_and_says_why(bench: Bench) -> None:
    done = bench.measure(*odd("a", "skip,work"), *odd("b", "skip,work"), *ONCE)
    assert done.returncode == 0, done.stderr
    skipped = [entry for entry in entries(bench) if entry["benchmark"] == "skip"]
    assert {entry["status"] for entry in skipped} == {"unsupported"}
    assert all("no AVX-512 here" in entry["error"] for entry in skipped)


def test_what_is_done_otherwise_than_asked_is_said_once(bench: Bench) -> None:
    done = bench.measure(*odd("a", "iter5,aggonly,reps"), *odd("b", "iter5,aggonly,reps"), *ONCE)
    assert done.returncode == 0, done.stderr
    for said in ("five/iterations:5: it runs 5 iterations whatever is asked", "agg/repeats:5: it reports only aggregates",
                 "reps/repeats:3: it runs 3 times in a process"):
        assert done.stderr.count(said) == 1, done.stderr


def test_a_budget_that_holds_no_first_look_is_said_before_it_starts(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.out, *odd("a", "slowfirst"), *odd("b", "slowfirst"), "--budget", "1",
                      "--block", "30s")
    done = finish(run)
    assert "--budget: 1 s do not hold what a first look at the row takes" in done.stderr, done.stderr


def test_a_main_that_ignores_its_options_is_refused_at_once(bench: Bench) -> None:
    deaf = program(bench.folder / "deaf", "#!/bin/sh\necho 'Run on (8 X 3000 MHz CPU s)' >&2\nsleep 600\n")
    done = bench.measure("--program", f"a={deaf}", *ONCE)
    assert done.returncode == USAGE and "runs its benchmarks when it is told to list them" in done.stderr
    bench.expect_nothing_left()


def test_a_listing_that_hangs_is_refused_and_leaves_nothing(bench: Bench) -> None:
    hanging = program(bench.folder / "hanging", "#!/bin/sh\nsetsid sleep 600 &\nsleep 600\n")
    done = bench.measure("--program", f"a={hanging}", *ONCE)
    assert done.returncode == USAGE and "has not listed its benchmarks" in done.stderr
    bench.expect_nothing_left()


def test_google_programs_are_compared_with_their_kind_only(bench: Bench) -> None:
    done = bench.measure(*odd("a", "work"), "--program", f"b={BINARY}", *ONCE)
    assert done.returncode == USAGE and "are compared with each other only" in done.stderr


def test_a_filter_chooses_among_benchmarks(bench: Bench) -> None:
    done = bench.measure(*odd("a", "work,counters"), "--benchmark_filter", "nothing like it", *ONCE)
    assert done.returncode == NOTHING_MATCHED
    assert bench.measure(*odd("a", "work,counters"), "--benchmark_filter", "^counters", *ONCE).returncode == 0
    assert {entry["benchmark"] for entry in entries(bench)} == {"counters"}

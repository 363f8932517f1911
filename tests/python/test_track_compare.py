"""mpmt track compare, end to end, on programs whose times are drawn, not measured."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import pytest

from bench import BINARY, Island, with_file_over
from desk import BRIEF, MODES, OPEN, SAME, Desk, needs, verdicts
from fakes import DRAWN, Drawn, example_text, from_trial_on, program
from mpmt.records import record_file
from repository import Repository


def test_each_benchmark_gets_its_answer(desk: Desk) -> None:
    a = desk.program("a", {"BM_same": SAME, "BM_modes": SAME, "BM_slower": SAME, "BM_faster": SAME, "BM_old": SAME})
    b = desk.program("b", {"BM_same": SAME, "BM_modes": MODES, "BM_slower": SAME.times(1.1), "BM_faster": SAME.times(0.9),
                           "BM_new": SAME})
    done = desk.compare(a, b, "--json", "--out", desk.folder / "deep" / "out.json", "--record", desk.folder / "record.json")
    document = done.json
    assert done.code == document["exit_code"] == 1, done
    assert verdicts(document) == {"BM_same": "same", "BM_modes": "unstable", "BM_slower": "slower", "BM_faster": "faster",
                                  "BM_old": "not compared", "BM_new": "not compared"}
    rows = {row["name"]: row for row in document["benchmarks"]}
    assert document["benchmarks"][0]["name"] == "BM_slower"
    assert rows["BM_slower"]["effect"] == pytest.approx(0.1, abs=0.01)
    assert 0.08 < rows["BM_slower"]["low"] < rows["BM_slower"]["effect"] < rows["BM_slower"]["high"] < 0.12
    assert rows["BM_slower"]["rounds"] >= 6
    assert rows["BM_faster"]["effect"] == pytest.approx(-0.1, abs=0.01)
    assert rows["BM_old"]["note"] == "only A has it" and rows["BM_new"]["note"] == "only B has it"
    assert rows["BM_old"]["effect"] is None and rows["BM_old"]["rounds"] == 0
    assert "two modes" in rows["BM_modes"]["note"] and all(row["gated"] for row in rows.values())
    assert (document["format"], document["format_version"], document["seed"]) == ("mpmt-comparison", 2, 1)
    assert document["rules"] == {"margin": 0.03, "confidence": 0.95, "budget_s": 600,
                                 "fail_on": ["slower", "undecided", "unstable", "failed"]}
    assert (desk.folder / "deep" / "out.json").read_text() == done.out
    assert (document["a"]["path"], document["a"]["sha256"]) == (str(a), hashlib.sha256(a.read_bytes()).hexdigest())


def test_the_record_of_a_comparison_is_kept_where_it_is_asked_for(desk: Desk) -> None:
    a, b = desk.program("a"), desk.program("b", {"BM_x": SAME.times(1.1)})
    out = desk.folder / "deep" / "record.json"
    done = desk.compare(a, b, "--json", "--record", out)
    record = record_file.load(out)
    row, = record["comparisons"]
    assert done.code == 1 and row["ratio"] - 1 == pytest.approx(done.json["benchmarks"][0]["effect"])
    assert record["context"]["machine"]["key"] == done.json["machine_key"]
    assert record["context"]["seed"] == done.json["seed"] == 1


@pytest.mark.parametrize(("b", "options", "code", "words"), [
    (SAME.times(1.1), [], 1, ["REGRESSION: 1 slower", "slower ", "+10.", "BM_x", "95 % interval"]),
    (SAME, [], 0, ["no regression: 1 same", "same "]),
    (SAME.times(0.8), [], 0, ["no regression: 1 faster", "-20."]),
    (OPEN, BRIEF, 3, ["not all is answered: 1 undecided", "why: "]),
    (MODES, [], 3, ["not all is answered: 1 unstable", "why: ", "two modes"]),
    (SAME.times(1.1), ["--fail-on", "none"], 0, ["REGRESSION: 1 slower"]),
    (OPEN, [*BRIEF, "--fail-on", "slower"], 0, ["not all is answered: 1 undecided"]),
    (SAME.times(1.1), ["--fail-on", "undecided, failed"], 0, ["1 slower"]),
    (MODES, ["--fail-on", "slower"], 0, ["1 unstable"]),
    (SAME.times(1.1), ["--margin", "20%"], 0, ["1 same"]),
])
def test_the_exit_code_and_the_table(desk: Desk, b: Drawn, options: list[str], code: int, words: list[str]) -> None:
    done = desk.compare(desk.program("a", {"BM_x": SAME}), desk.program("b", {"BM_x": b}), *options)
    assert done.code == code, done
    for word in words:
        assert word in done.out


def test_a_record_that_cannot_be_kept_is_refused_before_anything_is_measured(desk: Desk) -> None:
    ran = desk.folder / "ran"
    a, b = (desk.program(name, first=f": >{ran}") for name in "ab")
    for record, why in (("-", "standard output has the answer"), (desk.folder, "a folder"), (a / "x", "cannot be written")):
        done = desk.compare(a, b, "--record", record)
        assert (done.code, done.out) == (2, "") and "--record: " in done.err and why in done.err
    assert not ran.exists()


def test_progress_is_told_while_it_measures_and_not_as_an_answer(desk: Desk) -> None:
    done = desk.compare(desk.program("a"), desk.program("b"))
    assert "mpmt track compare: 1 benchmark, at most 600 s each\n" in done.err
    assert "BM_x/program:B" in done.err and "BM_x/program:B" not in done.out
    assert {line.partition(": ")[0] for line in done.err.splitlines()} == {"mpmt track compare"}


# ---- what is compared with what ----------------------------------------------------------------------------


def test_equal_scripts_are_measured_since_what_they_run_may_differ(desk: Desk) -> None:
    done = desk.compare(*(desk.program(name, {"BM_x": SAME}, first="") for name in "ab"), "--json")
    assert done.code == 0 and verdicts(done.json) == {"BM_x": "same"}


def test_equal_files_of_machine_code_are_not_measured(desk: Desk) -> None:
    a, b = (desk.mpmt(name) for name in "ab")
    shutil.copy2(a, b)
    done = desk.compare(a, b, "--json", "--", "--workload", "empty", "--workers", "1")
    assert done.code == 0 and set(verdicts(done.json).values()) == {"unchanged"} and done.json["seed"] is None
    assert "the two programs are identical: nothing was measured" in done.json["notes"][0]


@pytest.mark.parametrize(("a", "b", "options", "code", "said"), [
    (["BM_x"], ["BM_y"], [], 4, "no benchmark can be compared: BM_x: only A has it (and 1 more)"),
    (["BM_x"], ["BM_y"], ["--cases", "x$"], 4, "no benchmark can be compared: BM_x: only A has it"),
    (["BM_\x1b[31m"], ["BM_y"], [], 4, "BM_\\x1b[31m: only A has it"),
    (["BM_x"], ["BM_x", "BM_y"], ["--cases", "z"], 5, "--cases: no benchmark's name contains 'z'"),
])
def test_what_cannot_be_compared_says_why(desk: Desk, a: list[str], b: list[str], options: list[str], code: int,
                                          said: str) -> None:
    done = desk.compare(*(desk.program(name, dict.fromkeys(names, SAME)) for name, names in (("a", a), ("b", b))), *options)
    assert (done.code, done.out) == (code, "") and said in done.err


def test_only_the_cases_that_are_asked_for_are_measured(desk: Desk) -> None:
    out = desk.folder / "record.json"
    times = {"BM_x": SAME, "BM_x/8": SAME, "BM_x.8": SAME}
    done = desk.compare(desk.program("a", times), desk.program("b", times), "--cases", r"x\.8$", "--json", "--record", out)
    assert verdicts(done.json) == {"BM_x.8": "same"}
    assert {entry["benchmark"] for entry in record_file.load(out)["benchmarks"]} == {"BM_x.8"}


HERE = ["--", "--workload", "hash_chain", "--grain", "20", "--executor", "here"]


def speaks(desk: Desk, name: str, changes: dict[str, str]) -> Path:
    return program(desk.folder / name, example_text({"#!/usr/bin/env python3": f"#!{sys.executable} -IS", **changes}))


def test_cases_of_another_version_are_not_compared(desk: Desk) -> None:
    a, b = speaks(desk, "a", {}), speaks(desk, "b", {'"version": 1': '"version": 2'})
    done = desk.compare("--binary-a", a, "--binary-b", b, *HERE)
    assert (done.code, done.out) == (4, "")
    assert "bench_version 1 in A, 2 in B: a task means something else" in done.err


def test_a_program_of_ones_own_is_compared_by_its_protocol(desk: Desk) -> None:
    changes = [{'"wall_ns": wall_ns,': f'"wall_ns": tasks * {ns},'} for ns in (1_000_000, 1_300_000)]
    done = desk.compare(*(speaks(desk, name, changed) for name, changed in zip("ab", changes)), "--json", *HERE)
    row, = done.json["benchmarks"]
    assert done.code == 1 and row["verdict"] == "slower" and row["effect"] == pytest.approx(0.3)


def test_mpmt_is_not_compared_with_another_kind_of_program(desk: Desk) -> None:
    for pair in ((BINARY, desk.program("google")), (desk.program("google"), BINARY)):
        done = desk.compare(*pair, "--", *([] if pair[1] == BINARY else ["--workload", "empty"]))
        assert (done.code, done.out) == (4, "") and "one is mpmt, the other another Google Benchmark program" in done.err


FREE = ["--workload", "empty", "--executor", "thread_pool", "--workers", "1", "--placement", "free"]


def test_what_nothing_pins_is_measured_and_not_gated(desk: Desk) -> None:
    done = desk.compare(desk.mpmt("a"), desk.mpmt("b"), "--json", *BRIEF, "--", *FREE)
    row, = done.json["benchmarks"]
    assert done.code == 0 and row["gated"] is False and row["note"].startswith("not pinned")
    assert len(done.json["machine_key"]) == 12


CHANNEL = ["--family", "channel", "--channel", "shm_ring", "--sides", "processes", "--message-bytes", "64", "--wait", "block",
           "--placement", "same", "--floor", "none"]


def test_bare_channels_are_compared_by_the_same_rule(desk: Desk) -> None:
    done = desk.compare(desk.mpmt("a"), desk.mpmt("b"), "--json", *BRIEF, "--", *CHANNEL, "--pattern", "ping_pong")
    row, = done.json["benchmarks"]
    assert row["gated"] and row["effect"] is not None and row["name"].startswith("shm_ring/processes/ping_pong/"), done


def test_options_that_mean_nothing_to_mpmt_are_refused(desk: Desk) -> None:
    a, b = desk.mpmt("a"), desk.mpmt("b")
    cpu = str(min(os.sched_getaffinity(0)))
    assert "--cpu: mpmt pins its own workers" in desk.compare(a, b, "--cpu", cpu, "--", *FREE).err
    for grain in (["--grain", "1ms"], ["--grain=1ms"]):
        done = desk.compare(a, b, "--", "--workload", "hash_chain", *grain)
        assert done.code == 2 and "--grain: '1ms' is calibrated anew each time" in done.err
    done = desk.compare(a, b, "--", "--nonsense")
    assert done.code == 2 and "--nonsense" in done.err and done.err.count("\n") == 1
    done = desk.compare(a, b, "--", "--workload", "empty", "--benchmark_filter", "nothing is called this")
    assert (done.code, done.out) == (5, "") and done.err.count("\n") == 1


# ---- programs --------------------------------------------------------------------------------------------


def test_cpus_and_words_after_the_dashes_reach_a_google_benchmark_program(desk: Desk) -> None:
    cpu, seen = max(os.sched_getaffinity(0)), desk.folder / "seen"
    look = f'echo "$1" $(grep Cpus_allowed_list: /proc/self/status) >>{seen}; shift'
    a, b = (desk.program(name, {"BM_x": SAME}, then=look) for name in "ab")
    # What is listed has the word, too: drawn knows no --mine.
    for path in (a, b):
        path.write_text(path.read_text().replace("exec ", '[ "$1" = --mine ] && shift\nexec '))
    done = desk.compare(a, b, "--cpu", cpu, "--", "--mine")
    assert done.code == 0, done
    assert set(seen.read_text().splitlines()) == {f"--mine Cpus_allowed_list: {cpu}"}


@pytest.mark.parametrize(("act", "said"), [("echo it broke >&2; exit 1", "it broke"), ("kill -SEGV $$", "SIGSEGV")])
def test_a_program_that_breaks_has_failed(desk: Desk, act: str, said: str) -> None:
    times = {"BM_x": SAME, "BM_y": SAME}
    a, b = desk.program("a", times), desk.program("b", times, then=f'case "$*" in *BM_y*) {act};; esac')
    done = desk.compare(a, b, "--json")
    assert done.code == 3 and verdicts(done.json) == {"BM_x": "same", "BM_y": "failed"}
    row = done.json["benchmarks"][0]
    assert row["note"].startswith("B: ") and said in row["note"]
    alone = desk.compare(a, b, "--cases", "y")
    assert alone.code == 5 and said in alone.out + alone.err


def test_a_program_that_breaks_in_the_middle_has_failed_and_the_rest_goes_on(desk: Desk) -> None:
    times = {"BM_x": SAME, "BM_y": SAME}
    then = from_trial_on(4, "BM_y", desk.folder / "trials", "exit 1")
    done = desk.compare(desk.program("a", times), desk.program("b", {**times, "BM_x": SAME.times(1.1)}, then=then), "--json")
    assert done.code == 1 and verdicts(done.json) == {"BM_x": "slower", "BM_y": "failed"}
    assert "exited with 1" in done.json["benchmarks"][1]["note"]


def test_a_failure_that_leaves_enough_rounds_costs_no_verdict_and_is_told(desk: Desk) -> None:
    once = f"[ -e {desk.folder / 'failed'} ] || {{ : >{desk.folder / 'failed'}; exit 7; }}"
    then = from_trial_on(5, "BM_x", desk.folder / "trials", once)
    done = desk.compare(desk.program("a"), desk.program("b", then=then), "--json")
    row, = done.json["benchmarks"]
    assert done.code == 0 and row["verdict"] == "same" and "exited with 7" in row["note"]


def test_a_library_older_than_fixed_iterations_is_compared(desk: Desk) -> None:
    done = desk.compare(desk.program("a"), desk.program("b", {"BM_x": SAME.times(2)}, old=True), "--json")
    assert done.code == 1 and verdicts(done.json) == {"BM_x": "slower"}, done


# ---- commands --------------------------------------------------------------------------------------------


def test_two_commands_are_compared(desk: Desk) -> None:
    done = desk.compare("--command-a", "sleep 0.01", "--command-b", "sleep 0.03", "--json")
    document = done.json
    assert done.code == 1 and [row["verdict"] for row in document["benchmarks"]] == ["slower"]
    assert document["benchmarks"][0]["effect"] > 0.2
    assert (document["b"]["path"], document["b"]["sha256"], document["b"]["commit"]) == ("sleep 0.03", None, None)


def test_a_command_gets_the_options_that_mpmt_has_for_commands(desk: Desk) -> None:
    given = desk.folder / "given"
    given.write_text("x\n")
    commands = ["--command-a", "grep x", "--command-b", "grep x || { echo no such line >&2; exit 4; }", "--json", *BRIEF]
    assert "failed" not in verdicts(desk.compare(*commands, "--", "--input", given).json).values()
    done = desk.compare(*commands)
    assert done.code == 5 and "exited with 1" in done.out, done


@pytest.mark.parametrize(("arguments", "said"), [
    (["--command-a", "true", "b"], "--command-a, --command-b: a command is compared with a command only"),
    (["--command-b", "true", "--binary-a", "a"], "--command-a, --command-b: a command is compared with a command only"),
    (["--command-a", "true", "--binary-a", "a", "b"], "--command-a: there is --binary-a already"),
    (["--command-a", "true"], "compare needs two sides"),
    (["--command-a", "true", "--command-b", "true", "b"], "compare needs two sides"),
    (["--command-a", "true", "--command-b", "false", "--cpu", str(min(os.sched_getaffinity(0)))], "--cpu: write taskset into"),
])
def test_a_command_beside_something_else_is_refused(desk: Desk, arguments: list[str], said: str) -> None:
    desk.program("a"), desk.program("b")
    done = desk.compare(*arguments)
    assert (done.code, done.out) == (2, "") and said in done.err


# ---- the engine -------------------------------------------------------------------------------------------


def test_without_an_mpmt_there_is_one_line_that_says_how_to_get_one(desk: Desk) -> None:
    done = desk.compare(desk.program("a"), desk.program("b"), MPMT_BINARY=str(desk.folder / "none"))
    assert (done.code, done.out) == (2, "") and done.err.count("\n") == 1
    assert "there is no mpmt that could measure: build it" in done.err and "MPMT_BINARY" in done.err


@pytest.mark.parametrize("act", ["exit 0", "echo '{}'", "echo 'no such option' >&2; exit 2"])
def test_an_engine_that_is_none_is_named_in_one_line(desk: Desk, act: str) -> None:
    none = program(desk.folder / "none", f"#!/bin/sh\n{act}\n")
    done = desk.compare(desk.program("a"), desk.program("b"), MPMT_BINARY=str(none))
    assert (done.code, done.out) == (2, "") and done.err.count("\n") == 1
    assert str(none) in done.err or "no such option" in done.err


@pytest.mark.parametrize("stat", ["", "cpu  0 0 0 0 0 0 0 0 0 0\n"], ids=["masked", "gVisor"])
def test_a_comparison_beside_others_that_cannot_be_seen_says_so(desk: Desk, island: Island, stat: str) -> None:
    if island.why_not:
        pytest.skip(island.why_not)
    (desk.folder / "stat").write_text(stat)
    real = desk.folder / "mpmt"
    under = " ".join(f"'{word}'" for word in with_file_over(desk.folder / "stat", "/proc/stat"))
    program(real, f'#!/bin/sh\nexec {under} {BINARY} "$@"\n')
    done = desk.compare(desk.program("a"), desk.program("b"), "--json", MPMT_BINARY=str(real))
    assert done.code == 0, done
    note, = [note for note in done.json["notes"] if "/proc/stat" in note]
    assert "is not known" in note


# ---- names ------------------------------------------------------------------------------------------------

HOSTILE = ["BM_<script>alert(1)</script>", "BM_a|b", "BM_`tick`", "BM_\x1b[31mred\x1b[0m\a", "BM_\"q\"'", "BM_[l](http://x)",
           "BM_www.example.org", "BM_\u202eltr", "BM_" + "x" * 3000, "BM_@user #1", "BM_ünï"]


def test_benchmarks_of_hostile_names_are_measured(desk: Desk) -> None:
    times = dict.fromkeys(HOSTILE, SAME)
    done = desk.compare(desk.program("a", times), desk.program("b", times), "--json", "--cases", "script|red|q|ünï")
    assert done.code == 0 and len(done.json["benchmarks"]) == 4 and set(verdicts(done.json).values()) == {"same"}
    assert "\x1b" not in done.out + done.err


def test_hostile_names_are_shown_harmlessly() -> None:
    from mpmt.measuring.comparison import UNCHANGED, Comparison, Row, Side
    from mpmt.measuring.comparison_table import markdown, text_table
    sides = [Side(HOSTILE[0], "p", "0", "c", HOSTILE[3]), Side(HOSTILE[1], "p", "0", "c", HOSTILE[2])]
    found = Comparison(*sides, [Row(name, UNCHANGED, name) for name in HOSTILE], notes=HOSTILE[:8])
    text, shown = text_table(found), markdown(found, "T")
    for character in ("\x1b", "\a", "\u202e"):
        assert character not in text and character not in shown
    table = [line for line in shown.splitlines() if line.startswith("| ")]
    assert len(table) == len(HOSTILE) + 1 and {line.count("|") for line in table} == {8}
    for meaning in ("<script", "`", "](", "www.", "@user", "http://", "#1 "):
        assert meaning not in shown
    assert max(map(len, text.splitlines())) < 1500


# ---- what a commit's program reads -------------------------------------------------------------------------


def test_a_program_that_reads_its_source_tree_is_measured_with_that_of_its_commit(desk: Desk) -> None:
    """The data change, the program does not; relative to the top of the checkout, as in a build of one's own."""
    needs(DRAWN)
    repository = Repository(desk.folder / "repository")
    build = ["--repo", repository.path, "--build", f"cp {DRAWN} built", "--binary", "built"]
    commits = [repository.commit({"data/benches": f"--bench BM_x {mean} 0.002 1 1\n", "other": str(at)}, f"Commit {at}")
               for at, mean in enumerate((1000, 1100, 1100))]
    for pair, verdict in (((0, 1), "slower"), ((1, 2), "same")):
        a, b = (commits[at] for at in pair)
        done = desk.compare(a, b, *build, "--json", "--", "--words", "data/benches")
        assert verdicts(done.json) == {"BM_x": verdict}, done
        assert done.json["a"]["sha256"] == done.json["b"]["sha256"] and done.json["b"]["commit"] == b

"""track.py compare, end to end, on programs whose times are drawn, not measured."""

from __future__ import annotations

import os

import pytest

from desk import MODES, SAME, Desk, verdicts
from fakes import program, trial_text


def test_each_benchmark_gets_its_answer(desk: Desk) -> None:
    same = {"BM_same": SAME, "BM_wide": "1000 * noise(0.12)", "BM_modes": MODES}
    a = desk.program("a", {**same, "BM_slower": SAME, "BM_faster": SAME, "BM_old": SAME})
    b = desk.program("b", {**same, "BM_slower": f"1.1 * {SAME}", "BM_faster": f"0.9 * {SAME}", "BM_new": SAME})
    done = desk.compare(a, b, "--json", "--out", desk.folder / "deep" / "out.json")
    document = done.json
    assert done.code == document["exit_code"] == 1
    assert verdicts(document) == {"BM_same": "same", "BM_wide": "undecided", "BM_modes": "unstable", "BM_slower": "slower",
                                  "BM_faster": "faster", "BM_old": "not compared", "BM_new": "not compared"}
    rows = {row["name"]: row for row in document["benchmarks"]}
    assert document["benchmarks"][0]["name"] == "BM_slower"
    assert rows["BM_slower"]["effect"] == pytest.approx(0.1, abs=0.01)
    assert rows["BM_slower"]["low"] < 0.1 < rows["BM_slower"]["high"] and rows["BM_slower"]["pairs"] == 20
    assert rows["BM_old"]["note"] == "only A has it" and rows["BM_new"]["note"] == "only B has it"
    assert [len(side) for side in rows["BM_modes"]["modes"]].count(2) >= 1
    assert rows["BM_wide"]["detectable"] > 0.1 and rows["BM_wide"]["gate"] == 0.02
    assert (document["seed"], document["rules"]["pairs"], document["rules"]["budget_s"]) == (1, 10, 60)
    assert (desk.folder / "deep" / "out.json").read_text() == done.out
    assert [side["sha256"] != document["a"]["sha256"] for side in (document["a"], document["b"])] == [False, True]


@pytest.mark.parametrize(("times_b", "options", "code", "words"), [
    (f"1.1 * {SAME}", [], 1, ["REGRESSION: 1 slower", "slower ", "+10.", "BM_x"]),
    (SAME, [], 0, ["no regression: 1 same", "same "]),
    (f"0.8 * {SAME}", [], 0, ["no regression: 1 faster", "-20."]),
    ("1000 * noise(0.15)", [], 3, ["not all is answered: 1 undecided"]),
    (MODES, [], 3, ["not all is answered: 1 unstable", "µs", " / "]),
    (f"1.1 * {SAME}", ["--fail-on", "none"], 0, ["REGRESSION: 1 slower"]),
    ("1000 * noise(0.15)", ["--fail-on", "slower"], 0, ["not all is answered: 1 undecided"]),
    (f"1.1 * {SAME}", ["--fail-on", "undecided, failed"], 0, ["1 slower"]),
    (MODES, ["--fail-on", "slower"], 0, ["1 unstable"]),
    (f"1.1 * {SAME}", ["--gate", "20%"], 0, ["1 same"]),
])
def test_the_exit_code_and_the_table(desk: Desk, times_b: str, options: list[str], code: int, words: list[str]) -> None:
    done = desk.compare(desk.program("a", {"BM_x": SAME}), desk.program("b", {"BM_x": times_b}), *options)
    assert done.code == code, done
    for word in words:
        assert word in done.out


def test_equal_scripts_are_measured_since_what_they_run_may_differ(desk: Desk) -> None:
    done = desk.compare(*(desk.program(name, {"BM_x": SAME}, first="") for name in "ab"), "--json")
    assert done.code == 0 and verdicts(done.json) == {"BM_x": "same"}


@pytest.mark.parametrize(("times_a", "times_b", "options", "code", "said"), [
    ({"BM_x": SAME}, {"BM_y": SAME}, [], 4, "no benchmark can be compared: BM_x: only A has it (and 1 more)"),
    ({"BM_x": SAME}, {"BM_y": SAME}, ["--cases", "x$"], 4, "no benchmark can be compared: BM_x: only A has it"),
    ({"BM_\x1b[31m": SAME}, {"BM_y": SAME}, [], 4, "BM_\\x1b[31m: only A has it"),
    ({"BM_x": SAME}, {"BM_x": SAME, "BM_y": SAME}, ["--cases", "z"], 5, "--cases: no benchmark's name contains 'z'"),
])
def test_what_cannot_be_compared_says_why(desk: Desk, times_a: dict[str, str], times_b: dict[str, str],
                                          options: list[str], code: int, said: str) -> None:
    done = desk.compare(desk.program("a", times_a), desk.program("b", times_b), *options)
    assert (done.code, done.out) == (code, "") and said in done.err


def test_cases_of_another_version_are_not_compared(desk: Desk) -> None:
    case = {"name": "x/serial", "bench_version": 1, "divides": 1, "runnable": True, "case": {"placement": "same"}}
    a, b = (program(desk.folder / name, trial_text(plan={"plan_version": 1, "cases": [{**case, "bench_version": version}]}))
            for name, version in (("a", 1), ("b", 2)))
    done = desk.compare("--binary-a", a, "--binary-b", b)
    assert done.code == 4 and "x/serial: bench_version 1 in A, 2 in B" in done.err
    mixed = desk.compare(a, desk.program("google"))
    assert mixed.code == 4 and "another Google Benchmark program" in mixed.err


def test_mpmts_own_protocol_is_compared_and_unpinned_cases_are_not_gated(desk: Desk) -> None:
    cases = [{"name": name, "bench_version": 1, "divides": 1, "runnable": True, "case": {"placement": place}}
             for name, place in (("pinned", "same"), ("free", "free"))]
    a, b = (program(desk.folder / name, trial_text(plan={"plan_version": 1, "cases": cases}, ns=ns))
            for name, ns in (("a", 1_000_000), ("b", 2_000_000)))
    options = ["--budget", "0.1", "--pairs", "10", "--json"]
    done = desk.run("compare", a, b, *options, "--cases", "free")
    assert done.code == 0 and done.json["benchmarks"][0]["gated"] is False
    assert (done.json["machine_key"], verdicts(done.json)) == ("0123456789ab", {"free": "unstable"})
    assert "--cpu: mpmt pins its own workers" in desk.run("compare", a, b, *options, "--cpu", _cpu()).err


def _cpu() -> str:
    return str(min(os.sched_getaffinity(0)))


@pytest.mark.parametrize("then", ["sys.exit('it broke')", "os.kill(os.getpid(), 11)"])
def test_a_program_that_breaks_has_failed(desk: Desk, then: str) -> None:
    done = desk.compare(desk.program("a", {"BM_x": SAME, "BM_y": SAME}),
                        desk.program("b", {"BM_x": SAME, "BM_y": SAME}, then=f"if 'y' in wanted: {then}"), "--json")
    assert done.code == 3 and verdicts(done.json) == {"BM_x": "same", "BM_y": "failed"}
    alone = desk.compare(desk.folder / "a", desk.folder / "b", "--cases", "y")
    assert alone.code == 5 and "nothing was measured: 1 failed" in alone.out
    assert "it broke" in alone.out or "was killed by SIGSEGV" in alone.out


def test_a_program_that_breaks_in_the_middle_has_failed_and_the_rest_goes_on(desk: Desk) -> None:
    runs = desk.folder / "runs"
    then = f"if 'y' in wanted:\n    open({str(runs)!r}, 'a').write('x')\n    os.path.getsize({str(runs)!r}) > 9 and sys.exit(1)"
    done = desk.compare(desk.program("a", {"BM_x": SAME, "BM_y": SAME}),
                        desk.program("b", {"BM_x": f"1.1 * {SAME}", "BM_y": SAME}, then=then), "--json")
    assert done.code == 1 and verdicts(done.json) == {"BM_x": "slower", "BM_y": "failed"}


def test_programs_older_than_fixed_iterations_are_compared_with_a_note(desk: Desk) -> None:
    done = desk.compare(desk.program("a"), desk.program("b", {"BM_x": "2000 * noise(0.002)"}, old=True), "--json")
    assert done.code == 1 and any("older than 1.8" in note for note in done.json["notes"])


HOSTILE = ["BM_<script>alert(1)</script>", "BM_a|b", "BM_`tick`", "BM_\x1b[31mred\x1b[0m\a", "BM_\"q\"'", "BM_[l](http://x)",
           "BM_www.example.org", "BM_\u202eltr", "BM_" + "x" * 3000, "BM_@user #1", "BM_ünï"]


def test_hostile_names_are_shown_harmlessly(desk: Desk) -> None:
    times = dict.fromkeys(HOSTILE, "5.0")
    a, b = desk.program("a", times), desk.program("b", times, first="sys.setrecursionlimit(999)")
    done = desk.compare(a, b, "--json", "--cases", "script|red|q")
    assert done.code == 0 and set(verdicts(done.json)) == {HOSTILE[0], HOSTILE[3], HOSTILE[4]}
    from mpmt.measuring.comparison import UNCHANGED, Comparison, Row, Side
    from mpmt.measuring.comparison_table import markdown, text_table
    from mpmt.measuring.experiment import Rules
    sides = [Side(HOSTILE[0], "p", "0", "c", HOSTILE[3]), Side(HOSTILE[1], "p", "0", "c", HOSTILE[2])]
    found = Comparison(*sides, [Row(name, UNCHANGED, name) for name in HOSTILE], Rules(), 8, 1)
    text, shown = text_table(found), markdown(found, "T")
    for character in ("\x1b", "\a", "\u202e"):
        assert character not in text and character not in shown
    table = [line for line in shown.splitlines() if line.startswith("| ")]
    assert len(table) == len(HOSTILE) + 1 and {line.count("|") for line in table} == {9}
    for meaning in ("<script", "`", "](", "www.", "@user", "http://", "#1 "):
        assert meaning not in shown
    assert max(map(len, text.splitlines())) < 1500

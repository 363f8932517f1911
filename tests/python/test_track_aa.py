"""mpmt track aa, end to end: a program against itself."""

from __future__ import annotations

import re

import pytest

from bench import BINARY
from desk import BRIEF, MODES, QUICK, SAME, Desk, needs
from mpmt.commands.aa import SelfTest, as_json, table
from mpmt.measuring.comparison import FAILED, FASTER, SAME as SAME_ROW, SLOWER, UNSTABLE, Comparison, Row, Side
from tracker import Done


def aa(desk: Desk, *arguments: object) -> Done:
    needs(BINARY)
    return desk.run("aa", *QUICK, *arguments)


def test_a_program_against_itself_says_what_can_be_seen_of_it(desk: Desk) -> None:
    a = desk.program("a", {"BM_quiet": SAME, "BM_loud": SAME._replace(spread=0.02)})
    done = aa(desk, a, "--runs", "2", "--json")
    document = done.json
    assert done.code == document["exit_code"] == 0, done
    assert (document["format"], document["format_version"], document["runs"]) == ("mpmt-aa", 2, 2)
    assert (document["experiments"], document["alarms"]) == (4, 0)
    assert document["alarm_rate_95"] == [0.0, pytest.approx(1 - 0.025 ** (1 / 4))]
    rows = {row["name"]: row for row in document["benchmarks"]}
    assert [row["verdicts"] for row in rows.values()] == [["same", "same"]] * 2
    assert 0 < rows["BM_quiet"]["half_width"] < rows["BM_loud"]["half_width"] < 0.03  # the margin within which it is the same
    assert 0 < rows["BM_quiet"]["detectable"] < rows["BM_loud"]["detectable"]


def test_what_is_unstable_raises_no_alarm_and_is_no_pass(desk: Desk) -> None:
    done = aa(desk, desk.program("a", {"BM_bad": MODES}), "--runs", "1", "--json", *BRIEF)
    assert done.code == 3 and done.json["alarms"] == 0, done


def test_quiet_programs_pass_and_broken_ones_measure_nothing(desk: Desk) -> None:
    quiet = aa(desk, desk.program("quiet"), "--runs", "1")
    assert quiet.code == 0
    assert re.search(r"^0 false alarms in 1 experiments, 1 runs of .*quiet against itself;", quiet.out, re.M)
    assert "± 0." in quiet.out and "mpmt track aa: run 1 of 1\n" in quiet.err
    failing = aa(desk, desk.program("failing", then="exit 1"), "--runs", "1")
    assert failing.code == 5 and "BM_x" in failing.out + failing.err, failing


def test_mpmt_itself_is_measured_against_itself(desk: Desk) -> None:
    done = aa(desk, desk.mpmt("a"), "--runs", "1", "--json", *BRIEF, "--", "--workload", "empty", "--executor", "serial")
    assert done.json["experiments"] == 1 and done.json["benchmarks"][0]["gated"], done


def found(*verdicts: tuple[str, str, bool], interrupted: bool = False) -> Comparison:
    side = Side("p", "p", None)
    rows = [Row(name, verdict, "it broke" if verdict == FAILED else "", 0.1, 0.05, 0.15, 0.02, 6, gated)
            for name, verdict, gated in verdicts]
    return Comparison(side, side, rows, interrupted=interrupted)


def test_alarms_of_a_self_test_set_the_exit_code() -> None:
    test = SelfTest("p")
    assert test.exit_code() == 5
    test.add(found(("x", SAME_ROW, True), ("y", UNSTABLE, False)))
    assert test.exit_code() == 0
    test.add(found(("x", SLOWER, True)))
    assert (test.exit_code(), test.alarms, len(test.verdicts), test.runs) == (1, 1, 2, 2)
    assert as_json(test)["alarm_rate_95"] == [pytest.approx(0.0126, abs=1e-3), pytest.approx(0.9874, abs=1e-3)]
    assert "1 false alarms in 2 experiments" in table(test) and "(not gated)" in table(test)
    test.add(found(("x", FASTER, True)))
    assert test.alarms == 2  # a change either way is one
    test.add(found(("z", FAILED, True), interrupted=True))
    assert test.exit_code() == 130 and test.runs == 3 and "failed: z: it broke" in table(test)

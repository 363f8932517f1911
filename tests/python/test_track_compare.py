"""track.py compare, gate, aa and bisect, end to end, on programs whose times are drawn, not measured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import tracker as tracker_module
from bench import MARK, PATIENCE_S, Island, until
from fakes import google_text, program, trial_text
from repository import ENVIRONMENT, Repository
from test_contenders import marked
from tracker import SCRIPT, Done, Started, Tracker

# Few pairs, and time that is never used up: what is found does not depend on how fast this machine is.
QUICK = ["--pairs", "10", "--budget", "60", "--seed", "1"]
# Every third process is in the slow mode; programs a and b take different ones, so that modes split pairs.
SAME, MODES = "1000 * noise(0.002)", "1000 * noise(0.01) * (2.5 if turn() % 3 == 0 else 1)"


@pytest.fixture(scope="module")
def tracker(island: Island) -> Iterator[Tracker]:
    with Tracker(island.command(Path("/"), [sys.executable, tracker_module.__file__])) as made:
        yield made


class Desk:
    """A folder of its own for everything that a test's runs may write."""

    def __init__(self, folder: Path, tracker: Tracker) -> None:
        self.folder, self._tracker = folder, tracker
        self.mark = uuid.uuid4().hex
        self._started: list[Started] = []
        self.temporary, self.state = folder / "tmp", folder / "state"
        self.temporary.mkdir()
        self.environment = {**ENVIRONMENT, MARK: self.mark, "TMPDIR": str(self.temporary), "HOME": str(folder / "home"),
                            "XDG_STATE_HOME": str(self.state), "XDG_CACHE_HOME": str(folder / "cache"),
                            "XDG_CONFIG_HOME": str(folder / "config"), "XDG_DATA_HOME": str(folder / "data"),
                            "LC_ALL": "C.UTF-8"}
        self.environment.pop("GITHUB_STEP_SUMMARY", None)

    def program(self, name: str, times: dict[str, str] | None = None, first: str | None = None, **options: Any) -> Path:
        """Unless told what to do first, no two of them are identical."""
        first = f"name = {name!r}" if first is None else first
        return program(self.folder / name, google_text(times, first=first, **options))

    def start(self, *arguments: object, cwd: Path | None = None, out: Path | None = None, **variables: str) -> Started:
        self._started.append(self._tracker.start(self.folder, {**self.environment, **variables}, list(arguments),
                                                 cwd or self.folder, out))
        return self._started[-1]

    def run(self, *arguments: object, **options: Any) -> Done:
        done = self.start(*arguments, **options).wait()
        assert "Traceback" not in done.err, done.err
        return done

    def compare(self, *arguments: object, **options: Any) -> Done:
        return self.run("compare", *arguments, *QUICK, **options)

    def expect_nothing_left(self) -> None:
        until(lambda: not marked(self.mark), "all processes to end", 5)
        assert os.listdir(self.temporary) == []

    def clear(self) -> None:
        """Kills what a failed test has left."""
        for started in self._started:
            if not started.reaped:
                started.kill(signal.SIGKILL)
                started.wait()
        for pid in marked(self.mark):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def desk(tmp_path: Path, tracker: Tracker) -> Iterator[Desk]:
    made = Desk(tmp_path, tracker)
    try:
        yield made
        made.expect_nothing_left()
    finally:
        made.clear()


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["verdict"] for row in document["benchmarks"]}


# ---- compare -----------------------------------------------------------------------------------------------


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


def test_identical_programs_are_unchanged_and_nothing_is_run(desk: Desk) -> None:
    then = f"open({str(desk.folder / 'ran')!r}, 'w')"
    done = desk.compare(desk.program("a", first="", then=then), desk.program("b", first="", then=then), "--json")
    assert done.code == 0 and verdicts(done.json) == {"BM_x": "unchanged"}
    assert "identical" in done.json["notes"][0] and not (desk.folder / "ran").exists()


@pytest.mark.parametrize(("times_a", "times_b", "options", "code", "said"), [
    ({"BM_x": SAME}, {"BM_y": SAME}, [], 4, "no benchmark can be compared: BM_x: only A has it (and 1 more)"),
    ({"BM_x": SAME}, {"BM_y": SAME}, ["--cases", "x$"], 4, "no benchmark can be compared: BM_x: only A has it"),
    ({"BM_\x1b[31m": SAME}, {"BM_y": SAME}, [], 4, "BM_\ufffd[31m: only A has it"),
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
    from mpmt_tracking.comparison import UNCHANGED, Comparison, Row, Side
    from mpmt_tracking.comparison_table import markdown, text_table
    from mpmt_tracking.experiment import Rules
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


# ---- usage and output --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "said"), [
    (["compare"], "compare needs two sides, A and B"), (["compare", "a"], "it got 1"),
    (["compare", "a", "b", "--binary-a", "a"], "it got 3"), (["compare", "a", "none"], "'none': no such file, and . is in no git repository"),
    (["compare", "--binary-a", "a", "--binary-b", "none"], "none: no such program"),
    *((["compare", "a", "b", flag, value], f"argument {flag}: ") for flag, value in (
        ("--pairs", "9"), ("--pairs", "x"), ("--pairs", "1001"), ("--pairs", "9" * 30), ("--budget", "0"), ("--budget", "nan"),
        ("--budget", "1e9"), ("--gate", "0"), ("--gate", "101%"), ("--gate", "-5"), ("--seed", "-1"), ("--seed", "1" * 20),
        ("--cases", "("), ("--cases", "*"), ("--fail-on", "slow"), ("--fail-on", ""), ("--cpu", "x"), ("--cpu", "99999"),
        ("--cpu", "3-1"), ("--cpu", "1,"), ("--cpu", "-1"), ("--jobs", "0"))),
    (["aa", "a", "--runs", "0"], "argument --runs: "), (["aa", "a", "--runs", "1001"], "argument --runs: "),
    (["compare", "a", "b", "--out"], "argument --out: "), (["compare", "a", "b", "--nonsense"], "--nonsense"),
])
def test_wrong_usage_names_what_is_wrong(desk: Desk, arguments: list[str], said: str) -> None:
    for name in "ab":
        desk.program(name, {"BM_x": SAME + (" * 2" if name == "b" else "")})
    done = desk.run(*arguments)
    assert done.code == 2 and said in done.err and done.out == "", done


def test_a_program_that_is_neither_kind_says_what_it_was_asked(desk: Desk) -> None:
    neither = program(desk.folder / "neither", f"#!{sys.executable} -IS\nimport sys\nsys.exit('unknown flag')\n")
    done = desk.compare(neither, desk.program("b"))
    assert done.code == 2 and "--benchmark_list_tests exited with 1: unknown flag" in done.err
    empty = desk.program("empty", first="sys.exit(0)")
    done = desk.compare(empty, desk.program("b"))
    assert done.code == 5 and "lists no benchmark" in done.err


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_file_that_cannot_be_written_costs_the_exit_code_but_not_the_answer(desk: Desk, options: list[str]) -> None:
    a, b = desk.program("a", {"BM_x": "1.0"}), desk.program("b", {"BM_x": "2.0"})
    done = desk.compare(a, b, "--out", a / "out.json", *options)
    assert done.code == 2 and f"--out: {a / 'out.json'} cannot be written: " in done.err
    assert "slower" in done.out and (not options or verdicts(done.json) == {"BM_x": "slower"})


def test_a_reader_that_has_gone_does_not_cost_the_file(desk: Desk, tmp_path: Path) -> None:
    a, b = desk.program("a", {"BM_x": "1.0"}), desk.program("b", {"BM_x": "2.0"})
    for out, code in ((Path("/dev/full"), 2), (Path(os.devnull), 1)):
        done = desk.start("compare", a, b, *QUICK, "--out", tmp_path / "out.json", out=out).wait()
        assert done.code == code and "Traceback" not in done.err
        assert json.loads((tmp_path / "out.json").read_text())["exit_code"] == 1
        assert ("No space left on device" in done.err) is (code == 2)


@pytest.mark.parametrize("closed", [">&-", "| true"])
def test_with_standard_output_closed_it_ends_in_order(desk: Desk, island: Island, closed: str) -> None:
    """The real script, as a shell starts it."""
    a, b = desk.program("a", {"BM_x": "1.0"}), desk.program("b", {"BM_x": "2.0"})
    command = f"{{ \"$@\"; echo $? > {desk.folder / 'code'}; }} {closed}"
    done = subprocess.run(island.command(desk.folder, ["sh", "-c", command, "sh", sys.executable, SCRIPT, "compare", a, b,
                                                       *QUICK, "--out", desk.folder / "out.json"]),
                          env=desk.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr, done.stderr
    assert (desk.folder / "code").read_text() == ("1\n" if closed == ">&-" else "2\n")
    assert json.loads((desk.folder / "out.json").read_text())["exit_code"] == 1


def test_paths_that_are_no_utf_8_come_out_as_escapes(desk: Desk) -> None:
    folder = os.fsencode(desk.folder) + b"/\xff"
    os.mkdir(folder)
    a = desk.program("a", {"BM_x": "1.0"}).rename(os.fsdecode(folder + b"/a"))
    done = desk.compare(str(a), desk.program("b", {"BM_x": "1.0"}, first="1"), "--json", "--out", desk.folder / "out.json")
    assert done.code == 0 and "\\udcff" in done.out
    assert (desk.folder / "out.json").read_bytes().decode("utf-8") == done.out


# ---- interruptions -----------------------------------------------------------------------------------------


def hanging(desk: Desk, after: int) -> tuple[Path, Path, Path]:
    """Two programs that differ, and a file that appears when one of their processes hangs."""
    runs, reached = desk.folder / "runs", desk.folder / "reached"
    then = (f"if 'hang' in wanted:\n    open({str(runs)!r}, 'a').write('x')\n"
            f"    if os.path.getsize({str(runs)!r}) > {after}:\n        import time\n        os.fork()\n"
            f"        open({str(reached)!r}, 'w')\n        time.sleep(600)")
    times = {"BM_same": SAME, "BM_hang": SAME}
    return (desk.program("a", times, then=then), desk.program("b", {**times, "BM_hang": f"1.1 * {SAME}"}, then=then), reached)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_shows_what_is_answered_and_leaves_nothing(desk: Desk, number: int) -> None:
    # 4 processes size, 20 to 30 are the first look: by then one is answered, and the other is being confirmed.
    a, b, reached = hanging(desk, 36)
    started = desk.start("compare", a, b, *QUICK, "--out", desk.folder / "out.json")
    until(reached.exists, "a process that hangs")
    started.kill(number)
    done = started.wait()
    assert done.code == 130 and "Traceback" not in done.err
    assert "interrupted; what was answered by then stands: 1 undecided, 1 same" in done.out
    document = json.loads((desk.folder / "out.json").read_text())
    assert document["interrupted"] and verdicts(document) == {"BM_hang": "undecided", "BM_same": "same"}
    assert next(row["note"] for row in document["benchmarks"] if row["name"] == "BM_hang") == "interrupted"
    desk.expect_nothing_left()


@pytest.mark.parametrize("command", ["compare", "aa"])
def test_interrupted_while_sizing_there_is_nothing_to_show(desk: Desk, command: str) -> None:
    a, b, reached = hanging(desk, 0)
    started = desk.start(command, a, *([b] if command == "compare" else []), *QUICK)
    until(reached.exists, "a process that hangs")
    started.kill(signal.SIGINT)
    done = started.wait()
    assert done.code == 130 and "Traceback" not in done.err
    assert not desk.state.exists()
    desk.expect_nothing_left()


def test_interrupted_while_it_waits_for_another_measurement_it_ends(desk: Desk) -> None:
    a, b, reached = hanging(desk, 0)
    first = desk.start("compare", a, b, *QUICK, "--cases", "hang")
    until(reached.exists, "a process that hangs")
    second = desk.start("compare", a, b, *QUICK, "--cases", "same")
    waits = f"another measurement (pid {first.pid}) is running"
    until(lambda: second.err.exists() and waits in second.err.read_text(), "it to wait")
    second.kill(signal.SIGINT)
    first.kill(signal.SIGINT)
    assert [second.wait().code, first.wait().code] == [130, 130]


# ---- aa ----------------------------------------------------------------------------------------------------


def test_a_program_against_itself_gives_gates_for_later(desk: Desk) -> None:
    a = desk.program("a", {"BM_quiet": SAME, "BM_wide": "1000 * noise(0.05)", "BM_bad": MODES})
    done = desk.run("aa", a, "--runs", "2", "--json", *QUICK)
    document = done.json
    assert done.code == document["exit_code"] == 3 and document["runs"] == 2
    # What is unstable could have raised no alarm, and says nothing of the rate.
    assert (document["experiments"], document["alarms"]) == (4, 0)
    assert document["alarm_rate_95"] == [0.0, pytest.approx(1 - 0.025 ** (1 / 4))]
    widths_file, = desk.state.rglob("*.json")
    known = json.loads(widths_file.read_text())["half_widths"]
    assert str(widths_file) in done.err and set(known) == {"BM_quiet", "BM_wide"}
    assert known["BM_quiet"] < 0.02 < known["BM_wide"]
    # A change of 2.5 % is of interest, unless the program is known to differ from itself by more.
    widths_file.write_text(json.dumps({"half_widths": {"BM_wide": 0.0999, "BM_quiet": 0.001}}))
    b = desk.program("b", {"BM_quiet": f"1.05 * {SAME}", "BM_wide": f"1.025 * {SAME}"})
    later = desk.compare(a, b, "--cases", "quiet|wide", "--json")
    rows = {row["name"]: row for row in later.json["benchmarks"]}
    assert [(rows[name]["verdict"], rows[name]["gate"]) for name in ("BM_quiet", "BM_wide")] == [("slower", 0.02), ("same", 0.0999)]
    assert any("1 of the benchmarks differ from themselves" in note and "10.0%" in note for note in later.json["notes"])


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"\xff\xfe", b'{"half_widths": 3}', b'{"half_widths": {"BM_x": true}}', b'{"half_widths": {"BM_x": "1"}}',
    b'{"half_widths": {"BM_x": NaN}}', b'{"half_widths": {"BM_x": 1e300}}', b'{"half_widths": {"BM_x": -1}}',
    b'{"half_widths": {"BM_x": 1' + b"0" * 400 + b"}}", b"[" * 100_000, b'{"half_widths": {"BM_x": null}}', b'{"half_widths": {"BM_x": 0.5}}',
], ids=lambda content: content[:30].decode("ascii", "replace"))
def test_a_damaged_file_of_widths_is_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    from mpmt_tracking import widths
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    target = widths.place("0123456789ab")
    assert widths.gates(target, ["BM_x"], 0.02) == {"BM_x": 0.02}
    target.parent.mkdir(parents=True)
    target.write_bytes(content)
    assert widths.gates(target, ["BM_x"], 0.02) == {"BM_x": 0.02}
    widths.save(target, {"BM_y": 0.05})
    assert widths.gates(target, ["BM_x", "BM_y"], 0.02) == {"BM_x": 0.02, "BM_y": 0.05}


def test_a_program_that_differs_from_itself_by_much_gets_no_wider_gate(tmp_path: Path) -> None:
    from mpmt_tracking import widths
    target = tmp_path / "aa.json"
    widths.save(target, {"BM_x": 0.05, "BM_y": 0.05, "BM_z": 0.05})
    widths.save(target, {"BM_x": 0.4, "BM_y": None})
    assert widths.gates(target, ["BM_x", "BM_y", "BM_z"], 0.02) == {"BM_x": 0.02, "BM_y": 0.02, "BM_z": 0.05}


def test_quiet_programs_pass_and_broken_ones_measure_nothing(desk: Desk) -> None:
    quiet = desk.run("aa", desk.program("quiet", {"BM_x": SAME}), "--runs", "1", *QUICK)
    assert quiet.code == 0 and "quiet against itself, 1 runs: 0 false alarms in 1 experiments" in quiet.out
    assert "± 0." in quiet.out
    failing = desk.run("aa", desk.program("failing", then="sys.exit(1)"), "--runs", "1", *QUICK)
    assert failing.code == 5 and "failed: BM_x" in failing.out


def test_alarms_of_a_self_test_set_the_exit_code() -> None:
    from mpmt_tracking.aa import CaseTally, SelfTest, as_json, table
    found = SelfTest("p", {"x": CaseTally(True, ["same", "slower"]), "y": CaseTally(False, ["unstable"])}, {}, 2)
    assert (found.exit_code(), found.alarms, len(found.verdicts)) == (1, 1, 2)
    assert as_json(found, 1)["alarm_rate_95"] == [pytest.approx(0.0126, abs=1e-3), pytest.approx(0.9874, abs=1e-3)]
    assert "1 false alarms in 2 experiments" in table(found) and "(not gated)" in table(found)
    assert SelfTest("p").exit_code() == 5


def test_widths_that_cannot_be_kept_name_the_folder(desk: Desk) -> None:
    desk.state.write_text("a file")
    done = desk.run("aa", desk.program("a", {"BM_x": SAME}), "--runs", "1", *QUICK)
    assert done.code == 2 and "XDG_STATE_HOME" in done.err


# ---- gate --------------------------------------------------------------------------------------------------


BUILD = ["--build", "sh build.sh", "--binary", "built"]
BUILDS, FAILS = "cp bench built\n", "echo it does not compile >&2; exit 1\n"


def bench_text(factor: float, version: int) -> str:
    return google_text({"BM_x": f"{factor} * {SAME}", "BM_y": SAME}, first=f"version = {version}")


class Line:
    """A repository of benchmarks: each commit with the factor of its time."""

    def __init__(self, path: Path) -> None:
        self.repository = Repository(path)
        self._version = 0

    def commit(self, factor: float = 1.0, builds: bool = True) -> str:
        self._version += 1
        return self.repository.commit({"bench": bench_text(factor, self._version), "build.sh": BUILDS if builds else FAILS},
                                      f"Commit {self._version}")


@pytest.fixture
def forked(desk: Desk) -> tuple[Repository, str, str]:
    """origin/main has gone on since a slower change was branched off; HEAD is its second commit."""
    line = Line(desk.folder / "repo")
    line.commit()
    line.repository.git("checkout", "--quiet", "-b", "change")
    slow = line.commit(1.1)
    line.commit(1.1)
    line.repository.git("checkout", "--quiet", "main")
    after = line.commit(2.0)
    line.repository.git("update-ref", "refs/remotes/origin/main", after)
    line.repository.git("checkout", "--quiet", "change")
    return line.repository, slow, after


def gate(desk: Desk, repository: Repository, *arguments: object, **variables: str) -> Done:
    return desk.run("gate", "--repo", repository.path, *BUILD, *QUICK, "--cases", "x", *arguments, **variables)


def write_ack(folder: Path, commit: str, effect: float = 0.5, days: int = 30) -> None:
    today = datetime.now(timezone.utc).date()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ack.json").write_text(json.dumps({"version": 1, "acknowledged": [{
        "benchmark": "BM_x", "match": "exact", "commit": commit, "effect": effect, "reason": "checks | bounds",
        "created": str(today - timedelta(days=100)), "expires": str(today + timedelta(days=days))}]}))


def test_a_change_is_judged_against_its_merge_base(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    repository, slow, _ = forked
    summary = desk.folder / "summary.md"
    summary.write_text("before\n")
    done = gate(desk, repository, "--json", GITHUB_STEP_SUMMARY=str(summary))
    assert done.code == 1 and verdicts(done.json) == {"BM_x": "slower"}
    assert (done.json["a"]["subject"], done.json["b"]["subject"]) == ("Commit 1", "Commit 3")
    assert done.json["benchmarks"][0]["effect"] == pytest.approx(0.1, abs=0.02)
    shown = summary.read_text()
    assert shown.startswith("before\n## Benchmarks against the merge base\n") and "REGRESSION" in shown

    write_ack(repository.path / "results", slow)
    done = gate(desk, repository, "--json")
    assert done.code == 0 and verdicts(done.json) == {"BM_x": "acknowledged"}
    assert done.json["benchmarks"][0]["note"].endswith(": checks | bounds")

    for options, why in (({"days": -1}, "but that expired on"), ({"effect": 0.03}, "but only +3.0% are acknowledged")):
        write_ack(desk.folder / "acks", slow, **options)
        done = gate(desk, repository, "--json", "--results", desk.folder / "acks")
        assert done.code == 1 and why in done.json["benchmarks"][0]["note"]


def test_the_merge_that_ci_tests_is_judged_by_all_its_commits(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    """A pull request's merge commit has the branch as its second parent: an acknowledgement of a commit there counts."""
    repository, slow, _ = forked
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    repository.git("merge", "--quiet", "--no-ff", "--strategy=ours", "change")
    repository.write({"bench": bench_text(2.2, 9)})
    repository.git("commit", "--quiet", "--amend", "--all", "--no-edit")
    assert gate(desk, repository).code == 1
    write_ack(repository.path / "results", slow)
    assert gate(desk, repository).code == 0
    write_ack(repository.path / "results", repository.git("rev-parse", "origin/main"))
    assert gate(desk, repository).code == 1  # not one of the change's own commits


def test_a_branch_that_took_in_main_is_judged_against_what_it_took_in(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    repository, _, after = forked
    repository.git("merge", "--quiet", "--no-ff", "--strategy=ours", "origin/main")
    repository.write({"bench": bench_text(2.0, 12)})
    repository.git("commit", "--quiet", "--amend", "--all", "--no-edit")
    done = gate(desk, repository, "--json")
    assert done.code == 0 and verdicts(done.json) == {"BM_x": "same"}
    assert done.json["a"]["commit"] == after


def test_all_names_are_looked_up_before_anything_is_built(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    done = desk.run("compare", "HEAD~1", "nosuch", *BUILD, *QUICK, cwd=forked[0].path)
    assert done.code == 2 and "'nosuch': no such commit" in done.err and "building" not in done.err


def test_without_a_base_there_is_no_gate_but_a_hint(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    repository, _, _ = forked
    done = gate(desk, repository, "--head", "main")
    assert done.code == 4 and "--base: origin/main contains" in done.err
    repository.git("update-ref", "-d", "refs/remotes/origin/main")
    done = gate(desk, repository)
    assert done.code == 2 and "--base: 'origin/main': no such commit" in done.err and "fetch it" in done.err


def test_a_shallow_clone_is_told_what_to_fetch(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    repository, _, _ = forked
    shallow = repository.clone(desk.folder / "shallow", "--depth=1", "--no-single-branch")
    shallow.git("checkout", "--quiet", "change")
    done = gate(desk, shallow)
    assert done.code == 2 and "git fetch --unshallow" in done.err


def test_a_summary_that_cannot_be_written_costs_the_exit_code_but_not_the_answer(
        desk: Desk, forked: tuple[Repository, str, str]) -> None:
    repository, _, _ = forked
    done = gate(desk, repository, "--summary", desk.folder)
    assert done.code == 2 and f"--summary: {desk.folder} cannot be written: Is a directory" in done.err
    assert "REGRESSION" in done.out


def test_a_base_that_does_not_build_says_so(desk: Desk) -> None:
    line = Line(desk.folder / "repo")
    base = line.commit(builds=False)
    line.commit()
    done = gate(desk, line.repository, "--base", base)
    assert done.code == 2 and base[:12] in done.err and "it does not compile" in done.err


# ---- bisect ------------------------------------------------------------------------------------------------


def bisect(desk: Desk, line: Line, good: str, bad: str, case: str, *options: object) -> Done:
    return desk.run("bisect", good, bad, case, "--repo", line.repository.path, *BUILD, *QUICK, *options)


@pytest.fixture
def dozen(desk: Desk) -> tuple[Line, list[str]]:
    """14 commits; the ninth (index 8) makes it 10 % slower; 3, 6 and 12 do not build."""
    line = Line(desk.folder / "repo")
    return line, [line.commit(1.1 if at >= 8 else 1.0, builds=at not in (3, 6, 12)) for at in range(14)]


def test_the_commit_is_found_and_proved(desk: Desk, dozen: tuple[Line, list[str]]) -> None:
    line, ids = dozen
    done = bisect(desk, line, ids[0], ids[13], "BM_x", "--json")
    document = done.json
    assert done.code == document["exit_code"] == 1 and document["proved"]
    assert document["candidates"] == [ids[8]]
    assert (document["last_good"], document["first_bad"]) == (ids[7], ids[8])
    assert verdicts(document["ends"]) == verdicts(document["proof"]) == {"BM_x": "slower"}
    assert len(document["answers"]) <= 6
    assert all(answer["answer"] == "skipped" and "does not build" in answer["why"]
               for answer in document["answers"] if answer["commit"] in (ids[3], ids[6], ids[12]))
    # Where nothing differs there is nothing to look for; all of it is built by now.
    none = bisect(desk, line, ids[0], ids[7], "BM_x")
    assert none.code == 0 and "there is nothing to look for" in none.out
    # As text, with a pattern for the case.
    text = bisect(desk, line, ids[7], ids[9], "x$")
    assert text.code == 1 and f'the change came with {ids[8][:12]} "Commit 9"' in text.out


def test_where_neighbours_do_not_build_a_range_is_the_answer(desk: Desk) -> None:
    line = Line(desk.folder / "repo")
    ids = [line.commit(1.2 if at >= 6 else 1.0, builds=at not in (5, 6, 7)) for at in range(12)]
    done = bisect(desk, line, ids[0], ids[11], "BM_x", "--json")
    assert done.code == 1 and done.json["candidates"] == ids[5:9]
    assert (done.json["last_good"], done.json["first_bad"]) == (ids[4], ids[8])


@pytest.mark.parametrize(("case", "code", "said"), [
    ("BM_", 4, "CASE: 'BM_' is in the names of 2 benchmarks: BM_x, BM_y"), ("z", 4, "in the names of 0 benchmarks"),
    ("(", 2, "regular expression"),
])
def test_a_case_must_be_one(desk: Desk, case: str, code: int, said: str) -> None:
    line = Line(desk.folder / "repo")
    ids = [line.commit() for _ in range(3)]
    done = bisect(desk, line, ids[0], ids[2], case)
    assert done.code == code and said in done.err
    if code == 2:
        swapped, same = bisect(desk, line, ids[2], ids[0], "BM_x"), bisect(desk, line, ids[2], ids[2], "BM_x")
        assert swapped.code == 2 and "are the two swapped?" in swapped.err
        assert same.code == 2 and "are the same commit" in same.err


def test_interrupted_it_says_how_far_it_came(desk: Desk) -> None:
    line = Line(desk.folder / "repo")
    hang = f"import time; open({str(desk.folder / 'reached')!r}, 'w'); time.sleep(600)"
    ids = []
    for at in range(9):
        text = bench_text(1.2 if at >= 6 else 1.0, at)
        if at == 6:  # asked for second, after the one in the middle
            text = text.replace("version = 6", f"if 'BM_x' in ' '.join(sys.argv): {hang}")
        ids.append(line.repository.commit({"bench": text, "build.sh": BUILDS}, f"Commit {at}"))
    started = desk.start("bisect", ids[0], ids[8], "BM_x", "--repo", line.repository.path, *BUILD, *QUICK, "--json")
    until((desk.folder / "reached").exists, "a process that hangs")
    started.kill(signal.SIGINT)
    done = started.wait()
    assert done.code == 130 and done.json["interrupted"] and not done.json["proved"]
    assert done.json["last_good"] == ids[4] and ids[6] in done.json["candidates"]

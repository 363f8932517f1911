"""How mpmt track is called: wrong usage, output that cannot be written, and interruptions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench import PATIENCE_S, Island, until
from desk import BUILD, QUICK, SAME, Desk, Line, verdicts
from fakes import from_trial_on, hang, program
from make_history import write_history
from tracker import SCRIPT


def two(desk: Desk) -> tuple[Path, Path]:
    """Of which b is slower."""
    return desk.program("a"), desk.program("b", {"BM_x": SAME.times(2)})


@pytest.mark.parametrize(("arguments", "said"), [
    (["compare"], "compare needs two sides, A and B"), (["compare", "a"], "it got 1"),
    (["compare", "a", "b", "--binary-a", "a"], "it got 3"),
    (["compare", "a", "none"], "'none': no such file, and . is in no git repository"),
    (["compare", "--binary-a", "a", "--binary-b", "none"], "none: no such program"),
    *((["compare", "a", "b", flag, value], f"argument {flag}: ") for flag, value in (
        ("--budget", "0"), ("--budget", "nan"), ("--budget", "x"), ("--budget", "1e9"), ("--margin", "0"), ("--margin", "101%"),
        ("--margin", "-5"), ("--margin", "x"), ("--wait-idle", "-1"), ("--wait-idle", "nan"), ("--seed", "-1"),
        ("--seed", "1" * 20),
        ("--cases", "("), ("--cases", "*"), ("--fail-on", "slow"), ("--fail-on", ""), ("--cpu", "x"), ("--cpu", "99999"),
        ("--cpu", "3-1"), ("--cpu", "1,"), ("--cpu", "-1"), ("--jobs", "0"))),
    (["aa", "a", "--runs", "0"], "argument --runs: "), (["aa", "a", "--runs", "1001"], "argument --runs: "),
    (["compare", "a", "b", "--out"], "argument --out: "), (["compare", "a", "b", "--nonsense"], "--nonsense"),
    (["compare", "a", "b", "--pairs", "20"], "--pairs"), (["compare", "a", "b", "--record"], "argument --record: "),
])
def test_wrong_usage_names_what_is_wrong(desk: Desk, arguments: list[str], said: str) -> None:
    for name in "ab":
        desk.program(name)
    done = desk.run(*arguments)
    assert done.code == 2 and said in done.err and done.out == "", done


def test_a_program_that_is_neither_kind_is_named_with_what_it_says(desk: Desk) -> None:
    b = desk.program("b")
    for text, said in (("echo unknown flag >&2; exit 1", "unknown flag"), ("exit 0", "lists no benchmark"),
                       ("kill -ABRT $$", "SIGABRT")):
        neither = program(desk.folder / "neither", f"#!/bin/sh\n{text}\n")
        for pair in ((neither, b), (b, neither)):
            done = desk.compare(*pair)
            assert (done.code, done.out) == (2, "") and str(neither) in done.err and said in done.err, done
            assert done.err.count("\n") == 1


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_file_that_cannot_be_written_costs_the_exit_code_but_not_the_answer(desk: Desk, options: list[str]) -> None:
    a, b = two(desk)
    done = desk.compare(a, b, "--out", "/proc/none/out.json", *options)
    assert done.code == 2 and "--out: /proc/none/out.json cannot be written: " in done.err
    assert "slower" in done.out and (not options or verdicts(done.json) == {"BM_x": "slower"})


def test_a_file_that_surely_cannot_be_written_is_refused_before_anything_is_measured(desk: Desk) -> None:
    ran = desk.folder / "ran"
    a, b = (desk.program(name, first=f": >{ran}") for name in "ab")
    os.mkfifo(desk.folder / "fifo")
    (desk.folder / "dangling").symlink_to("nowhere")
    for out, why in ((desk.folder / "fifo", "a FIFO, not a regular file"), (desk.folder, "a folder"),
                     ("/dev/null", "a character device, not a regular file"), (a / "x", "Not a directory"),
                     (desk.folder / "dangling", "a symbolic link to nothing")):
        done = desk.compare(a, b, "--out", out)
        assert (done.code, done.out) == (2, "") and f"--out: {out} cannot be written: {why}" in done.err
    done = desk.compare(a, b, "--plots", "-")
    assert done.code == 2 and "--plots: figures go to a folder" in done.err
    assert not ran.exists() and os.path.lexists(desk.folder / "dangling") and (desk.folder / "fifo").is_fifo()


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_as_a_file_is_json_alone(desk: Desk, name: str) -> None:
    done = desk.compare(*two(desk), "--out", name)
    assert done.code == 1 and verdicts(done.json) == {"BM_x": "slower"} and not (desk.folder / "-").exists()


@pytest.mark.parametrize("temporary", ["nowhere", "file"])
def test_a_tmpdir_that_is_not_there_is_named(desk: Desk, temporary: str) -> None:
    (desk.folder / "file").write_text("")
    place = desk.folder / temporary
    for arguments in (["compare", "a", "b"], ["aa"], ["gate"], ["bisect", "a", "b", "c"], ["record"], ["history"],
                      ["ack", "--list"]):
        done = desk.run(*arguments, TMPDIR=str(place))
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"mpmt track {arguments[0]}: TMPDIR: {place}: ") and done.err.count("\n") == 1
    done = desk.run("diff", "a", "b", TMPDIR=str(place))
    assert done.err == "mpmt track diff: a: cannot be read: No such file or directory\n"


def test_programs_are_compared_without_a_home(desk: Desk, tmp_path: Path) -> None:
    """As in many containers: no HOME, nothing where state and cache could be."""
    for name in [name for name in desk.environment if name == "HOME" or name.startswith("XDG_")]:
        del desk.environment[name]
    done = desk.compare(*two(desk))
    assert done.code == 1 and done.err.count("warning") == 0
    done = desk.run("aa", desk.program("a"), "--runs", "1", *QUICK)
    assert done.code == 0 and done.err.count("warning") == 0
    write_history(tmp_path / "results", ["ab" * 20], {"x": [1.0, 1.0]})
    done = desk.run("history", "--results", tmp_path / "results")
    assert done.code == 0
    assert "no index of the records can be kept (there is no folder for the cache: set XDG_CACHE_HOME" in done.err
    line = Line(tmp_path / "repository")
    line.commit()
    done = desk.run("compare", "HEAD", "HEAD", "--repo", line.repository.path, *BUILD, *QUICK)
    assert done.code == 2 and "set XDG_CACHE_HOME" in done.err


def test_a_reader_that_has_gone_does_not_cost_the_file(desk: Desk, tmp_path: Path) -> None:
    a, b = two(desk)
    for out, code in ((Path("/dev/full"), 2), (Path(os.devnull), 1)):
        done = desk.start("compare", a, b, *QUICK, "--out", tmp_path / "out.json", out=out).wait()
        assert done.code == code and "Traceback" not in done.err
        assert json.loads((tmp_path / "out.json").read_text())["exit_code"] == 1
        assert ("No space left on device" in done.err) is (code == 2)


@pytest.mark.parametrize("closed", [">&-", "| true"])
def test_with_standard_output_closed_it_ends_in_order(desk: Desk, island: Island, closed: str) -> None:
    """The real script, as a shell starts it."""
    a, b = two(desk)
    command = f"{{ \"$@\"; echo $? > {desk.folder / 'code'}; }} {closed}"
    done = subprocess.run(island.command(desk.folder, ["sh", "-c", command, "sh", sys.executable, SCRIPT, "compare", a, b,
                                                       *QUICK, "--out", desk.folder / "out.json"]),
                          env=desk.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr, done.stderr
    assert (desk.folder / "code").read_text() == "2\n"
    assert "mpmt track compare: standard output cannot be written: B" in done.stderr
    assert json.loads((desk.folder / "out.json").read_text())["exit_code"] == 1


def test_a_path_that_is_no_utf_8_is_refused_in_one_line(desk: Desk) -> None:
    folder = os.fsencode(desk.folder) + b"/\xff"
    os.mkdir(folder)
    a = desk.program("a").rename(os.fsdecode(folder + b"/a"))
    done = desk.compare(str(a), desk.program("b"))
    assert (done.code, done.out) == (2, "") and "\\xff/a" in done.err and "is not UTF-8" in done.err, done
    assert done.err.count("\n") == 1


# ---- interruptions -----------------------------------------------------------------------------------------


def hanging(desk: Desk, trial: int) -> tuple[Path, Path, Path]:
    """Two programs, and a file that appears when b hangs: in this trial of BM_hang, pilots included."""
    reached = desk.folder / "reached"
    times = {"BM_same": SAME, "BM_hang": SAME}
    then = from_trial_on(trial, "BM_hang", desk.folder / "trials", hang(reached))
    return desk.program("a", times), desk.program("b", {**times, "BM_hang": SAME.times(1.1)}, then=then), reached


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_shows_what_is_answered_and_leaves_nothing(desk: Desk, number: int) -> None:
    # Two pilots at most and six rounds are the first look: by then one is answered, and the other is being confirmed.
    a, b, reached = hanging(desk, 10)
    started = desk.start("compare", a, b, *QUICK, "--out", desk.folder / "out.json")
    until(reached.exists, "a process that hangs", 2 * PATIENCE_S)
    started.kill(number)
    done = started.wait()
    assert done.code == 130 and "Traceback" not in done.err
    assert "interrupted; what was answered by then stands: 1 undecided, 1 same" in done.out
    document = json.loads((desk.folder / "out.json").read_text())
    assert document["interrupted"] and verdicts(document) == {"BM_hang": "undecided", "BM_same": "same"}
    assert next(row["note"] for row in document["benchmarks"] if row["name"] == "BM_hang")
    desk.expect_nothing_left()


@pytest.mark.parametrize("command", ["compare", "aa"])
def test_interrupted_before_anything_is_measured_there_is_nothing_to_show(desk: Desk, command: str) -> None:
    a, b, reached = hanging(desk, 1)
    started = desk.start(command, *([a] if command == "compare" else []), b, *QUICK)
    until(reached.exists, "a process that hangs")
    started.kill(signal.SIGINT)
    done = started.wait()
    assert done.code == 130 and "Traceback" not in done.err
    desk.expect_nothing_left()


def test_an_older_record_is_not_taken_for_what_was_interrupted(desk: Desk) -> None:
    record = desk.folder / "record.json"
    assert desk.compare(*two(desk), "--record", record).code == 1
    older = record.read_bytes()
    a, b, reached = hanging(desk, 1)
    started = desk.start("compare", a, b, *QUICK, "--json", "--cases", "hang", "--record", record)
    until(reached.exists, "a process that hangs")
    started.kill(signal.SIGINT)
    done = started.wait()
    assert done.code == 130 and verdicts(done.json) == {"BM_hang": "undecided"} and done.json["seed"] is None
    assert record.read_bytes() == older


def test_two_at_once_take_turns(desk: Desk) -> None:
    """Of the same user: the second waits for as long as it takes, and can be interrupted meanwhile."""
    a, b, reached = hanging(desk, 1)
    first = desk.start("compare", a, b, *QUICK, "--cases", "hang")
    until(reached.exists, "a process that hangs")
    waiting = [desk.start("compare", a, b, *QUICK, "--cases", "same") for _ in range(2)]
    waits = "is measuring on this machine; waiting for it to end"
    until(lambda: all(second.err.exists() and waits in second.err.read_text() for second in waiting), "them to wait")
    waiting[0].kill(signal.SIGINT)
    assert waiting[0].wait().code == 130
    first.kill(signal.SIGINT)
    assert [first.wait().code, waiting[1].wait().code] == [130, 0]

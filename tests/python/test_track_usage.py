"""How track.py is called: wrong usage, output that cannot be written, and interruptions."""

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
from fakes import program
from make_history import write_history
from tracker import SCRIPT


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
    done = desk.compare(a, b, "--out", "/proc/none/out.json", *options)
    assert done.code == 2 and "--out: /proc/none/out.json cannot be written: " in done.err
    assert "slower" in done.out and (not options or verdicts(done.json) == {"BM_x": "slower"})


def test_a_file_that_surely_cannot_be_written_is_refused_before_anything_is_measured(desk: Desk) -> None:
    ran = desk.folder / "ran"
    a, b = (desk.program(name, first=f"open({str(ran)!r}, 'w')") for name in "ab")
    os.mkfifo(desk.folder / "fifo")
    (desk.folder / "dangling").symlink_to("nowhere")
    for out, why in ((desk.folder / "fifo", "a FIFO, not a regular file"), ("/dev/null", "a character device, not a regular file"),
                     (desk.folder, "a folder"), (desk.folder / "dangling", "a symbolic link to nothing"), (a / "x", "Not a directory")):
        done = desk.compare(a, b, "--out", out)
        assert (done.code, done.out) == (2, "") and f"--out: {out} cannot be written: {why}" in done.err
    done = desk.compare(a, b, "--plots", "-")
    assert done.code == 2 and "--plots: figures go to a folder" in done.err
    assert not ran.exists() and os.path.lexists(desk.folder / "dangling") and (desk.folder / "fifo").is_fifo()


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_as_a_file_is_json_alone(desk: Desk, name: str) -> None:
    done = desk.compare(desk.program("a", {"BM_x": "1.0"}), desk.program("b", {"BM_x": "2.0"}), "--out", name)
    assert done.code == 1 and verdicts(done.json) == {"BM_x": "slower"} and not (desk.folder / "-").exists()


@pytest.mark.parametrize("temporary", ["nowhere", "file"])
def test_a_tmpdir_that_is_not_there_is_named(desk: Desk, temporary: str) -> None:
    (desk.folder / "file").write_text("")
    place = desk.folder / temporary
    for arguments in (["compare", "a", "b"], ["aa"], ["gate"], ["bisect", "a", "b", "c"], ["record"], ["history"], ["ack", "--list"]):
        done = desk.run(*arguments, TMPDIR=str(place))
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"mpmt track {arguments[0]}: TMPDIR: {place}: ") and done.err.count("\n") == 1
    assert desk.run("diff", "a", "b", TMPDIR=str(place)).err == "mpmt track diff: a: cannot be read: No such file or directory\n"


def test_programs_are_compared_without_a_home(desk: Desk, tmp_path: Path) -> None:
    """As in many containers: no HOME, nothing where state and cache could be."""
    for name in [name for name in desk.environment if name == "HOME" or name.startswith("XDG_")]:
        del desk.environment[name]
    done = desk.compare(desk.program("a", {"BM_x": "1.0"}), desk.program("b", {"BM_x": "2.0"}))
    assert done.code == 1 and done.err.count("warning") == 0
    done = desk.run("aa", desk.program("a", {"BM_x": "1.0"}), "--runs", "1", *QUICK)
    if not Path(f"/run/user/{os.geteuid()}").is_dir():
        assert done.code == 0 and "half-widths are not kept: there is no folder for the state: set XDG_STATE_HOME" in done.err
    write_history(tmp_path / "results", ["ab" * 20], {"x": [1.0, 1.0]})
    done = desk.run("history", "--results", tmp_path / "results")
    assert done.code == 0 and "no index of the records can be kept (there is no folder for the cache: set XDG_CACHE_HOME" in done.err
    line = Line(tmp_path / "repository")
    line.commit()
    done = desk.run("compare", "HEAD", "HEAD", "--repo", line.repository.path, *BUILD, *QUICK)
    assert done.code == 2 and "set XDG_CACHE_HOME" in done.err


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
    assert (desk.folder / "code").read_text() == "2\n" and "mpmt track compare: standard output cannot be written: B" in done.stderr
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
    assert [path.name for path in desk.state.rglob("*") if path.is_file()] in ([], ["measuring.lock"])
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

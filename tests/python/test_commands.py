"""Commands and servers of others under `mpmt run`: what is run when, what fails in one clear line, and that nothing is left."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import PATIENCE_S, USAGE, Bench, finish, until

Json = dict[str, Any]

CASE_FAILED, INTERRUPTED = 1, 130
ONCE = ("--rounds", "1", "--laps", "1")

# Serves until it is told to end; with `fork` from a child that has left its session.
SERVER = """import os, socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
if "daemon" in sys.argv and os.fork() == 0:
    os.setsid()
    time.sleep(600)
while True:
    listener.accept()[0].close()
"""
LOAD = """import socket, sys
assert socket.create_connection(("127.0.0.1", int(sys.argv[1]))).recv(1) == b""
"""


def entries(bench: Bench) -> list[Json]:
    record = json.loads(bench.out.read_text("utf-8"))
    return [{**record["cases"][entry["name"]], **entry} for entry in record["benchmarks"] if entry["run_type"] == "iteration"]


def errors(bench: Bench) -> dict[str, str]:
    return {entry["program"]: entry["error"] for entry in entries(bench) if entry["error"] is not None}


def command(name: str, text: str) -> tuple[str, str]:
    return "--command", f"{name}={text}"


# ---- commands ------------------------------------------------------------------------------------------------------


def test_two_commands_are_a_row_and_a_table(bench: Bench) -> None:
    done = bench.measure(*command("a", "sleep 0.01"), *command("b", "sleep 0.01"), "--rounds", "2", "--laps", "1")
    assert done.returncode == 0, done.stderr
    assert "time of b ÷ time of a" in done.stdout and "peak memory" in done.stdout
    row, = json.loads(bench.out.read_text("utf-8"))["comparisons"]
    assert (row["table"], row["a"], row["b"]) == ("programs", "a", "b")
    for entry in entries(bench):
        assert entry["ns_per_execution"] >= 10e6 and entry["peak_memory_bytes"] > 100_000
    bench.expect_nothing_left()


def test_setup_prepare_and_cleanup_are_run_around_what_is_timed(bench: Bench) -> None:
    log = bench.folder / "log"
    said = {option: f"echo {option} {{name}} >>{log}" for option in ("setup", "prepare", "cleanup")}
    done = bench.measure(*command("a", f"echo run >>{log}; sleep 0.01"), *ONCE,
                         *(word for option, text in said.items() for word in (f"--{option}", text)))
    assert done.returncode == 0, done.stderr
    lines = log.read_text().split("\n")[:-1]
    assert lines.count("setup a") == lines.count("cleanup a") >= 2  # of each trial: the pilots', and the round's
    assert lines.count("prepare a") == lines.count("run")
    assert all(after == "run" for before, after in zip(lines, lines[1:]) if before == "prepare a")


@pytest.mark.parametrize("option", ["--setup", "--prepare", "--cleanup"])
def test_what_fails_around_it_is_named(bench: Bench, option: str) -> None:
    done = bench.measure(*command("a", "true"), option, "echo no disc >&2; exit 4", *ONCE)
    assert done.returncode == CASE_FAILED
    assert errors(bench)["a"] == f"{option}: 'echo no disc >&2; exit 4' exited with 4: no disc"


def test_values_of_one_command_are_compared_and_stand_in_for_its_parameter(bench: Bench) -> None:
    log = bench.folder / "log"
    done = bench.measure(*command("s", f"echo {{n}}{{m}} >>{log}"), "-L", "n", "1,2", "-L", "m", "x", *ONCE)
    assert done.returncode == 0, done.stderr
    assert set(log.read_text().split()) == {"1x", "2x"}
    row, = json.loads(bench.out.read_text("utf-8"))["comparisons"]
    assert (row["a"], row["b"]) == ("n:1,m:x", "n:2,m:x")


def test_values_of_two_commands_are_cases_of_both(bench: Bench) -> None:
    done = bench.measure(*command("a", "true {n}"), *command("b", "true {n}"), "--parameter-list", "n", "1,2", *ONCE)
    assert done.returncode == 0, done.stderr
    rows = json.loads(bench.out.read_text("utf-8"))["comparisons"]
    assert sorted(row["command_parameters"]["n"] for row in rows) == ["1", "2"]


def test_standard_input_is_the_file_that_was_given_or_nothing(bench: Bench) -> None:
    (bench.cwd / "input").write_text("hello\n")
    check = "grep -q hello"
    assert bench.measure(*command("a", check), "--input", "input", *ONCE).returncode == 0
    assert bench.measure(*command("a", check), *ONCE).returncode == CASE_FAILED
    done = bench.measure(*command("a", "cat"), "--input", "no/such/file", *ONCE)
    assert done.returncode == CASE_FAILED and "no/such/file" in errors(bench)["a"]


def test_without_a_shell_nothing_is_special(bench: Bench) -> None:
    log = bench.folder / "log"
    script = bench.folder / "script"
    script.write_text(f'#!/bin/sh\necho "$@" >>{log}\n')
    script.chmod(0o755)
    assert bench.measure(*command("a", f"{script} $HOME"), "-N", *ONCE).returncode == 0
    assert set(log.read_text().split()) == {"$HOME"}


FAILING = [
    ("sh -c 'echo oops >&2; exit 3'", "exited with 3: oops"),
    ("kill -9 $$", "killed by SIGKILL"),
    ("no-such-program -x", "'no-such-program -x': no such program"),
    ("setsid sleep 600 & true", "left processes behind: sleep (pid "),
    ("cat </dev/tty", "/dev/tty"),
    ("sleep 600", "was still running after "),
    ("yes >&2", "was still running after "),
]


def test_a_command_that_does_not_behave_costs_its_own_row_and_says_one_line(bench: Bench) -> None:
    arguments = [word for number, (text, _) in enumerate(FAILING) for word in command(f"c{number}", text)]
    done = bench.measure(*command("good", "true"), *arguments, *ONCE, "--timeout", "2", timeout=2 * PATIENCE_S)
    assert done.returncode == CASE_FAILED, done.stderr
    found = errors(bench)
    assert set(found) == {f"c{number}" for number in range(len(FAILING))}
    for number, (_, said) in enumerate(FAILING):
        assert said in found[f"c{number}"] and "\n" not in found[f"c{number}"]
    bench.expect_nothing_left()


def test_a_failure_may_be_ignored(bench: Bench) -> None:
    assert bench.measure(*command("a", "exit 3"), "--ignore-failure", *ONCE).returncode == 0


def test_a_command_may_remove_the_folder_that_it_is_in(bench: Bench) -> None:
    done = bench.run("run", *command("a", f"rm -rf {bench.cwd}"), *ONCE)
    assert done.returncode == USAGE and "could not be written" in done.stderr.splitlines()[-1], done.stderr
    for journal in bench.journals():
        journal.unlink()
    bench.expect_nothing_left()


REFUSED = [
    (("--command", "sleep 1"), "--command: 'sleep 1' has no name: write NAME=COMMAND"),
    (("--command", "a=true", "--serve", "b=true"), "--command: means nothing beside --serve"),
    (("--command", "a=true", "--program", "b=true"), "--program: means nothing beside --command"),
    (("--serve", "a=true", "--load", "true"), "--ready: is needed beside --serve"),
    (("--serve", "a=true", "--ready", "80"), "--load: is needed beside --serve"),
    (("--load", "true"), "--load: means nothing without --serve"),
    (("--setup", "true"), "mean nothing without --command"),
    (("--parameter-list", "n", "1"), "--parameter-list: means nothing without"),
    (("--command", "a=true", "-L", "na{me", "1"), "'na{me' cannot be a parameter's name"),
    (("--family", "command"), "--family: command, server and google are what"),
    (("--command", "a=true", "--workload", "empty"), "--workload: means nothing with --family command"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=[row[1] for row in REFUSED])
def test_what_means_nothing_is_refused(bench: Bench, arguments: tuple[str, ...], said: str) -> None:
    done = bench.measure(*arguments)
    assert (done.returncode, done.stdout) == (USAGE, "") and said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("family", ["command", "server", "google"])
def test_a_family_of_what_is_given_has_no_cases_of_its_own(bench: Bench, family: str) -> None:
    done = bench.run("list", "cases", "--family", family)
    assert (done.returncode, done.stdout) == (USAGE, "") and f"--family: {family} has the cases of programs" in done.stderr


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=lambda ending: ending.name)
def test_nothing_is_left_of_a_command_whose_run_ends(bench: Bench, ending: signal.Signals) -> None:
    reached = bench.folder / "reached"
    run = bench.start("run", "--out", bench.out, *command("a", f"setsid sleep 600 & echo x >{reached}; sleep 600"))
    until(reached.exists, "the command")
    run.send_signal(ending)
    finish(run, timeout=8)
    bench.expect_no_process()
    for journal in bench.journals():
        journal.unlink()
    bench.expect_nothing_left()


# ---- servers -------------------------------------------------------------------------------------------------------


@pytest.fixture
def scripts(bench: Bench) -> Path:
    (bench.folder / "server.py").write_text(SERVER)
    (bench.folder / "load.py").write_text(LOAD)
    return bench.folder


def serving(name: str, scripts: Path, *more: str) -> tuple[str, str]:
    return "--serve", f"{name}={sys.executable} -S -E {scripts}/server.py {{port}} {' '.join(more)}"


def load(scripts: Path) -> tuple[str, ...]:
    return "--ready", "{port}", "--load", f"{sys.executable} -S -E {scripts}/load.py {{port}}"


def test_servers_are_up_together_under_ports_of_their_own(bench: Bench, scripts: Path) -> None:
    done = bench.measure(*serving("a", scripts), *serving("b", scripts, "daemon"), *load(scripts), *ONCE)
    assert done.returncode == 0, done.stderr
    found = entries(bench)
    assert {entry["program"] for entry in found} == {"a", "b"}
    assert all(entry["ns_per_load"] > 0 and entry["server_peak_memory_bytes"] > 1_000_000 for entry in found)
    bench.expect_nothing_left()


def test_values_of_one_server_are_servers_with_ports_of_their_own(bench: Bench, scripts: Path) -> None:
    done = bench.measure(*serving("s", scripts, "{n}"), *load(scripts), "-L", "n", "1,2", *ONCE)
    assert done.returncode == 0, done.stderr
    assert {entry["program"] for entry in entries(bench)} == {"n:1", "n:2"}


@pytest.mark.parametrize(("serve", "said"), [
    ("echo no room >&2; exit 3", "exited with 3: no room"),
    ("sleep 600", "was not ready before the deadline"),
    ("no-such-server", "no such program"),
])
def test_a_server_that_does_not_come_up_is_said(bench: Bench, scripts: Path, serve: str, said: str) -> None:
    done = bench.measure("--serve", f"a={serve}", *load(scripts), *ONCE, "--timeout", "3")
    assert done.returncode == CASE_FAILED and said in errors(bench)["a"], errors(bench)
    bench.expect_nothing_left()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=lambda ending: ending.name)
def test_nothing_is_left_of_a_server_whose_run_ends(bench: Bench, scripts: Path, ending: signal.Signals) -> None:
    run = bench.start("run", "--out", bench.out, *serving("a", scripts, "daemon"), *load(scripts), "--rounds", "10000")
    until(bench.journals, "the first round")
    run.send_signal(ending)
    finish(run, timeout=8)
    bench.expect_no_process()
    for journal in bench.journals():
        journal.unlink()
    bench.expect_nothing_left()


def test_a_port_that_is_taken_is_said(bench: Bench, scripts: Path) -> None:
    serve = f"{sys.executable} -S -E {scripts}/server.py 34567"
    done = bench.measure("--serve", f"a={serve}", "--serve", f"b={serve}", "--ready", "34567", "--load", "true", *ONCE)
    # By whom, depends on who looks first: mpmt, or the server that cannot have it.
    told = [error for error in errors(bench).values() if "34567" in error or "Address already in use" in error]
    assert done.returncode == CASE_FAILED and told, errors(bench)
    bench.expect_nothing_left()

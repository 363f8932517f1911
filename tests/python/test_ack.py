"""Acknowledgements: which ones keep a benchmark from failing a gate, and a file that git can merge."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from bench import PATIENCE_S, ROOT
from repository import Repository

from mpmt.base.problem import Problem
from mpmt.commands import ack
from mpmt.commands.ack import Ack

TODAY = date(2026, 6, 1)
FIRST, SECOND = "1" * 40, "2" * 40
DRIVER = f"""
import sys
sys.path.insert(0, {str(ROOT / "scripts")!r})
sys.path.insert(0, {str(ROOT / "tests" / "python")!r})
from test_ack import options_of
from mpmt.commands import ack
sys.exit(ack.run(options_of(sys.argv[1:])))
"""


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    ack.add_arguments(parser)
    return parser.parse_args(arguments)


def accepted(benchmark: str = "sort/1", **fields: Any) -> Ack:
    return Ack(**{"benchmark": benchmark, "match": "exact", "commit": FIRST, "effect": 0.05, "reason": "worth it",
                  "created": TODAY, "expires": TODAY, **fields})


# ---- what is covered ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("acks", "name", "effect", "in_range", "covered", "told"), [
    ([accepted()], "sort/1", 0.05, {FIRST}, True, ""),
    ([accepted()], "sort/1", 0.05, {FIRST, SECOND}, True, ""),
    ([accepted()], "sort/1", 0.05, None, True, ""),
    ([accepted()], "sort/10", 0.05, {FIRST}, False, ""),
    ([accepted()], "sort/1", 0.05, {SECOND}, False, "for 111111111111, which is not between base and head (rebased?)"),
    ([accepted()], "sort/1", 0.05, set(), False, "rebased?"),
    ([accepted(expires=TODAY - timedelta(1))], "sort/1", 0.05, {SECOND}, False, ""),
    ([accepted(), accepted(commit=SECOND, effect=0.01)], "sort/1", 0.05, {SECOND}, False, "only +1.0% are acknowledged"),
    ([accepted()], "sort/1", 0.0501, {FIRST}, False, "only +5.0% are acknowledged for 111111111111"),
    ([accepted(expires=TODAY - timedelta(1))], "sort/1", 0.01, {FIRST}, False, "expired on 2026-05-31"),
    ([accepted(expires=TODAY - timedelta(1)), accepted(commit=SECOND)], "sort/1", 0.01, {FIRST, SECOND}, True, ""),
    ([accepted(), accepted(commit=SECOND, effect=0.2)], "sort/1", 0.1, {FIRST, SECOND}, True, ""),
    ([accepted("sort/.*", match="regex")], "sort/10", 0.01, {FIRST}, True, ""),
    ([accepted("sort", match="regex")], "sort/10", 0.01, {FIRST}, False, ""),
    ([accepted("s.rt/1")], "sort/1", 0.01, {FIRST}, False, ""),
    ([], "sort/1", 0.01, {FIRST}, False, ""),
])
def test_an_acknowledgement_covers_what_it_says_and_no_more(
        acks: list[Ack], name: str, effect: float, in_range: set[str] | None, covered: bool, told: str) -> None:
    found, why_not = ack.covering(acks, name, effect, in_range, TODAY)
    assert (found is not None) == covered
    assert told in why_not and bool(told) == bool(why_not)


def test_of_several_the_one_that_lasts_longest_is_named() -> None:
    longest = accepted(commit=SECOND, expires=TODAY + timedelta(9))
    assert ack.covering([accepted(), longest, accepted()], "sort/1", 0.01, None, TODAY)[0] is longest


# ---- the file ----------------------------------------------------------------------------------------------


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    acks = [accepted("b", by="A. Tester"), accepted("a", reason="größer \N{SNOWMAN}", match="regex", effect=1.5)]
    path = tmp_path / "ack.json"
    ack.save(path, acks)
    assert ack.load(path) == [acks[1], acks[0]]
    assert "größer" in path.read_text("utf-8")
    before = path.read_bytes()
    ack.save(path, ack.load(path))
    assert path.read_bytes() == before


def test_a_missing_file_acknowledges_nothing(tmp_path: Path) -> None:
    assert ack.load(tmp_path / "ack.json") == []


def entry(**changes: Any) -> str:
    return json.dumps({"version": 1, "acknowledged": [{**accepted().as_json(), **changes}]})


@pytest.mark.parametrize(("content", "told"), [
    ("", "empty file"), ("{", "truncated"), ("hello", "not JSON"), ("[" * 100_000, "nested too deeply"),
    ("{}".encode("utf-16"), "UTF-16 text"), (entry(effect=12345).replace("12345", "1e999"), "a number out of range: 1e999"),
    (b"\xef\xbb\xbf{}", "the document"), ("[]", "the document"), ("{}", "the document"),
    (b"\xff", "not JSON"), ('{"version": 2, "acknowledged": []}', "use a newer mpmt"),
    ('{"version": 1, "acknowledged": {}}', "acknowledged: "), (entry(effect=0), r"acknowledged\[0\].effect: "),
    (entry(effect=-0.1), r"acknowledged\[0\].effect: "), (entry(effect="5%"), r"acknowledged\[0\].effect: "),
    (entry(effect=float("nan")), "contains NaN"), (entry(match="glob"), r"acknowledged\[0\].match: "),
    (entry(commit=FIRST + "\n"), r"acknowledged\[0\].commit: "), (entry(created="2026-06-01\n"), r"\.created: "),
    (entry(commit="HEAD"), r"acknowledged\[0\].commit: "), (entry(reason=""), r"acknowledged\[0\].reason: "),
    (entry(expires="2026-02-30"), r"acknowledged\[0\].expires: "), (entry(typo=1), r"acknowledged\[0\]: .*typo"),
    (entry(benchmark="(", match="regex"), r"acknowledged\[0\].benchmark: not a regular expression"),
    (entry(benchmark="\x1b[31m", match="glob\x1b"), "acknowledged"),
])
def test_a_bad_file_is_refused_by_name_and_field(write: Callable[..., Path], content: str | bytes, told: str) -> None:
    path = write(content, "ack.json")
    with pytest.raises(Problem, match=told) as caught:
        ack.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).isprintable()


def test_what_is_no_file_in_its_place_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be read: a folder, not a regular file"):
        ack.load(tmp_path)
    os.mkfifo(tmp_path / "ack.json")
    with pytest.raises(Problem, match="cannot be read: a FIFO, not a regular file"):
        ack.load(tmp_path / "ack.json")
    with pytest.raises(Problem, match="cannot be written: a FIFO, not a regular file"):
        ack.save(tmp_path / "ack.json", [])
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(Problem, match="a symbolic link to nothing"):
        ack.load(tmp_path / "dangling")


# ---- the command -------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = Repository(tmp_path / "repository")
    made.commit({"file": "1\n"})
    monkeypatch.chdir(made.path)
    return made


def run(*arguments: str) -> int:
    return ack.run(options_of(list(arguments)))


def saved() -> list[Ack]:
    return ack.load(Path("results", "ack.json"))


ADD = ("--commit", "HEAD", "--effect", "5%", "--reason", "worth it")


def test_a_change_is_acknowledged_listed_and_removed(
        repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sort/1", *ADD, "--days", "10", "--by", "A. Tester") == 0
    assert "results/ack.json; commit it" in capsys.readouterr().out
    [found] = saved()
    assert (found.benchmark, found.match, found.commit, found.effect) == ("sort/1", "exact", repository.head(), 0.05)
    assert (found.reason, found.by, found.expires - found.created) == ("worth it", "A. Tester", timedelta(10))
    assert run("empty/.*", "--regex", *ADD) == 0
    capsys.readouterr()
    assert run("--list") == 0
    heads, *listed = capsys.readouterr().out.splitlines()
    assert heads.split() == [column.title for column in ack.COLUMNS]
    assert [line.split()[:2] for line in listed] == [["1", "empty/.*"], ["2", "sort/1"]]
    assert "+5.0%" in listed[1] and "worth it (A. Tester)" in listed[1]
    assert run("--remove", "1") == 0
    assert [a.benchmark for a in saved()] == ["sort/1"]


def test_what_has_expired_is_listed_as_such(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    ack.save(repository.path / "results" / "ack.json", [accepted(expires=date(2020, 1, 31), created=date(2020, 1, 1))])
    run("--list")
    assert "EXPIRED on 2020-01-31" in capsys.readouterr().out


def test_the_same_change_is_replaced_only_on_demand(repository: Repository) -> None:
    run("sort/1", *ADD)
    with pytest.raises(Problem, match="'sort/1' is acknowledged for .* already.*--replace"):
        run("sort/1", *ADD, "--effect", "9%")
    assert run("sort/1", *ADD, "--effect", "9%", "--replace") == 0
    assert [a.effect for a in saved()] == [0.09]


def test_a_new_entry_is_one_place_in_a_diff(repository: Repository) -> None:
    for name in ("a", "c"):
        run(name, *ADD)
    repository.git("add", "results")
    repository.commit(message="Acknowledged")
    run("b", *ADD)
    numbers = repository.git("diff", "--numstat").split()
    assert numbers[:2] == [str(len(accepted().as_json()) + 2), "0"]


@pytest.mark.parametrize(("arguments", "told"), [
    ([], "it got none"), (["a", "--list"], "BENCHMARK and --list"), (["a"], "--commit: missing"),
    (["a", "--commit", "HEAD", "--reason", "x"], "--effect: missing"),
    (["a", "--commit", "HEAD", "--effect", "5%"], "--reason: missing"),
    (["a", "--effect", "5%", "--reason", "x", "--commit", "nope"], "'nope': no such commit"),
    (["a", "--effect", "5%", "--reason", "x", "--commit=--output=x"], "'--output=x': no such commit"),
    (["(", "--regex", *ADD], "BENCHMARK: not a regular expression"), (["a" * 501, *ADD], "1 to 500 characters"),
    (["a\udcff", *ADD], "BENCHMARK: must have 1 to 500 characters, in UTF-8"),
    (["--remove", "1"], "--remove: there is no number 1: nothing is acknowledged"),
    (["a", *ADD, "--results", "file"], "--results: file"),
])
def test_wrong_usage_is_told(repository: Repository, arguments: list[str], told: str) -> None:
    with pytest.raises(Problem, match=told):
        run(*arguments)
    assert not Path("results").exists() or saved() == []


@pytest.mark.parametrize("arguments", [["--effect", "5"], ["--effect", "0"], ["--effect", "-5%"], ["--effect", "fast"],
                                       ["--expires", "2020-01-01"], ["--expires", "soon"], ["--days", "0"],
                                       ["--reason", " "], ["--reason", "caf\udce9"], ["--by", "\udcff"]])
def test_wrong_values_are_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options_of(["a", *arguments])
    assert arguments[0] in capsys.readouterr().err


def test_a_bad_file_is_not_overwritten(repository: Repository) -> None:
    repository.write({"results/ack.json": "<<<<<<< HEAD\n"})
    with pytest.raises(Problem, match="not JSON"):
        run("a", *ADD)
    assert Path("results", "ack.json").read_text() == "<<<<<<< HEAD\n"


def test_two_at_once_lose_nothing(repository: Repository) -> None:
    folder = repository.path / "results"
    folder.mkdir()
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    runs = [subprocess.Popen([sys.executable, "-c", DRIVER, name, *ADD], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for name in "ab"]
    try:
        for process in runs:
            assert b"waiting: another process is changing " in process.stderr.readline()
        os.close(lock)
        for process in runs:
            _, errors = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0, errors
    finally:
        for process in runs:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=PATIENCE_S)
    assert [a.benchmark for a in saved()] == ["a", "b"]
    assert os.listdir(folder) == ["ack.json"]


def test_a_lock_is_not_waited_for_without_end(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ack, "LOCKED_S", 0.01)
    with ack._locked(repository.path / "results"), pytest.raises(Problem, match="--results: .*has kept its lock for"):
        run("a", *ADD)

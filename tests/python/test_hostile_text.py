"""No command lets untrusted text command a terminal or a CI: names, paths, commits, options, what other programs say."""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import ROOT
from desk import BUILD, QUICK, SAME, Desk
from make_channel_record import make_record
from repository import Repository
from tracker import run_script

HOSTILE = "\u00a0::error::x\x1b[31m\x9b31m\u202e##[error]##vso[x\n::error::y\n ::error::z\rend\x7f"
NAME = "hostile" + HOSTILE
FILE = HOSTILE.replace("/", "") + "\udcff"
BAD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
                 "|##\\[|##vso\\[")
BEGINS = re.compile(r"\s*(::|hostile|end|\\x3a:|y$|z)", re.M)


def expect_harmless(*texts: str) -> None:
    for text in texts:
        assert not BAD.search(text), ascii(text)
        for line in text.splitlines():
            assert not BEGINS.match(line), ascii(line)


def script(folder: Path, name: str, *arguments: object) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, ROOT / "scripts" / name, *map(str, arguments)], capture_output=True, timeout=120,
                          cwd=folder, check=False, env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache"),
                                                        "LC_ALL": "C.UTF-8"})
    out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
    expect_harmless(out, err)
    return done.returncode, out, err


def hostile(golden: dict[str, Any]) -> dict[str, Any]:
    """A record all of whose names are."""
    record = copy.deepcopy(golden)
    for entry in record["benchmarks"]:
        for field in ("name", "run_name"):
            entry[field] = NAME + entry[field]
        if entry.get("error"):
            entry["error"] = HOSTILE
    for facts in (record["context"]["machine"]["epoch"], record["context"]["machine"]["identity"]):
        for key, value in facts.items():
            if isinstance(value, str) and key != "usable_cpus":
                facts[key] = HOSTILE
    record["context"]["host_name"] = HOSTILE
    return record


@pytest.fixture
def record(small: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / f"{FILE}.json"
    path.write_text(json.dumps(hostile(small)), "utf-8")
    return path


def test_stored_records_are_harmless(record: Path, tmp_path: Path) -> None:
    for more in ([], ["--json"], ["--cases", re.escape(HOSTILE) + "none"]):
        code, out, err = script(tmp_path, "track.py", "diff", record, record, *more)
        assert (code, bool(out)) == ((4, False) if "--cases" in more else (0, True)), err


def test_files_that_are_refused_are_named_harmlessly(record: Path, tmp_path: Path) -> None:
    document = json.loads(record.read_text("utf-8"))
    document["benchmarks"][0][NAME] = HOSTILE
    document["benchmarks"][0]["status"] = HOSTILE
    record.write_text(json.dumps(document), "utf-8")
    for name, arguments in (("track.py", ["diff", record]), ("plot.py", []), ("check_channels.py", [])):
        for path in (record, tmp_path / f"none{FILE}"):
            code, _, err = script(tmp_path, name, *arguments, path)
            assert code == 2 and len(err.splitlines()) == 1, err


OPTIONS = [["diff", "a", "b", "--cases", "(" + HOSTILE], ["diff", "a", "b", "--" + HOSTILE], ["diff", "a", "b", HOSTILE],
           [HOSTILE], [NAME],
           ["compare", HOSTILE, "b"], ["compare", "a", "b", "--fail-on", HOSTILE], ["compare", "a", "b", "--cpu", HOSTILE],
           ["compare", "a", "b", "--build", "x", "--binary", HOSTILE], ["gate", "--base", HOSTILE], ["gate", "--repo", HOSTILE],
           ["aa", HOSTILE], ["aa", "--runs", HOSTILE], ["bisect", HOSTILE, HOSTILE, HOSTILE], ["record", HOSTILE],
           ["record", "--step", HOSTILE], ["record", HOSTILE + ".." + HOSTILE], ["record", "--", "--out", HOSTILE],
           ["history", "--branch", HOSTILE], ["history", "--since", HOSTILE], ["history", "--results", HOSTILE],
           ["history", "--machine", HOSTILE], ["history", "--format", HOSTILE], ["ack", "x", "--effect", HOSTILE],
           ["ack", HOSTILE, "--commit", HOSTILE, "--effect", "5%", "--reason", "x"],
           ["ack", "x", "--expires", HOSTILE], ["ack", "--remove", HOSTILE], ["ack", "--list", "--results", HOSTILE]]


def test_options_are_named_harmlessly(desk: Desk) -> None:
    repository = Repository(desk.folder / "repository")
    repository.commit({"file": "x\n"})
    for arguments in OPTIONS:
        done = desk.run(*arguments, cwd=repository.path)
        assert done.code in (0, 2, 4, 5), (arguments, done)
        expect_harmless(done.out, done.err)
        for line in done.err.splitlines():
            assert line.startswith(("mpmt track", "usage: ", " ", "note: ")), line
    for name, arguments in (("plot.py", ["x", "--format", HOSTILE]), ("plot.py", ["x", "--dpi", HOSTILE]),
                            ("plot.py", ["x", "--" + HOSTILE]), ("check_channels.py", ["--" + HOSTILE])):
        done = run_script(name, *arguments)
        assert done.returncode == 2
        expect_harmless(done.stdout, done.stderr)


def test_programs_are_harmless(desk: Desk) -> None:
    """Their names, their benchmarks' names, and why they fail."""
    times = {NAME.replace("\n", "|").replace("\r", "|") + name: SAME for name in "ab"}
    then = f'case "$*" in *b\\$*) printf %s {shlex.quote(HOSTILE)} >&2; exit 1;; esac'
    a, b = (desk.program(f"{name}{HOSTILE}", times, then=then) for name in "ab")
    for arguments in (["compare", a, b], ["compare", a, b, "--json"], ["compare", a, b, "--out", desk.folder / HOSTILE],
                      ["aa", a, "--runs", "1"], ["aa", a, "--runs", "1", "--json"]):
        done = desk.run(*arguments, *QUICK)
        assert done.code == 3 and done.out, done
        expect_harmless(done.out, done.err)


def test_commits_and_builds_are_harmless(desk: Desk) -> None:
    repository = Repository(desk.folder / f"repository{HOSTILE}")
    failing = {"build.sh": "printf '\\033[31m::error::x\\n ::error::y ##[error]\\n' >&2; exit 1\n"}
    base = repository.commit(failing, HOSTILE)
    repository.commit({**failing, "other": "x"}, HOSTILE)
    summary = desk.folder / "summary.md"
    for arguments in (["compare", base, "HEAD"], ["gate", "--base", base, "--summary", summary], ["bisect", base, "HEAD", "x"],
                      ["record", "HEAD"]):
        done = desk.run(*arguments, "--repo", repository.path, *BUILD)
        assert done.code == 2 and "build failed" in done.err, done
        expect_harmless(done.out, done.err)


def test_figures_and_what_is_said_of_them_are_harmless(tmp_path: Path) -> None:
    made = make_record(channels=("pipe",), sizes=(64,), patterns=("ping_pong",), placements=("same",), factors=(), bimodal=(),
                       disturbed=())
    for entry in made["benchmarks"]:
        for field in ("name", "run_name"):
            entry[field] = NAME + entry[field]
        entry["channel"] = "$\\frac$_" + HOSTILE
    path = tmp_path / f"{FILE}.json"
    path.write_text(json.dumps(made), "utf-8")
    code, out, err = script(tmp_path, "plot.py", path, "-o", tmp_path / HOSTILE, "--format", "svg")
    assert code in (0, 5) and out, err
    for figure in (tmp_path / HOSTILE).glob("*.svg"):
        assert not BAD.search(figure.read_text("utf-8").replace("\t", " ")), figure

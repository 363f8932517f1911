"""mpmt report as its user runs it: what it writes and where, words, exit codes."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import PATIENCE_S, until
from conftest import ROOT
from mpmt.commands import report as command
from test_hostile_text import HOSTILE, expect_harmless, hostile
from tracker import run_script

Json = dict[str, Any]
Write = Callable[..., Path]
REPORT = ROOT / "scripts" / "report.py"


def report(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_script("report.py", *arguments)


def refused(*arguments: object) -> str:
    done = report(*arguments)
    lines = done.stderr.strip().splitlines()
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "Traceback" not in done.stderr and lines[-1].startswith("mpmt report: ")
    return lines[-1]


def started(*arguments: object, **more: Any) -> subprocess.Popen[bytes]:
    """As a process of its own. A shell's background job is born with SIGINT ignored, and so would be what it starts."""
    return subprocess.Popen([sys.executable, REPORT, *map(str, arguments)], stdin=subprocess.DEVNULL, start_new_session=True,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **more)


@pytest.fixture(scope="module")
def record(small_text: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("record") / "record.json"
    path.write_text(small_text)
    return path


# ---- what is written ---------------------------------------------------------------------------------------


def test_a_page_is_written_and_its_path_is_the_last_line(record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = report(record)
    assert (done.returncode, done.stderr) == (0, "")
    *sentences, last = done.stdout.splitlines()
    assert last == "report: report.html" and "comparisons" in sentences[0]
    assert (tmp_path / "report.html").read_text("utf-8").lower().startswith("<!doctype html>")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_on_standard_output_is_the_page_alone_and_as_it_is_in_a_file(record: Path, tmp_path: Path) -> None:
    assert report(record, "-o", tmp_path / "page.html").returncode == 0
    process = started(record, "-o", "-", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, errors) == (0, b"") and out == (tmp_path / "page.html").read_bytes()


def test_text_and_markdown_go_to_standard_output_or_to_a_file(record: Path, tmp_path: Path) -> None:
    for form in ("--text", "--markdown"):
        done = report(record, form)
        assert done.returncode == 0 and "Threads or processes?" in done.stdout
        assert report(record, form, "-o", tmp_path / form).stdout.splitlines()[-1] == f"report: {tmp_path / form}"
        assert (tmp_path / form).read_text("utf-8") == done.stdout


@pytest.mark.parametrize("width", [40, 120])
def test_text_is_no_wider_than_it_may_be(record: Path, width: int) -> None:
    for more in ([], ["--all"]):
        done = report(record, "--text", "--width", width, *more)
        assert done.returncode == 0 and max(map(len, done.stdout.splitlines())) <= width


def test_all_has_every_row(record: Path) -> None:
    cut, whole = (report(record, "--text", *more).stdout for more in ([], ["--all"]))
    assert ": --all" in cut and ": --all" not in whole and len(whole) > len(cut)


def test_an_ascii_locale_gets_ascii(record: Path) -> None:
    process = started(record, "--text", stdout=subprocess.PIPE,
                      env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0 and out.isascii() and b"\\u" not in out and b" / threads" in out


def test_a_title_takes_the_place_of_ours(record: Path) -> None:
    assert report(record, "--text", "--title", "For my team").stdout.startswith("For my team\n===")


@pytest.mark.parametrize("form", ["--text", "--markdown"])
def test_a_view_can_be_had_alone(record: Path, form: str) -> None:
    said = report(record, form, "--view", "belief").stdout
    assert "Can this be believed?" in said and "Threads or processes?" not in said


def test_records_of_unlike_machines_stand_side_by_side(small: Json, write: Write) -> None:
    first = write(small, "a.json")
    small["context"]["machine"]["key"] = "0123456789ab"
    done = report(first, write(small, "b.json"), "--text")
    assert done.returncode == 0 and "(012345)" in done.stdout


def test_a_record_named_twice_is_shown_once(small: Json, write: Write) -> None:
    path = write(small)
    assert report(path, path, "--text").stdout == report(path, "--text").stdout


# ---- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "said"), [
    (["--width", "39", "--text"], "--width: '39' is not a number from 40 to 1000"),
    (["--width", "80"], "--width: only with --text"), (["--all"], "--all: only with --text or --markdown"),
    (["--text", "--markdown"], "not allowed with"), (["--title", ""], "--title: a title has 1 to 200 characters"),
    (["--view", "vrdict"], "--view: there is no 'vrdict'; there are: verdict, scaling, "),
    (["--nonsense"], "--nonsense"), (["none.json"], "none.json: cannot be read: No such file"),
    (["-o", "/dev/null"], "--out: /dev/null cannot be written: a character device"),
    (["-o", "/proc/nowhere/x"], "--out: /proc/nowhere/x"),
    (["-o", "/"], "--out: / cannot be written: a folder"), (["-o", "{record}"], "is one of the records"),
])
def test_what_cannot_be_done_is_refused_in_one_line(record: Path, arguments: list[str], said: str) -> None:
    assert said in refused(record, *(argument.format(record=record) for argument in arguments))


def test_records_that_are_none_are_refused_and_nothing_is_written(golden_text: str, tmp_path: Path) -> None:
    deep = "[" * 100_000
    for content, said in (("{", "JSON"), ("{}", "no object `context`"), (deep, ""), ("\xff", ""),
                          (golden_text.replace('"num_cpus":2', '"num_cpus":NaN', 1), "NaN"),
                          (golden_text.replace('"num_cpus":2', '"num_cpus":1e999', 1), "1e999")):
        path = tmp_path / "bad.json"
        path.write_text(content, "latin-1")
        assert said in refused(path, "-o", tmp_path / "out.html")
        assert not (tmp_path / "out.html").exists()


def test_without_any_trial_there_is_a_report_of_that_or_exit_code_5(small: Json, write: Write) -> None:
    small["benchmarks"], small["comparisons"] = [], []
    done = report(write(small), "--text")
    assert done.returncode in (0, 5) and done.stderr == ""
    assert ("no report written" in done.stdout) is (done.returncode == 5)


# ---- what records say --------------------------------------------------------------------------------------


def test_hostile_records_are_shown_harmlessly(small: Json, write: Write) -> None:
    evil = hostile(small)
    evil["context"]["warnings"] = [f"x{HOSTILE}", "</script><script>alert(1)</script>"]
    path = write(evil)
    for more in (["--text", "--all"], ["--text", "--width", "40", "--all"], ["--markdown", "--all"]):
        done = report(path, *more)
        assert done.returncode == 0, done.stderr
        for line in done.stdout.splitlines():
            assert not re.match(r"\s*::", line)
        expect_harmless(re.sub(r"(?m)^(\s*)(\\x3a|hostile|end|y$|z)", r"\1x", done.stdout), done.stderr)
    assert "<script" not in done.stdout


def test_a_name_of_megabytes_makes_no_long_text(small: Json, write: Write) -> None:
    small["context"]["warnings"] = ["n" * 10_000_000]
    path = write(small)
    assert len(report(path, "--text", "--all").stdout) < 1_000_000
    assert len(report(path, "--markdown").stdout) < 1_000_000


# ---- how it ends -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_while_nobody_reads_it_ends(record: Path, number: signal.Signals) -> None:
    read, write = os.pipe()
    process = started(record, "-o", "-", stdout=write, stderr=subprocess.PIPE)
    until(lambda: not select.select([], [write], [], 0)[1], "the pipe to be full")
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE_S)
    os.close(read)
    os.close(write)
    assert (process.returncode, errors) == (130, b"mpmt report: interrupted\n")


@pytest.mark.parametrize("form", ["--text", "--markdown", "--title=x"])
def test_interrupted_while_it_writes_nothing_half_written_stays(record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                form: str) -> None:
    target = tmp_path / "report"
    target.write_text("before")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt
    monkeypatch.setattr("mpmt.base.files.os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        command.run(command.parse_arguments([str(record), form, "-o", str(target)]))
    assert target.read_text() == "before" and list(tmp_path.iterdir()) == [target]


def test_a_link_stays_and_what_it_leads_to_is_replaced(record: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "report.html", tmp_path / "link.html"
    target.write_text("before")
    link.symlink_to(target)
    assert report(record, "-o", link).returncode == 0
    assert link.is_symlink() and target.read_text("utf-8") != "before"


def test_a_reader_that_has_gone_is_told_by_the_exit_code(record: Path) -> None:
    for form in ("--text", "--markdown", "-o-"):
        read, write = os.pipe()
        os.close(read)
        process = started(record, form, stdout=write, stderr=subprocess.PIPE)
        os.close(write)
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 2 and errors.startswith(b"mpmt report: standard output cannot be written: "), errors


def test_help_names_the_forms_and_the_exit_codes() -> None:
    done = report("--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: mpmt report ")
    assert all(said in done.stdout for said in ("--text", "--markdown", "--all", "exit codes", "5 nothing to report"))


def test_sentences_are_the_same_in_every_form(small: Json, write: Write) -> None:
    path = write(small)
    text = " ".join(report(path, "--text", "--width", "1000").stdout.split())
    said = report(path, "-o", path.with_suffix(".html")).stdout.splitlines()[:-1]
    first = " ".join(" ".join(said).split())
    assert first[:60] in text

"""What history is asked for, and whose records it then shows."""

from __future__ import annotations

import json
import math
import re
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import make_history as made
from history_bench import COUNT, OTHER, Bench, bench, cache, options_of, repository, run, stepped  # noqa: F401
from mpmt.base.problem import NothingMeasured, Problem
from mpmt.commands import history


def test_cases_and_since(bench: Bench) -> None:
    bench.write({"a": stepped(25, 0.08), "b": stepped(25, 0.08)})
    assert [one["benchmark"] for one in bench.json("--cases", "^b$")["machines"][0]["series"]] == ["b"]
    for since, first in ((bench.commits[9], 10), ("2024-01-02", 24), ("HEAD~5", COUNT - 5)):
        machine = bench.json("--since", since)["machines"][0]
        assert machine["series"][0]["points"][0]["commit"] == bench.commits[first]
        assert machine["left_out"]["before --since"] == first
    assert bench.json("--branch", "main~20")["machines"][0]["commits"] == 20


@pytest.mark.parametrize("at", [30, 33, 35])
def test_since_shows_less_and_finds_the_same(at: int, bench: Bench, tmp_path: Path) -> None:
    """Seven commits are too few to find anything in; the first bad one may be the first that is shown."""
    levels = stepped(at, 0.08)
    if at == 33:
        levels[31:33] = [math.nan] * 2
    bench.write({"a": levels, "gone": [1e5] * 30 + [math.nan] * 10})
    whole = bench.json()["machines"][0]["series"][0]
    machine, = bench.json("--since", bench.commits[32])["machines"]
    series, = machine["series"]
    assert series["changes"] == (whole["changes"] if at > 30 else []) and series["detectable"] == whole["detectable"]
    assert [point["commit"] for point in series["points"]] == bench.commits[33:]
    out, _ = bench.run("--since", bench.commits[32], "--plots", str(tmp_path / "plots"), "--csv", str(tmp_path / "x.csv"))
    assert "not shown, but searched with the rest: 33 records: before --since" in out
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 8
    drawn = next((tmp_path / "plots").glob("*.svg")).read_text("utf-8")
    assert bool(re.search(r"% (slower|faster) ", drawn)) == (at > 30)


def test_a_date_that_cannot_be_read_does_not_lift_since(bench: Bench) -> None:
    bench.write({"a": [1e5] * COUNT})
    for at, date in ((1, "yesterday"), (2, "0001-01-01T00:00:00+14:00"), (3, "9999-12-31T23:59:59-14:00")):
        path, = (bench.results / made.KEY).glob(f"{bench.commits[at][:12]}-*")
        record = json.loads(path.read_text())
        record["context"]["commit"]["date"] = date
        path.write_text(json.dumps(record))
    points = bench.json("--since", "2024-01-02")["machines"][0]["series"][0]["points"]
    assert points[0]["commit"] == bench.commits[24]


@pytest.mark.parametrize("arguments", [("--cases", "("), ("--machine", "../x"), ("--format", "gif")])
def test_wrong_options_are_refused(arguments: tuple[str, str], bench: Bench) -> None:
    with pytest.raises(SystemExit) as caught:
        run(bench.results, bench.repo, *arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize(("arguments", "words"), [
    (("--since", "nowhere"), "nowhere"), (("--since", "2024-13-77"), "no date"), (("--branch", "--all"), "--all"),
])
def test_wrong_revisions_are_problems(arguments: tuple[str, str], words: str, bench: Bench) -> None:
    bench.write({"a": [1.0] * COUNT})
    with pytest.raises(Problem, match=words):
        run(bench.results, bench.repo, f"{arguments[0]}={arguments[1]}")


def test_without_records_nothing_was_measured(bench: Bench) -> None:
    bench.results.mkdir()
    with pytest.raises(NothingMeasured, match="no usable record"):
        run(bench.results, bench.repo)
    with pytest.raises(Problem, match="No such file"):
        run(bench.results / "none", bench.repo)
    bench.write({"a": [1.0] * COUNT})
    with pytest.raises(NothingMeasured, match="no benchmark matches --cases"):
        run(bench.results, bench.repo, "--cases", "zzz")


def test_refused_records_are_named_and_the_rest_is_read(bench: Bench) -> None:
    bench.write({"a": stepped(25, 0.08)})
    (bench.results / made.KEY / "000000000bad-20240101T000000Z.json").write_text("{\n")
    out, err = bench.run()
    assert "1 step slower, 0 faster, in 1 of 1 series" in out
    assert err == f"refused: {made.KEY}/000000000bad-20240101T000000Z.json: truncated: the JSON ends too early, in line 2\n"


def test_a_shallow_clone_is_refused(bench: Bench, tmp_path: Path) -> None:
    bench.write({"a": [1.0] * COUNT})
    subprocess.run(["git", "clone", "--quiet", "--depth", "3", f"file://{bench.repo}", str(tmp_path / "clone")], check=True)
    with pytest.raises(Problem, match="git fetch --unshallow"):
        run(bench.results, tmp_path / "clone")


def test_outside_git_dates_give_the_order(bench: Bench, tmp_path: Path) -> None:
    bench.write({"a": stepped(25, 0.08)})
    assert history.run(options_of("--results", str(bench.results), "--json")) == 0
    out, err = bench.capsys.readouterr()
    assert json.loads(out)["machines"][0]["series"][0]["changes"][0]["first_bad"] == bench.commits[25]
    assert "ordered by date" in err
    assert history.run(options_of("--results", str(bench.results), "--json", "--since", "2024-01-02")) == 0
    assert json.loads(bench.capsys.readouterr()[0])["machines"][0]["left_out"]["before --since"] == 24
    with pytest.raises(Problem, match="--branch: .*results is not in a git repository"):
        history.run(options_of("--results", str(bench.results), "--branch", "HEAD"))
    (tmp_path / "plain").mkdir()
    with pytest.raises(Problem, match="--repo: .*plain: not in the checkout"):
        run(bench.results, tmp_path / "plain")


def test_the_records_of_the_repository_one_stands_in_are_read(
        bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bench.write({"a": stepped(25, 0.08)})
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(bench.repo), str(clone)], check=True)
    bench.results.rename(clone / "results")
    (clone / "deep").mkdir()
    for folder, arguments in ((clone / "deep", ()), (tmp_path, ("--repo", str(clone)))):
        monkeypatch.chdir(folder)
        assert history.run(options_of(*arguments)) == 0
        assert "1 step slower" in bench.capsys.readouterr()[0]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(history, "ROOT", clone)
    assert history.run(options_of()) == 0


# ---- whose records -----------------------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_records_of_another_users_repository_are_read_and_no_others(
        bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write({"a": stepped(25, 0.08)})
    theirs = tmp_path / "theirs"
    subprocess.run(["git", "clone", "--quiet", str(bench.repo), str(theirs)], check=True)
    bench.results.rename(theirs / "results")
    for path in (theirs, *theirs.rglob("*")):
        os.chown(path, 12345, 12345)
    monkeypatch.chdir(theirs)
    for arguments in ([], ["--repo", "."], ["--results", "results"]):
        assert history.run(options_of(*arguments)) == 0
        assert "1 step slower" in bench.capsys.readouterr()[0]


def test_outside_any_repository_it_is_said_whose_records_are_shown(
        bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write({"a": stepped(0, 0.0)})
    shutil.move(bench.results, tmp_path / "ours" / "results")
    monkeypatch.setattr(history, "ROOT", tmp_path / "ours")
    (tmp_path / "nowhere").mkdir()
    monkeypatch.chdir(tmp_path / "nowhere")
    assert history.run(options_of()) == 0
    said = bench.capsys.readouterr()[1]
    assert f"{tmp_path / 'nowhere'} is in no git repository: these are the records of {tmp_path / 'ours'}" in said

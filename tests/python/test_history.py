"""mpmt track history over synthetic repositories and records: what is found, said and left out."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import make_history as made
from history_bench import COUNT, OTHER, Bench, bench, cache, options_of, repository, run, stepped  # noqa: F401
from mpmt.base.problem import NothingMeasured, Problem
from mpmt.commands import history
from mpmt.measuring import engine

# ---- what is found ---------------------------------------------------------------------------------------


def test_steps_are_named_by_their_commits(bench: Bench) -> None:
    bench.write({"worse": stepped(25, 0.08), "better": stepped(12, -0.1, seed=2), "same": stepped(0, 0.0, seed=3)})
    machine, = bench.json()["machines"]
    changes = {one["benchmark"]: one["changes"] for one in machine["series"]}
    assert changes["same"] == []
    for name, at, effect in (("worse", 25, 0.08), ("better", 12, -0.1)):
        change, = changes[name]
        assert (change["last_good"], change["first_bad"]) == (bench.commits[at - 1], bench.commits[at])
        assert change["low"] < effect < change["high"] and change["effect"] == pytest.approx(effect, abs=0.01)
        assert (change["measured_since"], change["missing"]) == (COUNT - at, 0)


def test_the_table_has_the_latest_first_and_says_how_it_came_about(bench: Bench) -> None:
    bench.write({"early": stepped(10, 0.3), "late": stepped(30, 0.05, seed=2)})
    out, err = bench.run()
    assert err == ""
    assert out.index("late") < out.index("early")
    assert f"{bench.commits[29][:12]}  {bench.commits[30][:12]}" in out
    assert "2 steps slower, 0 faster, in 2 of 2 series" in out and "`mpmt track bisect`" in out


def test_nothing_changed_is_said_with_what_would_have_been_found(bench: Bench) -> None:
    bench.write({"a": stepped(0, 0.0), "b": stepped(0, 0.0, seed=2)})
    out, _ = bench.run()
    assert "nothing changed in 2 series of 40 commits" in out
    assert ("would have been found in four of five cases, 10 commits (half of all in shorter series) after it: a step of 2."
            in out)


def test_of_too_few_commits_the_last_two_are_set_against_each_other(bench: Bench) -> None:
    """What is to be believed of that is for `compare` to say: no word here is a verdict."""
    gone = [math.nan] * (COUNT - 7)
    bench.write({"a/x:1/y:1": [100.0] * 6 + [105.0] + gone, "b/x:2/y:1": [100.0] * 5 + [98.0, math.nan] + gone,
                 "single/y:1": [math.nan] * 6 + [5.0] + gone}, noise=0.01)
    out, _ = bench.run()
    assert "too few commits for change points in 3 of 3 series: they take 8 trusted ones; the last two measured commits" in out
    assert "all benchmarks below: y:1" in out
    heads, *rows = out[out.index("  B vs A"):].splitlines()[:3]
    assert heads.split("  ")[-1].strip() == "benchmark"
    of_a, of_b = (row.split() for row in rows)
    assert of_a[3:] == [bench.commits[5][:12], bench.commits[6][:12], "a/x:1"]
    assert of_b[3:] == [bench.commits[4][:12], bench.commits[5][:12], "b/x:2"]
    assert 0.02 < float(of_a[0].rstrip("%")) / 100 < 0.08 and all(cell.endswith("%") for cell in of_a[1:3])
    assert f"To be sure: `mpmt track compare {bench.commits[5][:12]} {bench.commits[6][:12]}`" in out
    for word in ("nothing changed", "slower", "faster", "same ", "undecided", "unstable"):
        assert word not in out, word
    series = {one["benchmark"]: one["last_two"] for one in bench.json()["machines"][0]["series"]}
    assert series["single/y:1"] == [] and series["a/x:1/y:1"][0]["b"] == bench.commits[6]
    assert series["a/x:1/y:1"][0]["ratio"] == pytest.approx(1.05, abs=0.03)


def test_of_one_commit_nothing_is_compared(bench: Bench) -> None:
    bench.write({"a": [5.0] + [math.nan] * (COUNT - 1)})
    out, _ = bench.run()
    assert "with a second measured commit the two are shown side by side" in out and "compare" not in out


def test_what_is_not_pinned_is_not_set_against_itself(bench: Bench) -> None:
    for at in (0, 1):
        made.write_record(bench.results, made.context(bench.commits[at], [], at, 5),
                          made.entries("free", [100.0 * (1 + at)] * 5, made.case_fields("free", "free")))
    assert "B vs A" not in bench.run()[0]


def test_a_drift_is_no_step_and_is_said(bench: Bench) -> None:
    bench.write({"slow": [1e5 * 1.003**at for at in range(COUNT)], "same": stepped(0, 0.0)}, noise=0.002)
    out, _ = bench.run()
    assert "nothing changed in 2 series" in out and "drifted, with no step" in out and "%  slow\n" in out
    drifts = {one["benchmark"]: one["drift"] for one in bench.json()["machines"][0]["series"]}
    assert drifts["same"] is None and drifts["slow"] == pytest.approx(0.08, abs=0.01)


def test_missing_commits_widen_the_range(bench: Bench) -> None:
    levels = stepped(25, 0.08)
    levels[23:27] = [math.nan] * 4
    bench.write({"a": levels})
    change, = bench.json()["machines"][0]["series"][0]["changes"]
    assert (change["last_good"], change["first_bad"]) == (bench.commits[22], bench.commits[27])
    assert change["missing"] == 4


def test_a_second_run_gives_the_same_from_memory(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from mpmt.history import series
    bench.write({"a": stepped(25, 0.08)})
    first = bench.json()
    monkeypatch.setattr(series, "change_points", lambda _: pytest.fail("asked again"))
    assert bench.json() == first


# ---- what is not compared --------------------------------------------------------------------------------


def test_a_new_epoch_is_a_line_and_no_change(bench: Bench) -> None:
    bench.write({"a": stepped(20, 0.5)}, epochs=[made.EPOCH] * 20 + [OTHER] * 20)
    machine, = bench.json()["machines"]
    assert [len(one["points"]) for one in machine["series"]] == [20, 20]
    assert [one["changes"] for one in machine["series"]] == [[], []]
    assert [epoch["from"] for epoch in machine["epochs"]] == [bench.commits[0], bench.commits[20]]
    assert f'new epoch at {bench.commits[20][:12]}, not compared with what was before: governor: null → "power save"' \
        in bench.run()[0]


def test_epochs_are_in_the_order_in_which_they_were_measured(bench: Bench, tmp_path: Path) -> None:
    """Each commit is measured in both, one after the other; the younger epoch's records are written, and read, first."""
    for late, epoch in ((1000, made.EPOCH), (0, OTHER)):
        for at, commit in enumerate(bench.commits):
            stamp = made.context(commit, [], at + late, 3, epoch=epoch)
            stamp["commit"]["date"] = f"2024-01-{1 + at // 24:02}T{at % 24:02}:00:00+00:00"
            made.write_record(bench.results, stamp, made.entries("a", [100.0 + late] * 3))
    out, _ = bench.run("--csv", str(tmp_path / "x.csv"), "--plots", str(tmp_path / "plots"), "--format", "svg")
    assert out.count("new epoch at") == 1
    assert f'new epoch at {bench.commits[0][:12]}, not compared with what was before: governor: "power save" → null' in out
    machine, = bench.json()["machines"]
    assert [(epoch["epoch"], epoch["facts"]) for epoch in machine["epochs"]] == [(1, OTHER), (2, made.EPOCH)]
    assert {one["epoch"]: one["points"][0]["ns_per_task"] for one in machine["series"]} == {1: 100.0, 2: 1100.0}
    rows = list(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text("utf-8"))))
    assert len(rows) == COUNT and {row["a"] for row in rows} == {"1100.0"}


def test_of_many_facts_few_are_told() -> None:
    from mpmt.history.table import what_changed
    told = what_changed({}, {f"fact {at}": "x" * 10_000 for at in range(1000)})
    assert len(told) < 800 and told.endswith("; and 992 more")


def test_a_machine_without_a_usable_record_is_shown(bench: Bench) -> None:
    bench.write({"a": stepped(25, 0.08)})
    made.write_record(bench.results, made.context(bench.commits[3], [], 3, 5, key="ffffffffffff", dirty=True),
                      made.entries("a", [1e9] * 5))
    out, _ = bench.run("--machine", "all")
    machine = out.split("\n\nmachine ")[1]
    assert machine.startswith("ffffffffffff: 0 records") and "none of its records is of use" in machine
    assert "left out: 1 record: dirty build" in machine
    assert [one["key"] for one in bench.json("--machine", "all")["machines"]] == [made.KEY, "ffffffffffff"]


def test_machines_are_shown_apart(bench: Bench) -> None:
    bench.write({"a": stepped(25, 0.08)})
    bench.write({"a": stepped(0, 0.0, level=7e6)}, key="ffffffffffff")
    out, _ = bench.run("--machine", "all")
    assert out.index(f"machine {made.KEY}") < out.index("machine ffffffffffff") and "nothing changed in 1 series" in out
    assert "machine ffff" not in bench.run("--machine", made.KEY)[0]


def test_records_of_other_machines_are_shown_when_asked_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write({"a": stepped(25, 0.08)})
    bench.write({"a": stepped(0, 0.0, level=7e6)}, key="ffffffffffff")
    out, err = bench.run()
    assert f"machine {made.KEY}" in out and "machine ffff" not in out
    assert err == "note: not shown: machine ffffffffffff (40 records); `--machine all` shows all\n"
    assert [one["key"] for one in bench.json()["machines"]] == [made.KEY]
    monkeypatch.setattr(engine, "machine_key", lambda program: "eeeeeeeeeeee")
    there = f"{made.KEY} \\(40 records\\), ffffffffffff \\(40 records\\): choose one by its key, or `--machine all`"
    with pytest.raises(NothingMeasured, match=f"--machine: .*this machine is eeeeeeeeeeee.*{there}"):
        bench.run()
    monkeypatch.setattr(engine, "find", lambda: None)
    with pytest.raises(NothingMeasured, match=f"--machine: .*cannot be told without a built mpmt.*{there}"):
        bench.run()


def test_the_only_machine_there_is_is_shown_as_maybe_another(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write({"a": stepped(25, 0.08)})
    monkeypatch.setattr(engine, "machine_key", lambda program: "eeeeeeeeeeee")
    out, err = bench.run()
    assert "1 step slower" in out
    assert err == f"note: these are the records of machine {made.KEY}, maybe of another machine: this machine is eeeeeeeeeeee\n"

    def no_mpmt(program: Path) -> str:
        raise Problem("this is no mpmt")
    monkeypatch.setattr(engine, "machine_key", no_mpmt)
    assert "maybe of another machine: which machine this is cannot be told" in bench.run()[1]
    with pytest.raises(NothingMeasured, match="no usable record"):
        bench.run("--machine", "eeeeeeeeeeee")


def test_records_of_no_use_are_counted(bench: Bench) -> None:
    bench.write({"a": stepped(0, 0.0)})
    trials = made.entries("a", [1e9] * 5)
    for at, more in ((50, {"dirty": True}), (51, {})):
        commit = bench.commits[3] if more else "f" * 40
        made.write_record(bench.results, made.context(commit, [], at, 5, **more), trials)
    nogit = made.context(bench.commits[0], [], 52, 5)
    nogit["commit"] = None
    made.write_record(bench.results, nogit, trials)
    made.write_record(bench.results, made.context(bench.commits[5], [], 53, 5, interrupted=True), trials[:2])
    out, _ = bench.run()
    for words in ("1 record: dirty build", "1 record: not on the branch", "1 record: no commit",
                  "1 case of interrupted records"):
        assert f"left out: {words}" in out
    assert max(p["ns_per_task"] for p in bench.json()["machines"][0]["series"][0]["points"]) < 2e5


def test_records_of_one_commit_are_pooled(bench: Bench) -> None:
    bench.write({"a": [100.0] * COUNT}, noise=0)
    made.write_record(bench.results, made.context(bench.commits[7], [], 99, 6), made.entries("a", [110.0] * 6))
    point = bench.json()["machines"][0]["series"][0]["points"][7]
    assert (point["ns_per_task"], point["trials"]) == (110.0, 11)


def test_unstable_and_free_points_change_nothing_and_are_shown(bench: Bench) -> None:
    bench.write({"a": [1e5] * COUNT}, noise=0.003)
    for at in range(20, COUNT):
        stamp = made.context(bench.commits[at], [], 100 + at, 5)
        two_modes = made.entries("wild", [1e5, 2e5, 1e5, 2.1e5, 1e5])
        free = made.entries("free", [1e5 * (1 + (at >= 30))] * 5, made.case_fields("free", "free"))
        made.write_record(bench.results, stamp, [*two_modes, *free])
    series = {one["benchmark"]: one for one in bench.json()["machines"][0]["series"]}
    for name in ("wild", "free"):
        assert len(series[name]["points"]) == 20 and not any(point["trusted"] for point in series[name]["points"])
        assert series[name]["changes"] == []
    out, _ = bench.run()
    assert "not trusted: 1 series placed `free`" in out and "not trusted: 20 values with two modes" in out


def test_another_version_is_another_series(bench: Bench) -> None:
    for at, commit in enumerate(bench.commits):
        version = 1 + (at >= 20)
        entries = made.entries("a", [100.0 * version] * 3, made.case_fields("a", version=version))
        made.write_record(bench.results, made.context(commit, [], at, 3), entries)
    out, _ = bench.run()
    assert "nothing changed in 2 series" in out


# ---- options ---------------------------------------------------------------------------------------------


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
    assert ("slower from" in drawn) == (at > 30)


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

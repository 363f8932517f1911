"""mpmt track history over synthetic repositories and records: what is found, said and left out."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest

import make_history as made
from history_bench import COUNT, OTHER, Bench, bench, cache, options_of, repository, run, stepped  # noqa: F401
from mpmt.base.problem import NothingMeasured, Problem
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
    heads, *rows = out[out.index("B vs A"):].splitlines()[:3]
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

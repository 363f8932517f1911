"""What mpmt track history writes: plots of each series, and a CSV."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest

import make_history as made
from history_bench import COUNT, OTHER, Bench, bench, cache, repository, run, stepped  # noqa: F401
from mpmt.base.problem import Problem
from mpmt.history import otava
from mpmt.history.series import Series

EVIL = ["../../etc/passwd", "a/b", "a_b", "$x^{$ \\frac", "</text><script>alert(1)</script>", "=cmd|' /C calc'!A0", "",
        "a\nb", "\u202eabc", "name_" * 100, "_", "CON", "100 % \N{SNOWMAN}"]


def test_a_history_of_hostile_names_is_one_figure(bench: Bench, tmp_path: Path) -> None:
    names = [name for name in EVIL if name][:6]
    bench.write({name: stepped(25, 0.08) for name in names}, epochs=[made.EPOCH] * 10 + [OTHER] * 30)
    before = set(tmp_path.rglob("*"))
    out, _ = bench.run("--plots", str(tmp_path / "plots"), "--format", "svg")
    path, = [path for path in set(tmp_path.rglob("*")) - before if path.is_file() and "cache" not in path.parts]
    assert path == tmp_path / "plots" / "history.svg" and f"plot: {path}" in out
    text = path.read_text("utf-8")
    assert "<script" not in text and bench.commits[0][:10] in text and "epoch 2" in text


def test_at_most_twelve_benchmarks_are_drawn(bench: Bench, tmp_path: Path) -> None:
    bench.write({f"benchmark/{at}": stepped(20, 0.05 + at / 100) for at in range(14)})
    bench.run("--plots", str(tmp_path / "plots"), "--format", "svg")
    text = (tmp_path / "plots" / "history.svg").read_text("utf-8")
    assert sum(f"benchmark/{at}<" in text for at in range(14)) == 12 and "2 benchmarks of 14 are not drawn" in text


def test_a_png_of_each_kind(bench: Bench, tmp_path: Path) -> None:
    bench.write({"a": stepped(25, 0.08), "loaded": [1e5 * (1.7 if i % 9 == 4 else 1) for i in range(COUNT)]})
    bench.run("--plots", str(tmp_path / "plots"), "--format", "png")
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (tmp_path / "plots").iterdir())


def test_an_unwritable_plots_folder_is_a_problem(bench: Bench, tmp_path: Path) -> None:
    bench.write({"a": [1.0] * COUNT})
    (tmp_path / "file").write_text("")
    for option in (f"--plots={tmp_path / 'file'}", f"--csv={tmp_path / 'file' / 'x.csv'}"):
        with pytest.raises(Problem, match=option.split("=")[0]):
            run(bench.results, bench.repo, option)


def test_the_csv_is_what_otava_reads(bench: Bench, tmp_path: Path) -> None:
    with_gap = stepped(0, 0.0)
    with_gap[0] = with_gap[12] = math.nan
    bench.write({"a": stepped(0, 0.0), "=1+1": with_gap, "time": [5.0] * COUNT}, noise=0)
    bench.run("--csv", str(tmp_path / "x.csv"))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text("utf-8"))))
    assert list(rows[0]) == ["time", "commit", "'=1+1", "a", "time #2"]
    assert [row["commit"] for row in rows] == bench.commits
    assert rows[1]["time"] == "2024-01-01 01:00:00 +0000"
    assert all(math.isfinite(float(row[name])) for row in rows for name in list(row)[2:])  # no cell may be empty
    assert rows[12]["'=1+1"] == rows[11]["'=1+1"] and rows[0]["'=1+1"] == rows[1]["'=1+1"]


def test_the_csv_is_of_one_machine_and_its_newest_epoch(bench: Bench, tmp_path: Path) -> None:
    bench.write({"a": [1.0] * COUNT}, epochs=[made.EPOCH] * 30 + [OTHER] * 10)
    bench.run("--csv", str(tmp_path / "x.csv"))
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 11
    bench.write({"a": [1.0] * COUNT}, key="ffffffffffff")
    with pytest.raises(Problem, match="choose one with --machine"):
        run(bench.results, bench.repo, "--machine", "all", "--csv", str(tmp_path / "x.csv"))


def test_a_formula_is_no_heading() -> None:
    names = otava.column_names([Series("k", 0, name, 1, "", "pool", [])
                                for name in ("=a", "@b", "-c", "+d", "e", "e", " =f", "\tg")])
    assert not any(name[0] in "=+-@" for name in names) and len(set(names)) == 8

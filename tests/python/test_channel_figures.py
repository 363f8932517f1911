"""Figures of bare channels, as plot.py draws them: which there are, what they say, and what they leave out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from make_channel_record import make_record
from make_golden_record import core_to_core
from mpmt.figures.direct_labels import apart
from test_plot import plot, words

Json = dict[str, Any]
KINDS = {"channel_latency-block", "channel_latency-yield", "channel_bandwidth-block", "channel_bandwidth-yield",
         "channel_open_loop-1000-block", "channel_open_loop-1000-yield", "channel_sides-ping_pong", "channel_sides-stream",
         "channel_sides-open_loop-1000", "channel_cpus-64", "channel_cpus-4096", "core_to_core"}


@pytest.fixture(scope="module")
def drawn(channels_once: Json, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("plots")
    (folder / "record.json").write_text(json.dumps(channels_once))
    done = plot(folder / "record.json", "-o", folder / "out", "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "out", done.stdout


def test_every_figure_is_written_and_no_pools(drawn: tuple[Path, str]) -> None:
    assert {path.stem for path in drawn[0].iterdir()} == KINDS


@pytest.mark.parametrize(("kind", "expected"), [
    ("channel_latency-block", ["Round trip over a channel", "(block)", "threads, one CPU (same)",
                               "processes, two CPUs (spread)", "shm_ring, shared", "floor_futex", "bytes per message (log)",
                               "hollow: unstable", "4Ki", "µs"]),
    ("channel_bandwidth-yield", ["Bandwidth of a channel", "at most 64 in flight", "MB/s", "GB/s"]),
    ("channel_open_loop-1000-yield", ["1000 messages/s", "intended start"]),
    ("channel_sides-ping_pong", ["Processes ÷ threads over the same channel (round trip)", "± 3 %", "± 10 %",
                                 "two CPUs (spread), yield", "hollow: unstable"]),
    ("channel_cpus-4096", ["round trips of 4 KiB", "processes, block", "unstable", "×2.", "shm_ring, private"]),
    ("core_to_core", ["From core to core", "CPU"]),
])
def test_figures_say_what_they_show(drawn: tuple[Path, str], kind: str, expected: list[str]) -> None:
    text = words(drawn[0] / f"{kind}.svg").replace("\N{NO-BREAK SPACE}", " ")
    for said in [*expected, "Golden CPU 9000", "seed 20240501"]:
        assert said in text, said


def test_disturbed_trials_are_left_out_and_counted(drawn: tuple[Path, str]) -> None:
    assert "left out: pipe: disturbed (" in drawn[1]
    assert "unstable, drawn and marked: pipe/processes/" in drawn[1]
    assert "Left out: pipe: disturbed" in words(drawn[0] / "channel_latency-block.svg")


def test_a_record_of_both_families_gets_the_figures_of_both(small: Json, channels_once: Json, write: Callable[..., Path],
                                                            tmp_path: Path) -> None:
    small["context"] = channels_once["context"]
    small["benchmarks"] += [entry for entry in channels_once["benchmarks"] if entry["pattern"] == "stream"]
    small["comparisons"] += channels_once["comparisons"]
    done = plot(write(small), "-o", tmp_path / "out", "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "")
    there = {path.stem for path in (tmp_path / "out").iterdir()}
    assert {"speedup", "costs", "channel_bandwidth-block", "core_to_core"} <= there
    assert "shm_ring" not in words(tmp_path / "out" / "processes_vs_threads-controlled.svg")


def test_poor_data_gives_few_figures_and_none_that_is_empty(write: Callable[..., Path], tmp_path: Path) -> None:
    poor = make_record(channels=("shm_ring",), floors=(), sizes=(64,), rounds=1, patterns=("ping_pong",),
                       sides=("processes",), placements=("same",), waits=("block",))
    poor["context"]["core_to_core"] = {"cpus": [0], "round_trip_ns": [[None]], "complete": True}
    done = plot(write(poor), "-o", tmp_path / "out", "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["channel_latency-block.svg"]
    for said in ("channel_bandwidth: no ok trial", "channel_sides: no comparisons", "channel_cpus: no channel",
                 "core_to_core: the core-to-core matrix has no pair of CPUs (one CPU)"):
        assert f"not drawn: {said}" in done.stdout


def one_case(**changes: Any) -> Json:
    return make_record(channels=("shm_ring",), floors=(), sizes=(64,), rounds=2, patterns=("ping_pong",),
                       sides=("processes",), placements=("same",), waits=("block",), **changes)


@pytest.mark.parametrize(("cpus", "numbers"), [(2, True), (20, True), (64, False)])
def test_a_matrix_has_numbers_where_they_can_be_read(cpus: int, numbers: bool, write: Callable[..., Path],
                                                     tmp_path: Path) -> None:
    record = one_case()
    matrix = record["context"]["core_to_core"] = core_to_core(cpus)
    matrix["round_trip_ns"][0][1] = matrix["round_trip_ns"][1][0] = 17.0
    assert plot(write(record), "-o", tmp_path / "out", "--format", "svg").returncode == 0
    shown = words(tmp_path / "out" / "core_to_core.svg").splitlines()
    assert shown.count("17") == 2 * numbers + (cpus == 20) * 2


def test_pairs_that_were_not_measured_are_hatched_and_counted(write: Callable[..., Path], tmp_path: Path) -> None:
    record = one_case()
    matrix = record["context"]["core_to_core"] = core_to_core(8) | {"complete": False}
    matrix["round_trip_ns"][2][5] = matrix["round_trip_ns"][5][2] = None
    assert plot(write(record), "-o", tmp_path / "out", "--format", "svg").returncode == 0
    assert "1 of 28 pairs were not measured: the time allowed" in words(tmp_path / "out" / "core_to_core.svg")


@pytest.mark.parametrize("rows", [[[None, 5.0]], [[None], [5.0]], []])
def test_a_matrix_that_is_not_square_is_not_drawn(rows: Any, write: Callable[..., Path], tmp_path: Path) -> None:
    record = one_case()
    record["context"]["core_to_core"] = {"cpus": [0, 1], "round_trip_ns": rows, "complete": True}
    assert "core_to_core: the core-to-core matrix is not square" in plot(write(record), "-o", tmp_path / "out").stdout


def test_names_are_drawn_as_they_are(write: Callable[..., Path], tmp_path: Path) -> None:
    record = make_record(channels=("shm_ring", "pipe"), floors=(), sizes=(64, 4096), rounds=2)
    odd = "$x_1$ $\\frac{</script>"
    for entry in (*record["benchmarks"], *record["comparisons"]):
        entry["channel"] = {"shm_ring": odd, "pipe": "_hidden"}.get(entry["channel"], entry["channel"])
    done = plot(write(record), "-o", tmp_path / "out", "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "")
    for svg in (tmp_path / "out").glob("channel_*.svg"):
        assert odd in words(svg) and "_hidden" in words(svg), svg


def test_labels_are_moved_apart_and_no_further() -> None:
    assert apart([0.0, 0.5, 1.0], 0.1) == [0.0, 0.5, 1.0]
    assert apart([0.5, 0.5], 0.1) == pytest.approx([0.45, 0.55])
    found = apart([0.1, 0.11, 0.12, 0.3, 0.31, 0.9], 0.1)
    assert all(b - a >= 0.1 - 1e-9 for a, b in zip(found, found[1:])) and found[-1] == 0.9
    assert apart([], 0.1) == []

"""A record as the binary writes it: follows the schema, agrees with the statistics here, and can be drawn."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mpmt_histogram
import mpmt_records
import mpmt_stats
from conftest import ROOT

BINARY = Path(os.environ.get("MPMT_BINARY", ROOT / "build" / "release" / "mpmt"))
pytestmark = pytest.mark.skipif(not os.access(BINARY, os.X_OK),
                                reason=f"no binary: set MPMT_BINARY or build {BINARY}")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("real") / "x.json"
    command = [BINARY, "run", "--workload", "empty,prime_count", "--rounds", "2", "--iterations", "2",
               "--tasks",
               "64", "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return out


@pytest.fixture(scope="module")
def record(path: Path) -> dict[str, Any]:
    return mpmt_records.load(path)


def test_it_follows_the_whole_schema(record: dict[str, Any]) -> None:
    assert [error.message for error in mpmt_records.validator().iter_errors(record)] == []


def test_every_key_of_mpmt_is_described(record: dict[str, Any]) -> None:
    described = mpmt_records.schema()["$defs"]
    for entry in record["benchmarks"]:
        assert set(entry) <= set(described["entry"]["properties"])


def test_every_case_has_a_trial_in_every_round(record: dict[str, Any]) -> None:
    trials = mpmt_records.trials(record)
    assert {tuple(sorted(rounds)) for _, rounds in trials.groupby("name")["round"]} == {(0, 1)}
    assert set(trials["workload"]) == {"empty", "prime_count"}


def test_its_derived_values_follow_from_its_raw_ones(record: dict[str, Any]) -> None:
    for entry in record["benchmarks"]:
        if entry["run_type"] != "iteration" or entry["status"] != "ok":
            continue
        per_task = sorted(wall / entry["tasks"] for wall in entry["wall_ns"])
        assert len(per_task) == entry["iterations"] == 2
        assert entry["ns_per_task"] == pytest.approx(sum(per_task) / 2)
        assert entry["tasks_per_second"] == pytest.approx(1e9 / entry["ns_per_task"])
        latency = entry["latency_ns"]
        if latency:
            assert mpmt_histogram.total(latency["histogram"]) == latency["count"]
            assert all(mpmt_histogram.is_bucket_start(lowest) for lowest, _ in latency["histogram"])
            if latency["count"]:
                assert latency["p50"] == mpmt_histogram.quantile(latency["histogram"], 0.5, latency["max"])


def test_its_comparisons_follow_from_its_trials(record: dict[str, Any]) -> None:
    assert record["comparisons"]
    trials = mpmt_records.trials(record)
    for row in record["comparisons"]:
        interval = mpmt_stats.paired_ratio(mpmt_records.by_round(trials, row["processes_case"]),
                                           mpmt_records.by_round(trials, row["threads_case"]))
        assert row["rounds"] == (interval.pairs if interval else 0)
        if interval is None or interval.pairs < 2:  # another trial may have been disturbed
            assert row["ratio"] is None
            continue
        assert row["ratio"] == pytest.approx(interval.ratio, rel=1e-6)
        for name in ("low", "high", "p_value"):
            expected = getattr(interval, name)
            assert row[name] is None if expected is None else row[name] == pytest.approx(expected, rel=1e-3)


def test_its_holm_values_follow_from_its_p_values(record: dict[str, Any]) -> None:
    for table in ("controlled", "deployed"):
        rows = [row for row in record["comparisons"] if row["table"] == table]
        for row, expected in zip(rows, mpmt_stats.holm([row["p_value"] for row in rows])):
            assert row["p_holm"] is None if expected is None else row["p_holm"] == pytest.approx(expected,
                                                                                                 rel=1e-6)


def test_it_can_be_drawn(path: Path, record: dict[str, Any], tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts" / "plot.py", path, "-o", tmp_path / "plots"],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    names = {file.name for file in (tmp_path / "plots").iterdir()}
    assert names and {Path(name).stem for name in names if name.endswith(".png")} == {Path(name).stem for name in names}
    undisturbed = all(entry["status"] == "ok" for entry in record["benchmarks"])  # others may be at work here
    if undisturbed:
        assert {"speedup.png", "speedup.svg", "latency.svg", "processes_vs_threads-controlled.svg"} <= names


# ---- bare channels -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("real") / "channels.json"
    command = [BINARY, "run", "--family", "channel", "--channel", "shm_ring", "--pattern", "ping_pong,stream,open_loop",
               "--message-bytes", "64", "--placement", "same", "--wait", "block", "--rate", "5000", "--rounds", "2",
               "--iterations", "2", "--tasks", "64", "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return mpmt_records.load(out)


def test_channels_follow_the_whole_schema(channels: dict[str, Any]) -> None:
    assert [error.message for error in mpmt_records.validator().iter_errors(channels)] == []
    described = mpmt_records.schema()["$defs"]["entry"]["properties"]
    assert all(set(entry) <= set(described) for entry in channels["benchmarks"])
    assert {"shm_ring", "floor_futex"} <= set(mpmt_records.cases(channels, "channel")["channel"])


def test_a_channels_rates_follow_from_its_times(channels: dict[str, Any]) -> None:
    for entry in channels["benchmarks"]:
        if entry["run_type"] == "iteration" and entry["status"] == "ok":
            assert entry["bytes_per_second"] == pytest.approx(entry["messages_per_second"] * entry["message_bytes"])
            if entry["pattern"] != "open_loop":
                per_operation = sorted(wall / entry["tasks"] for wall in entry["wall_ns"])
                assert entry["ns_per_operation"] == pytest.approx(sum(per_operation) / 2)

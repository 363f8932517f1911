"""A record as the binary writes it: follows the schema, agrees with the judge, and can be drawn."""

from __future__ import annotations

import json
import statistics
import subprocess
from pathlib import Path
from typing import Any

import pytest

import oracle
from mpmt.records import families, histograms, record_file
from bench import AT_ONCE, BINARY
from tracker import run_script


ROUNDS, LAPS = 6, 3  # as many rounds as the first look has


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("real") / "x.json"
    command = [BINARY, "run", *AT_ONCE, "--workload", "empty,prime_count", "--grain", "100", "--workers", "1",
               "--rounds", str(ROUNDS), "--laps", str(LAPS), "--tasks", "64", "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return out


@pytest.fixture(scope="module")
def record(path: Path) -> dict[str, Any]:
    return record_file.load(path)


def test_it_follows_the_whole_schema(record: dict[str, Any]) -> None:
    assert [error.message for error in oracle.validator().iter_errors(record)] == []


def test_every_key_of_mpmt_is_described(record: dict[str, Any]) -> None:
    described = record_file.schema()["$defs"]
    for entry in record["benchmarks"]:
        assert set(entry) <= set(described["entry"]["properties"])


def test_every_case_has_an_entry_in_every_round(record: dict[str, Any]) -> None:
    trials = record_file.trials(record)
    assert {tuple(sorted(rounds)) for _, rounds in trials.groupby("name")["round"]} == {tuple(range(ROUNDS))}
    assert set(trials["workload"]) == {"empty", "prime_count"}
    assert record["context"]["trials"]["done"] == len(trials)
    groups = trials.groupby(["together", "round"])
    assert record["context"]["group_rounds"]["done"] == groups.ngroups


def test_its_derived_values_follow_from_its_laps(record: dict[str, Any]) -> None:
    for entry in record["benchmarks"]:
        if entry["run_type"] != "iteration":
            continue
        assert entry["status"] == "ok" and entry["iterations"] == len(entry["laps_ns"]) == LAPS
        assert entry["wall_ns"] == pytest.approx(sum(entry["laps_ns"]) * entry["tasks"], rel=1e-4)
        assert entry["real_time"] == pytest.approx(entry["wall_ns"] / LAPS / 1e6)
        assert entry["ns_per_task"] == pytest.approx(statistics.median(entry["laps_ns"]), rel=1e-4)
        assert entry["tasks_per_second"] == pytest.approx(1e9 / entry["ns_per_task"])
        assert entry["settle_tasks"] > 0


def test_its_histograms_are_of_all_rounds_of_a_case(record: dict[str, Any]) -> None:
    trials = record_file.trials(record)
    assert set(record["cases"]) == set(trials["name"])
    for name, rows in trials.groupby("name"):
        histogram = record_file.latency_histogram(record, rows)
        counts = [count for count in rows["latency_count"] if count is not None]
        assert histograms.total(histogram) == sum(counts), name
        assert all(histograms.is_bucket_start(lowest) for lowest, _ in histogram)
        if counts:
            whole = histograms.quantile(histogram, 0.5, max(rows["latency_max_ns"]))
            assert whole is not None and min(rows["latency_p50_ns"]) <= whole <= max(rows["latency_p50_ns"])


def test_what_a_case_says_once_no_entry_repeats(path: Path, record: dict[str, Any]) -> None:
    written = json.loads(path.read_text("utf-8"))
    for entry, whole in zip(written["benchmarks"], record["benchmarks"]):
        once = written["cases"][entry["run_name"]]
        assert not once.keys() & entry.keys(), "nothing of it differs here"
        assert whole.items() >= entry.items() and whole["workload"] == once["workload"]
        assert "histogram" not in (entry.get("latency_ns") or {})


def rounds_of(record: dict[str, Any], row: dict[str, Any]) -> list[list[tuple[float, float]]]:
    """The laps of the rounds in which both sides count, threads first."""
    found: dict[str, dict[Any, list[float]]] = {}
    for _, entry in families.rounds_that_count(record):
        found.setdefault(entry["name"], {})[families.round_of(entry)] = entry["laps_ns"]
    threads, processes = found[row["threads_case"]], found[row["processes_case"]]
    return [list(zip(threads[at], processes[at])) for at in sorted(threads.keys() & processes.keys())]


def test_its_comparisons_are_what_the_judge_says_of_its_laps(record: dict[str, Any]) -> None:
    rules = record["context"]["rules"]
    rows = [row for row in record["comparisons"] if row["table"] == "controlled"]
    assert len(rows) == rules["rows"] == 2
    command = [BINARY, "judge", "--rows", str(rules["rows"]), "--margin", str(rules["margin"]),
               "--confidence", str(rules["confidence"])]
    asked = [json.dumps({"id": str(at), "rounds": rounds_of(record, row)}) for at, row in enumerate(rows)]
    done = subprocess.run(command, input="\n".join(asked) + "\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    words = {"a_faster": "threads", "b_faster": "processes"}
    for row, line in zip(rows, done.stdout.splitlines()):
        said = json.loads(line)
        assert row["rounds"] == ROUNDS and row["rounds_looked_at"] == said["rounds"] == ROUNDS
        assert row["verdict"] == words.get(said["verdict"], said["verdict"])
        for name in ("ratio", "low", "high", "detectable"):
            assert row[name] == pytest.approx(said[name], rel=1e-3), name


def test_it_can_be_drawn(path: Path, record: dict[str, Any], tmp_path: Path) -> None:
    done = run_script("plot.py", path, "-o", tmp_path / "plots")
    assert done.returncode == 0, done.stderr
    names = {file.name for file in (tmp_path / "plots").iterdir()}
    assert names and {Path(name).stem for name in names if name.endswith(".png")} == {Path(name).stem for name in names}
    assert {"verdict.png", "verdict.svg", "scaling.svg", "latency.svg"} <= names


# ---- bare channels -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("real") / "channels.json"
    command = [BINARY, "run", *AT_ONCE, "--family", "channel", "--channel", "shm_ring", "--pattern",
               "ping_pong,stream,open_loop",
               "--message-bytes", "64", "--placement", "same", "--wait", "block", "--rate", "5000", "--rounds", "2",
               "--laps", str(LAPS), "--tasks", "64", "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return record_file.load(out)


def test_channels_follow_the_whole_schema(channels: dict[str, Any]) -> None:
    assert [error.message for error in oracle.validator().iter_errors(channels)] == []
    described = record_file.schema()["$defs"]["entry"]["properties"]
    assert all(set(entry) <= set(described) for entry in channels["benchmarks"])
    assert {"shm_ring", "floor_futex"} <= set(record_file.cases(channels, "channel")["channel"])


def test_a_channels_rates_follow_from_its_times(channels: dict[str, Any]) -> None:
    for entry in channels["benchmarks"]:
        if entry["run_type"] == "iteration" and entry["status"] == "ok":
            assert entry["bytes_per_second"] == pytest.approx(entry["messages_per_second"] * entry["message_bytes"])
            if entry["pattern"] != "open_loop":
                assert entry["ns_per_operation"] == pytest.approx(statistics.median(entry["laps_ns"]), rel=1e-4)
            else:
                assert entry["laps_ns"] == [pytest.approx(entry["ns_per_operation"], rel=1e-4)]

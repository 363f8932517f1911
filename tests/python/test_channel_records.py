"""Records of bare channels: what the schema asks of them, and that nobody takes them for pools."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mpmt.records import families, record_file as records
from conftest import ROOT
from left_out import LEFT_OUT
from mpmt.commands import diff
from mpmt.records.stored_files import beyond_measure, summarise

Json = dict[str, Any]


@pytest.fixture
def both(small: Json, channels: Json) -> Json:
    """A record that holds either family."""
    return {**channels, "benchmarks": small["benchmarks"] + channels["benchmarks"],
            "comparisons": small["comparisons"] + channels["comparisons"]}


def place(record: Json, **wanted: Any) -> int:
    wanted = {"run_type": "iteration", "status": "ok", **wanted}
    return next(at for at, entry in enumerate(record["benchmarks"])
                if all(entry.get(key) == value for key, value in wanted.items()))


# ---- the schema --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["golden", "channels", "both"])
def test_records_of_either_family_or_both_are_good(family: str, request: pytest.FixtureRequest) -> None:
    assert records.first_problem(request.getfixturevalue(family)) is None


@pytest.mark.parametrize(("wanted", "changes"), [
    ({"pattern": "ping_pong"}, {"ns_per_task": 5.0}), ({"pattern": "ping_pong"}, {"workload": "empty"}),
    ({"pattern": "ping_pong"}, {"latency_ns": None}), ({"pattern": "stream"}, {"rate": 5.0}),
    ({"pattern": "ping_pong"}, {"ns_per_operation": 0}), ({"pattern": "stream"}, {"bytes_per_second": None}),
    ({"pattern": "ping_pong"}, {"message_bytes": 0}), ({"pattern": "ping_pong"}, {"sides": "fibres"}),
    ({"pattern": "open_loop"}, {"rate": None}), ({"pattern": "open_loop"}, {"generator_late_share": None}),
    ({"pattern": "stream"}, {"generator_late_share": 0.5}), ({"pattern": "stream"}, {"channel": None}),
    ({"pattern": "stream"}, {"futex": "global"}), ({"pattern": "stream"}, {"family": "pool"}),
    ({"pattern": "stream"}, {"window": None}), ({"run_type": "aggregate"}, {"modes": LEFT_OUT}),
    ({"run_type": "aggregate"}, {"modes": {"low": 1.0, "high": 2.0}}),
    ({"run_type": "aggregate"}, {"modes": {"low": 1.0, "high": 2.0, "low_share": 1.5}}),
])
def test_a_wrong_field_is_refused(wanted: Json, changes: Json, channels: Json) -> None:
    entry = channels["benchmarks"][place(channels, **wanted)]
    for key, value in changes.items():
        if value is LEFT_OUT:
            del entry[key]
        else:
            entry[key] = value
    channels["benchmarks"], channels["comparisons"] = [entry], []
    assert records.first_problem(channels), changes


def test_any_missing_required_key_is_refused(channels: Json) -> None:
    at = place(channels, pattern="open_loop", channel="shm_ring")
    entry = channels["benchmarks"][at]
    for key in entry:
        channels["benchmarks"], channels["comparisons"] = [{k: v for k, v in entry.items() if k != key}], []
        problem = records.first_problem(channels) or ""
        assert key in problem or (key == "family" and "required" in problem), key


@pytest.mark.parametrize("matrix", [5, {"cpus": [0]}, {"cpus": [0], "round_trip_ns": [[-1]], "complete": True},
                                    {"cpus": [-1], "round_trip_ns": [[None]], "complete": True},
                                    {"cpus": [0], "round_trip_ns": [None], "complete": True}])
def test_a_bad_matrix_is_refused(matrix: Any, channels: Json) -> None:
    channels["context"]["core_to_core"] = matrix
    channels["benchmarks"], channels["comparisons"] = [], []
    assert "core_to_core" in (records.first_problem(channels) or "")


def test_a_matrix_may_be_missing(channels: Json) -> None:
    channels["context"]["core_to_core"] = None
    assert records.first_problem(channels) is None


def test_every_field_is_described_once() -> None:
    definitions = records.schema()["$defs"]
    described = definitions["entry"]["properties"]
    assert all("description" in rule or "$ref" in rule for rule in described.values())
    for family in ("pool_entry", "channel_entry", "command_entry", "server_entry", "google_entry"):
        required = set(definitions[family]["required"]) | set(definitions[family]["else"]["required"])
        assert required <= set(described)


# ---- tables ------------------------------------------------------------------------------------------------


def test_a_reader_of_one_family_never_sees_the_other(both: Json, small: Json, channels: Json) -> None:
    assert len(records.trials(both)) == len(records.trials(small))
    assert set(records.cases(both)["name"]) == set(records.cases(small)["name"])
    of_channels = records.trials(both, "channel")
    assert len(of_channels) == len(records.trials(channels, "channel")) and set(of_channels["family"]) == {"channel"}
    assert records.cases(channels).empty and records.cases(small, "channel").empty
    for family, alone in (("pool", small), ("channel", channels)):
        assert families.comparisons_of(both, family) == alone["comparisons"]


def test_each_family_has_its_own_value(both: Json) -> None:
    for family, metric in (("pool", "ns_per_task"), ("channel", "ns_per_operation")):
        rows = records.trials(both, family)
        assert list(rows["value_ns"]) == list(rows[metric])
    name = records.cases(both, "channel")["name"].iloc[0]
    assert len(records.by_round(records.trials(both, "channel"), name)) == 6


def test_modes_are_the_aggregates(channels_once: Json) -> None:
    cases = records.cases(channels_once, "channel")
    unstable = cases[cases["status"] == "unstable"]
    assert len(unstable) and all(modes["high"] > 2 * modes["low"] for modes in unstable["modes"])
    assert cases[cases["status"] == "ok"]["modes"].isna().all()


def test_what_is_left_out_is_named_by_channel(both: Json) -> None:
    assert records.left_out(both, "channel")[0].startswith("pipe: disturbed (")
    assert not any("pipe" in line for line in records.left_out(both, "pool"))
    assert len(records.left_out(both)) == len(records.left_out(both, "pool")) + len(records.left_out(both, "channel"))


# ---- tracking ----------------------------------------------------------------------------------------------


def test_times_that_nobody_can_have_meant_are_named_by_their_field(channels: Json) -> None:
    assert beyond_measure(channels) is None
    channels["benchmarks"][place(channels)]["ns_per_operation"] = 1e300
    assert "ns_per_operation: 1e+300 ns" in (beyond_measure(channels) or "")


def test_a_stored_record_is_summarised_by_operations(channels_once: Json, tmp_path: Path) -> None:
    context = channels_once["context"]
    path = Path(context["machine"]["key"]) / f"{context['commit']['id'][:12]}-20240501T120000Z.json"
    (tmp_path / path.parent).mkdir()
    (tmp_path / path).write_text(json.dumps(channels_once))
    found = summarise(str(tmp_path), str(path))
    assert found.fault is None and {point.family for point in found.points} == {"channel"}
    entry = channels_once["benchmarks"][place(channels_once)]
    point = next(point for point in found.points if point.name == entry["name"])
    assert entry["ns_per_operation"] in memoryview(point.trials).cast("d").tolist() and point.placement == entry["placement"]


def test_two_records_are_set_against_each_other(channels: Json, write: Callable[..., Path]) -> None:
    slower = copy.deepcopy(channels)
    for entry in slower["benchmarks"]:
        if entry["run_type"] == "iteration":
            entry["ns_per_operation"] *= 2
    sides = [diff.read(write(record, name)) for record, name in ((channels, "a.json"), (slower, "b.json"))]
    assert sides[0].times.keys() == sides[1].times.keys() and sides[0].times
    for case, times in sides[0].times.items():
        assert diff.row_of(case, times, sides[1].times[case]).ratio == pytest.approx(2)


def test_a_history_tells_operations_from_tasks(channels_once: Json, tmp_path: Path) -> None:
    context = channels_once["context"]
    folder = tmp_path / "results" / context["machine"]["key"]
    folder.mkdir(parents=True)
    for day, commit in ((1, context["commit"]["id"]), (2, "f" * 40)):
        made = {**channels_once, "context": {**context, "commit": {**context["commit"], "id": commit,
                                                                   "date": f"2024-05-0{day}T12:00:00Z"}}}
        (folder / f"{commit[:12]}-2024050{day}T120000Z.json").write_text(json.dumps(made))
    done = subprocess.run([sys.executable, ROOT / "scripts" / "track.py", "history", "--results", tmp_path / "results",
                           "--json", "--plots", tmp_path / "plots", "--cases", "^shm_ring/processes/ping_pong/bytes:64/"],
                          capture_output=True, text=True, timeout=120, cwd=tmp_path,
                          env={"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    series = json.loads(done.stdout)["machines"][0]["series"]
    assert series and all("ns_per_operation" in one["points"][0] for one in series)
    svg = (tmp_path / "plots" / "history.svg").read_text()
    assert "time per operation" in svg and "task" not in svg

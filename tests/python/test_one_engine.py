"""`mpmt track compare` measures as `mpmt run` does: the same CPUs, tasks, blocks, load and rules, whoever asks."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import BINARY, PATIENCE_S, Island
from desk import QUICK, SAME, Desk
from mpmt.records import record_file

MARGIN = "3%"
# Tasks that are far longer than a block: how many it has does not depend on how long they take in a pilot.
POOLS = ["--workload", "hash_chain", "--executor", "serial,thread_pool,process_pool", "--workers", "2", "--grain", "4000000",
         "--placement", "same,spread", "--rounds", "1", "--laps", "2"]
FIELDS = ("cpus_seen", "placement", "bench_version", "workload", "executor", "workers", "grain")


def recorded(desk: Desk, island: Island, programs: tuple[Path, Path], words: list[str]) -> list[dict[str, Any]]:
    """The records of the same question, asked of either."""
    own, tracked = desk.folder / "own.json", desk.folder / "tracked.json"
    a, b = programs
    run = [BINARY, "run", "--program", f"A={a}", "--program", f"B={b}", "--seed", "1", "--wait-idle", "0", "--margin", MARGIN,
           "--budget", "1200", "--out", own, *words]
    done = subprocess.run(island.command(desk.folder, run), env=desk.environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=4 * PATIENCE_S, check=False)
    assert done.returncode == 0, done
    compared = desk.run("compare", "--binary-a", a, "--binary-b", b, *QUICK, "--margin", MARGIN, "--record", tracked, "--json",
                        *(["--", *words] if words else []))
    assert compared.code in (0, 1, 3), compared
    return [record_file.load(path) for path in (own, tracked)]


def cases(record: dict[str, Any], fields: Sequence[str] = FIELDS) -> dict[str, dict[str, Any]]:
    entries = [entry for entry in record["benchmarks"] if entry["run_type"] == "iteration"]
    assert all(entry["status"] == "ok" for entry in entries)
    return {entry["run_name"]: {field: entry.get(field) for field in fields} for entry in entries}


def expect_alike(own: dict[str, Any], tracked: dict[str, Any]) -> None:
    assert cases(own) == cases(tracked) and cases(own)
    for field in ("block_ns", "seed", "schema_version", "profile", "family", "rules"):
        assert own["context"][field] == tracked["context"][field], field
    assert own["context"]["machine"]["key"] == tracked["context"]["machine"]["key"]
    loads = [{key for entry in record["benchmarks"] if entry["run_type"] == "iteration" for key in entry["load"]}
             for record in (own, tracked)]
    assert loads[0] == loads[1] and "foreign_share" in loads[0]
    assert {row["a_case"] for row in own["comparisons"]} == {row["a_case"] for row in tracked["comparisons"]}


def test_mpmts_own_cases_are_measured_alike_by_run_and_by_track(desk: Desk, island: Island) -> None:
    own, tracked = recorded(desk, island, (BINARY, desk.mpmt("copy")), POOLS)
    expect_alike(own, tracked)
    tasks, again = (cases(record, ["tasks"]) for record in (own, tracked))
    assert tasks == again and len(tasks) >= 10
    assert all(case["cpus_seen"] for case in cases(own).values())


def test_other_programs_are_measured_alike_by_run_and_by_track(desk: Desk, island: Island) -> None:
    times = {"BM_x": SAME._replace(spread=0), "BM_y": SAME._replace(mean=70_000, spread=0)}
    own, tracked = recorded(desk, island, (desk.program("a", times), desk.program("b", times)), [])
    expect_alike(own, tracked)
    for record in (own, tracked):  # blocks of both last as long
        sizes = {name[:4]: case["tasks"] for name, case in cases(record, ["tasks"]).items()}
        assert sizes["BM_x"] > sizes["BM_y"]
    verdicts = [{(row["a_case"], row["verdict"]) for row in record["comparisons"]} for record in (own, tracked)]
    assert verdicts[0] == verdicts[1] and {verdict for _, verdict in verdicts[0]} == {"same"}


def test_what_the_judge_says_is_what_track_tells(desk: Desk) -> None:
    out = desk.folder / "record.json"
    times = {"BM_x": SAME, "BM_y": SAME}
    a, b = desk.program("a", times), desk.program("b", {**times, "BM_y": SAME.times(1.2)})
    done = desk.compare(a, b, "--json", "--record", out)
    said = {row["benchmark"]: row for row in record_file.load(out)["comparisons"]}
    words = {"a": "slower", "b": "faster"}
    for row in done.json["benchmarks"]:
        judged = said[row["name"]]
        assert row["verdict"] == words.get(judged["verdict"], judged["verdict"]) and row["rounds"] == judged["rounds"]
        for field in ("low", "high"):
            assert row[field] == pytest.approx(judged[field] - 1)

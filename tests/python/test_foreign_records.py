"""Records of programs of others, and of several programs, as the binary writes them: they follow the schema, can be read,
drawn and compared."""

from __future__ import annotations

import copy
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import oracle
from mpmt.records import record_file as records
from bench import BINARY, Bench, Island, built
from conftest import until_over
from mpmt.records.families import FAMILIES, comparisons_of, families_in, value_ns
from test_schema import expect_agreement
from tracker import run_script

Json = dict[str, Any]
ODD = BINARY.parent / "tests" / "programs" / "odd"
NOTHING_TO_DRAW = 5
SHORT = ("--rounds", "2", "--laps", "1", "--profile", "quick")
POOLS = ("--workload", "empty", "--workers", "1", "--tasks", "16")
PYTHON = f"{sys.executable} -S -E"

SERVER = """import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    listener.accept()[0].close()
"""
LOAD = """import socket, sys
assert socket.create_connection(("127.0.0.1", int(sys.argv[1]))).recv(1) == b""
"""


@pytest.fixture(scope="module")
def place(island: Island, tmp_path_factory: pytest.TempPathFactory, binary: Path) -> Iterator[Bench]:
    yield from until_over(Bench(tmp_path_factory.mktemp("foreign"), island))


@pytest.fixture(scope="module")
def made(place: Bench) -> Callable[[str], Path]:
    """Where the record of a kind is; each is made when it is first asked for."""
    there: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in there:
            there[kind] = place.folder / f"{kind}.json"
            done = place.run("run", "--out", there[kind], *SHORT, *arguments_of(kind, place.folder),
                             env={**place.environment, "ODD": "work,fast"})
            assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return there[kind]
    return make


def arguments_of(kind: str, folder: Path) -> list[str]:
    if kind == "command":
        return ["--command", "a=test {n} -gt {m}", "--command", "b=true", "-L", "n", "2,3", "-L", "m", "1"]
    if kind == "server":
        for name, text in (("server.py", SERVER), ("load.py", LOAD)):
            (folder / name).write_text(text)
        serve = f"{PYTHON} {folder}/server.py {{port}}"
        return ["--serve", f"a={serve}", "--serve", f"b={serve}", "--ready", "{port}", "--load",
                f"{PYTHON} {folder}/load.py {{port}}"]
    if kind == "google":
        copied = shutil.copy(built(ODD), folder / "other")
        return ["--program", f"a={ODD}", "--program", f"b={copied}"]
    if kind == "builds":
        copied = shutil.copy(BINARY, folder / "mpmt-b")
        return ["--program", f"a={BINARY}", "--program", f"b={copied}", *POOLS, "--executor", "serial,thread_pool",
                "--channel", "shm_ring"]
    if kind == "twin_channels":
        return ["--twins", "--family", "channel", "--channel", "shm_ring", "--pattern", "ping_pong", "--message-bytes", "64",
                "--placement", "same", "--wait", "block", "--tasks", "16"]
    assert kind == "python"
    executors = ("serial", "thread_pool", "process_pool", "python_serial", "python_thread_pool", "python_process_pool")
    return ["--with", "python", *POOLS, "--executor", ",".join(executors)]


FOREIGN = ("command", "server", "google")
KINDS = (*FOREIGN, "builds", "twin_channels", "python")


@pytest.mark.parametrize("kind", KINDS)
def test_it_follows_the_whole_schema(kind: str, made: Callable[[str], Path]) -> None:
    record = records.load(made(kind))
    assert [error.message for error in oracle.validator().iter_errors(record)] == []
    described = records.schema()["$defs"]["entry"]["properties"]
    assert {key for entry in record["benchmarks"] for key in entry} <= set(described)


@pytest.mark.parametrize("kind", KINDS)
def test_comparisons_name_the_cases_and_programs_of_the_record(kind: str, made: Callable[[str], Path]) -> None:
    record = records.load(made(kind))
    names = {entry["run_name"]: entry.get("program") for entry in record["benchmarks"]}
    programs = [program["name"] for program in record["context"]["programs"]]
    family, = families_in(record)
    rows = comparisons_of(record, family)
    assert rows == record["comparisons"] and rows
    for row in rows:
        if row["table"] == "programs":
            assert [names[row["a_case"]], names[row["b_case"]]] == [row["a"], row["b"]]
            assert programs.index(row["a"]) < programs.index(row["b"])
        else:
            assert names[row["threads_case"]] == names[row["processes_case"]]
    assert any(row["table"] == "programs" for row in rows) == (kind != "python"), "Python has no case of ours"


@pytest.mark.parametrize("kind", FOREIGN)
def test_its_tables_have_what_its_family_measures(kind: str, made: Callable[[str], Path]) -> None:
    record = records.load(made(kind))
    trials, cases = records.trials(record, kind), records.cases(record, kind)
    assert {*cases["program"]} == {"a", "b"} and {*cases["status"]} <= {"ok", "unstable"}
    assert len(trials) == 2 * len(cases) and all(value > 0 for value in trials["value_ns"])
    assert len(records.trials(record)) == 0, "it is no pool"
    peaks = [column for column in trials if str(column).endswith("peak_memory_bytes")]
    assert len(peaks) == (kind != "google")
    assert all(value is None or value > 4096 for column in peaks for value in trials[column])


@pytest.mark.parametrize("kind", KINDS)
def test_programs_of_any_kind_are_drawn(kind: str, made: Callable[[str], Path], tmp_path: Path) -> None:
    done = run_script("plot.py", made(kind), "-o", tmp_path, "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "")
    assert "verdict.svg" in {file.name for file in tmp_path.iterdir()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_verdict_and_a_diff_keep_programs_apart(kind: str, made: Callable[[str], Path]) -> None:
    record = records.load(made(kind))
    for arguments in ((), ("--all",)):
        done = subprocess.run([BINARY, "verdict", made(kind), *arguments], capture_output=True, text=True, timeout=20,
                              stdin=subprocess.DEVNULL)
        assert done.returncode == 0 and done.stdout and done.stderr == "", done.stderr
    done = run_script("track.py", "diff", made(kind), made(kind))
    assert done.returncode == 0, done.stderr
    names = {entry["run_name"] for entry in record["benchmarks"]}
    assert f"{len(names)} cases compared" in done.stdout


def test_a_diff_says_when_a_name_stands_for_something_else(made: Callable[[str], Path], tmp_path: Path) -> None:
    record = json.loads(made("command").read_text("utf-8"))
    record["context"]["programs"][0]["command"] = ["false"]
    record["context"]["programs"][1]["versions"] = {"b": "7"}
    other = tmp_path / "other.json"
    other.write_text(json.dumps(record))
    said = run_script("track.py", "diff", made("command"), other).stdout
    assert "program a: not the same command: test {n} -gt {m} in A, false in B" in said
    assert "program b: not the same versions: nothing in A, b 7 in B" in said
    assert "not the same" not in run_script("track.py", "diff", other, other).stdout


# ---- the schema --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "changes"), [
    ("command", {"workload": "empty"}), ("command", {"ns_per_task": 5.0}), ("command", {"ns_per_execution": 0}),
    ("command", {"channel": "shm_ring"}), ("command", {"peak_memory_bytes": -1}), ("command", {"parameters": {"n": 2}}),
    ("command", {"family": "server"}), ("command", {"program": None}), ("server", {"ready": 80}),
    ("server", {"placement": "same"}), ("google", {"words": []}), ("google", {"fixed_iterations": None}),
    ("google", {"ns_per_iteration": None}), ("builds", {"who": "nobody"}), ("builds", {"baseline": None}),
])
def test_a_wrong_field_is_refused(kind: str, changes: Json, made: Callable[[str], Path]) -> None:
    record = records.load(made(kind))
    entry = next(entry for entry in record["benchmarks"] if entry["run_type"] == "iteration")
    assert records.first_problem({**record, "benchmarks": [{**entry, **changes}]}) is not None


@pytest.mark.parametrize("kind", FOREIGN)
def test_any_missing_field_of_a_round_is_refused(kind: str, made: Callable[[str], Path]) -> None:
    record = records.load(made(kind))
    entry = next(entry for entry in record["benchmarks"] if entry["run_type"] == "iteration")
    optional = {"watch"}
    for key in entry.keys() - optional:
        alone = {**record, "comparisons": [], "benchmarks": [{k: v for k, v in entry.items() if k != key}]}
        assert records.first_problem(alone) is not None, key


@pytest.mark.parametrize("kind", FOREIGN)
def test_the_check_says_what_the_schema_says(kind: str, made: Callable[[str], Path]) -> None:
    record = records.load(made(kind))
    first = {entry["run_type"]: entry for entry in record["benchmarks"]}
    machine = {**record["context"]["machine"], "identity": {}, "epoch": {}, "state": {}}
    expect_agreement({**record, "context": {**record["context"], "machine": machine}, "cases": {},
                      "benchmarks": [*first.values()], "comparisons": record["comparisons"][:1]}, random.Random(1), 250)


@pytest.mark.parametrize("changes", [{"a": ""}, {"a_case": None}, {"verdict": "threads"}, {"threads_case": "x"},
                                     {"table": "controlled"}, {"command_parameters": 5}])
def test_a_wrong_row_is_refused(changes: Json, made: Callable[[str], Path]) -> None:
    record = records.load(made("command"))
    row = {**copy.deepcopy(record["comparisons"][0]), **changes}
    assert records.first_problem({**record, "comparisons": [row]}) is not None


@pytest.mark.parametrize("changes", [{"name": ""}, {"command": "true"}, {"versions": {"a": 1}}, {"more": 1}])
def test_a_wrong_program_is_refused(changes: Json, made: Callable[[str], Path]) -> None:
    record = records.load(made("command"))
    programs = [{**record["context"]["programs"][0], **changes}]
    assert records.first_problem({**record, "context": {**record["context"], "programs": programs}}) is not None


def test_what_a_row_has_says_of_which_family_it_is(small: Json, channels: Json) -> None:
    for family, record in (("pool", small), ("channel", channels)):
        assert comparisons_of(record, family) == record["comparisons"]
        assert all(comparisons_of(record, other) == [] for other in FAMILIES if other != family)
    assert all(value_ns(entry) for entry in small["benchmarks"] if entry["run_type"] == "iteration" and entry["status"] == "ok")

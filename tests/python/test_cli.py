"""The command line as a user meets it: what is printed where, what a small run leaves."""

from __future__ import annotations

import json
import math
import os
import pty
import re
import select
import subprocess
import time
from typing import Any

import pytest

from mpmt.records import record_file
from bench import ONE_LAP, PATIENCE_S, SHORTEST, Bench, files

NOTHING_MATCHED = 5
OPTIONS = """profile family workload executor channel workers grain batch payload waiting window placement wait margin
    confidence budget rounds laps wait-idle tasks seed timeout data-dir journal-dir out dry-run no-wait benchmark_filter
    benchmark_list_tests benchmark_format benchmark_out benchmark_color benchmark_time_unit benchmark_repetitions
    benchmark_min_time benchmark_enable_random_interleaving benchmark_counters_tabular"""
SMALL = ("--workload", "empty,prime_count", "--grain", "100", "--workers", "1", "--rounds", "2", "--laps", "2",
         "--tasks", "64", "--seed", "7")


def test_help_has_every_option_and_exit_code(bench: Bench) -> None:
    done = bench.run("run", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for option in OPTIONS.split():
        assert re.search(rf"^ +--{option}\b", done.stdout, re.MULTILINE), option
    for text in (done.stdout, bench.run("--help").stdout):
        assert all(re.search(rf"\b{code} \w", text) for code in (0, 1, 2, 5, 130))


def test_the_version_is_one_line(bench: Bench) -> None:
    done = bench.run("--version")
    assert done.returncode == 0 and re.fullmatch(r"\d+\.\d+\.\d+\n", done.stdout)


def test_the_catalogues_describe_every_part(bench: Bench) -> None:
    done = bench.run("list", "--json")
    catalogues = json.loads(done.stdout)
    assert done.returncode == 0 and set(catalogues) == {"workloads", "channels", "floors", "executors"}
    plain = bench.run("list").stdout
    for name, parts in catalogues.items():
        assert len(parts) >= 2
        assert json.loads(bench.run("list", name, "--json").stdout)[name] == parts
        for part in parts:
            assert part["name"] in plain
            assert part["summary"] and "\n" not in part["summary"] and part["summary"] in plain


def test_workloads_tell_who_reads_a_payload_and_what_a_task_cost_here(bench: Bench) -> None:
    def listed() -> dict[str, dict]:
        done = bench.run("list", "workloads", "--json")
        assert done.returncode == 0
        return {workload["name"]: workload for workload in json.loads(done.stdout)["workloads"]}

    before = listed()
    assert [name for name, workload in before.items() if workload["reads_payload"]] == ["payload_copy"]
    assert all(workload["costs"] == [] for workload in before.values())
    done = bench.run("run", "--workload", "empty", "--executor", "serial", "--tasks", "64", "--laps", "1", "--rounds", "1")
    assert done.returncode == 0
    folder, = (bench.cwd / "results").iterdir()
    record, = folder.iterdir()
    entry, = [entry for entry in json.loads(record.read_text("utf-8"))["benchmarks"] if entry["run_type"] == "iteration"]
    (folder / "ffffffffffff-20000101T000000Z.json").write_text("{")  # an older one is not looked at
    (folder / f"ffffffffffff-unfiled-{'f' * 16}.json").write_text("{")  # nor what a name tells no time of
    cost, = listed()["empty"]["costs"]
    assert cost == {"grain": 1, "payload_bytes": 0, "ns_per_task": entry["ns_per_task"],
                    "record": str(record.relative_to(bench.cwd))}
    assert f"at grain 1 ({cost['record']})" in bench.run("list", "workloads").stdout

    (folder / "000000000000-99991231T235959Z.json").write_text("{")
    broken = bench.run("list", "workloads")
    assert broken.returncode == 0 and "no costs of tasks" in broken.stderr and "99991231" in broken.stderr


def test_the_listed_cases_are_those_of_the_plan(bench: Bench) -> None:
    names = [case["name"] for case in json.loads(bench.run("list", "cases", "--json").stdout)["cases"]]
    assert names and len(names) == len(set(names))
    assert bench.run("run", "--benchmark_list_tests").stdout.splitlines() == names
    plan = bench.run("run", "--dry-run").stdout
    # group by group, and what all are compared with in each of them
    assert {line.strip() for line in plan.splitlines() if line.startswith("  ")} == set(names)


def test_a_dry_run_tells_cases_trials_and_time_and_leaves_nothing(bench: Bench) -> None:
    done = bench.run("run", "--dry-run", *SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"\d+ cases? in \d+ groups?, \d+ rows? to decide, 2 rounds each, for how long pilots have to tell, as "
                    r"--tasks is given; seed 7\n", done.stdout), done.stdout
    done = bench.run("run", "--dry-run", "--workload", "empty", "--seed", "7")
    assert re.match(r"\d+ cases? in \d+ groups?, \d+ rows? to decide, rounds until all is decided, a guess of \d+ to \d+ s, "
                    r"before any pilot; seed 7\n", done.stdout), done.stdout
    assert files(bench.folder) == set()


def test_a_dry_run_as_json_has_every_case_as_a_trial_takes_it(bench: Bench) -> None:
    options = ("run", "--workload", "empty,prime_count", "--grain", "1", "--batch", "3,split", "--seed", "7")
    done = bench.run(*options, "--dry-run", "--benchmark_format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    plan = json.loads(done.stdout)
    assert set(plan) == {"suite", "plan_version", "suite_version", "machine_key", "rounds", "laps", "budget_s", "seed",
                         "cases"}
    assert (plan["rounds"], plan["laps"]) == (None, None) and plan["budget_s"] > 0
    assert (plan["suite"], plan["plan_version"], plan["seed"]) == ("mpmt", 1, 7)
    assert plan["suite_version"] == bench.run("--version").stdout.strip()
    assert plan["machine_key"] == json.loads(bench.run("machine", "--json").stdout)["key"]
    assert [case["name"] for case in plan["cases"]] == bench.run(*options, "--benchmark_list_tests").stdout.splitlines()
    for planned in plan["cases"]:
        assert set(planned) == {"name", "group", "workload_kind", "bench_version", "divides", "runnable", "case"}
        workload = planned["case"]["workload"]
        assert planned["workload_kind"] == {"empty": "harness", "prime_count": "cpu"}[workload]
        assert planned["runnable"] and planned["divides"] % planned["case"]["workers"] == 0
        if workload == "prime_count":
            assert words_of_a_trial(bench, planned["case"], planned["divides"]) == ["ready", "block", "done"]
    assert files(bench.folder) == set()


def words_of_a_trial(bench: Bench, case: dict[str, Any], tasks: int) -> list[str]:
    """The types of what a trial says when it is to run one block of this case."""
    messages = [{"type": "case", "protocol": 1, "case": case, "tasks": tasks, "warmup_tasks": tasks,
                 "deadline_s": PATIENCE_S, "data_dir": str(bench.temporary)}, {"type": "run"}, {"type": "end"}]
    trial = bench.start("trial", stdin=subprocess.PIPE)
    out, err = trial.communicate("".join(json.dumps(message) + "\n" for message in messages), PATIENCE_S)
    assert (trial.returncode, err) == (0, "")
    return [json.loads(line)["type"] for line in out.splitlines()]


def test_a_dry_run_as_json_tells_what_no_block_can_make_fit(bench: Bench) -> None:
    largest = max(channel["max_payload_bytes"] for channel in json.loads(bench.run("list", "--json").stdout)["channels"]
                  if channel["name"] == "boost_queue")
    done = bench.run("run", "--workload", "payload_copy", "--payload", largest, "--channel", "boost_queue", "--batch",
                     "split", "--workers", "1,2", "--dry-run", "--benchmark_format", "json")
    assert done.returncode == 0, done.stderr
    runnable = {case["case"]["workers"]: case["runnable"] for case in json.loads(done.stdout)["cases"]
                if case["case"]["channel"]}
    assert runnable == {1: False, 2: True}


def test_the_machine_is_told_with_its_key(bench: Bench) -> None:
    done = bench.run("machine", "--json")
    machine = json.loads(done.stdout)
    assert done.returncode == 0 and re.fullmatch("[0-9a-f]{12}", machine["key"])
    assert set(machine) == {"key", "identity", "epoch", "state"}
    assert machine["key"] in bench.run("machine").stdout


def test_the_verdict_of_a_good_record_is_printed(bench: Bench, golden: dict[str, Any], write: Any) -> None:
    record = write(golden)
    short, whole = bench.run("verdict", record), bench.run("verdict", record, "--all")
    for done in (short, whole):
        assert (done.returncode, done.stderr) == (0, "") and "prime_count" in done.stdout
    assert re.match(r"\d+ of 18 rows are decided: ", short.stdout)
    assert "unsupported: fdatasync" in short.stdout  # two rows more, which are not counted
    assert "Controlled" in whole.stdout and "As deployed" in whole.stdout and "Controlled" not in short.stdout


def test_records_of_older_versions_are_judged(bench: Bench, older_once: dict[str, Any], write: Any) -> None:
    done = bench.run("verdict", write(older_once), "--all")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Controlled" in done.stdout and "Controlled" in bench.run("verdict", bench.folder / "record.json", "--all").stdout


@pytest.mark.parametrize("more", [[], ["--dry-run"], ["--benchmark_list_tests"]])
def test_when_nothing_matches_the_exit_code_says_so(bench: Bench, more: list[str]) -> None:
    done = bench.measure(*SHORTEST, "--benchmark_filter=no such case", *more)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (NOTHING_MATCHED, "", 1)
    assert files(bench.folder) == set()


def order(record: dict[str, Any]) -> list[tuple[int, str]]:
    return [(e["round"], e["name"]) for e in record["benchmarks"] if e["run_type"] == "iteration"]


def test_a_small_run(bench: Bench) -> None:
    done = bench.measure(*SMALL)
    assert done.returncode == 0, done.stderr
    record = record_file.load(bench.out)  # follows the schema
    assert not record["context"]["interrupted"] and not record["context"]["recovered"]
    assert record["context"]["seed"] == 7 and record["context"]["rounds"] == 2

    lines = done.stdout.splitlines()
    assert lines[-1] == f"record: {bench.out}"
    names = {name for _, name in order(record)}
    assert "0 of 2 rows are decided: time of processes ÷ time of threads, all else equal" in lines
    assert sum("undecided: 2 rounds; the first look is after 6" in line for line in lines) == 2
    assert f"all rows: mpmt verdict {bench.out} --all" in lines
    assert len(order(record)) == 2 * len(names)
    assert all(line.startswith("mpmt: warning: ") for line in done.stderr.splitlines())
    assert "\r" not in done.stdout + done.stderr and "\033" not in done.stdout + done.stderr

    for entry in record["benchmarks"]:  # what Google Benchmark's compare.py reads
        assert isinstance(entry["name"], str) and isinstance(entry["run_name"], str)
        assert entry["time_unit"] == "ms"
        assert math.isfinite(entry["real_time"]) and math.isfinite(entry["cpu_time"])

    again = bench.run("run", *SMALL, "--out", bench.folder / "again.json")
    assert again.returncode == 0
    assert order(record_file.load(bench.folder / "again.json")) == order(record)
    assert files(bench.folder) == {bench.out, bench.folder / "again.json"}


def test_a_record_declares_its_parts_and_says_the_share_that_waits(bench: Bench) -> None:
    done = bench.run("run", "--workload", "mixed_wait", "--waiting", "70%,0", "--grain", "20", "--workers", "1",
                     "--rounds", "1", "--laps", "1", "--tasks", "16", "--out", bench.out)
    assert done.returncode == 0, done
    record = record_file.load(bench.out)
    declared = record["context"]["declared"]
    assert set(declared["families"]) == {"pool"} and "startup" in declared["families"]["pool"]["views"]
    workload, = declared["workloads"].items()
    assert workload[0] == "mixed_wait" and (workload[1]["question"], workload[1]["typical"]) == ("mix", True)
    assert all(declared["metrics"][name]["view"] == "startup" for name in ("startup_ns", "shutdown_ns"))
    shares = {(case["waiting"], f"/waiting:{round(100 * case['waiting'])}/" in name) for name, case in record["cases"].items()}
    assert shares == {(0.7, True), (0, True)}
    for row in record["comparisons"]:  # which do not repeat it
        assert record["cases"][row["threads_case"]]["waiting"] == record["cases"][row["processes_case"]]["waiting"]


def test_repetitions_are_rounds_and_json_goes_to_standard_output(bench: Bench) -> None:
    done = bench.measure(*ONE_LAP[:-4], "--tasks", "64", "--benchmark_repetitions=3", "--benchmark_format=json",
                         "--benchmark_time_unit=us", "--benchmark_min_time=0.2")
    assert done.returncode == 0, done.stderr
    assert done.stdout == bench.out.read_text("utf-8")
    record = record_file.load(bench.out)
    assert [number for number, _ in order(record)] == [0, 1, 2]
    assert {entry["time_unit"] for entry in record["benchmarks"]} == {"us"}
    assert record["context"]["laps"] >= 2


def test_without_out_the_record_goes_under_results(bench: Bench) -> None:
    done = bench.run("run", *SHORTEST)
    assert done.returncode == 0, done.stderr
    place = done.stdout.splitlines()[-1].removeprefix("record: ")
    key = json.loads(bench.run("machine", "--json").stdout)["key"]
    assert re.fullmatch(rf"results/{key}/([0-9a-f]{{12}}|nogit)-\d{{8}}T\d{{6}}Z?\.json", place)
    assert files(bench.folder) == {bench.cwd / place}
    record_file.load(bench.cwd / place)


def seen_on_terminal(bench: Bench, terminal: str | None, *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and what a terminal got as standard error."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in bench.environment.items() if name != "TERM"}
    environment.update({} if terminal is None else {"TERM": terminal})
    run = bench.start("run", *arguments, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 0.1)[0]:
                continue
            try:
                got = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not got:
                break
            shown += got
    finally:
        os.close(ours)
    out, _ = run.communicate(timeout=PATIENCE_S)
    return run.returncode, out, shown.decode()


def test_progress_is_shown_on_a_terminal_only(bench: Bench) -> None:
    code, out, shown = seen_on_terminal(bench, "xterm", *SHORTEST, "--out", bench.out)
    assert code == 0
    assert "round 1 " in shown and shown.endswith("\r\033[K")
    assert "\033" not in out and "round 1" not in out
    done = bench.measure(*SHORTEST)
    assert "round 1" not in done.stderr and "\033" not in done.stderr


@pytest.mark.parametrize("terminal", ["dumb", "", None])
def test_no_escape_goes_to_a_terminal_that_may_not_know_it(bench: Bench, terminal: str | None) -> None:
    code, out, shown = seen_on_terminal(bench, terminal, *SHORTEST, "--out", bench.out)
    assert code == 0
    assert "\033" not in out + shown and "round 1" not in out + shown
    assert re.fullmatch(r"(mpmt: [^\r\n]*\r\n)*", shown), shown

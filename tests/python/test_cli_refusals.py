"""What the command line refuses, in one line that names what is wrong."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from bench import SHORTEST, USAGE, Bench, files


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """One line that names what is wrong, and nothing else."""
    assert done.returncode == USAGE, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.endswith("\n"), done.stderr
    assert done.stderr.startswith("mpmt: ")
    for word in words:
        assert word in done.stderr


BAD_VALUES = [
    # arguments, words of the one line
    ("--workload nope", ["--workload", "nope", "prime_count"]),
    ("--workload empty,nope", ["--workload", "nope"]),
    ("--workload empty,,prime_count", ["--workload", "''"]),
    ("--workload empty,", ["--workload", "''"]),
    ("--workload ,", ["--workload"]),
    ("--workload=", ["--workload"]),
    ("--workload EMPTY", ["--workload", "EMPTY"]),
    ("--executor nope", ["--executor", "nope", "thread_pool"]),
    ("--executor serial,nope", ["--executor", "nope"]),
    ("--channel nope", ["--channel", "nope", "boost_queue"]),
    ("--channel boost_queue,nope", ["--channel", "nope"]),
    ("--channel by_reference --executor process_pool", ["--channel", "by_reference", "process_pool", "boost_queue"]),
    ("--channel boost_queue,by_reference --executor process_pool", ["--channel", "by_reference"]),
    ("--channel boost_queue --executor serial", ["--channel", "executor"]),
    ("--workers 0", ["--workers", "'0'", "1 to"]),
    ("--workers -1", ["--workers", "'-1'"]),
    ("--workers=-1", ["--workers", "'-1'"]),
    ("--workers abc", ["--workers", "'abc'"]),
    ("--workers 1.5", ["--workers", "'1.5'"]),
    ("--workers 99999", ["--workers", "'99999'"]),
    ("--workers 1,0", ["--workers", "'0'"]),
    ("--workers 1,", ["--workers", "''"]),
    ("--workers 0x2", ["--workers", "'0x2'"]),
    ("--workers 99999999999999999999", ["--workers"]),
    ("--grain 0", ["--grain", "'0'"]),
    ("--grain -1", ["--grain", "'-1'"]),
    ("--grain 1.5", ["--grain", "'1.5'"]),
    ("--grain abc", ["--grain", "'abc'"]),
    ("--grain 0us", ["--grain", "'0us'"]),
    ("--grain -5ms", ["--grain", "'-5ms'"]),
    ("--grain nanus", ["--grain", "'nanus'"]),
    ("--grain 61s", ["--grain", "60s"]),
    ("--grain 10h", ["--grain", "'10h'"]),
    ("--grain 2KB", ["--grain", "'2KB'", "write 2Ki (2048) or 2000"]),
    ("--grain 1e3", ["--grain", "'1e3'", "write 1000"]),
    ("--grain ~100", ["--grain", "'100'", "such as 50us"]),
    ("--grain 50min", ["--grain", "'50min'", "ns, us, ms or s"]),
    ("--grain 100us --workload empty", ["--grain", "empty", "integer"]),
    ("--batch 0", ["--batch", "'0'"]),
    ("--batch splitt", ["--batch", "'splitt'"]),
    ("--payload -1", ["--payload", "'-1'"]),
    ("--payload 1Ki1", ["--payload", "'1Ki1'"]),
    ("--payload 2k", ["--payload", "'2k'", "write 2Ki (2048) or 2000"]),
    ("--window 1M", ["--window", "'1M'", "write 1Mi"]),
    ("--tasks 1e6", ["--tasks", "'1e6'", "write 1000000"]),
    ("--payload 1Gi --workload empty", ["--payload", "boost_queue", "bytes"]),
    ("--payload 1Mi --batch 100 --workload empty", ["--payload", "batch 100"]),
    ("--payload 0 --workload payload_copy", ["--payload", "payload_copy", "at least 1"]),
    ("--waiting 100%", ["--waiting", "'100%'", "0 % to 99 %"]),
    ("--waiting 33.3%", ["--waiting", "'33.3%'", "whole per cents"]),
    ("--waiting 70% --workload hash_chain", ["--waiting", "'hash_chain'", "mixed_wait"]),
    ("--waiting 70% --family channel", ["--waiting", "channel"]),
    ("--window 0", ["--window", "'0'"]),
    ("--window -2", ["--window", "'-2'"]),
    ("--placement nope", ["--placement", "nope", "same, spread, free"]),
    ("--placement same,", ["--placement", "''"]),
    ("--wait nope", ["--wait", "nope", "block, yield, spin"]),
    ("--rounds 0", ["--rounds", "1 to"]),
    ("--rounds -3", ["--rounds"]),
    ("--rounds 1.5", ["--rounds"]),
    ("--rounds 2 --rounds 3", ["--rounds"]),
    ("--laps 0", ["--laps", "1 to"]),
    ("--laps abc", ["--laps"]),
    ("--tasks 0", ["--tasks", "1 to"]),
    ("--tasks -5", ["--tasks"]),
    ("--timeout 0", ["--timeout", "86400"]),
    ("--timeout -1", ["--timeout"]),
    ("--timeout abc", ["--timeout"]),
    ("--timeout nan", ["--timeout"]),
    ("--timeout inf", ["--timeout"]),
    ("--seed -1", ["--seed"]),
    ("--seed abc", ["--seed"]),
    ("--seed 18446744073709551616", ["--seed"]),
    ("--profile nope", ["--profile", "nope", "quick", "standard", "full"]),
    ("--family nope", ["--family", "nope", "pool"]),
    ("--nope", ["--nope"]),
    ("--nope=1", ["--nope"]),
    ("extra", ["extra"]),
    ("--out", ["--out"]),
    ("--out=", ["--out"]),
    ("--out /nonexistent/x.json", ["--out", "/nonexistent"]),
    ("--out /tmp", ["--out", "/tmp", "folder"]),
    ("--out /proc/x", ["--out", "/proc"]),
    ("--out /dev/null/x", ["--out", "/dev/null"]),
    ("--benchmark_out=/nonexistent/x.json", ["--out", "/nonexistent"]),
    ("--data-dir=", ["--data-dir"]),
    ("--data-dir /nonexistent", ["--data-dir", "/nonexistent"]),
    ("--data-dir /etc/passwd", ["--data-dir", "/etc/passwd"]),
    ("--data-dir /proc", ["--data-dir", "/proc"]),
    ("--data-dir /sys", ["--data-dir", "/sys"]),
    ("--journal-dir /nonexistent", ["--journal-dir", "/nonexistent"]),
    ("--journal-dir /etc/passwd", ["--journal-dir", "/etc/passwd"]),
    ("--benchmark_filter=[", ["--benchmark_filter", "'['"]),
    ("--benchmark_filter=(", ["--benchmark_filter", "'('"]),
    ("--benchmark_filter=-(", ["--benchmark_filter"]),
    ("--benchmark_perf_counters=CYCLES", ["--benchmark_perf_counters", "harness"]),
    ("--benchmark_report_aggregates_only", ["--benchmark_report_aggregates_only", "raw"]),
    ("--benchmark_report_aggregates_only=true", ["--benchmark_report_aggregates_only", "raw"]),
    ("--benchmark_display_aggregates_only=true", ["--benchmark_display_aggregates_only", "raw"]),
    ("--benchmark_context=a=b", ["--benchmark_context"]),
    ("--benchmark_enable_random_interleaving=false", ["--benchmark_enable_random_interleaving", "take turns"]),
    ("--benchmark_out_format=csv", ["--benchmark_out_format", "csv", "json"]),
    ("--benchmark_format=csv", ["--benchmark_format", "csv", "json"]),
    ("--benchmark_color=maybe", ["--benchmark_color", "maybe"]),
    ("--benchmark_time_unit=min", ["--benchmark_time_unit", "min"]),
    ("--benchmark_repetitions=0", ["--benchmark_repetitions"]),
    ("--benchmark_min_time=0", ["--benchmark_min_time"]),
    ("--benchmark_min_time=nan", ["--benchmark_min_time"]),
    ("--benchmark_min_time=0x", ["--benchmark_min_time", "'0x'", "blocks"]),
    ("--benchmark_min_time=1.5x", ["--benchmark_min_time", "'1.5x'", "blocks"]),
    ("--benchmark_min_time=x", ["--benchmark_min_time", "blocks"]),
    ("--benchmark_min_time=2h", ["--benchmark_min_time", "'2h'"]),
    ("--benchmark_nope", ["--benchmark_nope"]),
]


@pytest.mark.parametrize("arguments, words", BAD_VALUES, ids=[row[0] for row in BAD_VALUES])
def test_a_bad_value_is_refused_in_one_line_that_names_the_option(bench: Bench, arguments: str,
                                                                  words: list[str]) -> None:
    refused(bench.run("run", *arguments.split()), *words)
    assert files(bench.folder) == set()


BAD_COMMANDS = [
    ("", ["run", "list"]),
    ("nope", ["nope", "run"]),
    ("--nope", ["--nope"]),
    ("list nope", ["nope", "workloads"]),
    ("list cases --profile nope", ["--profile", "nope"]),
    ("machine extra", ["extra"]),
    ("verdict", ["record"]),
    ("verdict x --relabel 0", ["--relabel"]),
    ("trial --parent abc", ["--parent"]),
]


@pytest.mark.parametrize("arguments, words", BAD_COMMANDS, ids=[row[0] or "none" for row in BAD_COMMANDS])
def test_a_bad_command_is_refused_in_one_line(bench: Bench, arguments: str, words: list[str]) -> None:
    refused(bench.run(*arguments.split()), *words)


def test_a_read_only_data_dir_is_refused(bench: Bench) -> None:
    folder = bench.folder / "readonly"
    folder.mkdir()
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    folder.chmod(0o500)
    refused(bench.measure(*SHORTEST, "--data-dir", folder), "--data-dir", str(folder))


@pytest.mark.parametrize("content", [
    None,
    b"",
    b"\n\n",
    b"{",
    b'{"context": {"suite": "mpmt"}, "benchmarks": [',
    b"\xff\xfe\x00",
    b"[]",
    b"5",
    b"null",
    b'{"context": {}, "benchmarks": []}',
    b'{"context": {"suite": "other"}, "benchmarks": []}',
    b'{"context": {"suite": 5}, "benchmarks": []}',
    b'{"context": [], "benchmarks": []}',
    b'{"context": {"suite": "mpmt"}}',
    b'{"context": {"suite": "mpmt"}, "benchmarks": 5}',
    b'{"context": {"suite": "mpmt"}, "benchmarks": [5]}',
    b'{"context": {"suite": "mpmt"}, "benchmarks": [{}]}',
    b'{"context": {"suite": "mpmt"}, "benchmarks": [{"run_type": "iteration"}]}',
    b'{"context": {"suite": "mpmt"}, "benchmarks": [{"run_type": "iteration", "round": NaN}]}',
    b'{"context": {"suite": "mpmt"}, "benchmarks": [{"run_type": "iteration", "round": 1e999}]}',
    b"[" * 200_000,
], ids=lambda content: repr(content)[:60])
def test_a_bad_record_is_refused_in_one_line_that_names_the_file(bench: Bench, content: bytes | None) -> None:
    record = bench.folder / "bad.json"
    if content is not None:
        record.write_bytes(content)
    refused(bench.run("verdict", record), str(record))


def test_a_folder_is_not_a_record(bench: Bench) -> None:
    refused(bench.run("verdict", bench.folder), str(bench.folder))


def test_a_record_with_wrong_values_is_refused(bench: Bench, golden: dict[str, Any], write: Any) -> None:
    for field, value in (("workers", "two"), ("grain", None), ("status", "nope"), ("placement", None),
                         ("ns_per_task", "fast"), ("name", 5)):
        entry = next(e for e in golden["benchmarks"] if e["run_type"] == "iteration" and e["status"] == "ok")
        kept, entry[field] = entry[field], value
        if field != "name":  # which nothing reads
            refused(bench.run("verdict", write(golden)), "benchmarks[")
        entry[field] = kept

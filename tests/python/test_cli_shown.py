"""Whatever names, paths, options and files say, what mpmt prints does nothing to a terminal, and is no command to a CI."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mpmt.records import record_file
from bench import ONE_LAP, SHORTEST, USAGE, Bench, kill_and_reap

BLANKS = "".join(chr(code) for code in (0x20, 0xA0, 0x1680, 0x180E, *range(0x2000, 0x200C), 0x202F, 0x205F, 0x3000, 0xFEFF))
# C0 but the line end, DEL, C1, separators of lines; what turns the direction of writing; noncharacters.
ACTIVE = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef"
                    "\ufffe\uffff]")
HOSTILE = [
    b"\x1b[31mred\x1b]0;title\x07",
    "\x9b31m".encode(),
    "\u202egnp.exe\u2066".encode(),
    b"::error file=x::y",
    "\u00a0\u3000::error::y".encode(),
    b"##[error]y",
    b"##vso[task.setvariable]y",
    b"a\n::error::y\r\n##[error]z\rb",
    b"\xff\xfe\xc0\xaf\xed\xa0\x80",
    "\ufffe\uffff\ufdd0".encode(),
    b"%0A::error::y%s%n",
]
NAMED = [repr(hostile)[2:-1] for hostile in HOSTILE]
EVERY = pytest.mark.parametrize("hostile", HOSTILE, ids=NAMED)


class _Bytes:
    """An argument that need not be UTF-8."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def __str__(self) -> str:
        return self.raw.decode("utf-8", "surrogateescape")


def harmless(output: bytes, hostile: bytes) -> str:
    """The output, once it is known to be."""
    text = output.decode("utf-8")  # or this throws
    assert not ACTIVE.search(text), text
    assert "##" not in text
    for line in text.split("\n"):
        assert not line.lstrip(BLANKS).startswith("::"), line
        assert not line.encode().startswith(hostile), line
    return text


def run(bench: Bench, hostile: bytes, *arguments: object, code: int | None = USAGE, **options: Any) -> str:
    """Standard error, then standard output."""
    done = bench.run(*arguments, text=False, **options)
    said = harmless(done.stderr, hostile) + harmless(done.stdout, hostile)
    assert code in (None, done.returncode), said
    if code == USAGE:
        assert done.stderr.startswith(b"mpmt: ") and done.stderr.count(b"\n") == 1, said
    return said


OPTIONS = ["--out=%/x.json", "--benchmark_out=/nonexistent/%", "--data-dir=%", "--benchmark_filter=(%", "--workload=%",
           "--executor=%", "--channel=%", "--workers=%", "--grain=%", "--batch=%", "--payload=%", "--window=%",
           "--placement=%", "--wait=%", "--sides=%", "--pattern=%", "--message-bytes=%", "--futex=%", "--touch=%",
           "--rate=%", "--rounds=%", "--laps=%", "--tasks=%", "--seed=%", "--timeout=%", "--profile=%",
           "--family=%", "--benchmark_format=%", "--benchmark_out_format=%", "--benchmark_color=%",
           "--benchmark_time_unit=%", "--benchmark_repetitions=%", "--benchmark_min_time=%x", "--benchmark_context=%",
           "--benchmark_enable_random_interleaving=%", "--benchmark_perf_counters=%", "--no%", "%"]


@EVERY
def test_options_of_a_run(bench: Bench, hostile: bytes) -> None:
    for option in OPTIONS:
        before, after = option.encode().split(b"%")
        run(bench, hostile, "run", _Bytes(before + hostile + after))


@EVERY
def test_other_commands(bench: Bench, hostile: bytes, tmp_path: Path) -> None:
    name = _Bytes(hostile)
    run(bench, hostile, name)
    run(bench, hostile, f"--{name}")
    for command in ("list", "machine", "trial"):
        run(bench, hostile, command, name)
        run(bench, hostile, command, f"--{name}")
    run(bench, hostile, "list", "cases", "--profile", name)
    run(bench, hostile, "list", "cases", f"--family={name}")
    run(bench, hostile, "trial", f"--parent={name}")
    run(bench, hostile, "verdict", f"./{name}")
    run(bench, hostile, "verdict", name)
    run(bench, hostile, "verdict", "x", f"--relabel={name}")
    run(bench, hostile, "verdict", "x", f"--seed={name}")
    for arguments in (["--help"], ["run", "--help"], ["list"], ["list", "--json"], ["machine"], ["machine", "--json"]):
        run(bench, hostile, *arguments, code=0)


@EVERY
def test_messages_to_a_trial(bench: Bench, hostile: bytes, tmp_path: Path) -> None:
    for number, message in enumerate((hostile, json.dumps({"type": hostile.decode("utf-8", "replace")}).encode())):
        told = tmp_path / f"told-{number}"
        told.write_bytes(message)
        with told.open("rb") as stdin:
            run(bench, hostile, "trial", stdin=stdin)


@EVERY
def test_answers_of_a_trial(bench: Bench, hostile: bytes, tmp_path: Path) -> None:
    """Its error quotes the folder that it was given."""
    text = hostile.decode("utf-8", "replace")
    asked = {"type": "trial", "workload": "file_cached", "executor": "serial", "tasks": 1, "warmup_tasks": 1, "grain": 1,
             "batch": 1, "payload_bytes": 0, "workers": 1, "window": 1, "placement": "free", "wait": "block",
             "deadline_s": 10, "channel": "", "data_dir": f"/nonexistent/{text}", "cpus": []}
    told = tmp_path / "told"
    told.write_text(json.dumps(asked) + "\n", "utf-8")
    with told.open("rb") as stdin:
        run(bench, hostile, "trial", stdin=stdin, code=None)


@EVERY
def test_a_real_run(bench: Bench, hostile: bytes) -> None:
    """Below the current folder, so that the paths begin with the hostile name."""
    name = hostile.replace(b"/", b"") + b".json"
    here = bench.cwd / str(_Bytes(name))
    said = run(bench, hostile, "run", *SHORTEST, "--out", _Bytes(name), code=0)
    assert said.splitlines()[-1].startswith("record: ")
    record = record_file.load(here)
    run(bench, hostile, "verdict", _Bytes(name), code=5)
    here.unlink()
    done = bench.run("run", *SHORTEST, "--out", _Bytes(name), "--benchmark_format=json", text=False)
    harmless(done.stderr, hostile)
    assert (done.returncode, json.loads(harmless(done.stdout, hostile))) == (0, json.loads(here.read_bytes()))
    assert record["context"]["command_line"]
    folder = bench.folder / f"data-{_Bytes(hostile.replace(b'/', b''))}"
    folder.mkdir()
    refused = b"\xff" in hostile  # trials are told in JSON
    said = run(bench, hostile, "run", *SHORTEST, "--out", bench.out, "--data-dir", folder, code=USAGE if refused else 0)
    assert ("--data-dir: " in said and "not UTF-8" in said) == refused
    run(bench, hostile, "run", "--dry-run", "--benchmark_format=json", "--out", _Bytes(name), code=0)


def test_a_record_that_is_recovered(bench: Bench) -> None:
    hostile = "::error::\x1b[31m\u202e\n##[error]"
    lost = bench.cwd / hostile
    running = bench.start("run", "--out", lost, *ONE_LAP, "--rounds", "1000")
    bench.await_entries(1, running)
    kill_and_reap(running)
    bench.expect_no_process()
    said = run(bench, hostile.encode(), "run", *SHORTEST, "--out", bench.out, code=0)
    assert "recovered" in said and "\\x1b[31m\\u202e\\n#\\x23[error]" in said
    assert lost.exists()


@EVERY
@pytest.mark.parametrize("field", ["workload", "executor", "channel", "placement", "wait", "status", "name", "kind"])
def test_a_record_that_is_read(bench: Bench, golden: dict[str, Any], write: Any, hostile: bytes, field: str) -> None:
    text = hostile.decode("utf-8", "replace")
    for entry in golden["benchmarks"]:
        entry[field] = text
    run(bench, hostile, "verdict", write(golden), code=None)
    path = write(golden, f"dir/{text.replace('/', '')}.json")
    run(bench, hostile, "verdict", path.name, code=None, cwd=path.parent, under=("env", "-C", path.parent))


def test_a_hostile_workload_stands_escaped_in_the_tables(bench: Bench, golden: dict[str, Any], write: Any) -> None:
    for entry in golden["benchmarks"]:
        entry["workload"] = "::x\x1b[31m##[" + entry["workload"]
    record = write(golden)
    for more in ([], ["--all"]):
        said = run(bench, b"::x", "verdict", record, *more, code=0)
        assert ("Controlled" in said) == bool(more) and "\\x3a:x\\x1b[31m#\\x23[prime_count" in said

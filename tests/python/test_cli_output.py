"""Standard output that cannot be written, or that nobody reads."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from mpmt.records import record_file
from bench import SHORTEST, USAGE, Bench


@pytest.mark.parametrize("arguments", ["list", "list --json", "machine", "machine --json", "--help", "--version",
                                       "run --dry-run", "run --dry-run --benchmark_format json",
                                       "run --benchmark_list_tests"])
def test_output_that_cannot_be_written_is_an_error(bench: Bench, arguments: str) -> None:
    assert wrote_to_full(bench, *arguments.split()) == FULL


def test_a_verdict_that_cannot_be_written_is_an_error(bench: Bench, golden: dict[str, Any], write: Any) -> None:
    assert wrote_to_full(bench, "verdict", write(golden)) == FULL


@pytest.mark.parametrize("more", [[], ["--benchmark_format=json"]])
def test_a_run_whose_output_cannot_be_written_keeps_its_record(bench: Bench, more: list[str]) -> None:
    code, line = wrote_to_full(bench, "run", *SHORTEST, "--out", bench.out, *more)
    assert (code, line) == FULL
    record_file.load(bench.out)


FULL = (USAGE, "mpmt: standard output cannot be written: No space left on device")


def wrote_to_full(bench: Bench, *arguments: object) -> tuple[int, str]:
    """Exit code, and what was said on standard error, without warnings about the machine."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = bench.run(*arguments, stdout=full)
    said = [line for line in done.stderr.splitlines() if not line.startswith("mpmt: warning: ")]
    return done.returncode, "\n".join(said)


def test_a_reader_that_leaves_is_no_error(bench: Bench) -> None:
    for arguments in (["list"], ["run", "--dry-run"]):
        theirs, ours = os.pipe()
        os.close(theirs)
        try:
            done = bench.run(*arguments, stdout=ours)
        finally:
            os.close(ours)
        assert (done.returncode in (0, -signal.SIGPIPE, 128 + signal.SIGPIPE), done.stderr) == (True, "")

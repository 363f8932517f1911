"""check_neighbours.py: it measures what it says with real trials, and leaves none behind."""

from __future__ import annotations

import re
from pathlib import Path

from bench import BINARY, Bench
from tracker import run_script

SHORT = ("--workload", "payload_copy", "--rounds", "12", "--laps", "1")


def test_a_row_says_whether_it_holds(bench: Bench) -> None:
    done = run_script("check_neighbours.py", "--mpmt", BINARY, *SHORT)
    heading, row = done.stdout.splitlines()
    assert heading.split()[:2] == ["workload", "ratio"]
    found = re.fullmatch(r"payload_copy +(\d\.\d{4}) +(\d\.\d{4}) - (\d\.\d{4}) +3% (holds|misses|open: take more --rounds)",
                         row)
    assert found, row
    ratio, low, high = map(float, found.groups()[:3])
    assert low <= ratio <= high
    assert done.returncode == (0 if found[4] == "holds" else 1)


def test_a_trial_that_fails_is_told(bench: Bench, tmp_path: Path) -> None:
    refuses = tmp_path / "refuses"
    refuses.write_text(f'#!/bin/sh\n[ "$1" = trial ] || exec {BINARY} "$@"\n'
                       'read -r line; echo \'{"type": "failed", "status": "error", "error": "no\\u001b such luck"}\'\n')
    refuses.chmod(0o755)
    done = run_script("check_neighbours.py", "--mpmt", refuses, *SHORT)
    assert done.returncode == 2 and done.stderr == "check_neighbours.py: a trial did not say ready: no\\x1b such luck\n"


def test_a_program_that_plans_nothing_is_named() -> None:
    done = run_script("check_neighbours.py", "--mpmt", "/bin/false", *SHORT)
    assert done.returncode == 2 and "/bin/false does not plan payload_copy: exit code 1" in done.stderr

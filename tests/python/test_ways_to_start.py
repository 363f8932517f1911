"""However and as whomever `mpmt run` is started: it measures, its record is whole, and nothing is left."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import deny
from mpmt.records import record_file
from bench import BINARY, Bench, Island, with_file_over

ORDINARY = ("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups")  # known to no database of users
HOMELESS = ("env", "-u", "HOME", "-u", "XDG_STATE_HOME", "-u", "XDG_RUNTIME_DIR")
NO_AFFINITY = (sys.executable, deny.__file__, str(errno.EPERM), "sched_setaffinity")
# An own view of processes and mounts, a user who is nobody outside, and neither CPU times nor a say in where to run.
CONTAINER = (*HOMELESS, "unshare", "--user", "--map-root-user", "--mount")
SMALL = ("--workload", "empty", "--workers", "1", "--laps", "1", "--rounds", "1", "--tasks", "64", "--placement", "free")

WAYS = {
    "ordinary user": ORDINARY,
    "ordinary user without a home": (*HOMELESS, *ORDINARY),
    "user of no number": (*HOMELESS, "unshare", "--user"),
    "chrt -f": ("prlimit", "--rttime=3000000:3000000", "chrt", "-f", "5"),
    "chrt -r": ("prlimit", "--rttime=3000000:3000000", "chrt", "-r", "5"),
    "nice": ("nice", "-n", "19"),
    "nohup": ("nohup",),
    "setsid": ("setsid", "--wait"),
    "SIGCHLD ignored": ("env", "--ignore-signal=CHLD"),
    "all signals ignored": ("env", "--ignore-signal"),
    "all signals blocked": ("env", "--block-signal"),
    "no affinity": NO_AFFINITY,
    "umask 000": ("sh", "-c", 'umask 000; exec "$@"', "sh"),
    "umask 777": ("sh", "-c", 'umask 777; exec "$@"', "sh"),
    "no environment": ("env", "-i", "TMPDIR={tmp}"),
}


@pytest.fixture
def open_bench(island: Island) -> Iterator[Bench]:
    """One that other users reach and may write to, with a program of its own."""
    folder = Path(tempfile.mkdtemp(prefix="mpmt-test-", dir="/var/tmp"))
    try:
        folder.chmod(0o777)
        shutil.copy(BINARY, folder / "mpmt")
        made = Bench(folder, island)
        for inside in (made.cwd, made.state, made.temporary):
            inside.chmod(0o777)
        made.environment["HOME"] = str(folder / "home")
        yield made
        made.clear()
    finally:
        shutil.rmtree(folder)


def measured(bench: Bench, under: tuple[str, ...]) -> str:
    """What it says on standard error."""
    done = bench.measure(*SMALL, under=[part.format(tmp=bench.temporary) for part in under],
                         binary=bench.folder / "mpmt")
    assert done.returncode == 0, done
    entries = [entry for entry in record_file.load(bench.out)["benchmarks"] if entry["run_type"] == "iteration"]
    assert {entry["executor"] for entry in entries} == {"serial", "thread_pool", "process_pool"}
    assert {entry["status"] for entry in entries} == {"ok"}, entries
    bench.expect_nothing_left()
    return done.stderr


def permitted(bench: Bench, command: tuple[str, ...]) -> bool:
    return bench.run("--version", under=command, binary="true").returncode == 0


@pytest.mark.parametrize("way", WAYS)
def test_a_run_measures_however_it_is_started(open_bench: Bench, way: str) -> None:
    if way == "no affinity" and "sched_setaffinity" not in deny.NUMBERS:
        pytest.skip("the numbers of this machine's system calls are not known here")
    may_be_refused = any(word in way for word in ("ordinary", "chrt", "number"))
    if may_be_refused and not permitted(open_bench, WAYS[way]):
        pytest.skip(f"not permitted here: {way}")
    said = measured(open_bench, WAYS[way])
    refused = WAYS[way] is NO_AFFINITY
    assert ("could not be measured" in said) == refused
    assert (record_file.load(open_bench.out)["context"]["capacity"]["before"] is None) == refused


def test_a_run_measures_in_a_container_of_a_user(open_bench: Bench) -> None:
    if open_bench.island.why_not or not permitted(open_bench, CONTAINER):
        pytest.skip(f"not permitted here: {open_bench.island.why_not or 'a user namespace'}")
    zeros = open_bench.folder / "stat"
    zeros.write_text("cpu  0 0 0 0 0 0 0 0 0 0\n" + "".join(f"cpu{cpu} 0 0 0 0 0 0 0 0 0 0\n" for cpu in range(os.cpu_count())))
    said = measured(open_bench, (*CONTAINER, *with_file_over(zeros, "/proc/stat"), *NO_AFFINITY))
    assert "/proc/stat" in said and "sched_setaffinity" in said
    context = record_file.load(open_bench.out)["context"]
    assert context["capacity"] == {"before": None, "after": None}

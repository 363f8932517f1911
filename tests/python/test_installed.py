"""What `cmake --install` puts into a prefix is all that is needed: it works where there is no source tree and no build."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench import BINARY, PATIENCE_S, ROOT, USAGE, Bench, source_of
from make_history import write_history

SMALL = ("--workload", "empty", "--workers", "1", "--laps", "1", "--rounds", "1", "--tasks", "64")
SLOW_S = 4 * PATIENCE_S  # Python that loads its libraries, and draws

# $1: a folder for what is to be kept of a place that is hidden; $2: that place; $3: what nobody may write to.
HIDE = """mount --bind "$2" "$1" && mount --bind "$3" "$3" && mount -o remount,bind,ro "$3" || exit
keep=$1 kept=$2
shift 3
while [ "$1" != -- ]; do mount -t tmpfs tmpfs "$1" || exit; shift; done
[ -e "$kept/bin" ] || { mkdir -p "$kept" && mount --bind "$keep" "$kept"; } || exit
shift
exec "$@"
"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("installed") / "prefix"
    source_of(BINARY)  # fails where it lies in no build folder
    subprocess.run(["cmake", "--install", BINARY.parent, "--prefix", made], check=True, timeout=PATIENCE_S,
                   stdout=subprocess.DEVNULL)
    return made


@pytest.fixture
def alone(bench: Bench, prefix: Path) -> list[str]:
    """A command that execs what follows it where there is neither source nor build, and the prefix cannot be written."""
    if bench.island.why_not:
        pytest.skip(bench.island.why_not)
    kept = bench.folder / "kept"
    kept.mkdir()
    places = {ROOT, source_of(BINARY).resolve(), BINARY.parent.resolve()}
    hidden = [place for place in places if not places.intersection(place.parents)]
    under = ["unshare", "--mount", "sh", "-c", HIDE, "sh", str(kept), sys.prefix, str(prefix), *map(str, hidden), "--"]
    for gone in (ROOT / "scripts", source_of(BINARY) / "scripts", BINARY):
        assert bench.run("!", "-e", gone, binary="test", under=under).returncode == 0
    return under


def test_the_program_the_package_and_its_schemas_are_installed_and_nothing_else(prefix: Path) -> None:
    source = source_of(BINARY)
    commands = [path for path in (source / "scripts").glob("*.py") if not path.name.startswith("check_")]
    scripts = [*commands, *(source / "scripts" / "mpmt").rglob("*.py")]
    expected = {f"share/mpmt/{path.relative_to(source)}" for path in [*scripts, *(source / "results").glob("*schema*.json")]}
    found = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if not path.is_dir()}
    assert found - {"bin/mpmt-micro"} == expected | {"bin/mpmt", "share/mpmt/mpmt.build.json"}
    assert {"share/mpmt/results/ack.schema.json", "share/mpmt/scripts/mpmt/programs/python_pools.py"} <= found
    assert not [path for path in prefix.rglob("*") if path.is_dir() and not any(path.iterdir())]


def test_what_is_installed_measures_and_draws_without_the_source(bench: Bench, prefix: Path, alone: list[str]) -> None:
    mpmt = prefix / "bin" / "mpmt"
    done = bench.measure(*SMALL, "--with", "python", binary=mpmt, under=alone)
    assert done.returncode == 0, done
    done = bench.run("plot", bench.out, "-o", "plots", "--format", "svg", binary=mpmt, under=alone, timeout=SLOW_S)
    assert (done.returncode, done.stderr) == (0, "")
    assert list((bench.cwd / "plots").glob("*.svg"))


def test_what_is_installed_reports_without_the_source(bench: Bench, prefix: Path, alone: list[str]) -> None:
    mpmt = prefix / "bin" / "mpmt"
    assert bench.measure(*SMALL, binary=mpmt, under=alone).returncode == 0
    done = bench.run("report", bench.out, "-o", "report.html", binary=mpmt, under=alone, timeout=SLOW_S)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.endswith("report: report.html\n"), done
    done = bench.run("report", bench.out, "--text", binary=mpmt, under=alone, timeout=SLOW_S)
    assert (done.returncode, done.stderr) == (0, "") and "Can this be believed?" in done.stdout, done


def test_what_is_installed_tracks_without_the_source(bench: Bench, prefix: Path, alone: list[str]) -> None:
    mpmt, results = prefix / "bin" / "mpmt", bench.folder / "results"
    write_history(results, ["ab" * 20], {"x": [1.0, 1.0]})
    bench.environment["XDG_CACHE_HOME"] = str(bench.folder / "cache")
    done = bench.run("track", "history", "--results", results, binary=mpmt, under=alone, timeout=SLOW_S)
    assert done.returncode == 0 and "1 records of 1 commits, 1 series" in done.stdout, done
    record, = results.rglob("*.json")
    done = bench.run("track", "diff", record, record, binary=mpmt, under=alone, timeout=SLOW_S)
    assert done.returncode == 0, done


def test_what_is_installed_compares_programs_without_the_source(bench: Bench, prefix: Path, alone: list[str]) -> None:
    mpmt = prefix / "bin" / "mpmt"
    other = shutil.copy(mpmt, bench.folder / "other")
    bench.environment["XDG_CACHE_HOME"] = str(bench.folder / "cache")
    done = bench.run("track", "compare", "--binary-a", mpmt, "--binary-b", other, "--budget", "3", "--out", "comparison.json",
                     "--", "--workload", "empty", "--executor", "serial", binary=mpmt, under=alone, timeout=SLOW_S)
    assert done.returncode in (0, 1, 3), done  # whatever is found of noise
    row, = json.loads((bench.cwd / "comparison.json").read_text())["benchmarks"]
    assert row["name"].startswith("empty/serial")


def test_a_program_whose_scripts_are_gone_says_where_they_were(bench: Bench, alone: list[str]) -> None:
    mpmt = shutil.copy(BINARY, bench.folder / "mpmt")
    shutil.copy(BINARY.with_name("mpmt.source"), bench.folder)
    for arguments, script in ((["plot"], "plot.py"), (["run", "--with", "python"], "mpmt/programs/python_pools.py")):
        done = bench.run(*arguments, binary=mpmt, under=alone)
        assert (done.returncode, done.stdout) == (USAGE, "")
        assert done.stderr == (f"mpmt: {bench.folder.parent}/share/mpmt/scripts/{script} is not there any more, and neither is "
                               f"{source_of(BINARY)}/scripts/{script}\n")

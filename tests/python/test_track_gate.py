"""mpmt track gate, end to end: a change against what it was made from."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from bench import BINARY, PATIENCE_S, Island
from desk import BUILD, QUICK, Desk, Line, bench_text, needs, verdicts
from repository import Repository
from tracker import SCRIPT, Done


@pytest.fixture
def forked(desk: Desk) -> tuple[Repository, str, str]:
    """origin/main has gone on since a slower change was branched off; HEAD is its second commit."""
    line = Line(desk.folder / "repo")
    line.commit()
    line.repository.git("checkout", "--quiet", "-b", "change")
    slow = line.commit(1.1)
    line.commit(1.1)
    line.repository.git("checkout", "--quiet", "main")
    after = line.commit(2.0)
    line.repository.git("update-ref", "refs/remotes/origin/main", after)
    line.repository.git("checkout", "--quiet", "change")
    return line.repository, slow, after


def gate(desk: Desk, repository: Repository, *arguments: object, **variables: str) -> Done:
    needs(BINARY)
    return desk.run("gate", "--repo", repository.path, *BUILD, *QUICK, "--cases", "x", *arguments, **variables)


def write_ack(folder: Path, commit: str, effect: float = 0.5, days: int = 30) -> None:
    today = datetime.now(timezone.utc).date()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ack.json").write_text(json.dumps({"version": 1, "acknowledged": [{
        "benchmark": "BM_x", "match": "exact", "commit": commit, "effect": effect, "reason": "checks | bounds",
        "created": str(today - timedelta(days=100)), "expires": str(today + timedelta(days=days))}]}))


def test_a_change_is_judged_against_its_merge_base(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    repository, slow, _ = forked
    summary = desk.folder / "summary.md"
    summary.write_text("before\n")
    done = gate(desk, repository, "--json", GITHUB_STEP_SUMMARY=str(summary))
    assert done.code == 1 and verdicts(done.json) == {"BM_x": "slower"}
    assert (done.json["a"]["subject"], done.json["b"]["subject"]) == ("Commit 1", "Commit 3")
    assert done.json["benchmarks"][0]["effect"] == pytest.approx(0.1, abs=0.02)
    shown = summary.read_text()
    assert shown.startswith("before\n\nBenchmarks against the merge base\n---") and "REGRESSION" in shown

    write_ack(repository.path / "results", slow)
    done = gate(desk, repository, "--json")
    assert done.code == 0 and verdicts(done.json) == {"BM_x": "acknowledged"}
    assert done.json["benchmarks"][0]["note"].endswith(": checks | bounds")

    for options, why in (({"days": -1}, "but that expired on"), ({"effect": 0.03}, "but only +3.0% are acknowledged")):
        write_ack(desk.folder / "acks", slow, **options)
        done = gate(desk, repository, "--json", "--results", desk.folder / "acks")
        assert done.code == 1 and why in done.json["benchmarks"][0]["note"]


def test_the_merge_that_ci_tests_is_judged_by_all_its_commits(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    """A pull request's merge commit has the branch as its second parent: an acknowledgement of a commit there counts."""
    repository, slow, _ = forked
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    repository.git("merge", "--quiet", "--no-ff", "--strategy=ours", "change")
    repository.write({"bench": bench_text(2.2, 9)})
    repository.git("commit", "--quiet", "--amend", "--all", "--no-edit")
    assert gate(desk, repository).code == 1
    write_ack(repository.path / "results", slow)
    assert gate(desk, repository).code == 0
    write_ack(repository.path / "results", repository.git("rev-parse", "origin/main"))
    assert gate(desk, repository).code == 1  # not one of the change's own commits


def test_a_branch_that_took_in_main_is_judged_against_what_it_took_in(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    repository, _, after = forked
    repository.git("merge", "--quiet", "--no-ff", "--strategy=ours", "origin/main")
    repository.write({"bench": bench_text(2.0, 12)})
    repository.git("commit", "--quiet", "--amend", "--all", "--no-edit")
    done = gate(desk, repository, "--json")
    assert done.code == 0 and verdicts(done.json) == {"BM_x": "same"}
    assert done.json["a"]["commit"] == after


def test_all_names_are_looked_up_before_anything_is_built(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    done = desk.run("compare", "HEAD~1", "nosuch", *BUILD, *QUICK, cwd=forked[0].path)
    assert done.code == 2 and "'nosuch': no such commit" in done.err and "building" not in done.err


def test_without_a_base_there_is_no_gate_but_a_hint(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    repository, _, _ = forked
    done = gate(desk, repository, "--head", "main")
    assert done.code == 4 and "--base: origin/main contains" in done.err
    repository.git("update-ref", "-d", "refs/remotes/origin/main")
    done = gate(desk, repository)
    assert done.code == 2 and "--base: 'origin/main': no such commit" in done.err and "fetch it" in done.err


# ---- in a CI -----------------------------------------------------------------------------------------------


def test_a_shallow_clone_is_told_what_to_fetch(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    repository, _, _ = forked
    shallow = repository.clone(desk.folder / "shallow", "--depth=1", "--no-single-branch")
    shallow.git("checkout", "--quiet", "change")
    done = gate(desk, shallow)
    assert done.code == 2 and "git fetch --unshallow" in done.err


def test_a_ci_without_a_home_needs_only_a_place_for_builds(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    """With the history that `fetch-depth: 0` brings."""
    for name in [name for name in desk.environment if name == "HOME" or name.startswith("XDG_")]:
        del desk.environment[name]
    clone = forked[0].clone(desk.folder / "clone", "--no-single-branch")
    clone.git("checkout", "--quiet", "--detach", "origin/change")
    done = gate(desk, clone, "--json", XDG_CACHE_HOME=str(desk.folder / "cache"))
    assert done.code == 1 and verdicts(done.json) == {"BM_x": "slower"}, done
    done = gate(desk, clone)
    assert (done.code, done.out) == (2, "") and "set XDG_CACHE_HOME" in done.err and done.err.count("\n") == 1


def test_a_source_tree_that_is_only_read_is_judged(desk: Desk, island: Island, forked: tuple[Repository, str, str]) -> None:
    """As a container's volume: nothing is written into it, not even by git."""
    repository, _, _ = forked
    if island.why_not:
        pytest.skip(island.why_not)
    only_read = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd "$1" && ! touch x 2>/dev/null'
    command = ["unshare", "--mount", "sh", "-c", only_read + ' && shift && exec "$@"', "sh", repository.path,
               sys.executable, SCRIPT, "gate", *BUILD, *QUICK, "--cases", "x", "--json"]
    done = subprocess.run(island.command(desk.folder, command), env=desk.environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)
    assert done.returncode == 1, done
    assert verdicts(json.loads(done.stdout)) == {"BM_x": "slower"}


# ---- the summary -------------------------------------------------------------------------------------------


def test_a_summary_that_is_no_file_is_refused_before_anything_is_measured(
        desk: Desk, forked: tuple[Repository, str, str]) -> None:
    repository, _, _ = forked
    fifo = desk.folder / "fifo"
    os.mkfifo(fifo)
    done = gate(desk, repository, "--summary", fifo)
    assert (done.code, done.out) == (2, "") and f"--summary: {fifo} cannot be written: a FIFO" in done.err
    done = gate(desk, repository, GITHUB_STEP_SUMMARY=str(desk.folder))
    assert (done.code, done.out) == (2, "") and f"$GITHUB_STEP_SUMMARY: {desk.folder} cannot be written: a folder" in done.err


def test_a_summary_on_a_full_disk_is_a_warning_beside_the_verdict(desk: Desk, island: Island,
                                                                  forked: tuple[Repository, str, str]) -> None:
    repository, _, _ = forked
    done = gate(desk, repository, GITHUB_STEP_SUMMARY=str(desk.folder / "no" / "such" / "folder"))
    assert done.code == 1 and "REGRESSION" in done.out and "mpmt track: warning: $GITHUB_STEP_SUMMARY: " in done.err
    if island.why_not:
        pytest.skip(island.why_not)
    summary = "/dev/shm/summary"
    (island.path(summary)).write_text("")
    filler = island.path("/dev/shm/filler")
    try:
        fill(filler)
        done = gate(desk, repository, GITHUB_STEP_SUMMARY=summary)
    finally:
        filler.unlink()
        island.path(summary).unlink()
    assert done.code == 1 and "REGRESSION" in done.out
    assert f"$GITHUB_STEP_SUMMARY: {summary} cannot be written: No space left on device" in done.err


def fill(path: Path) -> None:
    """Until there is no byte left on its file system."""
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 16)):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC


def test_a_summary_on_standard_output_follows_the_table(desk: Desk, forked: tuple[Repository, str, str]) -> None:
    repository, _, _ = forked
    done = gate(desk, repository, "--summary", "-")
    assert done.code == 1 and done.out.index("REGRESSION") < done.out.index("Benchmarks against the merge base\n---")
    assert gate(desk, repository, "--summary", "-", "--json").code == 2


# ---- what is built -----------------------------------------------------------------------------------------


def test_a_base_that_does_not_build_says_so(desk: Desk) -> None:
    line = Line(desk.folder / "repo")
    base = line.commit(builds=False)
    line.commit()
    done = gate(desk, line.repository, "--base", base)
    assert done.code == 2 and base[:12] in done.err and "it does not compile" in done.err

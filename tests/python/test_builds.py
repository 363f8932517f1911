"""Binaries of commits: built once, kept while they are used, and nothing half-made after an interruption."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from bench import PATIENCE_S, until
from build_site import DRIVER, GOOD, READS, RECIPE, Site, build_of, gone, output_of, stuck, with_submodule
from repository import ENVIRONMENT, Repository

from mpmt.base.problem import Problem
from mpmt.builds import builds as builds_module, worktrees
from mpmt.builds.builds import BuildFailed, Builds, Recipe

# ---- what is built -----------------------------------------------------------------------------------------


def test_each_commit_has_its_own_binary(site: Site) -> None:
    old, new = site.commit(text="old"), site.commit(text="new")
    site.repository.write({"prog.sh": "#!/bin/sh\necho not committed\n"})
    with site.builds() as builds:
        assert output_of(builds.binary(old)) == "old"
        assert output_of(builds.binary(new)) == "new"
        assert builds.binary(new).is_absolute()
    assert any("building" in line and old[:12] in line and "Says old" in line for line in site.said)
    site.expect_clean()


def test_a_commit_is_built_once(site: Site) -> None:
    commit = site.commit()
    for _ in range(2):
        with site.builds() as builds:
            assert builds.binary(commit) == builds.binary(commit)
    assert site.times_built() == 1
    with site.builds(rebuild=True) as builds:
        assert builds.binary(commit) == builds.binary(commit)
    assert site.times_built() == 2


@pytest.mark.parametrize("mask", [0, 0o777])
def test_what_is_built_can_be_changed_by_nobody_else_whatever_the_umask(site: Site, mask: int) -> None:
    modes = site.folder / "modes"
    commit = site.commit(f'mkdir sub; touch sub/file; stat -c %a . sub sub/file .git build.sh >"{modes}"\n' + GOOD)
    site.cache.mkdir()
    before = os.umask(mask)
    try:
        with site.builds() as builds:
            program = builds.binary(commit)
            there = list(site.cache.rglob("*"))
            modes_there = [path.stat().st_mode for path in there]
        assert os.umask(mask) == mask, "it is set back"
    finally:
        os.umask(before)
    while_building = [int(mode, 8) for mode in modes.read_text().split()]
    assert len(while_building) == 5 and program in there
    assert not any(mode & 0o022 for mode in [*while_building, *modes_there])


def test_another_recipe_or_compiler_is_another_build(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = site.commit()
    found = set()
    for recipe, tool in [(RECIPE, "test"), (Recipe(f"{RECIPE.command} # other", RECIPE.binary), "test"),
                         (RECIPE, "newer")]:
        monkeypatch.setattr(builds_module, "tools", lambda tool=tool: {"c++ --version": tool})
        with site.builds(recipe=recipe) as builds:
            found.add(builds.binary(commit))
    assert len(found) == site.times_built() == 3


def test_the_build_identity_and_a_manifest_are_kept(site: Site) -> None:
    commit = site.commit(GOOD + "echo '{}' >out/prog.build.json; touch out/prog.o\n")
    with site.builds() as builds:
        assert {path.name for path in builds.binary(commit).parent.iterdir()} == {"prog", "prog.build.json"}
    folder = site.entries()[0] / "kept"
    assert {path.name for path in folder.iterdir()} == {"prog", "prog.build.json", "build.log", "manifest.json"}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["commit"], manifest["failed"]) == (commit, None)
    assert len(manifest["sha256"]) == 64


def test_submodules_are_built(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")
    part = Repository(site.folder / "part")
    part.commit({"prog.sh": "#!/bin/sh\necho from a submodule\n"})
    site.repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(part.path), "part")
    commit = site.commit("mkdir out && cp part/prog.sh out/prog\n")
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == "from a submodule"
    site.expect_clean()


def test_a_shallow_clone_and_a_detached_head_can_be_built(site: Site) -> None:
    site.commit(text="old")
    commit = site.commit(text="new")
    clone = site.repository.clone(site.folder / "clone", "--depth=1")
    clone.git("switch", "--quiet", "--detach", commit)
    with Builds(clone.path, RECIPE, site.cache) as builds:
        assert output_of(builds.binary(commit)) == "new"


def test_a_hooks_repository_does_not_get_into_the_build(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = site.commit('mkdir out && printf "#!/bin/sh\\necho %s" $(git rev-parse HEAD) >out/prog && '
                         "chmod +x out/prog\n")
    site.commit()
    monkeypatch.setenv("GIT_DIR", str(site.repository.path / ".git"))
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == commit


READ_ONLY = ["unshare", "--mount", "sh", "-c",
             'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"', "sh"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away, and mount")
def test_another_users_checkout_that_cannot_be_written_is_built_with_what_git_says_of_it(site: Site) -> None:
    """As a CI's container may have it; git by itself refuses to read such a checkout."""
    commit = with_submodule(site, READS.replace("/data", "/part/data") +
                            'git rev-parse HEAD >"$COUNT.git" && git submodule status >>"$COUNT.git"\n'
                            'git -C part rev-parse --show-toplevel >>"$COUNT.git"\n')
    for path in (site.repository.path, *site.repository.path.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    command = [*READ_ONLY, site.repository.path, sys.executable, "-c", DRIVER, site.repository.path, site.cache, commit]
    for _ in ("fresh", "cached"):
        done = subprocess.run(list(map(str, command)), env={**ENVIRONMENT, "COUNT": str(site.count)}, capture_output=True,
                              text=True, timeout=PATIENCE_S, check=False)
        if "unshare:" in done.stderr or "mount:" in done.stderr:
            pytest.skip(f"no mount namespace: {done.stderr}")
        assert done.returncode == 0 and done.stdout.splitlines()[-1].endswith("/prog"), done
    told = (site.folder / "count.git").read_text().splitlines()
    assert told[0] == commit and told[1].endswith("part (heads/main)") and told[2].endswith("/tree/part")
    assert site.times_built() == 1
    site.expect_clean()


def test_without_a_home_the_cache_is_where_its_variable_says_or_that_is_named(
        site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = site.commit()
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    with pytest.raises(Problem, match="set XDG_CACHE_HOME") as caught:
        Builds(site.repository.path, RECIPE)
    assert "\n" not in str(caught.value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(site.folder / "xdg"))
    with Builds(site.repository.path, RECIPE) as builds:
        assert output_of(builds.binary(commit)) == "hello"
        assert builds.tree(commit).is_relative_to(site.folder / "xdg" / "mpmt" / "builds")


# ---- who interrupts ----------------------------------------------------------------------------------------


def test_ctrl_c_ends_the_build_and_clears_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = stuck(site)
    process = site.start(commit)
    build = build_of(site)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert gone(build)()
    site.expect_clean()
    assert site.entries() == []


def test_what_a_killed_run_left_is_swept(site: Site) -> None:
    commit = stuck(site)
    process = site.start(commit)
    build = build_of(site)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    assert list(site.cache.glob("builds/*/*/tree"))
    (site.folder / "count.pid").unlink()
    until(gone(build), "the orphaned build to end")
    until(lambda: site.builds() and site.is_clean(), "it to be swept")
    with site.builds() as builds:
        (site.folder / "count.go").touch()
        assert output_of(builds.binary(commit)) == "hello"


def test_a_running_build_is_not_swept(site: Site) -> None:
    commit = stuck(site)
    process = site.start(commit)
    build = build_of(site)
    site.builds()
    assert not gone(build)()
    (site.folder / "count.go").touch()
    assert process.communicate(timeout=PATIENCE_S)[0].splitlines()[-1].endswith("/prog")


def test_two_at_once_build_once(site: Site) -> None:
    commit = stuck(site)
    first = site.start(commit)
    build_of(site)
    second = site.start(commit)
    assert second.stdout.readline() == f"waiting: process {first.pid} is building {commit[:12]}\n"
    (site.folder / "count.go").touch()
    results = [process.communicate(timeout=PATIENCE_S)[0].splitlines()[-1] for process in (first, second)]
    assert results[0] == results[1] and results[0].endswith("/prog")
    assert site.times_built() == 1


# ---- what is kept ------------------------------------------------------------------------------------------


def test_the_least_recently_used_builds_go_first(site: Site) -> None:
    commits = [site.commit(text=str(n)) for n in range(3)]
    with site.builds() as builds:
        for commit in commits[:2]:
            builds.binary(commit)
    for entry in site.entries():
        os.utime(entry / "kept" / "manifest.json", (1, 1))
    with site.builds(limit_builds=2) as builds:
        builds.binary(commits[0])
    with site.builds(limit_builds=2) as builds:
        builds.binary(commits[2])
    assert {entry.name[:12] for entry in site.entries()} == {commits[0][:12], commits[2][:12]}


def test_a_build_in_use_is_never_evicted(site: Site) -> None:
    commits = [site.commit(text=str(n)) for n in range(3)]
    with site.builds(limit_builds=1) as builds:
        used = [builds.binary(commit) for commit in commits[:2]]
        with site.builds(limit_builds=1, limit_bytes=1) as other:
            used.append(other.binary(commits[2]))
            assert [output_of(program) for program in used] == ["0", "1", "2"]
        assert [output_of(program) for program in used[:2]] == ["0", "1"]
    with site.builds(limit_bytes=1) as builds:
        builds.binary(site.commit(text="last"))
    assert len(site.entries()) == 1


def test_a_build_in_use_is_not_rebuilt_under_its_user(site: Site) -> None:
    commit = site.commit()
    with site.builds() as builds:
        program = builds.binary(commit)
        with site.builds(rebuild=True) as other, pytest.raises(Problem, match="--rebuild: another process is using"):
            other.binary(commit)
        assert output_of(program) == "hello"


def test_what_a_killed_removal_has_left_is_in_nobodys_way(site: Site) -> None:
    commit = site.commit()
    with site.builds() as builds:
        builds.binary(commit)
    entry, = site.entries()
    (entry / "kept" / "manifest.json").unlink()
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == "hello"
    assert site.times_built() == 2


def test_a_build_that_never_ends_has_failed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = stuck(site)
    monkeypatch.setattr(worktrees, "BUILD_S", 3.0)  # long enough to begin, beside other tests
    monkeypatch.setattr(worktrees, "GRACE_S", 0.1)
    with site.builds() as builds, pytest.raises(BuildFailed, match="the build did not end within"):
        builds.binary(commit)
    assert gone(build_of(site))()
    site.expect_clean()


def test_another_process_is_not_waited_for_without_end(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = stuck(site)
    process = site.start(commit)
    build_of(site)
    monkeypatch.setattr(builds_module, "HELD_S", 0.1)
    with site.builds() as builds, pytest.raises(Problem, match=f"process {process.pid} has kept its lock for"):
        builds.binary(commit)
    with site.builds() as builds:
        assert output_of(builds.binary(site.commit(text="other"))) == "other"

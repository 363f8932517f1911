"""Binaries of commits: built once, at one path, kept while they are used, and nothing half-made after an interruption."""

from __future__ import annotations

import json
import os
import signal

import pytest
from bench import PATIENCE_S, until
from build_site import GOOD, RECIPE, Site, build_of, gone, output_of, stuck
from repository import Repository

from mpmt_tracking import builds as builds_module
from mpmt_tracking import worktrees
from mpmt_tracking.builds import BuildFailed, Builds, Recipe
from mpmt_tracking.problem import Problem

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
        assert os.umask(mask) == mask, "it is set back"
    finally:
        os.umask(before)
    while_building = [int(mode, 8) for mode in modes.read_text().split()]
    kept = [path.stat().st_mode for path in site.cache.rglob("*")]
    assert len(while_building) == 5 and program in site.cache.rglob("*")
    assert not any(mode & 0o022 for mode in [*while_building, *kept])


def test_another_recipe_or_compiler_is_another_build(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = site.commit()
    found = set()
    for recipe, tool in [(RECIPE, "test"), (Recipe(f"{RECIPE.command} # other", RECIPE.binary), "test"),
                         (RECIPE, "newer")]:
        monkeypatch.setattr(builds_module, "tools", lambda tool=tool: {"c++ --version": tool})
        with site.builds(recipe=recipe) as builds:
            found.add(builds.binary(commit))
    assert len(found) == site.times_built() == 3


def test_all_builds_happen_at_one_path(site: Site) -> None:
    where = 'mkdir out && printf "#!/bin/sh\\necho %s" "$PWD $SOURCE_DATE_EPOCH" >out/prog && chmod +x out/prog\n'
    with site.builds() as builds:
        first, second = (builds.binary(site.commit(where, text)) for text in "ab")
        assert first.read_bytes() == second.read_bytes()
        assert first != second


def test_the_build_identity_and_a_manifest_are_kept(site: Site) -> None:
    commit = site.commit(GOOD + "echo '{}' >out/prog.build.json; touch out/prog.o\n")
    with site.builds() as builds:
        folder = builds.binary(commit).parent
    assert {path.name for path in folder.iterdir()} == {"prog", "prog.build.json", "build.log", "manifest.json", "lock"}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["commit"], manifest["failed"]) == (commit, None)
    assert len(manifest["sha256"]) == 64


def test_submodules_are_there(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert list(site.cache.glob("builds/*/worktree"))
    (site.folder / "count.pid").unlink()
    with site.builds() as builds:
        site.expect_clean()
        until(gone(build), "the orphaned build to end")
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
    assert second.stdout.readline() == f"waiting: process {first.pid} is building commits of this repository\n"
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
        os.utime(entry / "manifest.json", (1, 1))
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
    for name in ("lock", "manifest.json"):
        (entry / name).unlink()
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == "hello"
    (entry / "lock").unlink()  # of a whole build, too
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == "hello"
    assert site.times_built() == 3


def test_a_build_that_never_ends_has_failed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = stuck(site)
    monkeypatch.setattr(worktrees, "BUILD_S", 3.0)  # long enough to begin, beside other tests
    monkeypatch.setattr(worktrees, "GRACE_S", 0.1)
    with site.builds() as builds, pytest.raises(BuildFailed, match="the build did not end within"):
        builds.binary(commit)
    assert gone(build_of(site))()
    site.expect_clean()


def test_a_workshop_is_not_waited_for_without_end(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = stuck(site)
    process = site.start(commit)
    build_of(site)
    monkeypatch.setattr(worktrees, "HELD_S", 0.1)
    with site.builds() as builds, pytest.raises(Problem, match=f"process {process.pid} has kept its lock for"):
        builds.binary(site.commit(text="other"))

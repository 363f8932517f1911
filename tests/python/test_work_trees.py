"""A commit's files, while its build is used."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
from pathlib import Path

import pytest
from bench import PATIENCE_S, until
from build_site import BAD, GOOD, READS, Site, output_of, with_submodule

from mpmt.base.problem import Problem
from mpmt.builds import checkout, commits
from mpmt.builds.builds import BuildFailed


def reads(site: Site, text: str) -> str:
    return site.repository.commit({"build.sh": READS, "data": f"{text}\n"})


def trees(site: Site) -> list[Path]:
    return list(site.cache.glob("builds/*/*/tree"))


def test_a_program_finds_the_data_of_its_own_commit_at_every_use(site: Site) -> None:
    old, new = reads(site, "old"), reads(site, "new")
    for _ in ("fresh", "cached"):
        with site.builds() as builds:
            assert [output_of(builds.binary(commit)) for commit in (old, new)] == ["old", "new"]
            assert builds.tree(old) != builds.tree(new) and sorted(trees(site)) == sorted(map(builds.tree, (old, new)))
            assert len(str(builds.tree(old))) == len(str(builds.tree(new)))
            files = {path.name for path in builds.tree(new).iterdir()}
        assert files == {".git", "build.sh", "data", "out"}, "alike at the first use and at later ones"
        site.expect_clean()
    assert site.times_built() == 2


def test_a_program_finds_data_from_where_it_lies(site: Site) -> None:
    commit = site.repository.commit({"build.sh": GOOD, "data": "here\n",
                                     "prog.sh": '#!/bin/sh\ncat "$(dirname "$0")/../data"\n'})
    for _ in ("fresh", "cached"):
        with site.builds() as builds:
            assert builds.binary(commit) == builds.tree(commit) / "out" / "prog"
            assert output_of(builds.binary(commit)) == "here"
            builds.binary(commit).write_text("#!/bin/sh\necho changed\n")


@pytest.mark.parametrize(("files", "build"), [
    ({"out": "a file\n"}, "rm out; "), ({"out/prog/file": "x\n"}, "rm -r out/prog; "),
    ({"out/prog": "tracked\n"}, "rm out/prog; ")])
def test_what_is_tracked_where_the_program_goes_is_in_nobodys_way(site: Site, files: dict[str, str], build: str) -> None:
    commit = site.repository.commit({**files, "build.sh": build + GOOD, "prog.sh": "#!/bin/sh\necho hello\n"})
    for _ in ("fresh", "cached"):
        with site.builds() as builds:
            assert output_of(builds.binary(commit)) == "hello"


def test_a_tracked_link_does_not_lead_the_program_out_of_the_tree(site: Site) -> None:
    site.repository.write({"../elsewhere/prog": "#!/bin/sh\necho another\n"})
    (site.repository.path / "out").symlink_to(site.folder / "elsewhere")
    site.repository.git("add", "out")
    commit = site.commit("rm out; " + GOOD)
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == "hello"
    assert output_of(site.folder / "elsewhere" / "prog") == "another"


def test_programs_that_do_not_know_where_they_were_built_are_identical(site: Site) -> None:
    where = 'mkdir out && printf "#!/bin/sh\\necho %s" "$SOURCE_DATE_EPOCH" >out/prog && chmod +x out/prog\n'
    with site.builds() as builds:
        first, second = (builds.binary(site.commit(where, text)) for text in "ab")
        assert first.read_bytes() == second.read_bytes()
        assert first != second


def test_a_submodules_files_are_there_at_every_use(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")
    commit = with_submodule(site, READS.replace("/data", "/part/data"))
    for _ in ("fresh", "cached"):
        with site.builds() as builds:
            assert output_of(builds.binary(commit)) == "of a submodule"
            assert commits.ask(builds.tree(commit), "status", "--porcelain").split() == ["??", "out/"]
            assert commits.ask(builds.tree(commit) / "part", "status", "--porcelain") == ""


def test_a_tree_stays_until_its_last_user_ends(site: Site) -> None:
    commit, go = reads(site, "hello"), site.folder / "go"
    other = site.start(commit, go)
    until(lambda: site.entries() and trees(site), "the other's tree")
    with site.builds() as builds:
        tree = builds.tree(commit)
    assert (tree / "data").exists(), "the other process uses it"
    with site.builds() as builds:
        builds.tree(commit)
        go.touch()
        assert other.communicate(timeout=PATIENCE_S)[0].splitlines()[-1] == str(tree)
        site.builds()
        assert output_of(builds.binary(commit)) == "hello", "it was not the other's to remove, nor is it a sweep's"
    site.expect_clean()
    assert site.times_built() == 1


def test_what_is_written_into_a_tree_is_gone_with_its_use(site: Site) -> None:
    commit = reads(site, "hello")
    with site.builds() as builds:
        tree = builds.tree(commit)
        (tree / "data").write_text("changed")
        (tree / "sub").mkdir()
        (tree / "sub" / "file").touch()
        (tree / "sub").chmod(0o500)
    site.expect_clean()
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == "hello"


def test_a_build_that_has_failed_needs_no_tree(site: Site) -> None:
    commit = site.commit(BAD)
    with site.builds() as builds:
        with pytest.raises(BuildFailed):
            builds.tree(commit)
        assert trees(site) == []


def test_a_tree_that_cannot_be_had_is_a_problem_and_the_build_stays(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = reads(site, "hello")
    with site.builds() as builds:
        builds.binary(commit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkout, "DEADLINE_S", 0.0)
        with site.builds() as builds, pytest.raises(Problem, match="git checkout: .*did not end within"):
            builds.binary(commit)
    site.expect_clean()
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == "hello"
    assert site.times_built() == 1


def test_nothing_is_left_of_runs_that_were_killed_at_any_moment(site: Site) -> None:
    """While they build, check out, use and remove: alone and two at once, of one commit and of several."""
    moments, made = random.Random(1), [reads(site, text) for text in "ab"]
    rounds, hardly = 30 * (10 if os.environ.get("MPMT_LONG_TESTS") else 1), site.folder / "never"
    for number in range(rounds):
        running = [site.start(moments.choice(made), *([hardly] if moments.random() < 0.7 else []))
                   for _ in range(1 + number % 2)]
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05 + moments.random() * 0.3)
            process.kill()
        for process in running:
            process.communicate(timeout=PATIENCE_S)
        if number % 3 == 2:
            until(lambda: site.builds() and site.is_clean(), "all to be swept")
    with site.builds() as builds:
        assert [output_of(builds.binary(commit)) for commit in made] == ["a", "b"]
    site.expect_clean()

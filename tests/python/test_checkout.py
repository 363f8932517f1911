"""Commits are checked out without a trace in the repository that they are of, with submodules from where they lie."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bench import PATIENCE_S
from mpmt.base.problem import Problem
from mpmt.builds import commits
from mpmt.builds.checkout import check_out
from repository import ENVIRONMENT, Repository


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


class Nested:
    """A repository with a submodule `part`, which has a submodule `inner`: whole, in its checkout; where they came from
    is gone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        inner, part = Repository(folder / "from" / "inner"), Repository(folder / "from" / "part")
        inner.commit({"file": "of inner\n"})
        self.add(part, inner, "inner")
        self.repository = Repository(folder / "repository")
        self.add(self.repository, part, "part")
        self.git("submodule", "update", "--init", "--recursive")
        self.commit = self.repository.head()
        self.origin = (folder / "from").rename(folder / "away")

    @staticmethod
    def add(to: Repository, what: Repository, name: str) -> None:
        to.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(what.path), name)
        to.commit(message=f"With {name}")

    def git(self, *arguments: str) -> str:
        return self.repository.git("-c", "protocol.file.allow=always", *arguments)


@pytest.fixture
def nested(tmp_path: Path) -> Nested:
    return Nested(tmp_path)


def test_nothing_in_the_repository_changes(nested: Nested, tmp_path: Path) -> None:
    repository = nested.repository
    repository.git("submodule", "--quiet", "deinit", "--all", "--force")  # so that git would write its URL into .git/config
    before = everything(repository.path)
    check_out(repository.path, nested.commit, tmp_path / "tree")
    assert everything(repository.path) == before
    subprocess.run(["git", "-C", tmp_path / "tree", "config", "user.name", "A build"], check=True, timeout=PATIENCE_S)
    shutil.rmtree(tmp_path / "tree")
    assert everything(repository.path) == before
    assert repository.git("worktree", "list", "--porcelain").count("worktree ") == 1


@pytest.mark.parametrize("state", ["whole", "deinitialised", "from a worktree"])
def test_submodules_come_from_the_checkout_at_any_depth(nested: Nested, tmp_path: Path, state: str) -> None:
    repo = nested.repository.path
    if state == "deinitialised":
        nested.git("submodule", "--quiet", "deinit", "--all", "--force")
    elif state == "from a worktree":
        nested.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
        repo = tmp_path / "linked"
    check_out(repo, nested.commit, tmp_path / "tree")
    assert (tmp_path / "tree" / "part" / "inner" / "file").read_text() == "of inner\n"
    assert commits.ask(tmp_path / "tree", "status", "--porcelain") == ""


def test_a_commit_of_a_submodule_that_no_branch_has_is_found(nested: Nested, tmp_path: Path) -> None:
    part = Repository(nested.repository.path / "part")
    part.git("switch", "--quiet", "--detach")
    part.commit({"late": "on no branch\n"})
    nested.repository.git("add", "part")
    commit = nested.repository.commit(message="Raises part")
    part.git("switch", "--quiet", "main")
    check_out(nested.repository.path, commit, tmp_path / "tree")
    assert (tmp_path / "tree" / "part" / "late").exists()


def test_what_is_not_there_is_asked_of_the_server(nested: Nested, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")
    nested.origin.rename(tmp_path / "from")
    shutil.rmtree(nested.repository.path / ".git" / "modules" / "part" / "modules")
    part = Repository(tmp_path / "from" / "part")
    late = part.commit({"late": "\n"})
    nested.git("update-index", "--cacheinfo", f"160000,{late},part")
    commit = nested.repository.commit(message="Raises part")
    before = everything(nested.repository.path / ".git")
    check_out(nested.repository.path, commit, tmp_path / "tree")
    assert (tmp_path / "tree" / "part" / "late").exists() and (tmp_path / "tree" / "part" / "inner" / "file").exists()
    assert everything(nested.repository.path / ".git") == before


def test_a_relative_url_is_relative_to_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")
    Repository(tmp_path / "part").commit({"file": "x\n"})
    repository = Repository(tmp_path / "repository")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../part", "part")
    commit = repository.commit()
    shutil.rmtree(repository.path / ".git" / "modules")
    check_out(repository.path, commit, tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "part" / "file").exists()


def test_a_submodule_that_cannot_be_had_is_named_with_the_first_complaint(nested: Nested, tmp_path: Path) -> None:
    shutil.rmtree(nested.repository.path / ".git" / "modules" / "part" / "modules")
    with pytest.raises(Problem) as caught:
        check_out(nested.repository.path, nested.commit, tmp_path / "tree")
    place = f"{nested.repository.path}: {nested.commit[:12]}"
    assert str(caught.value).startswith(f"{place}: submodule part/inner: git submodule: ")
    assert f"{tmp_path / 'from' / 'inner'}" in str(caught.value) or "transport 'file' not allowed" in str(caught.value)


def test_a_submodule_beyond_a_link_is_refused(nested: Nested, tmp_path: Path) -> None:
    victim = Repository(tmp_path / "victim")
    victim.commit({"part/file": "x\n"})
    git, wanted = nested.repository.git, nested.repository.git("rev-parse", "HEAD:part")
    git("config", "--file", ".gitmodules", "submodule.part.path", "away/part")
    git("update-index", "--force-remove", "part")
    git("update-index", "--add", "--cacheinfo", f"160000,{wanted},away/part")
    git("add", ".gitmodules")
    git("commit", "--quiet", "--message", "Lies below away")
    # What git itself does not check out: both a link, and something below it.
    before = everything(victim.path)
    tree = tmp_path / "tree"
    with pytest.MonkeyPatch.context() as patch:
        ask = commits.ask

        def linked(repo: Path, *arguments: str, **options: object) -> str:
            answer = ask(repo, *arguments, **options)
            if arguments[0] == "checkout":
                shutil.rmtree(tree / "away", ignore_errors=True)
                (tree / "away").symlink_to(victim.path)
            return answer
        patch.setattr(commits, "ask", linked)
        with pytest.raises(Problem, match="submodule away/part: it lies beyond a symbolic link"):
            check_out(nested.repository.path, nested.repository.head(), tree)
    assert everything(victim.path) == before


def test_git_of_a_build_finds_history_tags_and_a_clean_checkout(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repo\nsitory")
    repository.commit({"file": "1\n"})
    repository.git("tag", "v1")
    commit = repository.commit({"file": "2\n"})
    repository.commit({"file": "3\n"})
    check_out(repository.path, commit, tmp_path / "tree")
    for arguments, said in ((["describe", "--tags"], f"v1-1-g{commit[:7]}"), (["rev-list", "--count", "HEAD"], "2"),
                            (["status", "--porcelain"], ""), (["rev-parse", "HEAD"], commit),
                            (["rev-parse", "main~1"], commit)):
        assert commits.ask(tmp_path / "tree", *arguments).strip() == said


@pytest.mark.parametrize(("name", "values", "expected"), [
    ("line ends", {"core.autocrlf": "true"}, b"a\r\nb\r\n"),
    ("a filter", {"filter.shout.smudge": "tr a-z 'A-Z'", "filter.shout.clean": "tr A-Z \"a-z\" # \\ ; \t"}, b"A\nB\n"),
    ("a part of the files", {"core.sparseCheckout": "true", "extensions.worktreeConfig": "true"}, b"a\nb\n"),
])
def test_the_repositorys_settings_hold_but_for_those_of_its_checkout(
        tmp_path: Path, name: str, values: dict[str, str], expected: bytes) -> None:
    repository = Repository(tmp_path / "repository")
    commit = repository.commit({"file": "a\nb\n", ".gitattributes": "file filter=shout\n" if name == "a filter" else "\n"})
    config = repository.path / ".git" / "config"
    before = config.read_text()
    for key, value in values.items():
        repository.git("config", key, value)
    (repository.path / ".git" / "included").write_text('[some "sub.section \\" \\\\"]\n\tkey\n\tother = " x # y"\n')
    repository.git("config", "include.path", "included")
    check_out(repository.path, commit, tmp_path / "tree")
    assert (tmp_path / "tree" / "file").read_bytes() == expected
    told = commits.ask(tmp_path / "tree", "config", "--list", "--local", "--null")
    assert 'some.sub.section " \\.key\0' in told and 'some.sub.section " \\.other\n x # y\0' in told
    assert before in config.read_text()


def test_a_submodule_is_a_repository_like_any_other(nested: Nested, tmp_path: Path) -> None:
    """Its settings name a work tree."""
    repo = commits.top(nested.repository.path / "part")
    check_out(repo, commits.resolve(repo, "HEAD"), tmp_path / "tree")
    assert (tmp_path / "tree" / "inner" / "file").exists()


def test_a_missing_git_lfs_is_the_reason(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    commit = repository.commit({"data": "x\n", ".gitattributes": "data filter=lfs\n"})
    repository.git("config", "filter.lfs.process", "no-git-lfs filter-process")
    repository.git("config", "filter.lfs.required", "true")
    with pytest.raises(Problem, match="git checkout: .*no-git-lfs: .*not found"):
        check_out(repository.path, commit, tmp_path / "tree")


def test_a_shallow_clone_and_one_of_sha256_can_be_checked_out(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"file": "1\n"})
    commit = repository.commit({"file": "2\n"})
    check_out(repository.clone(tmp_path / "shallow", "--depth=1").path, commit, tmp_path / "one")
    other = tmp_path / "sha256"
    subprocess.run(["git", "init", "--quiet", "--object-format=sha256", other], env=ENVIRONMENT, check=True, timeout=PATIENCE_S)
    check_out(other, Repository(other).commit({"file": "2\n"}), tmp_path / "two")
    assert [(tmp_path / tree / "file").read_text() for tree in ("one", "two")] == ["2\n"] * 2


def test_objects_that_a_partial_clone_lacks_are_fetched_into_the_checkout(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.git("config", "uploadpack.allowFilter", "true")
    commit = repository.commit({"file": "1\n"})
    repository.commit({"file": "2\n"})
    clone = repository.clone(tmp_path / "partial", "--filter=blob:none")
    before = everything(clone.path / ".git")
    check_out(clone.path, commit, tmp_path / "tree")
    assert (tmp_path / "tree" / "file").read_text() == "1\n"
    assert everything(clone.path / ".git") == before

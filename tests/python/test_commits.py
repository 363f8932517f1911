"""What git knows of commits: chains, ranges, and revisions that try to be something else."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from repository import PATIENCE_S, Repository

from mpmt.base.problem import NotComparable, Problem
from mpmt.builds import commits
from mpmt.builds.process import Answer


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Copied for each test: that is quicker than to commit anew."""
    made = Repository(tmp_path_factory.mktemp("template") / "repository")
    return made.path, [made.commit({"file": f"{n}\n"}, f"Change {n}") for n in range(5)]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def line(repository: Repository, template: tuple[Path, list[str]]) -> list[str]:
    """Five commits in a row, in `repository`."""
    shutil.copytree(template[0], repository.path, dirs_exist_ok=True)
    return list(template[1])


class Merged:
    """first - left - merge on main; `side` came in with the merge."""

    def __init__(self, repository: Repository) -> None:
        self.first = repository.commit({"a": "1\n"})
        repository.git("switch", "--quiet", "--create", "side")
        self.side = repository.commit({"b": "1\n"}, "On the side")
        repository.git("switch", "--quiet", "main")
        self.left = repository.commit({"a": "2\n"})
        self.merge = repository.merge("side")


@pytest.fixture
def merged(repository: Repository) -> Merged:
    return Merged(repository)


# ---- revisions ---------------------------------------------------------------------------------------------


def test_a_revision_resolves_to_a_full_id(repository: Repository, line: list[str]) -> None:
    repository.git("tag", "--annotate", "--message", "A tag", "v1", line[1])
    for revision, expected in [("HEAD", line[4]), ("main", line[4]), ("HEAD~2", line[2]), ("v1", line[1]),
                               (line[3][:12], line[3]), (":/Change 2", line[2])]:
        assert commits.resolve(repository.path, revision) == expected


@pytest.mark.parametrize("revision", ["--output=stolen", "-h", "--all", "", "^HEAD", "HEAD~1..HEAD", "nope",
                                      "HEAD:file", "HEAD^{tree}", "\x1b[31m", "a b", "0" * 40])
def test_what_is_no_commit_is_named_and_never_an_option(repository: Repository, line: list[str], revision: str) -> None:
    with pytest.raises(Problem, match="no such commit") as caught:
        commits.resolve(repository.path, revision)
    assert str(caught.value).isprintable()
    assert not list(repository.path.parent.rglob("stolen"))


@pytest.mark.parametrize("revision", ["a\0b", "x" * 300_000], ids=["nul", "long"])
def test_what_no_command_line_can_hold_is_a_problem(repository: Repository, line: list[str], revision: str) -> None:
    with pytest.raises(Problem):
        commits.resolve(repository.path, revision)


def test_a_branch_called_like_an_option_can_be_named(repository: Repository, line: list[str]) -> None:
    repository.git("update-ref", "refs/heads/--output=stolen", line[1])
    assert commits.resolve(repository.path, "--output=stolen") == line[1]


# ---- chains ------------------------------------------------------------------------------------------------


def test_a_chain_runs_from_the_oldest_commit_to_the_tip(repository: Repository, line: list[str]) -> None:
    assert commits.first_parent_chain(repository.path, "HEAD") == line
    assert commits.first_parent_chain(repository.path, line[3], line[1]) == line[2:4]


def test_commits_between_leave_out_good_and_include_bad(repository: Repository, line: list[str]) -> None:
    assert commits.between(repository.path, line[0], "HEAD") == line[1:]
    assert commits.between(repository.path, line[2], line[2]) == []


def test_swapped_ends_are_told(repository: Repository, line: list[str]) -> None:
    with pytest.raises(Problem, match="swapped"):
        commits.between(repository.path, line[3], line[1])


def test_a_merged_commit_is_not_on_the_chain(repository: Repository, merged: Merged) -> None:
    assert commits.first_parent_chain(repository.path, "HEAD") == [merged.first, merged.left, merged.merge]
    with pytest.raises(Problem, match=f"came in with merge {merged.merge[:12]}"):
        commits.between(repository.path, merged.side, "HEAD")


def test_commits_come_in_by_any_parent(repository: Repository, merged: Merged) -> None:
    path = repository.path
    assert commits.introduced(path, merged.first, "HEAD") == {merged.left, merged.side, merged.merge}
    assert commits.introduced(path, "side", "HEAD") == {merged.left, merged.merge}
    assert commits.introduced(path, "HEAD", merged.left) == set()


def test_branches_that_diverged_name_their_merge_base(repository: Repository, merged: Merged) -> None:
    with pytest.raises(Problem, match=f"diverged; use their merge base, {merged.first[:12]}"):
        commits.between(repository.path, merged.left, "side")
    assert commits.merge_base(repository.path, merged.left, "side") == merged.first


def test_unrelated_histories_have_no_merge_base(repository: Repository, line: list[str]) -> None:
    repository.git("switch", "--quiet", "--orphan", "other")
    other = repository.commit({"c": "1\n"})
    with pytest.raises(NotComparable, match="no common ancestor"):
        commits.merge_base(repository.path, line[0], other)
    with pytest.raises(Problem, match="no common ancestor"):
        commits.between(repository.path, line[0], other)


def test_revisions_and_ranges_expand_in_the_order_given(repository: Repository, line: list[str]) -> None:
    expand = commits.expand
    assert expand(repository.path, ["HEAD"]) == [line[4]]
    assert expand(repository.path, [line[0], "HEAD~2..", "HEAD"]) == [line[0], line[3], line[4]]
    assert expand(repository.path, [f"{line[1]}..{line[2]}"]) == [line[2]]


@pytest.mark.parametrize(("text", "told"), [("HEAD...HEAD~1", "two dots"), ("HEAD..HEAD", "no commit in this range"),
                                            ("HEAD..", "no commit in this range"), ("nope..HEAD", "'nope'"),
                                            ("HEAD..--all", "'--all'")])
def test_a_wrong_range_is_told(repository: Repository, line: list[str], text: str, told: str) -> None:
    with pytest.raises(Problem, match=told):
        commits.expand(repository.path, [text])


def test_a_shallow_clone_says_what_it_lacks(repository: Repository, line: list[str], tmp_path: Path) -> None:
    clone = repository.clone(tmp_path / "clone", "--depth=2").path
    assert commits.is_shallow(clone)
    assert not commits.is_shallow(repository.path)
    assert commits.first_parent_chain(clone, "HEAD") == line[3:]
    with pytest.raises(Problem, match="git fetch --unshallow.*fetch-depth: 0"):
        commits.resolve(clone, line[0])


def test_a_merge_base_that_a_shallow_clone_lacks_is_said_and_one_that_it_has_is_found(
        repository: Repository, line: list[str], tmp_path: Path) -> None:
    repository.git("switch", "--quiet", "--create", "side", line[2])
    side = repository.commit({"b": "1\n"})
    deep, shallow = (repository.clone(tmp_path / f"depth{depth}", f"--depth={depth}", "--no-single-branch").path
                     for depth in (3, 2))
    assert commits.merge_base(deep, "origin/main", side) == line[2]
    with pytest.raises(Problem, match="no common ancestor .*git fetch --unshallow") as caught:
        commits.merge_base(shallow, "origin/main", side)
    assert not isinstance(caught.value, NotComparable) and "\n" not in str(caught.value)


def test_an_older_merge_base_is_not_taken_for_one_that_a_shallow_clone_lacks(
        repository: Repository, line: list[str], tmp_path: Path) -> None:
    """Both sides have line[4]; here, one of them seems to have no more than line[1], which came in by its other parent."""
    repository.git("switch", "--quiet", "--create", "old", line[1])
    repository.commit({"o": "1\n"})
    repository.git("switch", "--quiet", "--create", "side", "main")
    for number in range(3):
        repository.commit({"b": f"{number}\n"})
    repository.merge("old")
    repository.git("switch", "--quiet", "main")
    repository.commit({"m": "1\n"})
    assert commits.merge_base(repository.path, "main", "side") == line[4]
    clone = repository.clone(tmp_path / "clone").path
    (clone / ".git" / "shallow").write_text(commits.resolve(clone, "origin/side~3") + "\n")
    with pytest.raises(Problem, match=f"a later common ancestor than {line[1][:12]} may be missing .*--unshallow"):
        commits.merge_base(clone, "origin/main", "origin/side")


# ---- the repository ----------------------------------------------------------------------------------------


def test_changes_outside_results_are_dirty(repository: Repository) -> None:
    repository.commit({"a b.txt": "1\n", "results/r.json": "1\n", "sub/x": "1\n", "gone": "1\n"})
    assert commits.dirty_files(repository.path) == []
    repository.write({"results/r.json": "2\n", "untracked": "2\n"})
    assert commits.dirty_files(repository.path) == []
    repository.write({"a b.txt": "2\n", "sub/x": "2\n"})
    repository.git("mv", "gone", "moved")
    assert sorted(commits.dirty_files(repository.path / "sub")) == ["a b.txt", "gone", "moved", "sub/x"]


def test_a_folder_without_repository_is_named(tmp_path: Path) -> None:
    assert not commits.is_repository(tmp_path)
    assert not commits.is_repository(tmp_path / "nowhere")
    for ask in (commits.top, commits.is_shallow, lambda path: commits.resolve(path, "HEAD")):
        with pytest.raises(Problem, match="not (in the checkout of )?a git repository"):
            ask(tmp_path)
    with pytest.raises(Problem, match="no such folder"):
        commits.top(tmp_path / "nowhere")


def given_away(path: Path) -> Path:
    """All of it to another user, whose checkouts git by itself refuses."""
    for found in (path, *path.rglob("*")):
        os.chown(found, 12345, 12345, follow_symlinks=False)
    return path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_another_users_repository_is_read_like_ones_own(
        repository: Repository, line: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    (repository.path / "sub").mkdir()
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"), line[1])
    path, linked = given_away(repository.path), given_away(tmp_path / "linked")
    refused = subprocess.run(["git", "-C", path, "rev-parse", "HEAD"], capture_output=True, text=True, timeout=PATIENCE_S)
    assert "dubious ownership" in refused.stderr
    assert commits.top(path / "sub") == path and commits.top(linked) == linked
    assert commits.is_repository(path / "sub")
    assert commits.first_parent_chain(path, "HEAD") == line
    assert commits.merge_base(path / "sub", "HEAD", line[2]) == line[2]
    assert commits.resolve(linked, "HEAD") == line[1]
    assert commits.dirty_files(path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_another_users_settings_do_not_say_what_is_run(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    commit = repository.commit({"file": "1\n"})
    clone = repository.clone(tmp_path / "partial", "--filter=tree:0", "--no-checkout")
    clone.git("config", "protocol.ext.allow", "always")
    clone.git("config", "remote.origin.url", f"ext::touch {tmp_path / 'run'}")
    given_away(clone.path)
    assert commits.run_git(clone.path, "ls-tree", commit).code != 0
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("said", "reason"), [
    ("git-lfs filter-process: 1: git-lfs: not found\nfatal: the remote end hung up unexpectedly",
     "git-lfs filter-process: 1: git-lfs: not found"),
    ("Cloning into '/x'...\nssh: Could not resolve hostname h\nfatal: Could not read from remote repository.",
     "ssh: Could not resolve hostname h"),
    ("warning: unable to access\nfatal: bad object HEAD", "bad object HEAD"), ("hint: only this", "hint: only this"),
    ("", "failed with exit code 128"),
])
def test_the_first_complaint_is_the_reason(said: str, reason: str) -> None:
    assert commits.reason(Answer(128, b"", said.encode())) == reason


def test_a_detached_head_is_seen(repository: Repository, line: list[str]) -> None:
    assert not commits.is_detached(repository.path)
    repository.git("switch", "--quiet", "--detach", line[1])
    assert commits.is_detached(repository.path)
    assert commits.expand(repository.path, ["HEAD"]) == [line[1]]


def test_worktrees_share_a_repository(repository: Repository, line: list[str], tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"), line[0])
    assert commits.common_folder(tmp_path / "tree") == commits.common_folder(repository.path)
    assert commits.top(tmp_path / "tree") == tmp_path / "tree"


def test_a_hooks_environment_does_not_change_the_repository(
        repository: Repository, line: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Repository(tmp_path / "other")
    other.commit({"file": "other\n"})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    assert commits.resolve(repository.path, "HEAD") == line[4]
    assert commits.top(repository.path) == repository.path


def test_a_subject_is_one_printable_line(repository: Repository) -> None:
    commit = repository.commit(message="Größer\x1b[31m als\n\nund mehr")
    assert commits.subject(repository.path, commit) == "Größer\\x1b[31m als"
    assert commits.commit_date(repository.path, commit).startswith("2024-05-01T12:00:01")
    assert commits.short(commit) == commit[:12]


def test_a_missing_git_is_a_problem(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Problem, match="git is not installed"):
        commits.resolve(repository.path, "HEAD")


def test_a_git_that_does_not_answer_is_given_up(
        repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = tmp_path / "bin" / "git"
    stuck.parent.mkdir()
    stuck.write_text("#!/bin/sh\nexec sleep 60\n")
    stuck.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stuck.parent}:/usr/bin:/bin")
    with pytest.raises(Problem, match="git status: git did not end within 0.05 s in "):
        commits.run_git(repository.path, "status", deadline_s=0.05)

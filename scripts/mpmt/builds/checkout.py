"""A commit's files in a repository of their own, which borrows the objects of the one it came from.

That one is only read: no worktree is registered in it, no submodule enters its configuration, and git run by a build finds
a repository that may be changed as it likes. Objects of submodules are borrowed from where the checkout keeps them, at
any depth; a server is asked only for what is not there.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mpmt.base.problem import Problem
from mpmt.base.shown import shown
from mpmt.builds import commits

DEADLINE_S = 1800.0  # a large repository, or one that fetches from afar
# Settings that are about the checkout which they were made for.
_NOT_TAKEN = re.compile(
    r"core\.(?:worktree|bare|sparsecheckout\w*|fsmonitor\w*|untrackedcache|splitindex|hookspath|repositoryformatversion)|"
    r"extensions\.(?!(?:objectformat|partialclone)$).*|(?:include|includeif|gc|maintenance|index|branch|worktree)\..*|"
    r"submodule\.recurse", re.I | re.S)
_OURS = "[core]\n\trepositoryformatversion = 1\n\tbare = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"


@dataclass(frozen=True)
class Level:
    """A checkout that is being made. `modules`: folders in which repositories of its submodules may be found."""

    tree: Path
    git_dir: Path
    modules: list[Path] = field(default_factory=list)


def check_out(repo: Path, commit: str, tree: Path) -> None:
    """Makes `tree`, which is not there yet, hold the commit of `repo` (a checkout's top folder) and its submodules. Raises
    Problem."""
    common = commits.common_folder(repo)
    tree.mkdir()
    _borrow(common, tree / ".git", repo)
    commits.ask(tree, "checkout", "--quiet", "--force", "--detach", commit, deadline_s=DEADLINE_S)
    own = Path(commits.ask(repo, "rev-parse", "--absolute-git-dir").rstrip("\n"))  # of this worktree only
    waiting = [Level(tree, tree / ".git", list(dict.fromkeys([common / "modules", own / "modules"])))]
    while waiting:
        level = waiting.pop()
        for path, name, wanted in _submodules(level.tree):
            try:
                waiting += _add_submodule(level, path, name, wanted, repo)
            except Problem as problem:
                said = str(problem).removeprefix(f"{shown(level.tree, 300)}: ")
                inside = (level.tree / path).relative_to(tree)
                raise Problem(f"{shown(repo, 300)}: {commits.short(commit)}: submodule {shown(inside, 200)}: {said}") from None


# ---- submodules --------------------------------------------------------------------------------------------


def _submodules(tree: Path) -> list[tuple[str, str, str]]:
    """(path, name, commit) of those that .gitmodules tells where to find."""
    if not (tree / ".gitmodules").is_file():
        return []
    told = commits.ask(tree, "config", "--blob", "HEAD:.gitmodules", "--null", "--get-regexp", r"^submodule\..*\.path$")
    names = {path: key[len("submodule."):-len(".path")] for key, _, path in
             (entry.partition("\n") for entry in told.split("\0") if entry)}
    listed = commits.ask(tree, "ls-files", "--stage", "-z", deadline_s=DEADLINE_S)
    entries = (entry.split("\t", 1) for entry in listed.split("\0") if entry.startswith("160000 "))
    return [(path, names[path], about.split()[1]) for about, path in entries if path in names]


def _add_submodule(level: Level, path: str, name: str, wanted: str, repo: Path) -> list[Level]:
    """Fills the submodule; the level below it."""
    place = level.tree / path
    if os.path.realpath(place) != os.path.join(os.path.realpath(level.tree), path):
        raise Problem("it lies beyond a symbolic link")
    sources = [] if ".." in Path(name).parts or os.path.isabs(name) else [folder / name for folder in level.modules]
    source = next((folder for folder in sources if _has(folder, wanted)), None)
    git_dir = level.git_dir / "modules" / name
    if source is not None:
        _borrow(source, git_dir, repo, wanted)
    remotes = commits.ask(level.tree, "remote").split()
    itself = [] if remotes else ["-c", f"remote.origin.url={repo}"]  # what URLs such as ../part are relative to
    commits.ask(level.tree, *itself, "submodule", "--quiet", "update", "--init", "--", path, deadline_s=DEADLINE_S)
    if not (place / ".git").exists():  # not wanted, say its settings
        return []
    return [Level(place, git_dir, [folder / "modules" for folder in sources])]


def _has(source: Path, commit: str) -> bool:
    return ((source / "objects").is_dir()
            and commits.run_git(source, *_HERE, "cat-file", "-e", f"{commit}^{{commit}}").code == 0)


# ---- borrowing ---------------------------------------------------------------------------------------------

_HERE = ("--git-dir=.", "--work-tree=.")  # a submodule's folder may name a work tree that is gone


def _borrow(source: Path, target: Path, repo: Path, wanted: str = "") -> None:
    """Makes the git folder `target` with the objects, references and settings of the git folder `source`. `wanted`: a
    commit that may be out of the reach of its references."""
    for folder in ("objects/info", "refs", "info"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    (target / "objects" / "info" / "alternates").write_bytes(_quoted_path(source / "objects"))
    (target / "HEAD").write_text("ref: refs/heads/none-yet\n")
    references = commits.ask(source, *_HERE, "for-each-ref", "--format=%(objectname) %(refname)").splitlines()
    references = [line for line in references if not line.split(" ", 1)[1].startswith("refs/replace/")]
    references += [f"{wanted} refs/mpmt/wanted"] if wanted else []
    (target / "packed-refs").write_text("".join(f"{line}\n" for line in references), "utf-8", "surrogateescape")
    for name in ("shallow", "info/attributes"):
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    said = commits.ask(source, *_HERE, "config", "--local", "--includes", "--null", "--list")
    settings = [(key, value if newline else None)
                for key, newline, value in (entry.partition("\n") for entry in said.split("\0") if entry)]
    (target / "config").write_text(_OURS + _config(settings, repo), "utf-8", "surrogateescape")


def _quoted_path(path: Path) -> bytes:
    """As git's list of alternates wants it: quotes where a line would not do."""
    raw = os.fsencode(path)
    if b"\n" in raw or raw.startswith(b'"'):
        raw = b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
    return raw + b"\n"


def _config(settings: Iterable[tuple[str, str | None]], repo: Path) -> str:
    """Text of a configuration file."""
    lines = []
    for key, value in settings:
        section, _, rest = key.partition(".")
        subsection, _, name = rest.rpartition(".")
        if _NOT_TAKEN.fullmatch(key) or (section == "submodule" and name == "update" and value != "none"):
            continue
        if section == "remote" and name == "url" and value and value.startswith(("./", "../")):
            value = os.path.normpath(os.path.join(repo, value))
        lines.append(f"[{section} {_quoted(subsection)}]" if subsection else f"[{section}]")
        lines.append(f"\t{name}" if value is None else f"\t{name} = {_quoted(value)}")
    return "".join(f"{line}\n" for line in lines)


def _quoted(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\n", "\\n").replace("\t", "\\t").replace("\b", "\\b") + '"'
